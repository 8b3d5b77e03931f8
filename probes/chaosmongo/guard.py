"""Who takes part: a namespace that carries the label, and nothing else."""

from .cluster import Cluster, Object
from .errors import NotAllowed

LABEL = "chaos.mongodb/allowed"
NEVER = ("kube-system", "kube-public", "kube-node-lease")


def check_namespace(cluster: Cluster, namespace: str) -> None:
    """Raises NotAllowed unless the namespace carries chaos.mongodb/allowed=true, with the command that allows it."""
    if namespace in NEVER:
        raise NotAllowed(f"Namespace {namespace} belongs to Kubernetes itself: no experiment runs there")
    found = cluster.find(f"/api/v1/namespaces/{namespace}")
    if found is None:
        raise NotAllowed(
            f"There is no namespace {namespace} at {cluster.server}. Deploy the demo with:\n"
            "    kubectl apply -f manifests/\nor name yours with: --var namespace=NAME"
        )
    if (found["metadata"].get("labels") or {}).get(LABEL) != "true":
        raise NotAllowed(
            f"Namespace {namespace} does not carry the label {LABEL}=true: nothing was touched. To allow it:\n"
            f"    kubectl label namespace {namespace} {LABEL}=true"
        )


def check_node(node: Object, pods: list[Object], namespace: str) -> None:
    """Raises NotAllowed where a fault of a node that nobody has named would hit pods of others.

    node, pods: the node, and all pods on it. Allowed is a node that carries the label, or nothing but pods of the
    namespace; those that every node has (of DaemonSets, and static ones) do not count.
    """
    name = node["metadata"]["name"]
    if (node["metadata"].get("labels") or {}).get(LABEL) == "true":
        return
    others = [pod for pod in pods if pod["metadata"]["namespace"] != namespace and not is_of_the_node(pod)]
    if others:
        shown = ", ".join(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        raise NotAllowed(
            f"Node {name} also carries {shown}{more}, which this experiment may not touch: nothing was touched. Name "
            f"the node in the experiment, or allow it:\n    kubectl label node {name} {LABEL}=true"
        )


def is_of_the_node(pod: Object) -> bool:
    """Whether a pod belongs to its node (of a DaemonSet, or static), and so neither moves nor can be drained."""
    owners = {owner.get("kind") for owner in pod["metadata"].get("ownerReferences") or []}
    mirror = "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {})
    return mirror or bool(owners & {"DaemonSet", "Node"})


def namespace_uid(cluster: Cluster, namespace: str) -> str:
    """What tells a namespace from one of the same name, here or in another cluster."""
    return str(cluster.get(f"/api/v1/namespaces/{namespace}")["metadata"].get("uid", ""))
