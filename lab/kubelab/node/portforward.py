"""A port of a pod, brought to whoever the API server brings: two channels of a WebSocket for each port.

    every message: one byte for the channel, then data
    channel 2n     data of the n-th port; 2n+1: why its connection could not be made
    first of all   on either channel, the port's number in two bytes, the low one first

v4.channel.k8s.io after kubelet/pkg/cri/streaming/portforward/websocket.go. The numbers are sent before the connection
is made, and where it is refused the socket is closed after the error. containerd may take up to a second to close a
socket whose server is gone; here it is closed at once. kubectl's SPDY/3.1 is in portstreams.py.
"""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from kubelab.node import portstreams
from kubelab.node.exec import CLOSE_TIMEOUT_S
from kubelab.node.pod import PodWorker
from kubelab.node.ports import PortError, address_of, connect, no_sandbox

SUBPROTOCOL = "v4.channel.k8s.io"
SPOKEN = (portstreams.SUBPROTOCOL, SUBPROTOCOL)
REASON_HEADER = "X-Refused"
CHUNK_BYTES = 65536
NORMAL = 1000


class NoPort(ValueError):
    """The query names no port that could be forwarded."""


def wanted_ports(query: str | None) -> list[int]:
    """Raises NoPort in the kubelet's words."""
    if query is None:
        raise NoPort('query parameter "port" is required')
    if not query:
        raise NoPort('query parameter "port" cannot be empty')
    ports = []
    for part in query.split(","):
        if not part.isdecimal() or int(part) >= 1 << 16:
            raise NoPort(f'unable to parse "{query}" as a port')
        if int(part) < 1:
            raise NoPort(f'port "{query}" must be > 0')
        ports.append(int(part))
    return ports


async def serve(request: web.Request, worker: PodWorker | None) -> web.StreamResponse:
    """One port-forward, until the client ends it; with v4, also when the connections in the pod have ended."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    protocol = next((spoken for spoken in SPOKEN if spoken in offered), None)
    if protocol is None:
        return _refusal(403, f"only {' and '.join(SPOKEN)} are spoken here")
    try:
        ports = wanted_ports(request.query.get("port")) if protocol == SUBPROTOCOL else []
    except NoPort as error:
        return _refusal(400, str(error))
    if worker is None:
        return _refusal(404, "pod does not exist")
    if not address_of(worker):
        return _refusal(500, no_sandbox(worker))
    socket = web.WebSocketResponse(protocols=(protocol,), max_msg_size=0, compress=False, timeout=CLOSE_TIMEOUT_S)
    await socket.prepare(request)
    if protocol == SUBPROTOCOL:
        await _Forward(socket, worker).run(ports)
    else:
        await portstreams.Streams(socket, worker).run()
    await socket.close(code=NORMAL)
    return socket


def _refusal(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={REASON_HEADER: text})


class _Forward:
    """The ports of one socket."""

    def __init__(self, socket: web.WebSocketResponse, worker: PodWorker) -> None:
        self._socket = socket
        self._worker = worker
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._connected = asyncio.Event()

    async def run(self, ports: list[int]) -> None:
        for index, port in enumerate(ports):
            for channel in (2 * index, 2 * index + 1):
                await self._socket.send_bytes(bytes([channel]) + port.to_bytes(2, "little"))
        serving = asyncio.create_task(self._serve(ports))
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (serving, listening):
                task.cancel()
            for writer in self._writers.values():
                writer.close()
            await asyncio.gather(serving, listening, return_exceptions=True)

    async def _serve(self, ports: list[int]) -> None:
        made = [await self._connect(2 * index, port) for index, port in enumerate(ports)]
        self._connected.set()
        await asyncio.gather(*(self._answer(channel, reader) for channel, reader in made if reader is not None))

    async def _connect(self, channel: int, port: int) -> tuple[int, asyncio.StreamReader | None]:
        try:
            reader, self._writers[channel] = await connect(self._worker, port)
        except PortError as error:
            await self._socket.send_bytes(bytes([channel + 1]) + str(error).encode())
            return channel, None
        return channel, reader

    async def _answer(self, channel: int, reader: asyncio.StreamReader) -> None:
        head = bytes([channel])
        try:
            while data := await reader.read(CHUNK_BYTES):
                await self._socket.send_bytes(head + data)
        except ConnectionError:
            return

    async def _listen(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                return
            await self._connected.wait()
            writer = self._writers.get(message.data[0])
            if writer is None:
                continue
            writer.write(message.data[1:])
            try:
                await writer.drain()
            except ConnectionError:
                return
