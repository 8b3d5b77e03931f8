"""The runner's end of the workload process: start it, tell it things, stop it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from chaosmongo.errors import WorkloadFailed
from chaosmongo.workload.settings import Hello, Place, Settings, Tell

STOPS_WITHIN_S = 10
"""A workload ends by itself within its longest deadline; one that does not by then is killed."""


class Handle:
    """A running workload. It ends by itself when this process does."""

    def __init__(self, settings: Settings, log: Path, timeout_s: float = 15) -> None:
        """Starts it; returns when its first operation is due. Raises WorkloadFailed with its reason."""
        self._log = log
        fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(fd, "wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chaosmongo.workload"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,  # a Ctrl-C at the terminal is for the runner, which stops us in order
            )
        self._lock = threading.Lock()
        self._say(settings)
        word = self._first_word(timeout_s)
        if not word.ready:
            self._process.wait()
            raise WorkloadFailed(word.error)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def move(self, place: Place | None) -> None:
        """The server lane goes on at `place`. A workload that has ended does not mind."""
        self._tell(Tell(server=place))

    def stop(self) -> int:
        """Tells it to end, waits until its record is closed, and returns its exit status."""
        self._tell(Tell(stop=True))
        try:
            return self._process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            return self._process.wait()

    def why(self) -> str:
        """How it ended, for an error message: status, last lines, and the path of its log."""
        lines = self._log.read_text(errors="replace").splitlines()[-3:] if self._log.exists() else []
        said = f": {' / '.join(lines)}" if lines else ""
        return f"the workload process ended with status {self._process.poll()}{said} (log: {self._log})"

    def _first_word(self, timeout_s: float) -> Hello:
        assert self._process.stdout is not None
        timer = threading.Timer(timeout_s, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            self._process.wait()
            raise WorkloadFailed(self.why())
        return msgspec.json.decode(line, type=Hello)

    def _tell(self, tell: Tell) -> None:
        try:
            self._say(tell)
        except (BrokenPipeError, ValueError):
            return

    def _say(self, what: msgspec.Struct) -> None:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(msgspec.json.encode(what) + b"\n")
            self._process.stdin.flush()
