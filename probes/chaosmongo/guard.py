"""Who takes part: a namespace that carries the label, and nothing else."""

from .cluster import Cluster
from .errors import ApiRefused, NotAllowed

LABEL = "chaos.mongodb/allowed"
NEVER = ("kube-system", "kube-public", "kube-node-lease")


def check_namespace(cluster: Cluster, namespace: str) -> None:
    """Raises NotAllowed unless the namespace carries chaos.mongodb/allowed=true, with the command that allows it."""
    if namespace in NEVER:
        raise NotAllowed(f"Namespace {namespace} belongs to Kubernetes itself: no experiment runs there")
    try:
        labels = cluster.get(f"/api/v1/namespaces/{namespace}")["metadata"].get("labels") or {}
    except ApiRefused as refusal:
        if refusal.status != 404:
            raise
        raise NotAllowed(
            f"There is no namespace {namespace} at {cluster.server}. Deploy the demo with:\n"
            "    kubectl apply -f manifests/\nor name yours with: --var namespace=NAME"
        ) from None
    if labels.get(LABEL) != "true":
        raise NotAllowed(
            f"Namespace {namespace} does not carry the label {LABEL}=true: nothing was touched. To allow it:\n"
            f"    kubectl label namespace {namespace} {LABEL}=true"
        )


def namespace_uid(cluster: Cluster, namespace: str) -> str:
    """What tells a namespace from one of the same name, here or in another cluster."""
    return str(cluster.get(f"/api/v1/namespaces/{namespace}")["metadata"].get("uid", ""))
