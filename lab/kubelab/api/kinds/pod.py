"""Pods: defaults of a new pod, what may be changed later, and how long a deletion waits."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

import copy
from typing import Any

from kubelab.api.fields import FieldError, forbidden
from kubelab.api.selectors import field_value

from .base import Cluster, Object, Strategy
from .podrules import pod_spec_errors
from .podspec import default_pod_spec

DEFAULT_GRACE_S = 30
TOLERATED_S = 300  # DefaultTolerationSeconds: how long a pod stays on a node that has failed
FINISHED = ("Failed", "Succeeded")
GATED = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "lastTransitionTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}

UPDATE_MESSAGE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


class PodStrategy(Strategy):
    counts_generations = True
    returns_deleted = True
    selectable = (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    )

    def default(self, value: Object) -> None:
        spec = value.setdefault("spec", {})
        default_pod_spec(spec)
        spec.setdefault("enableServiceLinks", True)

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        """Also what Kubernetes' admission adds: service account, priority, tolerations for failing nodes."""
        spec = value["spec"]
        spec.setdefault("serviceAccountName", "default")
        spec["serviceAccount"] = spec["serviceAccountName"]
        spec.setdefault("priority", 0)
        spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
        add_default_tolerations(spec)
        value["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
        if spec.get("schedulingGates"):
            value["status"]["conditions"] = [dict(GATED)]

    def validate(self, value: Object) -> list[FieldError]:
        return pod_spec_errors(value["spec"], "spec")

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        if without_mutable(value["spec"], old["spec"]) == without_mutable(old["spec"], old["spec"]):
            return []
        return [forbidden("spec", UPDATE_MESSAGE)]

    def grace_period_s(self, value: Object, requested_s: int | None) -> int:
        spec = value["spec"]
        if not spec.get("nodeName") or value.get("status", {}).get("phase") in FINISHED:
            return 0
        chosen = requested_s if requested_s is not None else spec.get("terminationGracePeriodSeconds", DEFAULT_GRACE_S)
        return int(chosen) if chosen >= 0 else 1

    def read_field(self, value: Any, path: str) -> str:
        if path == "spec.hostNetwork":
            return "true" if value["spec"].get("hostNetwork") else "false"
        if path == "status.podIPs":
            path = "status.podIP"
        return field_value(value, path)


def add_default_tolerations(spec: Object) -> None:
    tolerations = spec.get("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(_tolerates(toleration, key) for toleration in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATED_S}
            )
    spec["tolerations"] = tolerations


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")


def qos_class(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, by requests and limits of cpu and memory."""
    containers = (*spec.get("initContainers", ()), *spec.get("containers", ()))
    resources = [container.get("resources", {}) for container in containers]
    requests = [
        {name: amount for name, amount in item.get(kind, {}).items() if name in ("cpu", "memory")}
        for item in resources
        for kind in ("requests", "limits")
    ]
    if not any(requests):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(item.get("limits", {})) and item.get("requests") == item.get("limits")
        for item in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


def without_mutable(spec: Object, old: Object) -> Object:
    """A copy of spec without what may be changed, given the old spec."""
    rest: Object = copy.deepcopy(spec)
    for container in (*rest.get("containers", ()), *rest.get("initContainers", ())):
        container.pop("image", None)
    rest.pop("activeDeadlineSeconds", None)
    if old.get("terminationGracePeriodSeconds", 0) < 0:
        rest.pop("terminationGracePeriodSeconds", None)
    kept = old.get("tolerations", [])
    if all(toleration in rest.get("tolerations", []) for toleration in kept):
        rest["tolerations"] = kept
    if rest.get("schedulingGates") is not None and old.get("schedulingGates"):
        rest.pop("schedulingGates")
    return rest
