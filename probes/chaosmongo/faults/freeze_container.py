"""Stop a container's process and let it go on: it neither answers nor dies, and its connections stay open.

Taken back by CONT: by the fault itself when its time is over, or when it is interrupted.
"""

import time

from chaosmongo import undo
from chaosmongo.activity import activity
from chaosmongo.containers import run_inside
from chaosmongo.undo import thaw

from .crash_container import check_names
from .selection import aim, at_least, pod_hit


@activity
def freeze_container(
    namespace: str,
    name: str,
    container: str = "",
    process: str = "mongod",
    for_s: float = 10,
    timeout_s: float = 10,
) -> dict:  # type: ignore[type-arg]
    """Stops the processes named `process` in a container of the pod `name` for `for_s` seconds, then lets them go on.

    What it needs: as crash_container. timeout_s: seconds for each command. Returns {"frozen": process}. Fails where
    there is no such pod or process, where it would heed no signal, or where it cannot be let go on.
    """
    check_names(process, "STOP")
    at_least("for_s", for_s, 0.1)
    at = aim(namespace, timeout_s)
    pod = at.pod(name)
    arguments = {"namespace": namespace, "name": name, "container": container, "process": process, "for_s": for_s}
    number = at.recording.will_undo(
        thaw.NAME, pod=name, uid=pod["metadata"]["uid"], container=container, process=process
    )
    fault = at.recording.fault("freeze_container", [pod_hit(pod)], "frozen", arguments)
    with fault, undo.afterwards(at.recording, number):
        run_inside(at.cluster, namespace, name, container, thaw.signalling(process, "STOP"), timeout_s)
        at.recording.mark("requested")
        time.sleep(for_s)
    at.recording.mark("thawed")
    return {"frozen": process}
