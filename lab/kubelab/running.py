"""Runs a user's command against a lab, so that nothing of it survives."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from kubelab import guard
from kubelab.errors import LabError
from kubelab.parent import kill_quietly

NOT_RUN = 127
"""The exit code of a command that cannot be run, as in a shell."""
FINISH_S = 20
"""How long the command gets to finish after the first signal."""


def check(command: Sequence[str]) -> None:
    """Raises LabError when there is no such program."""
    if shutil.which(command[0]) is None:
        raise LabError(f"cannot run {command[0]}: there is no such program on the PATH")


def run(command: Sequence[str], env: Mapping[str, str], cleanup: Callable[[], None] | None = None) -> int:
    """Runs the command to its end and returns its exit code (128 + signal).

    SIGINT and SIGTERM go to the command, which gets FINISH_S to finish; a second one kills it. Whatever it started
    ends with it, and then comes the cleanup, also when this process is killed.
    """
    caller = os.getpid()
    guard.hold_signals()
    pid = os.fork()
    if pid == 0:
        os._exit(_guarded(caller, command, env, cleanup))
    with _Forwarding(pid):
        guard.take_signals()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 128 - code if code < 0 else code


def _guarded(caller: int, command: Sequence[str], env: Mapping[str, str], cleanup: Callable[[], None] | None) -> int:
    guard.follow(caller)
    return guard.watch_over(lambda: _become(command, env), cleanup=cleanup)


def _become(command: Sequence[str], env: Mapping[str, str]) -> int:
    try:
        os.execvpe(command[0], list(command), dict(env))
    except OSError:
        return NOT_RUN


class _Forwarding:
    """Sends the first SIGINT or SIGTERM on, and kills at the second or when the time is over."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._told = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            self._previous[number] = signal.signal(number, self._handle)

    def __exit__(self, *error: object) -> None:
        signal.alarm(0)
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._told:
            kill_quietly(self._pid, guard.CALLER_ENDED)
            return
        self._told = True
        signal.alarm(FINISH_S)
        if not guard.terminal_told_all(number):
            kill_quietly(self._pid, number)
