"""Scale a Deployment, under load. Taken back by scaling back, where nobody has scaled it since."""

import time

from chaosmongo.activity import activity
from chaosmongo.errors import BadArgument, FaultFailed
from chaosmongo.history.records import Hit
from chaosmongo.undo import scale

from .selection import aim, at_least

LOOKS_EVERY_S = 0.1
MOST = 1000


@activity
def scale_deployment(namespace: str, name: str, replicas: int, timeout_s: float = 60) -> dict:  # type: ignore[type-arg]
    """Scales the Deployment `name` to `replicas` and waits, at most timeout_s seconds, until they are Ready; until
    take_back_faults.

    Returns {"before": n, "replicas": n}. Fails where there is no such Deployment, where it has as many already, or
    where they do not become Ready.
    """
    if type(replicas) is not int or not 0 <= replicas <= MOST:
        raise BadArgument(f"replicas is {replicas!r}: it must be a whole number from 0 to {MOST}")
    at_least("timeout_s", timeout_s, 0)
    at = aim(namespace, 10)
    found = at.workload("deployments", name)
    before, uid = found["spec"].get("replicas", 1), found["metadata"]["uid"]
    if before == replicas:
        raise BadArgument(f"Deployment {name} has {replicas} replicas already: nothing would be done")
    at.recording.will_undo(scale.NAME, kind="Deployment", name=name, uid=uid, before=before, set=replicas)
    path = scale.path("Deployment", namespace, name)
    hit = Hit(kind="Deployment", name=name, namespace=namespace, uid=uid)
    arguments = {"namespace": namespace, "name": name, "replicas": replicas}
    with at.recording.fault("scale_deployment", [hit], "scaled", arguments):
        at.cluster.patch(f"{path}/scale", {"spec": {"replicas": replicas}}, at.timeout_s)
        at.recording.mark("requested")
        end = time.monotonic() + timeout_s
        while (ready := (at.cluster.get(path, at.timeout_s).get("status") or {}).get("readyReplicas", 0)) != replicas:
            if time.monotonic() > end:
                raise FaultFailed(f"Deployment {name} had {ready} of {replicas} pods Ready after {timeout_s:g} s")
            time.sleep(LOOKS_EVERY_S)
    return {"before": before, "replicas": replicas}
