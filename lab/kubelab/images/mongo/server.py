"""The database process: its command line, and a temporary server for the first start."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

from .errors import ServerUnreachable
from .wire import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from .termination import Termination


def command_line(host: str, port: int, data: Path, *, auth: bool, cache_mb: int) -> list[str]:
    """SecantusDB as a single server. Writes reach the log on disk as mongod's do: at once only for j: true."""
    options = ["--host", host, "--port", str(port), "--storage-path", str(data), "--cache-size", f"{cache_mb}M"]
    return [sys.executable, "-P", "-m", "secantus", *options, "--standalone", *(["--auth"] if auth else [])]


class TemporaryServer:
    """A server without passwords on a loopback port of its own, for as long as the first users are being made."""

    def __init__(self, data: Path, cache_mb: int) -> None:
        self.host, self.port = "127.0.0.1", _free_port()
        self._command = command_line(self.host, self.port, data, auth=False, cache_mb=cache_mb)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, termination: Termination, timeout_s: float = 30.0) -> Connection:
        """Start it and wait for it to listen. Raises ServerUnreachable when it ends, or takes longer than its time."""
        self._process = subprocess.Popen(self._command)
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                return Connection(self.host, self.port)
            except ServerUnreachable:
                if (status := self._status()) is not None:
                    raise ServerUnreachable(f"the server for the first start ended with status {status}") from None
                if time.monotonic() > deadline_s:
                    raise
                termination.check()
                time.sleep(0.005)

    def stop(self, attempts: int = 3) -> None:
        """End it; kill it only when it does not listen (the caller has what matters on disk by then)."""
        for _ in range(attempts):
            if self._status() is None and self._process:
                self._process.terminate()
                self._wait(timeout_s=1.0)
        if self._process:
            self._process.kill()
            self._process.wait()

    def _wait(self, timeout_s: float) -> None:
        # An idle SecantusDB ends when somebody connects, or else after 2 s. But not at once: a connection that is made
        # before its main thread has the signal can take the signal from it, and then nothing happens at all.
        deadline_s = time.monotonic() + timeout_s
        time.sleep(0.03)
        while self._status() is None and time.monotonic() < deadline_s:
            _knock(self.host, self.port)
            time.sleep(0.01)

    def _status(self) -> int | None:
        return self._process.poll() if self._process else None


def _knock(host: str, port: int) -> None:
    """Connect once, and no more."""
    try:
        socket.create_connection((host, port), 0.1).close()
    except OSError:
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
