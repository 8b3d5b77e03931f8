"""Cluster DNS as a hosts file: fully qualified names of Services and of the pods behind headless ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kubelab.controllers.changes import Changes
from kubelab.controllers.endpointslice import SERVICE_NAME
from kubelab.controllers.loop import Cluster, Controller
from kubelab.kinds import ENDPOINT_SLICES, SERVICES, Key, Kind, Object

ALL: Key = ("", "")
DOMAIN = "cluster.local"


class HostsFile(Controller):
    name = "dns"

    def __init__(self, cluster: Cluster, path: Path) -> None:
        super().__init__(cluster)
        self._path = path
        self._text: str | None = None
        self.add(ALL)

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [ALL]

    def decide(self, key: Key) -> Changes:  # noqa: ARG002
        text = hosts(self.cluster[SERVICES].all(), self.cluster[ENDPOINT_SLICES].all())
        if text != self._text:
            self._write(text)
        return []

    def _write(self, text: str) -> None:
        temporary = self._path.with_name(f".{self._path.name}.new")
        temporary.write_text(text)
        temporary.replace(self._path)
        self._text = text


def hosts(services: Iterable[Object], slices: Iterable[Object]) -> str:
    """Lines "address name", sorted. A name with several addresses has several lines."""
    lines = set()
    headless = set()
    for service in services:
        metadata, spec = service["metadata"], service["spec"]
        if spec.get("clusterIP") == "None":
            headless.add((metadata["namespace"], metadata["name"]))
        elif spec.get("clusterIP"):
            lines.add(f"{spec['clusterIP']} {_name(metadata['namespace'], metadata['name'])}")
    for found in slices:
        namespace = found["metadata"]["namespace"]
        service = (found["metadata"].get("labels") or {}).get(SERVICE_NAME, "")
        for endpoint in found.get("endpoints") or ():
            name = _name(namespace, service)
            names = [name] if (namespace, service) in headless else []
            names += [f"{endpoint['hostname']}.{name}"] if endpoint.get("hostname") else []
            if (endpoint.get("conditions") or {}).get("ready", True):
                lines |= {f"{address} {n}" for address in endpoint["addresses"] for n in names}
    return "".join(f"{line}\n" for line in sorted(lines))


def _name(namespace: str, service: str) -> str:
    return f"{service}.{namespace}.svc.{DOMAIN}"
