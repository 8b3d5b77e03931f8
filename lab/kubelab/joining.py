"""Parts of a lab for an API server that somebody else started: a node, the controllers, or the service proxy alone.

Each runs in the foreground until SIGINT or SIGTERM, on loopback addresses of its own, and takes along what it started.
All that it knows of the cluster is a kubeconfig.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from kubelab import credentials, kubeconfig, network, running
from kubelab.errors import LabError
from kubelab.state import make_places


class Part:
    """One part. directory: where its files are kept; without one, in a directory that is removed at the end.

    Parts of one cluster that share a directory share the names of Services, which pods find by them.
    """

    def __init__(self, kubeconfig_file: Path, directory: Path | None) -> None:
        """Raises KubeconfigError, LabError and NoFreeBlock."""
        self._kubeconfig = kubeconfig_file.absolute()
        self._server = kubeconfig.load(self._kubeconfig).server
        self._block = network.claim_first()
        self._is_kept = directory is not None
        self._directory = _prepared(directory)

    def run_node(self, name: str) -> int:
        """Returns the exit code."""
        address = self._address(credentials.FIRST_NODE)
        credentials.make_for_node(self._directory, name, address)
        return self._run("kubelab.node", f"node {name} at {address}", f"--name={name}", f"--address={address}")

    def run_controllers(self, node_grace_s: float) -> int:
        """Returns the exit code."""
        grace = f"--node-monitor-grace-period={node_grace_s}"
        return self._run("kubelab.controllers", "the controllers", grace, *self._network())

    def run_proxy(self) -> int:
        """Services, Ingresses and the names of Services. Returns the exit code."""
        return self._run("kubelab.controllers", "the service proxy", "--proxy-only", *self._network())

    def _network(self) -> tuple[str, str]:
        balancers = network.load_balancers(self._block.number)
        return f"--load-balancer-cidr={balancers}", f"--ingress-address={self._address(network.INGRESS)}"

    def _address(self, last: int) -> str:
        return f"127.{self._block.number}.0.{last}"

    def _run(self, module: str, what: str, *arguments: str) -> int:
        print(f"{what} for {self._server}; Ctrl-C ends it", file=sys.stderr, flush=True)
        places = (f"--state={self._directory}", f"--kubeconfig={self._kubeconfig}")
        cleanup = None if self._is_kept else self._remove
        return running.run([sys.executable, "-m", module, *places, *arguments], os.environ, cleanup)

    def _remove(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)


def _prepared(directory: Path | None) -> Path:
    try:
        if directory is None:
            directory = Path(tempfile.mkdtemp(prefix="kubelab-"))
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_places(directory)
    except OSError as e:
        raise LabError(f"cannot use {directory}: {e.strerror}; give another place with --directory") from None
    return directory.absolute()
