"""Service proxy: listens on the addresses of Services and forwards to their endpoints.

As with kube-proxy, a Service without endpoints refuses connections, and established ones last as long as their pod.
Connections to a pod that a NetworkPolicy cuts off are silent as long as it does.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Iterable

from kubelab.controllers.changes import Changes
from kubelab.controllers.firewall import Firewall
from kubelab.controllers.forward import ClientSide
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.routes import Address, Routes, listen_addresses, routes
from kubelab.kinds import ENDPOINT_SLICES, NODES, SERVICES, Key, Kind, Object

log = logging.getLogger(__name__)

ALL: Key = ("", "")
RETRY_S = 1.0
BACKLOG = 1024


class ServiceProxy(Controller):
    """One key for everything: the routes are few, and computing them is cheap."""

    name = "service-proxy"

    def __init__(self, cluster: Cluster, firewall: Firewall) -> None:
        super().__init__(cluster)
        self._firewall = firewall
        self._routes: Routes = {}
        self._servers: dict[Address, asyncio.Server] = {}
        self._refused: set[Address] = set()

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [ALL]

    def decide(self, key: Key) -> Changes:  # noqa: ARG002
        cluster = self.cluster
        self._routes = routes(cluster[SERVICES].all(), cluster[ENDPOINT_SLICES].all(), cluster[NODES].all())
        return []

    async def sync(self, key: Key) -> None:
        await super().sync(key)
        for address in [a for a in self._servers if a not in self._routes]:
            self._servers.pop(address).close()
        for address in [a for a in self._routes if a not in self._servers]:
            await self._listen(address, key)

    async def _listen(self, address: Address, key: Key) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._servers[address] = await loop.create_server(
                lambda: ClientSide(lambda: self._routes.get(address, ()), self._firewall), *address, backlog=BACKLOG
            )
            self._refused.discard(address)
        except OSError as e:
            if address not in self._refused:
                self._refused.add(address)
                self._report(address, e)
            if e.errno != errno.EACCES:
                self.add_after(key, RETRY_S)

    def _report(self, address: Address, error: OSError) -> None:
        host, port = address
        log.warning("cannot listen on %s:%d: %s", host, port, error.strerror)
        advice = ""
        if error.errno == errno.EACCES:
            advice = "; ports below 1024 need root, use the NodePort or a higher port instead"
        message = f"cannot listen on {host}:{port}: {error.strerror}{advice}"
        for service in self.cluster[SERVICES].all():
            if any(address in listen_addresses(service, p, ()) for p in service["spec"].get("ports") or ()):
                self.cluster.events.tell(service, "Warning", "ListenFailed", message, component=self.name)
