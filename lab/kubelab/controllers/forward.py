"""Forwards TCP connections byte by byte: a close is passed on as a close, a reset as a reset.

Where the firewall cuts an endpoint off, nothing is passed on, neither bytes nor ends, until it lets in again.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Sequence

from kubelab.controllers.firewall import Firewall

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST."""

MOST_HELD_BYTES = 64 * 1024
"""What is taken from a client whose endpoint is cut off from the beginning."""

Choose = Callable[[], Sequence[tuple[str, int]]]


class Side(asyncio.Protocol):
    """One end of a forwarded connection; what it receives is written to its peer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.peer: Side | None = None
        self.ended = False
        """Whether it has said all that it will say."""
        self._stopped: set[str] = set()

    def stop(self, why: str) -> None:
        """Reads no more, until `go_on` for each reason that it was stopped for."""
        self._stopped.add(why)
        if self.transport:
            self.transport.pause_reading()

    def go_on(self, why: str) -> None:
        self._stopped.discard(why)
        if self.transport and not self._stopped:
            self.transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.peer and self.peer.transport:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        self.ended = True
        if self.peer and self.peer.transport and self.peer.transport.can_write_eof():
            self.peer.transport.write_eof()
        return not (self.peer and self.peer.ended)  # Else the other direction may still carry data.

    def pause_writing(self) -> None:
        if self.peer:
            self.peer.stop("full")

    def resume_writing(self) -> None:
        if self.peer:
            self.peer.go_on("full")

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

    def __init__(self, endpoints: Choose, firewall: Firewall) -> None:
        super().__init__()
        self._endpoints = endpoints
        self._firewall = firewall
        self._connecting: asyncio.Task[None] | None = None
        self._early = bytearray()
        self._ended_early = False
        self._waits_outside = False
        self._end_heeding: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.stop("unconnected")
        self._connecting = asyncio.create_task(self._connect())

    def data_received(self, data: bytes) -> None:
        """Keeps what comes before there is an endpoint: some Pythons (3.11.2) read even where reading is paused."""
        if self.peer is None:
            self._early += data
            if len(self._early) >= MOST_HELD_BYTES:
                self.stop("unconnected")
        else:
            super().data_received(data)

    def eof_received(self) -> bool:
        if self._waits_outside:  # It gives up, and of what it has said nothing has arrived.
            return False
        self._ended_early = self.peer is None
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._waits_outside and self._connecting:
            self._connecting.cancel()
        if self._end_heeding:
            self._end_heeding()

    async def _connect(self) -> None:
        candidates = self._endpoints()
        if not candidates:
            self.reset()
            return
        host, port = random.choice(candidates)
        await self._let_in(host)
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
        self._end_heeding = self._firewall.heed(host, self._heed)
        self._heed(self._firewall.is_cut(host))
        if self._early:
            super().data_received(bytes(self._early))
        if self._ended_early:
            super().eof_received()
        self.go_on("unconnected")

    async def _let_in(self, host: str) -> None:
        """Waits, and reads meanwhile: else the end of a client that gives up would not be seen."""
        if self._firewall.is_cut(host):
            self._waits_outside = True
            self.go_on("unconnected")
            await self._firewall.let_in(host)
            self._waits_outside = False
            self.stop("unconnected")

    def _heed(self, is_cut: bool) -> None:
        for side in (self, self.peer):
            if side is not None and is_cut:
                side.stop("cut off")
            elif side is not None:
                side.go_on("cut off")
