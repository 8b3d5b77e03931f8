"""The database process: its command line, and a temporary server for the first start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

from .errors import ServerUnreachable
from .wire import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


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

    def start(self, timeout_s: float = 30.0) -> Connection:
        """Start it and wait for it to listen. Raises ServerUnreachable when it ends, or takes longer than its time."""
        self._spawn()
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                return Connection(self.host, self.port)
            except ServerUnreachable:
                if (status := self._status()) is not None:
                    raise ServerUnreachable(f"the server for the first start ended with status {status}") from None
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.005)

    def stop(self, timeout_s: float = 3.0) -> None:
        """End it; kill it when it does not end in time: told to end as it begins to listen, SecantusDB may hang."""
        if self._process is None:
            return
        self._process.terminate()
        deadline_s = time.monotonic() + timeout_s
        while self._process.poll() is None and time.monotonic() < deadline_s:
            _knock(self.host, self.port)
            time.sleep(0.005)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _spawn(self) -> None:
        # A SIGTERM to us waits until we know the process, for only then can we end it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            self._process = subprocess.Popen(self._command, preexec_fn=_unblock_sigterm)
        finally:
            _unblock_sigterm()

    def _status(self) -> int | None:
        return self._process.poll() if self._process else None


def _unblock_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _knock(host: str, port: int) -> None:
    """Connect once: an idle SecantusDB notices that it was told to end only after 2 s, or when somebody connects."""
    try:
        socket.create_connection((host, port), 0.1).close()
    except OSError:
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
