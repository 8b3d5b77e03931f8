"""EndpointSlice: which pods stand behind a Service, and whether they are ready.

After kubernetes/staging/src/k8s.io/endpointslice (reconciler.go, utils.go). One slice for each Service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Changes, Create, Delete, Replace
from kubelab.controllers.loop import Controller
from kubelab.kinds import (
    ENDPOINT_SLICES,
    PODS,
    SERVICES,
    Key,
    Kind,
    Object,
    condition,
    controlled_by,
    is_terminating,
    key_of,
    matches_labels,
)

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


@dataclass(frozen=True)
class Observed:
    """A Service, the pods its selector finds, its slices, and the readiness times at the last reconciliation.

    known_times: pod name -> lastTransitionTime of its Ready condition, None before the first reconciliation.
    """

    service: Object
    pods: list[Object] = field(default_factory=list)
    slices: list[Object] = field(default_factory=list)
    known_times: Mapping[str, str] | None = None


class EndpointSlices(Controller):
    name = "endpoint-slice-controller"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._times: dict[Key, dict[str, str]] = {}

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        namespace = obj["metadata"].get("namespace", "")
        if kind == SERVICES:
            return [key_of(obj)]
        if kind == ENDPOINT_SLICES:
            service = (obj["metadata"].get("labels") or {}).get(SERVICE_NAME)
            return [(namespace, service)] if service else []
        labels = obj["metadata"].get("labels")
        services = self.cluster[SERVICES].all(namespace)
        return [key_of(s) for s in services if matches_labels(s["spec"].get("selector"), labels)]

    def decide(self, key: Key) -> Changes:
        service = self.cluster[SERVICES].get(*key)
        if service is None or not service["spec"].get("selector"):
            self._times.pop(key, None)
            return []
        selector = service["spec"]["selector"]
        pods = [p for p in self.cluster[PODS].all(key[0]) if matches_labels(selector, p["metadata"].get("labels"))]
        owned = [s for s in self.cluster[ENDPOINT_SLICES].all(key[0]) if _belongs(s, key[1])]
        observed = Observed(service, pods, owned, self._times.get(key))
        self._times[key] = ready_times(pods)
        return reconcile(observed)


def reconcile(observed: Observed) -> Changes:
    """The one slice of the Service as its pods are now; the garbage collector takes it with the Service."""
    service = observed.service
    if is_terminating(service) or service["spec"].get("type") == "ExternalName":
        return []
    wanted = _content(observed)
    live = [s for s in observed.slices if not is_terminating(s)]
    if not live:
        return [Create(ENDPOINT_SLICES, _new_slice(observed, wanted))]
    first, *surplus = live
    changes: Changes = [Delete(ENDPOINT_SLICES, s) for s in surplus]
    if any((first.get(k) or None) != v for k, v in wanted.items()):
        metadata = first["metadata"] | {"annotations": _annotations(observed, first)}
        changes.append(Replace(ENDPOINT_SLICES, {**first, **wanted, "metadata": metadata}))
    return changes


def ready_times(pods: list[Object]) -> dict[str, str]:
    """When the readiness of each pod last changed."""
    found = {p["metadata"]["name"]: condition(p, "Ready") for p in pods}
    return {name: ready["lastTransitionTime"] for name, ready in found.items() if ready}


def _content(observed: Observed) -> dict[str, Any]:
    pods = sorted(filter(_has_endpoint, observed.pods), key=lambda p: str(p["metadata"]["name"]))
    if not pods:
        return {"endpoints": None, "ports": None}
    service = observed.service
    return {"endpoints": [_endpoint(service, p) for p in pods], "ports": _ports(service, pods[0]) or None}


def _has_endpoint(pod: Object) -> bool:
    return bool(pod.get("status", {}).get("podIP")) and not pod_facts.is_finished(pod)


def _endpoint(service: Object, pod: Object) -> Object:
    terminating = is_terminating(pod)
    published = bool(service["spec"].get("publishNotReadyAddresses"))
    serving = published or pod_facts.is_ready(pod)
    metadata, spec = pod["metadata"], pod["spec"]
    endpoint: Object = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": published or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
    }
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = spec["hostname"]
    endpoint["targetRef"] = {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    if spec.get("nodeName"):
        endpoint["nodeName"] = spec["nodeName"]
    return endpoint


def _ports(service: Object, pod: Object) -> list[Object]:
    ports = []
    for port in service["spec"].get("ports") or ():
        number = _target_port(port, pod)
        if number is not None:
            ports.append({"name": port.get("name", ""), "protocol": port.get("protocol", "TCP"), "port": number})
    return ports


def _target_port(port: Mapping[str, Any], pod: Object) -> int | None:
    """A number, or the container port of that name."""
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for container_port in container.get("ports") or ():
            if container_port.get("name") == target:
                return int(container_port["containerPort"])
    return None


def _new_slice(observed: Observed, wanted: Mapping[str, Any]) -> Object:
    service = observed.service
    metadata = service["metadata"]
    own = {k: v for k, v in (metadata.get("labels") or {}).items() if k != SERVICE_NAME}
    return {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": ENDPOINT_SLICES.kind,
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": own | {SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER},
            "annotations": _annotations(observed, None),
            "ownerReferences": [controlled_by(SERVICES, service)],
        },
        "addressType": "IPv4",
        **wanted,
    }


def _annotations(observed: Observed, known: Object | None) -> dict[str, str]:
    """Says when the change began that led to this version: the earliest change of readiness since the last one."""
    times = ready_times(observed.pods)
    before = observed.known_times or {}
    changed = [t for name, t in times.items() if before.get(name) != t]
    if observed.known_times is None:
        changed.append(observed.service["metadata"].get("creationTimestamp", ""))
    kept = dict((known or {}).get("metadata", {}).get("annotations") or {})
    kept.pop(TRIGGER_TIME, None)
    earliest = min((t for t in changed if t), default=None)
    return kept | ({TRIGGER_TIME: earliest} if earliest else {})


def _belongs(endpoint_slice: Object, service: str) -> bool:
    labels = endpoint_slice["metadata"].get("labels") or {}
    return labels.get(SERVICE_NAME) == service and labels.get(MANAGED_BY) == MANAGER
