"""Scale a StatefulSet to zero, and back after a while. Taken back by scaling back, where nobody has scaled it since."""

import time

from chaosmongo import undo
from chaosmongo.activity import activity
from chaosmongo.errors import FaultFailed, NothingToHit
from chaosmongo.undo import scale

from .selection import aim, at_least, pod_hit

LOOKS_EVERY_S = 0.05


@activity
def scale_to_zero(namespace: str, statefulset: str, for_s: float = 5, timeout_s: float = 60) -> dict:  # type: ignore[type-arg]
    """Scales the StatefulSet to 0, waits until its pods are gone and `for_s` seconds longer, and scales it back.

    timeout_s: seconds within which its pods must be gone. Returns {"replicas": before and after}. Fails where there is
    no such StatefulSet, where it has no pods, or where they do not go.
    """
    at_least("for_s", for_s, 0)
    at = aim(namespace, 10)
    found = at.workload("statefulsets", statefulset)
    pods = at.pods_of(found)
    if not pods:
        raise NothingToHit(f"StatefulSet {statefulset} in namespace {namespace} has no pods")
    before, uid = found["spec"].get("replicas", 1), found["metadata"]["uid"]
    number = at.recording.will_undo(scale.NAME, kind="StatefulSet", name=statefulset, uid=uid, before=before, set=0)
    path = scale.path("StatefulSet", namespace, statefulset)
    arguments = {"namespace": namespace, "statefulset": statefulset, "for_s": for_s}
    fault = at.recording.fault("scale_to_zero", [pod_hit(pod) for pod in pods], "replaced", arguments)
    with fault, undo.afterwards(at.recording, number):
        at.cluster.patch(f"{path}/scale", {"spec": {"replicas": 0}}, at.timeout_s)
        at.recording.mark("requested")
        end = time.monotonic() + timeout_s
        while at.cluster.get(path, at.timeout_s).get("status", {}).get("replicas", 0):
            if time.monotonic() > end:
                raise FaultFailed(
                    f"The pods of StatefulSet {statefulset} were not gone {timeout_s:g} s after scaling to 0"
                )
            time.sleep(LOOKS_EVERY_S)
        time.sleep(for_s)
    at.recording.mark("scaled back")
    return {"replicas": before}
