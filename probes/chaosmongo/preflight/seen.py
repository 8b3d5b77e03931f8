"""What the cluster says of the things that an experiment concerns. Only GETs; what we may not read is named as such."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaosmongo import guard
from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused, NotAllowed

from .experiment import Planned

WITHIN_S = 10
Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class Seen:
    """unread: what could not be read, and why. refused: the guard's word on the namespace, "" where it is allowed.

    selected: by label selector, the pods of the namespace that it matches. on_node: by its name, all pods on a node
    that a fault is aimed at. Claims and budgets are those of the namespaces of all these pods.
    """

    server: str = ""
    namespace: str = ""
    refused: str = ""
    pods: Sequence[Object] = ()
    selected: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    on_node: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    nodes: Sequence[Object] = ()
    statefulsets: Sequence[Object] = ()
    deployments: Sequence[Object] = ()
    claims: Mapping[Key, Object] = field(default_factory=dict)
    volumes: Mapping[str, Object] = field(default_factory=dict)
    budgets: Sequence[Object] = ()
    services: Sequence[Object] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def pod(self, name: str) -> Object | None:
        return next((pod for pod in self.pods if pod["metadata"]["name"] == name), None)

    def node(self, name: str) -> Object | None:
        return next((node for node in self.nodes if node["metadata"]["name"] == name), None)


def aimed_at(fault: Planned, pods: Iterable[Object]) -> str:
    """The name of the node that a fault is aimed at, "" where it is at none or at one that is not there."""
    if node := fault.text("node"):
        return node
    if wanted := fault.text("pod"):
        return next((pod["spec"].get("nodeName") or "" for pod in pods if pod["metadata"]["name"] == wanted), "")
    if fault.name == "take_out_of_service":
        return next((name for earlier in reversed(fault.earlier) if (name := aimed_at(earlier, pods))), "")
    return ""


def look(cluster: Cluster, namespace: str, faults: Sequence[Planned]) -> Seen:
    """Raises NoCluster, and ApiRefused where it is neither 403 nor 404."""
    reading = _Reading(cluster)
    core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
    pods = reading.items("pods", f"{core}/pods")
    selectors = sorted({fault.text("label_selector") for fault in faults} - {""})
    aims = sorted({aimed_at(fault, pods) for fault in faults} - {""})
    selected = {one: reading.items(f"pods with {one}", f"{core}/pods", labelSelector=one) for one in selectors}
    on_node = {
        one: reading.items(f"pods on node {one}", "/api/v1/pods", fieldSelector=f"spec.nodeName={one}") for one in aims
    }
    # on a node of which only our own pods can be seen, these are better than nothing; `unread` says so
    on_node = {
        one: found or [pod for pod in pods if pod["spec"].get("nodeName") == one] for one, found in on_node.items()
    }
    spaces = {namespace} | {pod["metadata"]["namespace"] for found in on_node.values() for pod in found}
    claims = [
        claim
        for space in sorted(spaces)
        for claim in reading.items("persistentvolumeclaims", f"/api/v1/namespaces/{space}/persistentvolumeclaims")
    ]
    names = sorted({claim["spec"].get("volumeName") or "" for claim in claims} - {""})
    volumes = {name: reading.get("persistentvolumes", f"/api/v1/persistentvolumes/{name}") for name in names}
    return Seen(
        cluster.server,
        namespace,
        reading.guarded(namespace),
        pods,
        selected,
        on_node,
        reading.items("nodes", "/api/v1/nodes"),
        reading.items("statefulsets", f"{apps}/statefulsets"),
        reading.items("deployments", f"{apps}/deployments"),
        {(claim["metadata"]["namespace"], claim["metadata"]["name"]): claim for claim in claims},
        {name: volume for name, volume in volumes.items() if volume},
        [
            budget
            for space in sorted(spaces)
            for budget in reading.items(
                "poddisruptionbudgets", f"/apis/policy/v1/namespaces/{space}/poddisruptionbudgets"
            )
        ],
        reading.items("services", f"{core}/services"),
        reading.unread,
    )


def look_at_nodes(cluster: Cluster, namespace: str, faults: Sequence[Planned]) -> Seen:
    """Only the nodes that faults are aimed at and the pods on them, by requests of a run's own. Raises as look."""
    reading = _Reading(cluster)
    names = sorted({fault.text("pod") for fault in faults} - {""})
    pods = [pod for name in names if (pod := reading.get("pods", f"/api/v1/namespaces/{namespace}/pods/{name}"))]
    aims = sorted({aimed_at(fault, pods) for fault in faults} - {""})
    on_node = {
        one: reading.items(f"pods on node {one}", "/api/v1/pods", fieldSelector=f"spec.nodeName={one}") for one in aims
    }
    nodes = [node for one in aims if (node := reading.get("nodes", f"/api/v1/nodes/{one}"))]
    return Seen(cluster.server, namespace, pods=pods, on_node=on_node, nodes=nodes, unread=reading.unread)


class _Reading:
    """GETs, of which some may be refused."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.unread: dict[str, str] = {}

    def get(self, what: str, path: str, **query: str) -> Object:
        """An empty object where it is not there or may not be read."""
        try:
            return self._cluster.get(path, WITHIN_S, **query)
        except ApiRefused as refusal:
            if refusal.status not in (400, 403, 404):
                raise
            if refusal.status != 404:
                self.unread[what] = f"HTTP {refusal.status}"
            return {}

    def items(self, what: str, path: str, **query: str) -> list[Object]:
        return list(self.get(what, path, **query).get("items") or [])

    def guarded(self, namespace: str) -> str:
        try:
            guard.check_namespace(self._cluster, namespace)
        except NotAllowed as refusal:
            return str(refusal)
        except ApiRefused as refusal:
            if refusal.status != 403:
                raise
            self.unread["namespace"] = "HTTP 403"
            return f"Whether namespace {namespace} takes part cannot be read (HTTP 403): it would be refused"
        return ""
