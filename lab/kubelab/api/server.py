"""The HTTPS server: who asks, what for, and an answer for every case, also for our own mistakes."""

from __future__ import annotations

import logging
import ssl
import sys
import traceback
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from aiohttp import web

from . import discovery, openapi
from .auth import Tokens
from .bootstrap import bootstrap
from .database import Database, DatabaseError
from .handlers import Handlers, document_response
from .kinds import Cluster
from .logs import KubeletProxy
from .status import ApiError, method_not_allowed, unauthorized, unavailable
from .store import Store
from .target import NoSuchPath, parse, split

OPEN_PATHS = ("/healthz", "/livez", "/readyz", "/version")
KEEPALIVE_S = 3600.0
SHUTDOWN_TIMEOUT_S = 0.2  # watches would go on for ever
LINE_LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """state: the lab's state directory; address and port: where to listen; service_cidr: cluster addresses."""

    state: Path
    address: str
    port: int
    service_cidr: IPv4Network


class Server:
    """One API server; use start() and close()."""

    def __init__(self, settings: Settings) -> None:
        """Raises DatabaseError, OSError, ValueError."""
        self._settings = settings
        state = settings.state
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(state / "pki" / "apiserver.pem")
        self._tls.set_alpn_protocols(["http/1.1"])
        self._tokens = Tokens(state / "tokens.json")
        self._store = Store(Database(state / "store.db"))
        self._cluster = Cluster(self._store, settings.service_cidr)
        self._kubelets = KubeletProxy(self._store, state / "kubelet-token", state / "pki" / "ca.pem")
        self._handlers = Handlers(self._cluster, self._kubelets)
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Raises OSError if the address is taken, DatabaseError."""
        settings = self._settings
        bootstrap(self._cluster, settings.address, settings.port)
        server = web.Server(
            self._answer,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,  # as in Kubernetes; what is compressed is not JSON
            keepalive_timeout=KEEPALIVE_S,
            max_line_size=LINE_LIMIT_BYTES,
            max_field_size=LINE_LIMIT_BYTES,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, settings.address, settings.port, ssl_context=self._tls).start()

    async def close(self) -> None:
        """Stop listening, end watches, leave the store as it is on disk."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self._kubelets.close()
        self._store.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._respond(request)
        if "Upgrade" in request.headers and response.status != 101:
            response.force_close()  # aiohttp reads what comes next as that other protocol, and would never answer
        return response

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._route(request)
        except ApiError as error:
            return refusal(error)
        except DatabaseError as error:
            return refusal(unavailable(str(error)))
        except (ConnectionError, TimeoutError):
            raise  # the client is gone; there is nobody to answer
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return refusal(ApiError(500, "InternalError", f"Internal error occurred: {type(error).__name__}"))

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path not in OPEN_PATHS and self._tokens.user(request.headers.get("Authorization")) is None:
            raise unauthorized()
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        segments = split(request.rel_url.raw_path)
        try:
            target = parse(segments)
        except NoSuchPath:
            accept = request.headers.get("Accept", "")
            document = discovery.answer(segments, accept, self._settings) or openapi.answer(segments, accept)
            if document and request.method not in ("GET", "HEAD") and path not in OPEN_PATHS:
                raise method_not_allowed() from None
            return document or web.Response(status=404, text="404 page not found\n")
        return await self._handlers.handle(request, target)


def refusal(error: ApiError) -> web.Response:
    response = document_response(error.status(), error.code)
    response.headers.update(error.headers)
    return response


def quiet_server_log() -> None:
    """Malformed requests are the clients' mistakes: aiohttp answers them, and its log of each is not wanted."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
