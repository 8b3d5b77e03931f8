"""Ports of a pod as streams of SPDY/3.1, which kubectl's port-forward tunnels through the messages of a WebSocket.

    each connection   two streams of one request: its data, and an error stream on which the client sends nothing
    their headers     streamtype (data or error), port, requestid

After client-go/tools/portforward and kubelet/pkg/cri/streaming/portforward/httpstream.go. A connection that could not
be made, or broke, is told on its error stream; kubectl then gives up all of them ("lost connection to pod").
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import WSMsgType, web

from kubelab.node import spdy
from kubelab.node.pod import PodWorker
from kubelab.node.ports import PortError, connect, port_error
from kubelab.node.spdy import Data, Frame, GoAway, Ping, RstStream, SynReply, SynStream

SUBPROTOCOL = "SPDY/3.1+portforward.k8s.io"
CHUNK_BYTES = 65536
DATA, ERROR = "data", "error"


class Streams:
    """The connections of one client to one pod."""

    def __init__(self, socket: web.WebSocketResponse, worker: PodWorker) -> None:
        self._socket = socket
        self._worker = worker
        self._codec = spdy.Codec()
        self._opened: dict[str, dict[str, int]] = {}
        self._connections: dict[int, _Connection] = {}

    async def run(self) -> None:
        """Until the client goes, or what it sends is not SPDY."""
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.BINARY:
                    return
                for frame in self._codec.decode(message.data):
                    if isinstance(frame, GoAway):
                        return
                    await self._take(frame)
        except spdy.SpdyError:
            await self._send(GoAway(0, spdy.PROTOCOL_ERROR))
        finally:
            for connection in self._connections.values():
                connection.task.cancel()
            await asyncio.gather(*(one.task for one in self._connections.values()), return_exceptions=True)

    async def _take(self, frame: Frame) -> None:
        match frame:
            case SynStream():
                await self._open(frame)
            case Data():
                if connection := self._connections.get(frame.stream):
                    await connection.write(frame.data, last=frame.fin)
            case RstStream():
                await self._reset(frame.stream)
            case Ping(number) if number % 2:
                await self._send(frame)

    async def _open(self, frame: SynStream) -> None:
        kind, port, request = (frame.headers.get(name, "") for name in ("streamtype", "port", "requestid"))
        is_port = port.isdecimal() and 0 < int(port) < 1 << 16
        if kind not in (DATA, ERROR) or not is_port or not request or kind in self._opened.get(request, {}):
            await self._send(RstStream(frame.stream, spdy.PROTOCOL_ERROR))
            return
        streams = self._opened.setdefault(request, {})
        streams[kind] = frame.stream
        await self._send(SynReply(frame.stream))
        if len(streams) == 2:
            del self._opened[request]
            self._begin(streams[DATA], streams[ERROR], int(port))

    def _begin(self, data: int, error: int, port: int) -> None:
        writer: asyncio.Future[asyncio.StreamWriter | None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._serve(data, error, port, writer))
        self._connections[data] = _Connection(error, writer, task)

    async def _serve(self, data: int, error: int, port: int, made: asyncio.Future[asyncio.StreamWriter | None]) -> None:
        told = ""
        try:
            reader, writer = await connect(self._worker, port)
            made.set_result(writer)
            try:
                await self._answer(data, reader)
            except OSError as broken:
                raise port_error(self._worker, port, f"the connection broke: {broken.strerror}") from None
            finally:
                writer.close()
        except PortError as failure:
            told = str(failure)
        finally:
            if not made.done():
                made.set_result(None)
        self._connections.pop(data, None)
        await self._send(Data(data, b"", fin=True))
        await self._send(Data(error, told.encode(), fin=True))

    async def _answer(self, data: int, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._send(Data(data, chunk))

    async def _reset(self, stream: int) -> None:
        """The client wants no more of a connection, but to hear that it is over."""
        connection = self._connections.pop(stream, None)
        if connection is not None:
            connection.task.cancel()
            await asyncio.gather(connection.task, return_exceptions=True)
            await self._send(Data(connection.error, b"", fin=True))

    async def _send(self, frame: Frame) -> None:
        with suppress(ConnectionError):  # run() notices that the client is gone
            await self._socket.send_bytes(self._codec.encode(frame))


class _Connection:
    """One connection to the pod: its error stream, what writes to it once it is made, what it is served by."""

    def __init__(self, error: int, made: asyncio.Future[asyncio.StreamWriter | None], task: asyncio.Task[None]) -> None:
        self.error = error
        self.task = task
        self._made = made

    async def write(self, data: bytes, *, last: bool) -> None:
        """What cannot be written is dropped: whoever reads from the connection tells that it broke."""
        writer = await self._made
        if writer is None:
            return
        with suppress(OSError):
            writer.write(data)
            await writer.drain()
            if last:
                writer.write_eof()
