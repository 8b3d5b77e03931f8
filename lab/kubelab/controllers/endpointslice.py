"""EndpointSlice: which pods stand behind a Service, and whether they are ready.

After kubernetes/staging/src/k8s.io/endpointslice (reconciler.go, utils.go), but a slice holds any number of endpoints.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubelab.controllers import pods as pod_facts
from kubelab.controllers.changes import Again, Changes, Create, Delete, Replace
from kubelab.controllers.loop import Controller
from kubelab.kinds import (
    ENDPOINT_SLICES,
    NODES,
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
HEADLESS = "service.kubernetes.io/headless"
RESERVED = (SERVICE_NAME, MANAGED_BY, HEADLESS)
"""Labels of slices that are not those of their Service."""
LOOK_AGAIN_S = 1.0
"""How long a pod whose node is not known waits for it."""


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
        placed = on_nodes(service, pods, {node["metadata"]["name"] for node in self.cluster[NODES].all()})
        observed = Observed(service, placed, owned, self._times.get(key))
        self._times[key] = ready_times(placed)
        changes = reconcile(observed)
        return changes if len(placed) == len(pods) else [*changes, Again(LOOK_AGAIN_S)]


def on_nodes(service: Object, pods: list[Object], nodes: Collection[str]) -> list[Object]:
    """The pods whose nodes are there, or all if the Service publishes also what is not ready."""
    if service["spec"].get("publishNotReadyAddresses"):
        return pods
    return [p for p in pods if not _has_endpoint(p) or p["spec"].get("nodeName") in nodes]


def reconcile(observed: Observed) -> Changes:
    """The slices of the Service as its pods are now; the garbage collector takes them with the Service."""
    service = observed.service
    if is_terminating(service) or service["spec"].get("type") == "ExternalName":
        return []
    contents = _contents(observed)
    live = [s for s in observed.slices if not is_terminating(s)]
    fitting = [next((s for s in live if (s.get("ports") or None) == c["ports"]), None) for c in contents]
    spare = [s for s in live if s not in fitting]
    changes: Changes = []
    for content, found in zip(contents, fitting, strict=True):
        known = found or (spare.pop(0) if spare else None)
        if known is None:
            changes.append(Create(ENDPOINT_SLICES, _new_slice(observed, content)))
        else:
            changes += _changed(observed, known, content)
    return [*changes, *(Delete(ENDPOINT_SLICES, s) for s in spare)]


def _changed(observed: Observed, known: Object, content: Mapping[str, Any]) -> Changes:
    labels = _labels(observed.service)
    if known["metadata"].get("labels") == labels and all((known.get(k) or None) == v for k, v in content.items()):
        return []
    metadata = known["metadata"] | {"labels": labels, "annotations": _annotations(observed, known)}
    return [Replace(ENDPOINT_SLICES, {**known, **content, "metadata": metadata})]


def ready_times(pods: list[Object]) -> dict[str, str]:
    """When the readiness of each pod last changed."""
    found = {p["metadata"]["name"]: condition(p, "Ready") for p in pods}
    return {name: ready["lastTransitionTime"] for name, ready in found.items() if ready}


def _contents(observed: Observed) -> list[dict[str, Any]]:
    """Endpoints and ports of each slice: pods whose ports of the same name differ are in different ones."""
    service = observed.service
    found: list[dict[str, Any]] = []
    for pod in sorted(filter(_has_endpoint, observed.pods), key=lambda p: str(p["metadata"]["name"])):
        ports = _ports(service, pod) or None
        content = next((c for c in found if c["ports"] == ports), None)
        if content is None:
            content = {"endpoints": [], "ports": ports}
            found.append(content)
        content["endpoints"].append(_endpoint(service, pod))
    return found or [{"endpoints": None, "ports": None}]


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


def _new_slice(observed: Observed, content: Mapping[str, Any]) -> Object:
    service = observed.service
    metadata = service["metadata"]
    return {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": ENDPOINT_SLICES.kind,
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": _labels(service),
            "annotations": _annotations(observed, None),
            "ownerReferences": [controlled_by(SERVICES, service)],
        },
        "addressType": "IPv4",
        **content,
    }


def _labels(service: Object) -> dict[str, str]:
    """Those of the Service, and those by which its slices are found."""
    metadata = service["metadata"]
    own = {k: v for k, v in (metadata.get("labels") or {}).items() if k not in RESERVED}
    headless = {HEADLESS: ""} if service["spec"].get("clusterIP") in (None, "", "None") else {}
    return own | headless | {SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER}


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
