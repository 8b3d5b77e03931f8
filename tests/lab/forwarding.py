"""`kubectl port-forward` as a person leaves it running in a terminal."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .conftest import BIN, RunningLab

ENDED_WITHIN_S = 10


class Forwarding:
    """A running port-forward from a free port of 127.0.0.1. told: what it printed, once it has ended."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self.told = ""
        self._process = process

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Waits until it ends by itself; its exit code."""
        self.told += self._process.communicate(timeout=ENDED_WITHIN_S)[0]
        return self._process.returncode


@contextmanager
def forwarding(lab: RunningLab, namespace: str, target: str, port: int) -> Iterator[Forwarding]:
    command: list[str | Path] = [BIN / "kubectl", f"--kubeconfig={lab.kubeconfig}", "-n", namespace]
    command += ["port-forward", "--address=127.0.0.1", target, f":{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told.startswith("Forwarding from 127.0.0.1:"), told
        yield Forwarding(process, int(told.split(":")[1].split()[0]))
    finally:
        process.kill()
        process.communicate()
