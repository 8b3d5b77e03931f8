"""Makes sure that nothing survives: a small process that outlives what it watches over, and then kills what is left.

    caller --fork--> guard --fork--> the watched process --> its children, and whatever they start

The guard is the parent of every orphan below it. When the watched process ends, however it ends, or when the caller
does (if asked to), the guard kills every descendant.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from kubelab.parent import adopt_orphans, children_of, die_with, kill_quietly

CALLER_ENDED = signal.SIGHUP
FORWARDED = (signal.SIGTERM, signal.SIGINT)
HELD = (*FORWARDED, CALLER_ENDED, signal.SIGCHLD)


def watch_over(
    main: Callable[[], int], *, when_killed: int = signal.SIGKILL, cleanup: Callable[[], None] | None = None
) -> int:
    """Forks; runs main in the child while this process guards it; returns main's exit code (128 + signal).

    SIGTERM and SIGINT go to the child. SIGHUP kills it. when_killed: the signal that the child gets should the guard
    itself be killed. cleanup runs last, when everything below is gone.
    """
    hold_signals()
    adopt_orphans()
    guard_pid = os.getpid()
    child = os.fork()
    if child == 0:
        _become_child(guard_pid, main, when_killed)
    code = _wait_for(child)
    for number in HELD:  # there is nobody left to pass one on to, and the rest is to be done
        signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else _pass_over)
    take_signals()
    kill_descendants()
    if cleanup:
        cleanup()
    return code


def hold_signals() -> None:
    """Until `take_signals`: one that comes between a fork and its handlers waits for them. Children inherit it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)


def take_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)


def terminal_told_all(number: int) -> bool:
    """Ctrl-C at a terminal reaches every process of the foreground group: passed on, it would arrive twice."""
    try:
        return number == signal.SIGINT and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def follow(caller_pid: int) -> None:
    """Asks for CALLER_ENDED when the caller, which is this process's parent, ends."""
    die_with(caller_pid, CALLER_ENDED)


def _become_child(guard_pid: int, main: Callable[[], int], when_killed: int) -> None:
    code = 1
    try:
        for number in HELD:
            signal.signal(number, signal.SIG_DFL)
        take_signals()
        die_with(guard_pid, when_killed)
        code = main()
    finally:
        os._exit(code)


def _pass_over(*_: object) -> None:
    pass


def _wait_for(child: int) -> int:
    """Its exit code. Signals are held and asked for one by one: a handler in Python is not run where its signal comes
    after the last look and before the call that waits.
    """
    while (code := _ended(child)) is None:
        number = signal.sigwait(HELD)
        if number == CALLER_ENDED:
            kill_quietly(child, signal.SIGKILL)
        elif number in FORWARDED and not terminal_told_all(number):
            kill_quietly(child, number)
    return code


def _ended(child: int) -> int | None:
    """The exit code of the child (128 + signal), once it has ended. Adopted orphans that have are let go."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def kill_descendants() -> None:
    """Kills until there are none: the children of a killed process become ours (we must have adopted orphans)."""
    while True:
        for pid in children_of(os.getpid()):
            kill_quietly(pid, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return
