"""Kubernetes objects as short as a test needs them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from kubelab.clock import timestamp
from kubelab.controllers.changes import Change, Create, Delete, Event, Patch, Replace

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LONG_AGO = "2026-11-23T11:00:00Z"
_uids = itertools.count(1)

TEMPLATE = {
    "metadata": {"labels": {"name": "mongo"}},
    "spec": {"containers": [{"name": "mongo", "image": "mongo:8", "ports": [{"name": "db", "containerPort": 27017}]}]},
}


def meta(name: str, **fields: Any) -> dict[str, Any]:
    generated = {"uid": f"uid-{next(_uids)}", "resourceVersion": "1", "generation": 1, "creationTimestamp": LONG_AGO}
    return {"name": name, "namespace": "demo"} | generated | fields


def owned_by(owner: dict[str, Any]) -> list[dict[str, Any]]:
    metadata = owner["metadata"]
    facts = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": metadata["name"]}
    return [facts | {"uid": metadata["uid"], "controller": True, "blockOwnerDeletion": True}]


def stateful_set(replicas: int = 1, **spec: Any) -> dict[str, Any]:
    wanted = {
        "replicas": replicas,
        "selector": {"matchLabels": {"name": "mongo"}},
        "serviceName": "mongo",
        "template": TEMPLATE,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("mongo"), "spec": wanted | spec}


def pod(name: str, *, ready: bool = True, phase: str = "Running", **options: Any) -> dict[str, Any]:
    """options: labels, owner, deleted, ip, node, since, and fields of the spec."""
    since = options.pop("since", LONG_AGO)
    metadata = meta(name, labels=options.pop("labels", {"name": "mongo"}))
    if owner := options.pop("owner", None):
        metadata["ownerReferences"] = owned_by(owner)
    if options.pop("deleted", False):
        metadata |= {"deletionTimestamp": LONG_AGO, "deletionGracePeriodSeconds": 30}
    ip, node = options.pop("ip", "127.64.1.2"), options.pop("node", "node-1")
    status = {"phase": phase, "conditions": [_ready(ready, since)], "podIP": ip}
    spec = TEMPLATE["spec"] | {"nodeName": node} | options
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def _ready(ready: bool, since: str) -> dict[str, Any]:
    return {"type": "Ready", "status": str(ready), "lastTransitionTime": since}


def told(changes: list[Change]) -> list[str]:
    """The changes in words, events and statuses aside."""
    words = []
    for change in changes:
        match change:
            case Create(kind, obj):
                name = obj["metadata"].get("name") or obj["metadata"]["generateName"]
                words.append(f"create {kind.kind} {name}")
            case Delete(kind, obj):
                words.append(f"delete {kind.kind} {obj['metadata']['name']}")
            case Replace(kind, obj, None):
                words.append(f"replace {kind.kind} {obj['metadata']['name']}")
            case Patch(kind, obj):
                words.append(f"patch {kind.kind} {obj['metadata']['name']}")
    return words


def written_status(changes: list[Change]) -> dict[str, Any] | None:
    """The status that the changes write, None when they write none."""
    return next((c.obj["status"] for c in changes if isinstance(c, Replace) and c.subresource == "status"), None)


def events(changes: list[Change]) -> list[str]:
    return [f"{c.reason}: {c.message}" for c in changes if isinstance(c, Event)]


def job(name: str = "check", **spec: Any) -> dict[str, Any]:
    """One whose pod is not restarted, as the API server completes it; options: fields of the spec, and status."""
    status, labels = spec.pop("status", {}), {"batch.kubernetes.io/job-name": name}
    template = {"metadata": {"labels": labels}, "spec": TEMPLATE["spec"] | {"restartPolicy": "Never"}}
    wanted = {
        "parallelism": 1,
        **({} if "parallelism" in spec else {"completions": 1}),
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "selector": {"matchLabels": labels},
        "template": template,
    }
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(name), "spec": wanted | spec}
    return made | ({"status": status} if status else {})


def job_pod(
    owner: dict[str, Any], phase: str = "Running", *, index: int | None = None, **options: Any
) -> dict[str, Any]:
    """A pod of a Job. options: as of `pod`; tracked: it is still to be counted; ended, restarts: of its container."""
    tracked, ended, restarts = options.pop("tracked", True), options.pop("ended", NOW), options.pop("restarts", 0)
    options |= {"owner": owner, "labels": owner["spec"]["template"]["metadata"]["labels"]}
    name = f"{owner['metadata']['name']}-{next(_uids)}"
    made = pod(name, phase=phase, ready=phase == "Running", **options)
    if tracked:
        made["metadata"]["finalizers"] = ["batch.kubernetes.io/job-tracking"]
    if index is not None:
        made["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": str(index)}
    state = {"terminated": {"finishedAt": timestamp(ended)}} if phase in ("Succeeded", "Failed") else {"running": {}}
    made["status"]["containerStatuses"] = [{"name": "mongo", "restartCount": restarts, "state": state}]
    return made


def cron_job(schedule: str = "0 * * * *", **spec: Any) -> dict[str, Any]:
    """Made an hour ago; options: fields of the spec, and status."""
    status = spec.pop("status", {})
    wanted = {
        "schedule": schedule,
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": {"of": "check"}}, "spec": {"template": TEMPLATE}},
    }
    made = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("check"), "spec": wanted | spec}
    return made | {"status": status}
