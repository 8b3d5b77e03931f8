"""What a run could leave behind, by witnesses of its own: the cluster as kubectl tells it, and the processes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.commands import processes_mentioning, run

KINDS = (
    *("nodes", "statefulsets", "deployments", "poddisruptionbudgets", "networkpolicies", "persistentvolumeclaims"),
    *("services", "secrets", "configmaps"),
)
MAY_CHANGE = frozenset({"kubectl.kubernetes.io/restartedAt"})
"""Said by its fault: taking it away would restart the pods once more."""

Object = dict[str, Any]


def cluster(place: Path, kubeconfig: str, namespace: str) -> dict[str, Object]:
    """Everything that is wanted of the cluster, by kind and name; what it reports (status, versions) apart."""
    ended = run(["kubectl", "get", ",".join(KINDS), "-n", namespace, "-o", "json"], place, KUBECONFIG=kubeconfig)
    assert ended.status == 0, ended.output
    return {f"{item['kind']}/{item['metadata']['name']}": _wanted(item) for item in json.loads(ended.output)["items"]}


def changes(before: Mapping[str, Object], after: Mapping[str, Object]) -> list[str]:
    """What became other, in words."""
    told = [f"{name} is gone" for name in before if name not in after]
    told += [f"{name} is new" for name in after if name not in before]
    told += [
        f"{name}: {before[name]} became {after[name]}"
        for name in before
        if after.get(name, before[name]) != before[name]
    ]
    return told


def processes(place: Path) -> list[str]:
    """Of experiments alone: the lab of the place has its own."""
    return [line for line in processes_mentioning(place.name) if "chaos" in line and "kubelab" not in line]


def _wanted(item: Object) -> Object:
    metadata = item["metadata"]
    spec = dict(item.get("spec") or {})
    if item["kind"] == "Node":
        spec = {key: spec[key] for key in ("unschedulable", "taints") if spec.get(key)}
    kept = {"uid": metadata["uid"], "labels": metadata.get("labels") or {}, "annotations": _kept(metadata)}
    return {**kept, "spec": _without_changeable(spec), "data": item.get("data")}


def _kept(metadata: Object) -> Object:
    return {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in MAY_CHANGE}


def _without_changeable(part: Any) -> Any:
    if isinstance(part, dict):
        kept = {key: _without_changeable(value) for key, value in part.items() if key not in MAY_CHANGE}
        return {key: value for key, value in kept.items() if value not in ({}, None)}
    return [_without_changeable(one) for one in part] if isinstance(part, list) else part
