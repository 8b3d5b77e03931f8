"""A Kubernetes API client: the only way by which controllers, nodes and commands meet the API server.

Objects are plain dictionaries as they came over the wire. Every refusal is an ApiError.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from kubelab import kubeconfig
from kubelab.errors import ApiError, ApiUnreachable
from kubelab.kinds import Kind, Object

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode

PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}

Query = Mapping[str, str]


@dataclass(frozen=True)
class WatchEvent:
    """type: ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: Object


class Client:
    """Requests to one API server over kept-alive connections. Use as an async context manager."""

    def __init__(self, credentials: kubeconfig.Credentials, *, timeout_s: float = 30.0) -> None:
        self.server = credentials.server
        self.authority = credentials.authority
        self._credentials = credentials
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_kubeconfig(cls, path: Path) -> Self:
        return cls(kubeconfig.load(path))

    async def __aenter__(self) -> Self:
        headers = {"Accept": "application/json"}
        if self._credentials.token:
            headers["Authorization"] = f"Bearer {self._credentials.token}"
        context = self._credentials.ssl_context()
        connector = aiohttp.TCPConnector(limit=0, ssl=context if context else False)
        self._session = aiohttp.ClientSession(connector=connector, headers=headers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    async def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        return await self.request("GET", kind.path(namespace, name))

    async def list(self, kind: Kind, namespace: str = "", query: Query | None = None) -> Object:
        """The List object; its items carry apiVersion and kind, which a server leaves out."""
        found = await self.request("GET", kind.path(namespace), query=query)
        for item in found["items"]:
            item.setdefault("apiVersion", kind.api_version)
            item.setdefault("kind", kind.kind)
        return found

    async def create(self, kind: Kind, obj: Object, query: Query | None = None) -> Object:
        namespace = obj["metadata"].get("namespace", "")
        return await self.request("POST", kind.path(namespace), body=obj, query=query)

    async def replace(self, kind: Kind, obj: Object, subresource: str | None = None) -> Object:
        metadata = obj["metadata"]
        path = kind.path(metadata.get("namespace", ""), metadata["name"], subresource)
        return await self.request("PUT", path, body=obj)

    async def patch(
        self,
        kind: Kind,
        name: str,
        body: Any,
        namespace: str = "",
        *,
        patch_type: str = "merge",
        subresource: str | None = None,
        query: Query | None = None,
    ) -> Object:
        path = kind.path(namespace, name, subresource)
        return await self.request("PATCH", path, body=body, content_type=PATCH_TYPES[patch_type], query=query)

    async def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str = "",
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: str | None = None,
    ) -> Object:
        """Deletes; a uid makes sure that it is not a namesake's turn."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace_period_s is not None:
            options["gracePeriodSeconds"] = grace_period_s
        if propagation is not None:
            options["propagationPolicy"] = propagation
        return await self.request("DELETE", kind.path(namespace, name), body=options)

    async def post(self, kind: Kind, name: str, namespace: str, subresource: str, body: Object) -> Object:
        """POSTs to a subresource (binding, eviction)."""
        return await self.request("POST", kind.path(namespace, name, subresource), body=body)

    async def get_text(self, path: str, query: Query | None = None) -> str:
        """What is no object: health checks and logs."""
        return (await self._send("GET", path, query=query, headers={"Accept": "*/*"})).decode(errors="replace")

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Query | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """One request and its JSON answer. Raises ApiError, or ApiUnreachable when there is no answer."""
        data = None if body is None else _encode(body)
        headers = {"Content-Type": content_type} if data is not None else None
        content = await self._send(method, path, data=data, query=query, headers=headers)
        return _decode(content) if content else {}

    async def _send(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        try:
            async with self._open.request(
                method, self.server + path, data=data, params=query, headers=headers, timeout=self._timeout
            ) as response:
                content = await response.read()
                if response.status >= 400:
                    raise _error(response.status, content, f"{method} {path}")
        except (aiohttp.ClientError, TimeoutError, OSError) as e:
            raise ApiUnreachable(f"{method} {self.server}{path}: {e or type(e).__name__}") from None
        return content

    async def watch(
        self, kind: Kind, resource_version: str, namespace: str = "", query: Query | None = None
    ) -> AsyncIterator[WatchEvent]:
        """Changes after resource_version, until the server ends the watch.

        Raises ApiError (expired: list again) and ApiUnreachable.
        """
        params = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": resource_version}
        params |= dict(query or {})
        path = kind.path(namespace)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout.total)
        try:
            async with self._open.get(self.server + path, params=params, timeout=timeout) as response:
                if response.status >= 400:
                    raise _error(response.status, await response.read(), f"WATCH {path}")
                async for line in _lines(response.content):
                    yield _event(line, path)
        except (aiohttp.ClientError, TimeoutError, OSError) as e:
            raise ApiUnreachable(f"WATCH {self.server}{path}: {e or type(e).__name__}") from None

    async def discover(self, api_version: str, kind: str) -> Kind | None:
        """How the server calls a kind, None when it serves no such kind."""
        root = "/api/" if "/" not in api_version else "/apis/"
        try:
            served = await self.request("GET", root + api_version)
        except ApiError as e:
            if e.not_found:
                return None
            raise
        for resource in served["resources"]:
            if resource["kind"] == kind and "/" not in resource["name"]:
                return Kind(api_version, kind, resource["name"], resource["namespaced"])
        return None

    async def namespaced_kinds(self) -> tuple[Kind, ...]:
        """Every kind whose objects live in namespaces and can be listed and deleted."""
        groups = (await self.request("GET", "/apis"))["groups"]
        versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
        found = []
        for version in versions:
            served = await self.request("GET", f"{'/apis' if '/' in version else '/api'}/{version}")
            for resource in served["resources"]:
                if resource["namespaced"] and {"list", "delete"} <= set(resource["verbs"]):
                    found.append(Kind(version, resource["kind"], resource["name"]))
        return tuple(found)

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client is used outside of its `async with`")
        return self._session


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    # Not stream.readline(): that one refuses lines over its buffer's limit.
    rest = b""
    async for chunk in stream.iter_any():
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            if line:
                yield line


def _event(line: bytes, path: str) -> WatchEvent:
    event = _decode(line)
    if event["type"] == "ERROR":
        status = event["object"]
        raise ApiError(status.get("code", 500), status.get("reason", ""), f"WATCH {path}: {status.get('message')}")
    return WatchEvent(event["type"], event["object"])


def _error(status: int, content: bytes, tried: str) -> ApiError:
    try:
        body = _decode(content)
        return ApiError(status, body.get("reason") or "", body.get("message") or f"{tried}: HTTP {status}")
    except msgspec.MsgspecError:
        return ApiError(status, "", f"{tried}: HTTP {status}: {content[:200].decode(errors='replace')}")


async def until_answered(client: Client, path: str = "/readyz", *, timeout_s: float, pause_s: float = 0.02) -> None:
    """Waits for the API server. Raises the last ApiUnreachable or ApiError after timeout_s."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        try:
            await client.get_text(path)
            return
        except ApiError as e:
            if loop.time() > deadline or not e.transient:
                raise
        await asyncio.sleep(pause_s)
