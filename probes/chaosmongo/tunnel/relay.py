"""Bytes between a client's connection and a pod's port, through one WebSocket (v4.channel.k8s.io, one port).

Every message begins with a byte for the channel: 0 is data, 1 says why the pod's port cannot be reached. The first
message of either channel is the port's number, the low byte first (kubelet/pkg/cri/streaming/portforward/websocket.go).
One thread serves both directions: one TLS connection must not be read and written at the same time.
"""

import select
import socket
import ssl
import struct
import time
from collections.abc import Callable

from websocket import ABNF, WebSocket, WebSocketException

SUBPROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
CHUNK_BYTES = 65536
MOST_BYTES = 4 * CHUNK_BYTES
"""What may wait in one direction before its source is read no further."""
DECIDED_AFTER_S = 0.1
"""A pod that has not refused by then has accepted: it need not say anything by itself."""
ORDERLY = (1000, 1001)
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Refused(Exception):
    """The pod's port could not be reached; the message is the kubelet's."""


class Broken(Exception):
    """The way to the pod ended without saying that all had arrived."""


class Relay:
    def __init__(
        self, upstream: WebSocket, port: int, decided: Callable[[bool], None], answered: Callable[[], None]
    ) -> None:
        """decided: called once with whether the pod refused, as soon as that is known. answered: with all it says."""
        assert upstream.sock is not None
        upstream.settimeout(0)
        self._upstream = upstream
        self._socket = upstream.sock
        self._port = port.to_bytes(2, "little")
        self._decided: Callable[[bool], None] | None = decided
        self._answered = answered
        self._decides_s = time.monotonic() + DECIDED_AFTER_S
        self._named: set[int] = set()
        self._channel = DATA
        self._up = bytearray()
        self._down = bytearray()
        self._ended = False
        """Whether the pod's side has closed in order; what it sent before is still handed on."""
        self._gone = False
        """Whether the client has."""

    def wait_until_decided(self) -> None:
        """Returns when the pod has accepted, as far as can be told. Raises Refused, Broken."""
        self._watched(self._receive_until_decided)

    def run(self, local: socket.socket) -> None:
        """Returns when either side has ended in order. Raises Refused, Broken."""
        local.setblocking(False)
        self._watched(lambda: self._exchange(local))

    def _watched(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (Refused, Broken):
            self._decide(refused=True)
            raise
        except (OSError, WebSocketException) as error:
            self._decide(refused=True)
            raise Broken(str(error)) from None
        self._decide(refused=False)

    def _receive_until_decided(self) -> None:
        while self._decided is not None and not self._ended:
            self._wait(None)
            self._receive()

    def _exchange(self, local: socket.socket) -> None:
        while not self._gone and not (self._ended and not self._down):
            self._wait(local)
            self._receive()
            self._read(local)
            self._send()
            self._write(local)

    def _decide(self, refused: bool) -> None:
        if self._decided is not None:
            self._decided(refused)
            self._decided = None

    def _wait(self, local: socket.socket | None) -> None:
        waiter = select.poll()
        if local is not None:
            waiter.register(local, (select.POLLIN if self._reads else 0) | (select.POLLOUT if self._down else 0))
        if not self._ended:
            wanted = (select.POLLIN if self._receives else 0) | (select.POLLOUT if self._up else 0)
            waiter.register(self._socket, wanted)
        for file, events in waiter.poll(self._pause_ms()):
            if local is not None and file == local.fileno() and events & (select.POLLHUP | select.POLLERR):
                self._gone = True
        if time.monotonic() >= self._decides_s:
            self._decide(refused=False)

    def _pause_ms(self) -> float | None:
        if self._receives and _pending(self._socket):
            return 0
        return None if self._decided is None else max(0.0, self._decides_s - time.monotonic()) * 1000 + 1

    @property
    def _reads(self) -> bool:
        return len(self._up) < MOST_BYTES and not self._ended

    @property
    def _receives(self) -> bool:
        return len(self._down) < MOST_BYTES and not self._ended

    def _read(self, local: socket.socket) -> None:
        if not self._reads:
            return
        try:
            data = local.recv(CHUNK_BYTES)
        except _NOT_NOW:
            return
        except OSError:
            data = b""
        if not data:
            self._gone = True
            return
        self._frame(bytes([DATA]) + data, ABNF.OPCODE_BINARY)

    def _frame(self, data: bytes, opcode: int) -> None:
        self._up += ABNF.create_frame(data, opcode).format()

    def _send(self) -> None:
        try:
            while self._up:
                sent = self._socket.send(self._up[:CHUNK_BYTES])
                del self._up[:sent]
        except _NOT_NOW:
            return

    def _write(self, local: socket.socket) -> None:
        try:
            while self._down:
                sent = local.send(self._down)
                del self._down[:sent]
        except _NOT_NOW:
            return
        except OSError:
            self._gone = True

    def _receive(self) -> None:
        try:
            while self._receives:
                self._take(self._upstream.recv_frame())  # type: ignore[no-untyped-call]
        except _NOT_NOW:
            return

    def _take(self, frame: ABNF) -> None:
        data = frame.data.encode() if isinstance(frame.data, str) else bytes(frame.data)
        match frame.opcode:
            case ABNF.OPCODE_BINARY if data:
                self._channel = data[0]
                self._message(data[1:])
            case ABNF.OPCODE_CONT:
                self._message(data)
            case ABNF.OPCODE_PING:
                self._frame(data, ABNF.OPCODE_PONG)
            case ABNF.OPCODE_CLOSE:
                code = struct.unpack("!H", data[:2])[0] if data else ORDERLY[0]
                if code not in ORDERLY:
                    raise Broken(f"the WebSocket was closed with code {code}")
                self._ended = True

    def _message(self, data: bytes) -> None:
        if self._channel not in (DATA, ERROR):
            raise Broken(f"a message on channel {self._channel}, which was not asked for")
        if self._channel not in self._named:
            if data != self._port:
                raise Broken("the API server forwards another port than the one that was asked for")
            self._named.add(self._channel)
        elif self._channel == ERROR:
            raise Refused(data.decode(errors="replace"))
        else:
            self._down += data
            self._answered()
            self._decide(refused=False)


def _pending(sock: socket.socket) -> bool:
    """Whether TLS has decrypted more than was asked for: poll(2) does not know of it."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
