"""Fill the volume under the database with a file, for a while. Taken back by removing the file."""

import time

from chaosmongo import undo
from chaosmongo.activity import activity
from chaosmongo.containers import run_inside
from chaosmongo.errors import BadArgument, FaultFailed, NotAllowed
from chaosmongo.undo import filler

from .selection import aim, at_least, pod_hit

MIB = 1 << 20


@activity
def fill_disk(
    namespace: str,
    name: str,
    container: str = "",
    path: str = "/data/db",
    most_mib: int = 4096,
    for_s: float = 10,
    timeout_s: float = 120,
) -> dict:  # type: ignore[type-arg]
    """Fills the file system at `path` in a container of the pod `name`, leaves it full for `for_s` seconds, and removes
    the file again.

    most_mib: what it may write at most: where more is free, the volume has no size of its own, and the node's disk
    would be filled. It needs `sh`, `df` and `dd` in the image. timeout_s: seconds for filling.

    Returns {"mib": written}. Fails where more than most_mib are free, and where the file system did not become full.
    """
    at_least("most_mib", most_mib, 1)
    at_least("for_s", for_s, 0.1)
    if not str(path).startswith("/"):
        raise BadArgument(f"path is {path!r}: it must begin with /")
    at = aim(namespace, 10)
    pod = at.pod(name)
    free_mib = _free_mib(run_inside(at.cluster, namespace, name, container, ["df", "-Pk", path], 10))
    if free_mib > most_mib:
        raise NotAllowed(
            f"{free_mib:,.0f} MiB are free at {path} in pod {name}, more than most_mib ({most_mib:,}): it may be the "
            "node's own disk. Nothing was touched"
        )
    number = at.recording.will_undo(filler.NAME, pod=name, container=container, directory=path)
    file = filler.path(path, at.recording.marker)
    script = 'if dd if=/dev/zero of="$1" bs=64k count="$2" 2>/dev/null; then echo "it did not become full"; exit 5; fi'
    fill = ["sh", "-c", script, "sh", file, str(int(free_mib + 1) * 16)]
    arguments = {"namespace": namespace, "name": name, "container": container, "path": path, "for_s": for_s}
    fault = at.recording.fault("fill_disk", [pod_hit(pod)], "filled", arguments)
    with fault, undo.afterwards(at.recording, number):
        run_inside(at.cluster, namespace, name, container, fill, timeout_s)
        at.recording.mark("filled")
        time.sleep(for_s)
    at.recording.mark("emptied")
    return {"mib": round(free_mib)}


def _free_mib(told: str) -> float:
    """From the last line of `df -Pk` (POSIX)."""
    try:
        return int(told.strip().splitlines()[-1].split()[3]) * 1024 / MIB
    except (IndexError, ValueError):
        raise FaultFailed(f"what df said cannot be read: {told!r}") from None
