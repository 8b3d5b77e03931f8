"""Forwards TCP connections byte by byte: a close is passed on as a close, a reset as a reset."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Sequence

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST."""

Choose = Callable[[], Sequence[tuple[str, int]]]


class Side(asyncio.Protocol):
    """One end of a forwarded connection; what it receives is written to its peer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.peer: Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.peer and self.peer.transport:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        if self.peer and self.peer.transport and self.peer.transport.can_write_eof():
            self.peer.transport.write_eof()
        return True  # The other direction may still carry data.

    def pause_writing(self) -> None:
        if self.peer and self.peer.transport:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer and self.peer.transport:
            self.peer.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.peer and self.peer.transport:
            if error is not None:
                self.peer.reset()
            else:
                self.peer.transport.close()

    def reset(self) -> None:
        """Ends the connection with RST."""
        if self.transport:
            sock: socket.socket = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.transport.abort()


class ClientSide(Side):
    """The end towards the client: chooses an endpoint at random when the connection comes in."""

    def __init__(self, endpoints: Choose) -> None:
        super().__init__()
        self._endpoints = endpoints
        self._connecting: asyncio.Task[None] | None = None
        self._early = bytearray()
        self._ended_early = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._connecting = asyncio.create_task(self._connect())

    def data_received(self, data: bytes) -> None:
        """Keeps what comes before there is an endpoint: some Pythons (3.11.2) read even where reading is paused."""
        if self.peer is None:
            self._early += data
        else:
            super().data_received(data)

    def eof_received(self) -> bool:
        self._ended_early = self.peer is None
        return super().eof_received()

    async def _connect(self) -> None:
        candidates = self._endpoints()
        if not candidates:
            self.reset()
            return
        host, port = random.choice(candidates)
        server = Side()
        server.peer = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: server, host, port)
        except OSError:
            self.reset()  # The client is connected already; a reset is the nearest to refusing it.
            return
        self.peer = server
        if self.transport is None:
            server.reset()
            return
        if self._early:
            super().data_received(bytes(self._early))
        if self._ended_early:
            super().eof_received()
        self.transport.resume_reading()
