"""A stand-in for pidof: the processes of this container that run a program. `mongod` is the database's server.

There are no process namespaces in the lab, and a confined process may not read another's environment. So a container's
processes are taken to be those in the session of its first process and in one's own, and all that descend from them;
what another `kubectl exec` has started is not seen. A process of another container, pod or lab never is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

FIRST_PROCESS = "KUBELAB_FIRST_PROCESS"
"""Names the container's first process to what is run beside it."""
IN_PYTHON = {"mongod": "\0-m\0secantus\0", "mongosh": "from mongo.mongosh import main;"}
"""What the command line of Python holds where it runs the stand-in for a program."""
SHELLS = ("sh", "bash", "dash")
PROC = Path("/proc")


class Seen(NamedTuple):
    """A process: its id, its parent's, its session's, and whether it has ended and only waits to be collected."""

    pid: int
    parent: int
    session: int
    ended: bool


def main() -> int:
    """pidof [-s] PROGRAM...: their ids, the newest first; -s: only one. Status 1 where there is none."""
    arguments = sys.argv[1:]
    single = "-s" in arguments
    names = {Path(name).name for name in arguments if not name.startswith("-")}
    pids = sorted((pid for pid in own_processes() if names & programs(pid)), reverse=True)
    if pids:
        print(*pids[:1] if single else pids)
    return 0 if pids else 1


def own_processes() -> list[int]:
    """Of this container, without this process and those that have ended."""
    known = {found.pid: found for folder in PROC.glob("[0-9]*") if (found := _look(folder))}
    sessions = {os.getsid(0), int(os.environ.get(FIRST_PROCESS, 0))} - {0}  # 0: what came from outside of the machine

    def is_own(process: Seen) -> bool:
        while process.session not in sessions:
            if process.parent not in known:
                return False
            process = known[process.parent]
        return True

    return [p.pid for p in known.values() if p.pid != os.getpid() and not p.ended and is_own(p)]


def _look(folder: Path) -> Seen | None:
    """From /proc/PID/stat (proc(5)); None for a process that is gone."""
    try:
        state, parent, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return None
    return Seen(int(folder.name), int(parent), int(session), state in "ZX")


def programs(pid: int) -> set[str]:
    """The names that a process's program is known by."""
    try:
        return named((PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace"))
    except OSError:
        return set()


def named(line: str) -> set[str]:
    """The names of the program with this command line (words with a zero byte after each); of a script also its own."""
    program, *words = line.split("\0")
    name = Path(program).name.lstrip("-")
    names = {name} if name else set()
    if name.startswith("python"):
        return names | {known for known, mark in IN_PYTHON.items() if mark in line}
    script = words[0] if words and name in SHELLS else ""
    return names if script.startswith("-") or not script else names | {Path(script).name}
