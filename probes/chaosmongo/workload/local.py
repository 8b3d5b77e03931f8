"""A process of the workload beside the runner, which starts it and speaks to it through pipes."""

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

from .settings import Hello, Share


class LocalShard:
    """While it is there its log is locked (flock(2)). It ends by itself when this process does."""

    def __init__(self, share: Share, log: Path) -> None:
        self._name = "process" if share.of == 1 else f"process of shard {share}"
        self._log = log
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
        return f"the workload's {self._name} ended with status {self.status}{said(self._log)} (log: {self._log})"

    def say(self, what: msgspec.Struct) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with self._lock:
            try:
                pipe.write(msgspec.json.encode(what) + b"\n")
                pipe.flush()
            except OSError:
                with contextlib.suppress(OSError):  # else it is tried, and told, once more when the pipe is forgotten
                    pipe.close()
                raise

    def first_word(self, end: float) -> Hello | None:
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
        try:
            return self._process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            return self._process.wait()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def said(log: Path) -> str:
    """The last lines of a log, to follow what happened; "" where it has none."""
    lines = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
    return f": {' / '.join(lines)}" if lines else ""
