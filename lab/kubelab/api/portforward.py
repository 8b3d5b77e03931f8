"""Ports of pods: the portforward subresource, passed on to the kubelet that runs the pod.

Spoken are v4.channel.k8s.io, and the SPDY/3.1 that kubectl tunnels through a WebSocket: nothing here looks into it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web

from .logs import KubeletProxy
from .status import bad_request
from .streams import Query, relay, wanted_protocol

Object = dict[str, Any]

CHANNELS = "v4.channel.k8s.io"
PROTOCOLS = ("SPDY/3.1+portforward.k8s.io", CHANNELS)


async def forward(request: web.BaseRequest, pod: Object, kubelets: KubeletProxy) -> web.StreamResponse:
    """Serves one port-forward until either side ends it. Raises ApiError before that."""
    metadata, node = pod["metadata"], pod["spec"].get("nodeName")
    if not node:
        raise bad_request(f"pod {metadata['name']} does not have a host assigned")
    protocol = wanted_protocol(request, PROTOCOLS)
    query = _ports(request) if protocol == CHANNELS else []
    path = "/".join(quote(part, safe="") for part in (metadata["namespace"], metadata["name"]))
    return await relay(request, kubelets, node, f"/portForward/{path}", query, protocol)


def _ports(request: web.BaseRequest) -> Query:
    """The ports as the kubelet is asked for them; those of SPDY are in its streams. Raises ApiError (400)."""
    given = [part for value in request.query.getall("ports", []) for part in value.split(",")]
    if not given:
        raise bad_request('query parameter "ports" is required')
    try:
        ports = [int(part) for part in given]
    except ValueError:
        raise bad_request(f"unable to parse {','.join(given)!r} as ports") from None
    if not all(0 < port < 1 << 16 for port in ports):
        raise bad_request(f"a port is between 1 and 65535, not {','.join(given)}")
    return [("port", ",".join(map(str, ports)))]
