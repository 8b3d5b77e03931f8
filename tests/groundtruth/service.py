"""A real database behind the proxy, the demo's application in front of it, and runs that are recorded against them.

    workload ──▶ proxy ──▶ database          server and driver lane
    workload ──▶ application ──▶ proxy ──▶ database          user lane

Runs are recorded by what an experiment calls, too: `chaosmongo.run` and the actions, without a cluster.
"""

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from chaosmongo import run
from chaosmongo.actions import start_workload, stop_workload
from chaosmongo.history import read
from chaosmongo.history.records import Hit
from chaosmongo.run import Recording

from tests.conftest import Database, wait_for_port

from .truth import Done, Fault, Proxy

APPLICATION_PORT = 8080
"""As in its image."""


def quiet_port() -> int:
    """A free port from which the system makes no client connect (see `proxy`)."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(min(20_000, first - 2_000), first), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port was found below the range for clients")


class Service:
    """Database, proxy and, if wanted, application."""

    def __init__(self, directory: Path, *, application: bool = False) -> None:
        self.app_url = ""
        with ExitStack() as started:
            self.database = Database(directory)
            started.callback(self.database.close)
            self.database.port = quiet_port()
            self.database.start()
            self.proxy = Proxy(quiet_port(), self.database.port)
            started.callback(self.proxy.close)
            wait_for_port("127.0.0.1", self.proxy.port)
            if application:
                self._start_application(directory / "application.log", started)
            self._started = started.pop_all()

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.proxy.port}/pacman?directConnection=true"

    def _start_application(self, log: Path, started: ExitStack) -> None:
        address = f"127.32.{random.randrange(256)}.{random.randrange(1, 255)}"
        told = {"KUBELAB_POD_IP": address, "MONGO_SERVICE_HOST": "127.0.0.1", "MY_MONGO_PORT": str(self.proxy.port)}
        output = started.enter_context(log.open("ab"))
        application = subprocess.Popen(
            [sys.executable, "-m", "kubelab.images.pacman"], env=os.environ | told, stdout=output, stderr=output
        )
        started.callback(application.wait)
        started.callback(application.kill)
        wait_for_port(address, APPLICATION_PORT)
        self.app_url = f"http://{address}:{APPLICATION_PORT}"

    def close(self) -> None:
        self._started.close()


@contextmanager
def recording(uri: str, runs: Path, app_url: str = "") -> Iterator[Recording]:
    """A run without a cluster, closed at the end."""
    configuration = {"namespace": "", "mongo_uri": uri, "runs": str(runs), "app_url": app_url}
    opened = run.open_run("groundtruth", {}, configuration)
    try:
        yield opened
    finally:
        stop_workload()
        run.forget()


@contextmanager
def workload(**arguments: Any) -> Iterator[None]:
    """The load of the run that is being recorded."""
    start_workload(**arguments)
    try:
        yield
    finally:
        stop_workload()


def inject(opened: Recording, proxy: Proxy, faults: Sequence[Fault]) -> list[Done]:
    """Injects faults, one after the other, as one fault of the record."""
    names = {"kinds": [fault.kind for fault in faults]}
    with opened.fault("proxy", [Hit("Server", f"127.0.0.1:{proxy.port}")], "gone", names):
        return proxy.inject(faults)


__all__ = ["Service", "inject", "quiet_port", "read", "recording", "workload"]
