"""The runner's end of the tunnel process: start it when it is needed, have it listen, end it."""

import subprocess
import sys
import tempfile
import threading
from urllib.parse import urlsplit

import msgspec

from chaosmongo.errors import NotFound

from .settings import LOOPBACK, Ended, Forward, Opened

ANSWERS_WITHIN_S = 20
ENDS_WITHIN_S = 2


class Tunnel:
    """Started with the first forward. It ends by itself when this process does."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # nameless, and as long-lived as the process
        self._ports: dict[Forward, int] = {}

    def service(self, namespace: str, name: str, port_name: str = "") -> int:
        """The local port of a Service's port. Raises NotFound with what is amiss."""
        return self._open(Forward(namespace, service=name, port_name=port_name))

    def pod(self, namespace: str, name: str, port: int) -> int:
        """The local port of a pod's port, whichever pod has the name at each connection. Raises NotFound."""
        return self._open(Forward(namespace, pod=name, port=port))

    def leads_from(self, url: str) -> bool:
        """Whether a URL is one of its local ports."""
        parts = urlsplit(url)
        return parts.hostname == LOOPBACK and parts.port in self._ports.values()

    def close(self) -> str:
        """Ends it; "" or what is to be said against what was measured through it. Doing it twice is harmless."""
        process, self._process = self._process, None
        if process is None:
            return ""
        status = process.poll()
        try:
            said, _ = process.communicate(timeout=ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        if status is not None or not said:
            return self._why(process.returncode)
        ended = msgspec.json.decode(said, type=Ended)
        if not ended.starved:
            return ""
        return f"{ended.starved:,} connections waited in vain for it while the pod answered others: it was too slow"

    def _open(self, forward: Forward) -> int:
        if forward in self._ports:
            return self._ports[forward]
        opened = self._asked(forward)
        if not opened.port:
            raise NotFound(opened.error)
        self._ports[forward] = opened.port
        return opened.port

    def _asked(self, forward: Forward) -> Opened:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(ANSWERS_WITHIN_S, process.kill)
        timer.start()
        try:
            process.stdin.write(msgspec.json.encode(forward) + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if not line:
            return Opened(error=self._why(process.wait()))
        return msgspec.json.decode(line, type=Opened)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "chaosmongo.tunnel"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,  # a Ctrl-C at the terminal is for the runner, which ends us in order
        )

    def _why(self, status: int) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").splitlines()[-1:]
        return f"the port-forward process ended with status {status}{f': {lines[0]}' if lines else ''}"
