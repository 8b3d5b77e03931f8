"""Starts, signals and waits for the processes of containers.

Each container is a session and process group of its own. The kernel kills it when this process ends; what it left
behind in other sessions is found by a mark in its environment.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from kubelab.images import Process
from kubelab.node.confinement import Confinement
from kubelab.parent import children_of, dying_with_us, kill_quietly

MARK = "KUBELAB_CONTAINER_ID"
"""The environment variable that says to which container a process belongs."""
SIGNALLED = 128
"""Added to a signal's number in exit codes, as container runtimes do: SIGKILL is 137."""
OUTPUT_LIMIT = 10 * 1024
"""Bytes of a probe's output that are kept (maxReadLength in kubernetes/pkg/probe/exec)."""


_awaited: set[int] = set()
"""Processes whose end a Running waits for."""
_confinements: list[Confinement] = []
"""What each process of a container starts in."""


def confine(by: Confinement) -> None:
    """Each process of a container is confined by this from now on."""
    _confinements[:] = [by]


class Running:
    """One process with its whole group. exit_code is None while it runs.

    alone: nothing else of its group may go on when it ends, as in a container that ends with its first process.
    """

    def __init__(self, popen: subprocess.Popen[bytes], *, alone: bool = True) -> None:
        self.pid = popen.pid
        self._alone = alone
        _awaited.add(popen.pid)
        self.started_at = datetime.now(UTC)
        self.finished_at: datetime | None = None
        self.exit_code: int | None = None
        self._popen = popen
        self._exited = asyncio.Event()
        self._descriptor = os.pidfd_open(popen.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        code = self._popen.wait()
        _awaited.discard(self.pid)
        if self._alone:
            self._signal_group(signal.SIGKILL)
        self.finished_at = datetime.now(UTC)
        self.exit_code = SIGNALLED - code if code < 0 else code
        self._exited.set()

    async def wait(self) -> int:
        await self._exited.wait()
        assert self.exit_code is not None
        return self.exit_code

    def terminate(self) -> None:
        """SIGTERM to the first process alone, as to PID 1 of a container."""
        if self.exit_code is None:
            kill_quietly(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        if self.exit_code is None:
            self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def start(process: Process, container_id: str, output: int | IO[bytes]) -> Running:
    """Starts a process of the container. Raises OSError when the program cannot be run."""
    return Running(_popen(process, container_id, subprocess.DEVNULL, output, subprocess.STDOUT, dying_with_us()))


def start_beside(
    process: Process, container_id: str, stdin: int, stdout: int, stderr: int, *, terminal: bool = False
) -> Running:
    """Starts one more process in a running container, with these descriptors; what it leaves behind goes on.

    terminal: stdin is one, and is to control the process. Raises OSError when the program cannot be run.
    """
    dying = dying_with_us()

    def prepare() -> None:
        dying()
        if terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    return Running(_popen(process, container_id, stdin, stdout, stderr, prepare), alone=False)


def _popen(
    process: Process,
    container_id: str,
    stdin: int,
    stdout: int | IO[bytes],
    stderr: int,
    prepare: Callable[[], None],
) -> subprocess.Popen[bytes]:
    steps = [prepare, *(confinement.confining() for confinement in _confinements)]

    def begin() -> None:
        for step in steps:
            step()

    return subprocess.Popen(
        process.argv,
        env={**process.env, MARK: container_id},  # Its PATH is where Popen looks for the program.
        cwd=process.cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=begin,
    )


async def run_for(process: Process, container_id: str, timeout_s: float) -> tuple[int | None, str]:
    """Runs a command to its end: exit code (None when it took longer than timeout_s and was killed) and output."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as output:
        try:
            running = start(process, container_id, writer)
        finally:
            os.close(writer)
        code: int | None
        try:
            code = await asyncio.wait_for(running.wait(), timeout_s)
        except TimeoutError:
            code = None
        finally:
            running.kill()
        await running.wait()
        os.set_blocking(output.fileno(), False)
        return code, (output.read(OUTPUT_LIMIT) or b"").decode(errors="replace")


def kill_left_over(container_id: str) -> None:
    """Kills what a container started in sessions of its own and left behind."""
    for pid in _descendants(os.getpid()):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if f"{MARK}={container_id}".encode() in environment.split(b"\0"):
            kill_quietly(pid, signal.SIGKILL)


def reap_orphans() -> None:
    """Collects ended processes that this one adopted."""
    for pid in children_of(os.getpid()):
        if pid not in _awaited:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _descendants(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        yield child
        yield from _descendants(child)
