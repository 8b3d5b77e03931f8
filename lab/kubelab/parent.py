"""Ties the life of a process to its parent's, so that nothing of a lab outlives it."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_HAS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()
_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent_pid: int, with_signal: int = signal.SIGKILL) -> None:
    """Asks the kernel to send with_signal to this process when its parent, parent_pid, ends (prctl(2))."""
    _libc.prctl(PR_SET_PDEATHSIG, with_signal, 0, 0, 0)
    if os.getppid() != parent_pid:  # It ended before we asked.
        os.kill(os.getpid(), with_signal)


def dying_with_us(with_signal: int = signal.SIGKILL) -> Callable[[], None]:
    """A preexec_fn for a child that shall not outlive this process."""
    parent_pid = os.getpid()
    return lambda: die_with(parent_pid, with_signal)


def adopt_orphans() -> None:
    """Makes this process the parent of every descendant whose own parent ends."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children_of(pid: int) -> list[int]:
    """The direct children of a process, zombies included, from /proc."""
    found: list[int] = []
    try:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):  # A thread, or the process, ended while we looked.
        pass
    return found if _HAS_CHILDREN else _children_by_parent(pid)


def _children_by_parent(pid: int) -> list[int]:
    """The same on a kernel without CONFIG_PROC_CHILDREN: every process is asked for its parent."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid:
            found.append(int(stat.parent.name))
    return found


def kill_quietly(pid: int, with_signal: int) -> None:
    """Sends a signal; a process that is gone already is what we want."""
    try:
        os.kill(pid, with_signal)
    except ProcessLookupError:
        pass
