"""Delete pods as `kubectl delete pod` does: SIGTERM, the grace period, SIGKILL.

Nothing needs to be taken back: whatever owns the pods makes new ones. Interrupted after the request, the pods go all
the same; interrupted before it, nothing has happened.
"""

from typing import Any

from chaosmongo.activity import activity
from chaosmongo.errors import BadArgument

from .selection import Aim, aim, pod_hit

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
    object goes at once while its containers may still run) and is refused: that is kill_pod.
    timeout_s: seconds for each request to the API server.

    Returns {"deleted": [name, ...]}. Fails where nothing matches, where the namespace is not allowed or is not the one
    that the experiment names, and where a pod was replaced by another between looking and deleting.
    """
    check_grace(grace_period_s)
    return {"deleted": delete(aim(namespace, timeout_s), "delete_pod", name, label_selector, grace_period_s)}


def check_grace(grace_period_s: int) -> None:
    """Raises BadArgument for what is no graceful deletion."""
    if isinstance(grace_period_s, bool) or not isinstance(grace_period_s, int):
        raise BadArgument(f"grace_period_s is {grace_period_s!r}: it must be a whole number of seconds")
    if grace_period_s == 0 or grace_period_s < GRACE_OF_THE_POD:
        raise BadArgument(
            f"grace_period_s is {grace_period_s}: a graceful deletion has at least 1 s (-1: the pod's own)"
        )


def delete(at: Aim, fault: str, name: str, label_selector: str, grace_period_s: int) -> list[str]:
    """Deletes the pods as one fault; their names."""
    hits = [pod_hit(pod) for pod in at.pods(name, label_selector)]
    arguments = {
        "namespace": at.namespace,
        "name": name,
        "label_selector": label_selector,
        "grace_period_s": grace_period_s,
    }
    with at.recording.fault(fault, hits, "replaced", arguments):
        for hit in hits:
            options: dict[str, Any] = {"preconditions": {"uid": hit.uid}}
            if grace_period_s != GRACE_OF_THE_POD:
                options["gracePeriodSeconds"] = grace_period_s
            at.cluster.delete(f"/api/v1/namespaces/{at.namespace}/pods/{hit.name}", options, at.timeout_s)
    return [hit.name for hit in hits]
