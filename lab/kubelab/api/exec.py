"""Commands in containers: the exec subresource, passed on to the kubelet that runs the pod."""

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


async def execute(request: web.BaseRequest, pod: Object, kubelets: KubeletProxy) -> web.StreamResponse:
    """Serves one command until it ends. Raises ApiError before that."""
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
    protocol = wanted_protocol(request, PROTOCOLS)
    path = "/".join(quote(part, safe="") for part in (metadata["namespace"], metadata["name"], container))
    query = [("command", word) for word in request.query.getall("command", [])]
    query += [(name, "1") for given, name in STREAMS.items() if request.query.get(given) in TRUE]
    return await relay(request, kubelets, node, f"/exec/{path}", query, protocol)
