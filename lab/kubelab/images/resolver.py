"""Cluster DNS for Python programs in containers: socket.getaddrinfo looks into the lab's hosts file first.

Stands for what a pod gets from cluster DNS and its resolv.conf (search domains and ndots:5). The file holds
/etc/hosts lines with fully qualified names and is read again when it has changed. asyncio, and so aiohttp and
pymongo, go through socket.getaddrinfo too; programs that are not Python do not see these names.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CLUSTER_DOMAIN = "cluster.local"


class Hosts:
    """The hosts file, as name -> addresses in the order of their lines; empty while there is no file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._names: dict[str, list[str]] = {}

    def addresses(self, name: str) -> list[str]:
        """Addresses of a fully qualified name; none when it has no line."""
        self._refresh()
        return self._names.get(name, [])

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._names, self._seen = parse(self._path.read_text()), seen
        except OSError:
            self._names, self._seen = {}, None


def parse(text: str) -> dict[str, list[str]]:
    """Read /etc/hosts lines: an address, then its names; # begins a comment."""
    names: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *aliases = line.partition("#")[0].split() or [""]
        for alias in aliases:
            names.setdefault(alias.lower().rstrip("."), []).append(address)
    return names


def candidates(name: str, namespace: str) -> list[str]:
    """Fully qualified names to try for a name, in a pod's order (search domains first below five dots)."""
    if name.endswith("."):
        return [name.rstrip(".").lower()]
    name = name.lower()
    domains = (f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN)
    searched = [f"{name}.{domain}" for domain in domains]
    return [*searched, name] if name.count(".") < 5 else [name, *searched]


def belongs_to_cluster(name: str) -> bool:
    """True for names that only cluster DNS could know, so that a missing Service fails at once as it does there."""
    name = name.lower().rstrip(".")
    return name.endswith((".svc", f".{CLUSTER_DOMAIN}")) or ("." not in name and name not in ("", "localhost"))


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def install(env: Mapping[str, str] = os.environ) -> None:
    """Patch socket.getaddrinfo of this process when KUBELAB_HOSTS names a hosts file; otherwise do nothing."""
    path = env.get("KUBELAB_HOSTS")
    if not path:
        return
    hosts, namespace = Hosts(Path(path)), env.get("KUBELAB_NAMESPACE", "default")
    original = socket.getaddrinfo

    def getaddrinfo(host: bytes | str | None, port: bytes | str | int | None, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or _is_address(name) or name == socket.gethostname():
            return original(host, port, *args, **kwargs)
        for candidate in candidates(name, namespace):
            if addresses := hosts.addresses(candidate):
                return [entry for address in addresses for entry in original(address, port, *args, **kwargs)]
        if belongs_to_cluster(name):
            raise socket.gaierror(socket.EAI_NONAME, f"{name}: no such name in the cluster (namespace {namespace})")
        return original(host, port, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo
