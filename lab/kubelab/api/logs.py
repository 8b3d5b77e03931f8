"""Logs of containers, passed on from the kubelet that has them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from .resources import NODES
from .status import ApiError, bad_request, not_found, unavailable
from .store import Store

Object = dict[str, Any]

PASSED_ON = ("follow", "limitBytes", "previous", "sinceSeconds", "sinceTime", "tailLines", "timestamps")
CONNECT_TIMEOUT_S = 5


class KubeletProxy:
    """Asks kubelets on behalf of clients; connects when first used."""

    def __init__(self, store: Store, token_file: Path, authority_file: Path) -> None:
        self._store = store
        self._token_file = token_file
        self._authority_file = authority_file
        self._session: aiohttp.ClientSession | None = None

    async def log(self, request: web.BaseRequest, pod: Object) -> web.StreamResponse:
        """Stream a container's log, as it comes if the client follows. Raises ApiError."""
        container = chosen_container(pod, request.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204)
        metadata = pod["metadata"]
        path = "/".join(quote(part, safe="") for part in (metadata["namespace"], metadata["name"], container))
        url = f"{self.address(pod['spec']['nodeName'])}/containerLogs/{path}"
        query = {key: value for key, value in request.query.items() if key in PASSED_ON}
        try:
            async with self.client().get(url, params=query, headers=self.headers()) as answer:
                return await pass_on(request, answer)
        except (aiohttp.ClientError, OSError) as error:
            node = pod["spec"]["nodeName"]
            raise unavailable(f"the kubelet of node {node} does not answer at {url}: {error}") from None

    def address(self, node_name: str) -> str:
        """Where a node's kubelet listens, as a URL. Raises ApiError (404, 503)."""
        node = self._store.get(NODES.storage, ("", node_name))
        if node is None:
            raise not_found(NODES.plural, NODES.group, node_name)
        status = node.value.get("status", {})
        addresses = [item["address"] for item in status.get("addresses", ()) if item.get("type") == "InternalIP"]
        port = status.get("daemonEndpoints", {}).get("kubeletEndpoint", {}).get("Port")
        if not addresses or not port:
            raise unavailable(f"node {node_name} has not said where its kubelet listens")
        return f"https://{addresses[0]}:{port}"

    def headers(self) -> dict[str, str]:
        """With which a kubelet believes us. Raises ApiError (503)."""
        try:
            return {"Authorization": f"Bearer {self._token_file.read_text().strip()}"}
        except OSError as error:
            raise unavailable(f"cannot read the token for kubelets, {self._token_file}: {error.strerror}") from None

    def client(self) -> aiohttp.ClientSession:
        if self._session is None:
            trust = ssl.create_default_context(cafile=str(self._authority_file))
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), timeout=timeout)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def chosen_container(pod: Object, name: str) -> str:
    """The container of a log request; a pod with several needs a name. Raises ApiError (400)."""
    spec, pod_name = pod["spec"], pod["metadata"]["name"]
    containers = [container["name"] for container in spec.get("containers", ())]
    init = [container["name"] for container in spec.get("initContainers", ())]
    if not name and len(containers) == 1:
        return str(containers[0])
    if not name:
        others = f" or one of the init containers: [{' '.join(init)}]" if init else ""
        raise bad_request(
            f"a container name must be specified for pod {pod_name}, choose one of: [{' '.join(containers)}]{others}"
        )
    if name not in containers + init:
        raise bad_request(f"container {name} is not valid for pod {pod_name}")
    return name


async def pass_on(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """The kubelet's answer as our own; what it refuses becomes a Status."""
    if answer.status >= 400:
        text = (await answer.text()).strip()
        reasons = {400: "BadRequest", 404: "NotFound"}
        raise ApiError(answer.status, reasons.get(answer.status, "InternalError"), text)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response
