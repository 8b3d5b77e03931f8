"""Logs of containers, passed on from the kubelet that has them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from . import fields
from .clock import parse, stamp
from .options import flag, number
from .resources import NODES
from .status import ApiError, bad_request, invalid, not_found, unavailable
from .store import Store

Object = dict[str, Any]

FLAGS = ("follow", "previous", "timestamps")
NUMBERS = {"limitBytes": 1, "sinceSeconds": 1, "tailLines": 0}
"""Each with the least that it may be."""
LEAST = {0: "must be greater than or equal to 0", 1: "must be greater than 0"}
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
        metadata = pod["metadata"]
        query = log_options(metadata["name"], request.query)
        container = chosen_container(pod, request.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204)
        path = "/".join(quote(part, safe="") for part in (metadata["namespace"], metadata["name"], container))
        url = f"{self.address(pod['spec']['nodeName'])}/containerLogs/{path}"
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
        try:
            return f"https://{IPv4Address(addresses[0])}:{port}"
        except AddressValueError:
            raise unavailable(f"node {node_name} says that its kubelet listens on {addresses[0]!r}") from None

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


def log_options(name: str, query: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a log request for the kubelet. Raises ApiError (400, 422)."""
    numbers = {key: value for key in NUMBERS if (value := number(query, key)) is not None}
    wrong = [fields.invalid(key, value, LEAST[NUMBERS[key]]) for key, value in numbers.items() if value < NUMBERS[key]]
    since = query.get("sinceTime", "")
    if since and "sinceSeconds" in numbers:
        wrong.append(fields.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    if wrong:
        raise invalid("PodLogOptions", "", name, wrong)
    if since and not is_time(since):
        raise bad_request(f'parsing time "{since}" as "2006-01-02T15:04:05Z07:00": cannot parse it')
    chosen = {key: str(value) for key, value in numbers.items()} | {key: "true" for key in FLAGS if flag(query, key)}
    # kube-apiserver asks in whole seconds as well.
    return chosen | ({"sinceTime": stamp(parse(since).astimezone(UTC))} if since else {})


def is_time(text: str) -> bool:
    try:
        return parse(text).tzinfo is not None
    except ValueError:
        return False


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
