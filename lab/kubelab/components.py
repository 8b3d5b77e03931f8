"""Finds the processes of a running lab: the supervisor below the guard, and what it has started."""

from __future__ import annotations

from pathlib import Path

from kubelab.errors import LabError
from kubelab.parent import children_of
from kubelab.state import Lab, State


def supervisor(state: State, lab: Lab) -> int:
    """Its process id. Raises LabError."""
    for pid in children_of(lab.guard_pid):
        if "kubelab.supervisor" in _arguments(pid):
            return pid
    raise LabError(f"the supervisor of the lab in {state} is gone: `kubelab down`, then `kubelab up`")


def component(state: State, lab: Lab, *words: str) -> int | None:
    """The process that has these words on its command line, if it runs. Raises LabError."""
    for pid in children_of(supervisor(state, lab)):
        if set(words) <= set(_arguments(pid)) and is_alive(pid):
            return pid
    return None


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
