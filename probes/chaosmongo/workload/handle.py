"""The runner's end of the workload: starts its processes, tells them things, stops them."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from chaosmongo.errors import WorkloadFailed
from chaosmongo.workload.settings import Hello, Place, Settings, Share, Tell

STOPS_WITHIN_S = 10
"""A workload ends by itself within its longest deadline; one that has not this much later is killed."""

BEGINS_AFTER_S = 0.3
"""Shards begin at one moment, this much after the last of them was ready: until then each knows of it."""


class Handle:
    """A running workload of one or more processes. Each ends by itself when this process does."""

    def __init__(self, settings: Settings, log: Path, timeout_s: float = 15, shards: int = 1) -> None:
        """Starts it; returns when its first operation is due. Raises WorkloadFailed with its reason.

        log: where it tells what went wrong; each of several shards in a file of its own, workload-<i>.log.
        """
        self._patience_s = settings.longest_deadline_s + STOPS_WITHIN_S
        if shards > 1:
            settings = msgspec.structs.replace(settings, begins="told")
        end = time.monotonic() + timeout_s
        self._shards = [_Process(Share(number, shards), log) for number in range(shards)]
        try:
            self._tell(settings)
            for shard in self._shards:
                self._expect_ready(shard, end)
        except BaseException:
            for shard in self._shards:
                shard.kill()
            raise
        if shards > 1:
            self._tell(Tell(begin_ns=time.monotonic_ns() + int(BEGINS_AFTER_S * 1e9)))

    @property
    def running(self) -> bool:
        return all(shard.status is None for shard in self._shards)

    @property
    def pids(self) -> list[int]:
        return [shard.pid for shard in self._shards]

    def move(self, place: Place | None) -> None:
        """The server lane goes on at `place`. A workload that has ended does not mind."""
        self._tell(Tell(server=place))

    def stop(self) -> int:
        """Tells it to end and waits until its record is closed: 0, or the exit status of the first that had another."""
        self._tell(Tell(stop=True))
        end = time.monotonic() + self._patience_s
        return next((status for status in [shard.wait(end) for shard in self._shards] if status), 0)

    def why(self) -> str:
        """How it ended, for an error message: status, last lines, and the path of its log."""
        ended = [shard for shard in self._shards if shard.status] or self._shards
        return "; ".join(shard.why() for shard in ended)

    def _expect_ready(self, shard: "_Process", end: float) -> None:
        word = shard.first_word(end)
        if word is None:
            raise WorkloadFailed(shard.why())
        if not word.ready:
            raise WorkloadFailed(word.error)

    def _tell(self, what: Settings | Tell) -> None:
        for shard in self._shards:
            try:
                shard.say(what)
            except (BrokenPipeError, ValueError):
                continue


class _Process:
    """One process of the workload, and its share. While it is there its log is locked (flock(2))."""

    def __init__(self, share: Share, log: Path) -> None:
        self._name = "process" if share.of == 1 else f"process of shard {share}"
        self._log = log if share.of == 1 else log.with_name(f"{log.stem}-{share.shard}{log.suffix}")
        self._lock = threading.Lock()
        fd = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(fd, "wb") as output:
            with contextlib.suppress(OSError):  # a file system without locks: nobody can tell
                fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chaosmongo.workload", "--shard", str(share)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,  # a Ctrl-C at the terminal is for the runner, which stops us in order
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        return self._process.poll()

    def why(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-3:] if self._log.exists() else []
        said = f": {' / '.join(lines)}" if lines else ""
        return f"the workload's {self._name} ended with status {self.status}{said} (log: {self._log})"

    def say(self, what: msgspec.Struct) -> None:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(msgspec.json.encode(what) + b"\n")
            self._process.stdin.flush()

    def first_word(self, end: float) -> Hello | None:
        """None where it ended, or had to be ended at `end`, without one."""
        assert self._process.stdout is not None
        timer = threading.Timer(max(0.0, end - time.monotonic()), self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            self._process.wait()
            return None
        return msgspec.json.decode(line, type=Hello)

    def wait(self, end: float) -> int:
        """Its exit status; one that has not ended by `end` is killed."""
        try:
            return self._process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            return self._process.wait()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
