"""Which process this is, so that another one can tell later whether it is still there."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MACHINE = ("boot", "namespace")
"""What two processes must have in common so that the one can see whether the other is there."""


def me() -> dict[str, str | int]:
    """host: a label. boot, namespace: the machine since its last start, and the namespace of its process ids. pid and
    started (clock ticks since the start of the machine) are of one process alone: a pid may be given again.
    """
    return {"host": socket.gethostname(), **_machine(), "pid": os.getpid(), "started": _started(os.getpid()) or 0}


def is_gone(process: Mapping[str, Any]) -> bool:
    """Whether the process is certainly not there any more; never of one that cannot be seen from here."""
    machine = _machine()
    if not machine["boot"] or any(process.get(key) != machine[key] for key in MACHINE):
        return False
    pid = process.get("pid")
    return isinstance(pid, int) and _started(pid) != process.get("started")


def boot() -> str:
    """The machine since its last start: processes of one boot, in containers too, share CLOCK_MONOTONIC. "" where that
    is not known.
    """
    return str(_machine()["boot"])


def _machine() -> dict[str, str | int]:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return {"boot": boot, "namespace": Path("/proc/self/ns/pid").stat().st_ino}
    except OSError:
        return {"boot": "", "namespace": 0}


def _started(pid: int) -> int | None:
    """None where there is no such process, or it has ended and only waits for its parent to notice."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else int(fields[18])
