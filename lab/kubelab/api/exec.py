"""Commands in containers and their output: the exec and attach subresources, passed on to the pod's kubelet."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web

from .logs import KubeletProxy, chosen_container
from .resources import PODS
from .status import ApiError, bad_request, not_found
from .streams import relay, wanted_protocol

Object = dict[str, Any]

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STREAMS = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
"""Names of the parameters here and at the kubelet."""
TRUE = ("1", "t", "T", "TRUE", "true", "True")


async def serve(request: web.BaseRequest, pod: Object, kubelets: KubeletProxy, verb: str) -> web.StreamResponse:
    """Serves one command or container until it ends; verb: exec or attach. Raises ApiError before that."""
    metadata, node = pod["metadata"], pod["spec"].get("nodeName")
    container = chosen_container(pod, request.query.get("container", ""))
    if not node:
        raise bad_request(f"pod {metadata['name']} does not have a host assigned")
    try:
        kubelets.address(node)
    except ApiError as error:
        if error.code == 404:  # told as kube-apiserver does
            raise not_found(PODS.plural, PODS.group, node) from None
        raise
    if verb == "attach" and request.query.get("stdin") in TRUE:
        raise bad_request("containers have no stdin here: attach without it (-i), or use exec")
    protocol = _protocol(request, pod, container)
    path = "/".join(quote(part, safe="") for part in (metadata["namespace"], metadata["name"], container))
    query = [("command", word) for word in request.query.getall("command", [])]
    query += [(name, "1") for given, name in STREAMS.items() if request.query.get(given) in TRUE]
    return await relay(request, kubelets, node, f"/{verb}/{path}", query, protocol)


def _protocol(request: web.BaseRequest, pod: Object, container: str) -> str:
    """Raises ApiError (400, 500). kubectl tries SPDY when a WebSocket was refused, and tells why SPDY was."""
    try:
        return wanted_protocol(request, PROTOCOLS)
    except ApiError:
        statuses = pod.get("status", {}).get("containerStatuses", ())
        if any(status["name"] == container and "running" in status.get("state", {}) for status in statuses):
            raise
    raise ApiError(500, "InternalError", f'container not found ("{container}")')
