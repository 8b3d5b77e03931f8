"""Ports of pods, passed on to the kubelet that has the pod: a WebSocket on either side, and messages in between.

Spoken here is v4.channel.k8s.io, as kube-apiserver and kubelet do (kubelet/pkg/cri/streaming/portforward/websocket.go).
kubectl's port-forward speaks SPDY instead, also through its WebSockets: it is told that this is not to be had here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import WSMsgType, web

from .logs import KubeletProxy
from .status import ApiError, bad_request, unavailable

Object = dict[str, Any]

SUBPROTOCOL = "v4.channel.k8s.io"
REASON_HEADER = "X-Refused"
"""In which the kubelet says why it refuses: a client of a WebSocket does not get the body of a refusal to see."""
REASONS = {400: "BadRequest", 403: "Forbidden", 404: "NotFound"}
NORMAL, GOING_AWAY = 1000, 1001


async def forward(request: web.BaseRequest, pod: Object, kubelets: KubeletProxy) -> web.StreamResponse:
    """Serves one port-forward until either side ends it. Raises ApiError before that."""
    node = pod["spec"].get("nodeName")
    if not node:
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    _check_upgrade(request)
    ports = _ports(request)
    async with _kubelet(pod, ports, kubelets) as upstream:
        downstream = web.WebSocketResponse(protocols=(SUBPROTOCOL,), max_msg_size=0, compress=False, timeout=0.1)
        await downstream.prepare(request)
        await _pass_on(request, downstream, upstream)
    return downstream


def _ports(request: web.BaseRequest) -> list[int]:
    given = [part for value in request.query.getall("ports", []) for part in value.split(",")]
    if not given:
        raise bad_request('query parameter "ports" is required')
    try:
        ports = [int(part) for part in given]
    except ValueError:
        raise bad_request(f"unable to parse {','.join(given)!r} as ports") from None
    if not all(0 < port < 1 << 16 for port in ports):
        raise bad_request(f"a port is between 1 and 65535, not {','.join(given)}")
    return ports


def _check_upgrade(request: web.BaseRequest) -> None:
    upgrade = request.headers.get("Upgrade", "")
    if not upgrade:
        raise bad_request("Upgrade request required")
    offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if part.strip()]
    if upgrade.lower() != "websocket" or SUBPROTOCOL not in offered:
        asked = f"{upgrade} {', '.join(offered)}".strip()
        raise bad_request(f"ports are forwarded through WebSockets with subprotocol {SUBPROTOCOL} alone, not {asked}")


@asynccontextmanager
async def _kubelet(
    pod: Object, ports: list[int], kubelets: KubeletProxy
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    node = pod["spec"]["nodeName"]
    path = "/".join(quote(pod["metadata"][part], safe="") for part in ("namespace", "name"))
    url = f"{kubelets.address(node)}/portForward/{path}"
    try:
        upstream = await kubelets.client().ws_connect(
            url,
            params={"port": ",".join(map(str, ports))},
            headers=kubelets.headers(),
            protocols=(SUBPROTOCOL,),
            max_msg_size=0,
            timeout=aiohttp.ClientWSTimeout(ws_close=0.1),
        )
    except aiohttp.WSServerHandshakeError as refusal:
        why = refusal.headers.get(REASON_HEADER, "") if refusal.headers else refusal.message
        raise ApiError(refusal.status, REASONS.get(refusal.status, "InternalError"), why) from None
    except (aiohttp.ClientError, OSError) as error:
        raise unavailable(f"the kubelet of node {node} does not answer at {url}: {error}") from None
    try:
        yield upstream
    finally:
        await upstream.close()


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


async def _copy(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    async for message in source:
        if message.type is WSMsgType.BINARY:
            try:
                await sink.send_bytes(message.data)
            except (ConnectionError, RuntimeError):  # it is closed, or about to be
                return
