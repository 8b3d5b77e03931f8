"""Delete pods as `kubectl delete pod` does: SIGTERM, the grace period, SIGKILL.

Nothing needs to be taken back: whatever owns the pods makes new ones. Interrupted after the request, the pods go all
the same; interrupted before it, nothing has happened.
"""

from typing import Any

from chaosmongo import guard, run
from chaosmongo.activity import activity
from chaosmongo.cluster import Cluster
from chaosmongo.errors import ApiRefused, BadArgument, NoCluster, NotAllowed, NothingToHit
from chaosmongo.history.records import Hit

GRACE_OF_THE_POD = -1


@activity
def delete_pod(
    namespace: str,
    name: str = "",
    label_selector: str = "",
    grace_period_s: int = GRACE_OF_THE_POD,
    timeout_s: float = 10,
) -> dict:  # type: ignore[type-arg]
    """Deletes the pod `name`, or all pods that `label_selector` matches, in `namespace`.

    grace_period_s: seconds between SIGTERM and SIGKILL; -1: as the pod says itself. 0 is not a graceful deletion (the
    object goes at once while its containers may still run) and is refused.
    timeout_s: seconds for each request to the API server.

    Returns {"deleted": [name, ...]}. Fails where nothing matches, where the namespace is not allowed or is not the one
    that the experiment names, and where a pod was replaced by another between looking and deleting.
    """
    recording = run.current()
    cluster = recording.cluster
    if cluster is None:
        raise NoCluster("delete_pod needs a cluster: set the configuration's namespace")
    if namespace != recording.config.namespace:
        raise NotAllowed(f"This experiment may touch namespace {recording.config.namespace}, not {namespace}")
    if bool(name) == bool(label_selector):
        raise BadArgument("delete_pod needs either name or label_selector, to hit nothing by accident")
    if grace_period_s == 0 or grace_period_s < GRACE_OF_THE_POD:
        raise BadArgument(
            f"grace_period_s is {grace_period_s}: a graceful deletion has at least 1 s (-1: the pod's own)"
        )
    guard.check_namespace(cluster, namespace)
    pods = _matching(cluster, namespace, name, label_selector, timeout_s)
    hits = [_hit(pod) for pod in pods]
    arguments = {
        "namespace": namespace,
        "name": name,
        "label_selector": label_selector,
        "grace_period_s": grace_period_s,
    }
    with recording.fault("delete_pod", hits, "replaced", arguments):
        for hit in hits:
            options: dict[str, Any] = {"preconditions": {"uid": hit.uid}}
            if grace_period_s != GRACE_OF_THE_POD:
                options["gracePeriodSeconds"] = grace_period_s
            cluster.delete(f"/api/v1/namespaces/{namespace}/pods/{hit.name}", options, timeout_s)
    return {"deleted": [hit.name for hit in hits]}


def _matching(cluster: Cluster, namespace: str, name: str, selector: str, timeout_s: float) -> list[dict[str, Any]]:
    path = f"/api/v1/namespaces/{namespace}/pods"
    if selector:
        pods: list[dict[str, Any]] = cluster.get(path, timeout_s, labelSelector=selector)["items"]
    else:
        try:
            pods = [cluster.get(f"{path}/{name}", timeout_s)]
        except ApiRefused as refusal:
            if refusal.status != 404:
                raise
            pods = []
    pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    if not pods:
        what = f"pod {name}" if name else f"pod with {selector}"
        raise NothingToHit(f"There is no {what} in namespace {namespace} that could be deleted")
    return pods


def _hit(pod: dict[str, Any]) -> Hit:
    metadata = pod["metadata"]
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return Hit(
        kind="Pod",
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        node=pod["spec"].get("nodeName", ""),
        restarts=sum(status.get("restartCount", 0) for status in statuses),
    )
