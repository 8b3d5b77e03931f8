"""WebSockets that are passed on to a kubelet: messages in both directions, until either side ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import WSMsgType, web

from .logs import KubeletProxy
from .status import ApiError, bad_request, unavailable

REASON_HEADER = "X-Refused"
"""In which the kubelet says why it refuses: a client of a WebSocket does not get the body of a refusal to see."""
REASONS = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 500: "InternalError"}
NORMAL, GOING_AWAY = 1000, 1001

Query = Sequence[tuple[str, str]]
Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def wanted_protocol(request: web.BaseRequest, spoken: Sequence[str]) -> str:
    """The first subprotocol of the client's that is spoken here. Raises ApiError (400)."""
    upgrade = request.headers.get("Upgrade", "")
    if not upgrade:
        raise bad_request("Upgrade request required")
    offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    for protocol in offered:
        if upgrade.lower() == "websocket" and protocol in spoken:
            return protocol
    asked = f"{upgrade} {', '.join(filter(None, offered))}".strip()
    raise bad_request(f"unable to upgrade: WebSockets with {' or '.join(spoken)} are spoken here, not {asked}")


async def relay(
    request: web.BaseRequest, kubelets: KubeletProxy, node: str, path: str, query: Query, protocol: str
) -> web.StreamResponse:
    """Connects the client with a path of the node's kubelet. Raises ApiError before the client is answered."""
    async with _kubelet(kubelets, node, path, query, protocol) as upstream:
        downstream = web.WebSocketResponse(protocols=(protocol,), max_msg_size=0, compress=False, timeout=0.1)
        await downstream.prepare(request)
        await _pass_on(request, downstream, upstream)
    return downstream


@asynccontextmanager
async def _kubelet(
    kubelets: KubeletProxy, node: str, path: str, query: Query, protocol: str
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = kubelets.address(node) + path
    try:
        upstream = await kubelets.client().ws_connect(
            url,
            params=query,
            headers=kubelets.headers(),
            protocols=(protocol,),
            max_msg_size=0,
            timeout=aiohttp.ClientWSTimeout(ws_close=0.1),
        )
    except aiohttp.WSServerHandshakeError as refusal:
        raise _refused(refusal.status, refusal.headers or {}) from None
    except (aiohttp.ClientError, OSError) as error:
        raise unavailable(f"the kubelet of node {node} does not answer at {url}: {error}") from None
    try:
        yield upstream
    finally:
        await upstream.close()


def _refused(status: int, headers: Mapping[str, str]) -> ApiError:
    why = headers.get(REASON_HEADER, f"the kubelet answers {status}")
    return ApiError(status, REASONS.get(status, "InternalError"), why)


async def _pass_on(
    request: web.BaseRequest, downstream: web.WebSocketResponse, upstream: aiohttp.ClientWebSocketResponse
) -> None:
    async with asyncio.TaskGroup() as tasks:
        up = tasks.create_task(_copy(downstream, upstream))
        down = tasks.create_task(_copy(upstream, downstream))
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        down.cancel()
    if down.cancelled() or upstream.close_code in (NORMAL, GOING_AWAY):
        await downstream.close()
    elif request.transport is not None:
        request.transport.abort()  # a kubelet that broke off did not say that all had arrived, so neither do we


async def _copy(source: Socket, sink: Socket) -> None:
    async for message in source:
        try:
            if message.type is WSMsgType.BINARY:
                await sink.send_bytes(message.data)
            elif message.type is WSMsgType.TEXT:
                await sink.send_str(message.data)
        except (ConnectionError, RuntimeError):  # it is closed, or about to be
            return
