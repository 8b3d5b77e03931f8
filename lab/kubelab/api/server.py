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
from .audit import AuditLog, Record
from .authentication.accounts import AccountTokens
from .authentication.authenticator import Authenticator
from .authentication.impersonation import impersonated
from .authentication.impersonation import is_wanted as is_impersonation
from .authentication.jwt import signing_key
from .authentication.static import Tokens
from .authentication.user import User
from .authorization.attributes import attributes_of
from .authorization.authorizer import MASTERS, Authorizer, refusal
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
    """state: the lab's state directory; address and port: where to listen; service_cidr: cluster addresses.

    audit_log: where every request is noted, nowhere if None. admits_accounts: pods are admitted as those of their
    ServiceAccount.
    """

    state: Path
    address: str
    port: int
    service_cidr: IPv4Network
    audit_log: Path | None = None
    admits_accounts: bool = True


class Server:
    """One API server; use start() and close()."""

    def __init__(self, settings: Settings) -> None:
        """Raises DatabaseError, OSError, ValueError."""
        self._settings = settings
        state = settings.state
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(state / "pki" / "apiserver.pem")
        self._tls.set_alpn_protocols(["http/1.1"])
        self._store = Store(Database(state / "store.db"))
        accounts = AccountTokens(self._store, signing_key(state / "pki" / "service-accounts.key"))
        self._authenticator = Authenticator(Tokens(state / "tokens.json"), accounts)
        self._authorizer = Authorizer(self._store)
        self._audit = AuditLog(settings.audit_log) if settings.audit_log else None
        self._cluster = Cluster(self._store, settings.service_cidr, settings.admits_accounts)
        self._kubelets = KubeletProxy(self._store, state / "kubelet-token", state / "pki" / "ca.pem")
        self._handlers = Handlers(self._cluster, self._kubelets, accounts, self._authorizer)
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
        if self._audit is not None:
            self._audit.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._audit is None:
            response = await self._respond(request, None)
        else:
            record, code = Record(request), None
            try:
                response = await self._respond(request, record)
                code = response.status
            finally:  # a client that goes away ends its watch
                self._audit.answered(record, code)
        if "Upgrade" in request.headers and response.status != 101:
            response.force_close()  # aiohttp reads what comes next as that other protocol, and would never answer
        return response

    async def _respond(self, request: web.BaseRequest, record: Record | None) -> web.StreamResponse:
        try:
            return await self._route(request, record)
        except ApiError as error:
            return refused(error)
        except DatabaseError as error:
            return refused(unavailable(str(error)))
        except (ConnectionError, TimeoutError):
            raise  # the client is gone; there is nobody to answer
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return refused(ApiError(500, "InternalError", f"Internal error occurred: {type(error).__name__}"))

    async def _route(self, request: web.BaseRequest, record: Record | None) -> web.StreamResponse:
        path = request.path
        user = self._authenticator.user(request.headers.get("Authorization"))
        segments = split(request.rel_url.raw_path)
        if user is not None:
            user = self._authorized(request, segments, user, record)
        elif path not in OPEN_PATHS:
            raise unauthorized()
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            target = parse(segments)
        except NoSuchPath:
            accept = request.headers.get("Accept", "")
            document = discovery.answer(segments, accept, self._settings) or openapi.answer(segments, accept)
            if document and request.method not in ("GET", "HEAD") and path not in OPEN_PATHS:
                raise method_not_allowed() from None
            return document or web.Response(status=404, text="404 page not found\n")
        assert user is not None  # what is open is no resource
        return await self._handlers.handle(request, target, user)

    def _authorized(self, request: web.BaseRequest, segments: list[str], user: User, record: Record | None) -> User:
        """Whom the request is to be taken for. Raises ApiError (403, 500) for what that one may not do."""
        if record is not None:
            record.user = user
        if is_impersonation(request.headers):
            user = impersonated(request.headers, user, self._authorizer)
            if record is not None:
                record.speaks_for = user
        if record is None and MASTERS in user.groups:
            return user
        asked = attributes_of(request.method, request.path, segments, request.query)
        decision, decided = self._authorizer.decide_request(user, asked)
        if record is not None and self._audit is not None:
            record.asked, record.decision = asked, decision
            self._audit.decided(record)
        if not decision.allowed:
            raise refusal(user, decided, decision)
        return user


def refused(error: ApiError) -> web.Response:
    response = document_response(error.status(), error.code)
    response.headers.update(error.headers)
    return response


def quiet_server_log() -> None:
    """Malformed requests are the clients' mistakes: aiohttp answers them, and its log of each is not wanted."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
