"""End a container's process by a signal from within, as a crash would: the kubelet starts it again in the same pod.

Nothing needs to be taken back.
"""

import re

from chaosmongo.activity import activity
from chaosmongo.containers import run_inside
from chaosmongo.errors import BadArgument, CommandCutOff, CommandFailed
from chaosmongo.undo.thaw import signalling

from .selection import aim, pod_hit

KILLED = 137
"""Exit code of a command that was killed along with its container."""

SIGNAL = re.compile(r"[A-Z][A-Z0-9]{1,8}")
PROCESS = re.compile(r"[A-Za-z0-9._-]{1,64}")


@activity
def crash_container(
    namespace: str,
    name: str,
    container: str = "",
    process: str = "mongod",
    signal: str = "KILL",
    timeout_s: float = 10,
) -> dict:  # type: ignore[type-arg]
    """Sends `signal` to the processes named `process` in a container of the pod `name`; container: "" for its only one.

    It needs `sh`, `kill` and `pidof` in the image, and `create` on pods/exec. The first process of a container heeds no
    KILL from within: the pod needs shareProcessNamespace: true, as the demo has it. timeout_s: seconds for the command.

    Returns {"signalled": process}. Fails where there is no such pod or process, or where it would heed no signal.
    """
    check_names(process, signal)
    at = aim(namespace, timeout_s)
    pod = at.pod(name)
    arguments = {"namespace": namespace, "name": name, "container": container, "process": process, "signal": signal}
    with at.recording.fault("crash_container", [pod_hit(pod)], "restarted", arguments):
        try:
            run_inside(at.cluster, namespace, name, container, signalling(process, signal), timeout_s)
        except CommandCutOff:
            pass  # with its container, as a crash does: whether there was one, the pod's restarts will tell
        except CommandFailed as failure:
            if failure.exit_code != KILLED:
                raise
    return {"signalled": process}


def check_names(process: str, signal: str) -> None:
    """Raises BadArgument."""
    if not SIGNAL.fullmatch(str(signal)):
        raise BadArgument(f"signal is {signal!r}: it must be a name like KILL, SEGV or TERM")
    if not PROCESS.fullmatch(str(process)):
        raise BadArgument(f"process is {process!r}: it must be the name of a program, like mongod")
