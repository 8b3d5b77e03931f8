"""What a fault is aimed at, and whether it may be hit. Nothing is touched here."""

from dataclasses import dataclass

from chaosmongo import guard, run
from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import BadArgument, NotAllowed, NothingToHit
from chaosmongo.history.records import Hit
from chaosmongo.pods import restarts
from chaosmongo.run import Recording

PRIMARY = "@primary"


@dataclass(frozen=True)
class Aim:
    """A run's cluster, and the namespace in which its faults are allowed."""

    recording: Recording
    cluster: Cluster
    namespace: str
    timeout_s: float

    def pods(self, name: str = "", label_selector: str = "") -> list[Object]:
        """The pod of this name (@primary: the replica set's primary), or those that match, less those that are going
        already. Raises NothingToHit.
        """
        if bool(name) == bool(label_selector):
            raise BadArgument("Either name or label_selector is needed, to hit nothing by accident")
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        name = self._primary() if name == PRIMARY else name
        if label_selector:
            pods: list[Object] = self.cluster.get(path, self.timeout_s, labelSelector=label_selector)["items"]
        else:
            found = self.find(f"{path}/{name}")
            pods = [] if found is None else [found]
        pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        if not pods:
            what = f"pod {name}" if name else f"pod with {label_selector}"
            raise NothingToHit(f"There is no {what} in namespace {self.namespace} that could be hit")
        return pods

    def _primary(self) -> str:
        """A member is known by the name of its pod, which a StatefulSet's Service makes its host name begin with."""
        with self.recording.scores() as scores:
            return scores.primary().partition(":")[0].partition(".")[0]

    def pod(self, name: str) -> Object:
        (pod,) = self.pods(name)
        return pod

    def workload(self, resource: str, name: str) -> Object:
        """A StatefulSet or Deployment; resource: its plural. Raises NothingToHit."""
        found = self.find(f"/apis/apps/v1/namespaces/{self.namespace}/{resource}/{name}")
        if found is None:
            raise NothingToHit(f"There is none of {resource} named {name!r} in namespace {self.namespace}")
        return found

    def pods_of(self, workload: Object) -> list[Object]:
        """Those that its selector matches, less those that are going already."""
        labels = workload["spec"]["selector"].get("matchLabels") or {}
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        items: list[Object] = self.cluster.get(path, self.timeout_s, labelSelector=selector)["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def node(self, name: str, pod: str) -> tuple[Object, list[Object]]:
        """The node of this name, or the one that `pod` is on, and all pods on it. Raises NotAllowed for a node that
        nobody has named and that carries pods of others, NothingToHit.
        """
        if bool(name) == bool(pod):
            raise BadArgument("Either node or pod is needed: the node itself, or a pod on it")
        wanted = name or self.pod(pod)["spec"].get("nodeName") or ""
        found = self.find(f"/api/v1/nodes/{wanted}") if wanted else None
        if found is None:
            raise NothingToHit(f"There is no node {wanted}" if wanted else f"Pod {pod} is on no node")
        pods: list[Object] = self.cluster.get("/api/v1/pods", self.timeout_s, fieldSelector=f"spec.nodeName={wanted}")[
            "items"
        ]
        if not name:
            guard.check_node(found, pods, self.namespace)
        return found, pods

    def find(self, path: str) -> Object | None:
        """None where it is not there."""
        return self.cluster.find(path, self.timeout_s)


def aim(namespace: str, timeout_s: float) -> Aim:
    """Raises NoRun, NoCluster, NotAllowed: another namespace than the experiment's, or one that does not take part."""
    recording = run.current()
    cluster = recording.in_cluster()
    if namespace != recording.config.namespace:
        raise NotAllowed(f"This experiment may touch namespace {recording.config.namespace}, not {namespace}")
    guard.check_namespace(cluster, namespace)
    return Aim(recording, cluster, namespace, timeout_s)


def pod_hit(pod: Object) -> Hit:
    metadata = pod["metadata"]
    return Hit(
        kind="Pod",
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        node=pod["spec"].get("nodeName", ""),
        restarts=restarts(pod),
    )


def node_hit(node: Object) -> Hit:
    return Hit(kind="Node", name=node["metadata"]["name"], uid=node["metadata"]["uid"])


def at_least(name: str, value: float, least: float) -> None:
    """Raises BadArgument."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
        raise BadArgument(f"{name} is {value!r}: it must be a number, at least {least:g}")
