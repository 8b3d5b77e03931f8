"""Run by every Python that starts inside of the runner's image: what a pod has that this machine has not.

Cluster names are resolved, the host's name is the pod's, all addresses are the pod's one, and the Kubernetes client
finds the service account's token and authority where they are mounted.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import socket
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubelab.images import resolver

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
ALL_ADDRESSES = ("", "0.0.0.0", "::")
CLIENT = "kubernetes.config.incluster_config"
"""The module that has the paths in it, as constants."""


class ServiceAccount:
    """Finds that module, and has it know the mounted files. Until then the client, which is heavy, is not imported."""

    def __init__(self, mounted: Path) -> None:
        self._mounted = mounted

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != CLIENT:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader.name, spec.loader.path, self._mounted)  # type: ignore[attr-defined]
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, mounted: Path) -> None:
        super().__init__(name, path)
        self._mounted = mounted

    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        module.SERVICE_TOKEN_FILENAME = str(self._mounted / "token")  # type: ignore[attr-defined]
        module.SERVICE_CERT_FILENAME = str(self._mounted / "ca.crt")  # type: ignore[attr-defined]


def _bind_to(address: str) -> None:
    """Who listens at all addresses listens at the pod's, not at this machine's."""
    original = socket.socket.bind

    def bind(self: socket.socket, where: Any) -> None:
        everywhere = isinstance(where, tuple) and where[0] in ALL_ADDRESSES
        original(self, (address, *where[1:2]) if everywhere else where)

    socket.socket.bind = bind  # type: ignore[assignment, method-assign]


def install() -> None:
    """For this process."""
    resolver.install()
    if name := os.environ.get("HOSTNAME"):
        socket.gethostname = lambda: name
    if address := os.environ.get("KUBELAB_POD_IP"):
        _bind_to(address)
    mounts = json.loads(os.environ.get("KUBELAB_MOUNTS", "{}"))
    if SERVICE_ACCOUNT in mounts:
        sys.meta_path.insert(0, ServiceAccount(Path(mounts[SERVICE_ACCOUNT])))


install()
