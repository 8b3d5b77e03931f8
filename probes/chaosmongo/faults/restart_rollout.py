"""Restart a StatefulSet's pods one after the other, as `kubectl rollout restart` does.

Nothing is taken back: the annotation that does it stays, for taking it away would restart them once more.
"""

from datetime import UTC, datetime

from chaosmongo.activity import activity
from chaosmongo.errors import NothingToHit

from .selection import aim, pod_hit

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


@activity
def restart_rollout(namespace: str, statefulset: str, timeout_s: float = 10) -> dict:  # type: ignore[type-arg]
    """Restarts the pods of the StatefulSet. timeout_s: seconds for each request to the API server.

    Returns {"restarting": [pod, ...]}. Fails where there is no such StatefulSet, or it has no pods.
    """
    at = aim(namespace, timeout_s)
    found = at.workload("statefulsets", statefulset)
    hits = [pod_hit(pod) for pod in at.pods_of(found)]
    if not hits:
        raise NothingToHit(f"StatefulSet {statefulset} in namespace {namespace} has no pods")
    arguments = {"namespace": namespace, "statefulset": statefulset}
    annotations = {RESTARTED_AT: datetime.now(UTC).isoformat(timespec="seconds")}
    with at.recording.fault("restart_rollout", hits, "replaced", arguments):
        path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{statefulset}"
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        at.cluster.patch(path, patch, timeout_s)
    return {"restarting": [hit.name for hit in hits]}
