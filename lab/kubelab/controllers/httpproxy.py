"""HTTP reverse proxy: answers requests for Ingresses, at one address, from the pods behind their Services.

It speaks HTTP/1.1 without TLS and does not upgrade connections (no WebSocket). Where no Ingress wants the request: 404;
where no pod is ready for it: 503; where none of them answers: 502; too late, or cut off by a NetworkPolicy: 504.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import random
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from kubelab.controllers.changes import Changes
from kubelab.controllers.firewall import Firewall
from kubelab.controllers.httproutes import Backend, HttpRoutes
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.routes import Address, backends, slices_by_service
from kubelab.kinds import ENDPOINT_SLICES, INGRESSES, SERVICES, Key, Kind, Object

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger(__name__)

ALL: Key = ("", "")
PORTS = (80, 8080)
"""Both serve the same; the first is for root alone."""
RETRY_S = 1.0
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"),
    "upgrade",
}
"""Headers that are between two neighbours alone (RFC 9110, 7.6.1)."""


class HttpProxy(Controller):
    """Listens as soon as there is an Ingress: what answers HTTP is loaded only then."""

    name = "ingress-proxy"

    def __init__(self, cluster: Cluster, address: str, firewall: Firewall) -> None:
        """address: a loopback address of its own."""
        super().__init__(cluster)
        self._address = address
        self._firewall = firewall
        self._routes = HttpRoutes()
        self._slices: dict[Key, list[Object]] = {}
        self._runner: web.ServerRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self._listening: set[int] = set()

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [ALL]

    def decide(self, key: Key) -> Changes:  # noqa: ARG002
        self._routes = HttpRoutes(self.cluster[INGRESSES].all())
        self._slices = slices_by_service(self.cluster[ENDPOINT_SLICES].all())
        return []

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            if self._runner and self._client:
                await self._client.close()
                await self._runner.cleanup()

    async def sync(self, key: Key) -> None:
        await super().sync(key)
        if self._routes:
            await self._listen(key)

    async def _listen(self, key: Key) -> None:
        from aiohttp import web

        runner = self._runner or await self._start()
        for port in PORTS:
            if port in self._listening:
                continue
            self._listening.add(port)
            try:
                await web.TCPSite(runner, self._address, port).start()
            except OSError as e:
                log.warning("cannot listen on %s:%d: %s", self._address, port, e.strerror)
                if e.errno != errno.EACCES:  # Who may not listen now, may never.
                    self._listening.discard(port)
                    self.add_after(key, RETRY_S)

    async def _start(self) -> web.ServerRunner:
        from aiohttp import web

        # A connection for each request: a pod that ends could close one that is kept just when it is used again.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=ANSWER_TIMEOUT_S)
        self._client = aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )
        server = web.Server(self._answer, access_log=None, auto_decompress=False)
        self._runner = web.ServerRunner(server, handle_signals=False)
        await self._runner.setup()
        return self._runner

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        backend = self._routes.find(request.host, request.path)
        if backend is None:
            return web.Response(status=404, text="no Ingress has a rule for this host and path\n")
        addresses = self._addresses(backend)
        if not addresses:
            return web.Response(status=503, text=f"Service {'/'.join(backend.service)} has no endpoint for this port\n")
        try:
            return await self._forward(request, addresses)
        except TimeoutError:
            return web.Response(status=504, text="the endpoint did not answer in time\n")
        except aiohttp.ClientError:
            return web.Response(status=502, text="the endpoint did not answer\n")

    def _addresses(self, backend: Backend) -> list[Address]:
        """The endpoints in an order of chance."""
        service = self.cluster[SERVICES].get(*backend.service)
        ports = service["spec"].get("ports") or () if service else ()
        wanted = next((p for p in ports if backend.port in (p["port"], p.get("name"))), None)
        if wanted is None:
            return []
        found = backends(self._slices.get(backend.service, []), wanted.get("name", ""))
        return random.sample(found, len(found))

    async def _forward(self, request: web.BaseRequest, addresses: list[Address]) -> web.StreamResponse:
        """Sends the request to the first endpoint that takes the connection."""
        assert self._client is not None
        headers = _passed_on(request.headers)
        headers.update(_told_of_client(request))
        body = request.content if request.body_exists else None
        for host, port in addresses[:-1]:
            try:
                return await self._exchange(request, (host, port), headers, body)
            except aiohttp.ClientConnectorError:  # Nothing was sent.
                continue
        return await self._exchange(request, addresses[-1], headers, body)

    async def _exchange(
        self, request: web.BaseRequest, address: Address, headers: CIMultiDict[str], body: aiohttp.StreamReader | None
    ) -> web.StreamResponse:
        from aiohttp import web

        assert self._client is not None
        url = URL(f"http://{address[0]}:{address[1]}{request.raw_path}", encoded=True)
        skipped = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
        await self._let_in(address, CONNECT_TIMEOUT_S)
        async with self._client.request(
            request.method, url, headers=headers, data=body, allow_redirects=False, skip_auto_headers=skipped
        ) as answer:
            await self._let_in(address, ANSWER_TIMEOUT_S)
            headers = _passed_on(answer.headers)
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
            await response.prepare(request)
            try:
                async for block in answer.content.iter_any():
                    await self._let_in(address, ANSWER_TIMEOUT_S)
                    await response.write(block)
            except (aiohttp.ClientError, TimeoutError):
                if request.transport:  # It must not pass for a whole answer.
                    request.transport.abort()
                raise ConnectionResetError from None
            await response.write_eof()
            return response

    async def _let_in(self, address: Address, timeout_s: float) -> None:
        """Raises TimeoutError where a policy has cut the endpoint off for longer."""
        async with asyncio.timeout(timeout_s):
            await self._firewall.let_in(address[0])


def _passed_on(headers: Mapping[str, str]) -> CIMultiDict[str]:
    connection = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    kept = [(k, v) for k, v in headers.items() if k.lower() not in HOP_BY_HOP | connection]
    return CIMultiDict(kept)


def _told_of_client(request: web.BaseRequest) -> dict[str, str]:
    """What ingress-nginx tells a pod about the client."""
    client = request.remote or ""
    port = request.transport.get_extra_info("sockname")[1] if request.transport else PORTS[0]
    return {
        "X-Real-IP": client,
        "X-Forwarded-For": client,
        "X-Forwarded-Host": request.host,
        "X-Forwarded-Port": str(port),
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Scheme": "http",
    }
