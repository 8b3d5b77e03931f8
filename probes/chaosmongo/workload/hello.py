"""The server lane's pulse: hello, many times a second, each on a raw connection that is free at that moment.

One thread does all of it, because every thread more would make the others late. It sleeps in select(2), which wakes it
with the precision of the kernel's timers for the next due time, the next answer, or the next deadline.
"""

import collections
import errno
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chaosmongo import wire
from chaosmongo.history.records import Fail, Info, Invoke, Ok

from .outcome import Outcome, shortened
from .settings import Place

LONGEST_SLEEP_S = 0.01
"""Operations are handed over well before they are due, so looking for new ones this often is early enough."""

HELLO = {"hello": 1, "$db": "admin"}


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    connected: bool = False
    op: Invoke | None = None
    sent_ns: int = 0
    received: bytearray = field(default_factory=bytearray)

    def fileno(self) -> int:
        return self.socket.fileno()


class Hello(threading.Thread):
    """Performs hello operations. `place` may be changed at any time: connections to the old one are dropped."""

    def __init__(self, place: Place | None, deadline_s: float, done: Callable[[Outcome], None], size: int) -> None:
        super().__init__(name="hello", daemon=True)
        self.place = place
        self._reached = place
        self._deadline_ns = int(deadline_s * 1e9)
        self._done = done
        self._size = size
        self._due: collections.deque[Invoke] = collections.deque()
        self._free: list[_Connection] = []
        self._busy: list[_Connection] = []
        self._closed = False

    @property
    def full(self) -> bool:
        return len(self._busy) >= self._size

    @property
    def idle(self) -> bool:
        return not self._due and not self._busy

    def submit(self, op: Invoke) -> None:
        self._due.append(op)

    def close(self) -> None:
        self._closed = True

    def run(self) -> None:
        while not self._closed:
            self._begin_due()
            self._end_overdue()
            self._wait()
        for connection in self._free + self._busy:
            connection.socket.close()

    def _wait(self) -> None:
        readable = [*self._free, *(c for c in self._busy if c.connected)]
        writable = [c for c in self._busy if not c.connected]
        ready, connected, _ = select.select(readable, writable, [], self._pause_s())
        for connection in connected:
            self._connected(connection)
        for connection in ready:
            self._receive(connection)

    def _pause_s(self) -> float:
        moments = [self._due[0].due_ns] if self._due else []
        if self._busy:
            moments.append(self._busy[0].sent_ns + self._deadline_ns)
        if not moments:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, max(0.0, (min(moments) - time.monotonic_ns()) / 1e9))

    def _begin_due(self) -> None:
        while self._due and self._due[0].due_ns <= time.monotonic_ns():
            if self.place != self._reached:
                self._move()
            op = self._due.popleft()
            now = time.monotonic_ns()
            if self._reached is None:
                self._done(Fail(op.op, now, now, "there is no pod to ask"))
            elif self._free:
                connection = self._free.pop()
                connection.op, connection.sent_ns = op, now
                self._busy.append(connection)
                self._send(connection)
            else:
                self._connect(self._reached, op, now)

    def _move(self) -> None:
        """Forgets free connections to the old place; operations under way there keep theirs to the end."""
        for connection in self._free:
            connection.socket.close()
        self._free.clear()
        self._reached = self.place

    def _connect(self, place: Place, op: Invoke, now: int) -> None:
        try:
            address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
            connection = _Connection(socket.socket(*address[:3]), op=op, sent_ns=now)
        except OSError as error:
            self._done(Fail(op.op, now, time.monotonic_ns(), shortened(error)))
            return
        connection.socket.setblocking(False)
        self._busy.append(connection)
        code = connection.socket.connect_ex(address[4])
        if code == 0:
            self._connected(connection)
        elif code != errno.EINPROGRESS:
            self._fail(connection, OSError(code, os.strerror(code)))

    def _connected(self, connection: _Connection) -> None:
        code = connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._fail(connection, OSError(code, os.strerror(code)))
            return
        connection.connected = True
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send(connection)

    def _send(self, connection: _Connection) -> None:
        try:
            connection.socket.sendall(wire.message(HELLO))  # 60 bytes: they always fit an empty buffer
        except OSError as error:
            self._lose(connection, error)

    def _receive(self, connection: _Connection) -> None:
        try:
            chunk = connection.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(connection, error)
            return
        if not chunk or connection.op is None:
            self._lose(connection, ConnectionError("the server closed the connection"))
            return
        connection.received += chunk
        length = wire.message_length(connection.received)
        if length is not None and len(connection.received) >= length:
            self._answered(connection, connection.op, time.monotonic_ns())

    def _answered(self, connection: _Connection, op: Invoke, now: int) -> None:
        try:
            wire.reply(connection.received)
        except (wire.ServerError, ConnectionError) as error:
            self._lose(connection, error)
            return
        self._busy.remove(connection)
        connection.op = None
        connection.received.clear()
        if self.place == self._reached:
            self._free.append(connection)
        else:
            connection.socket.close()
        self._done(Ok(op.op, connection.sent_ns, now))

    def _fail(self, connection: _Connection, error: OSError) -> None:
        """No connection was made: nothing was sent."""
        self._busy.remove(connection)
        connection.socket.close()
        if connection.op is not None:
            self._done(Fail(connection.op.op, connection.sent_ns, time.monotonic_ns(), shortened(error)))

    def _lose(self, connection: _Connection, error: Exception) -> None:
        """The connection broke; where a hello was under way, nobody knows what became of it."""
        (self._busy if connection.op is not None else self._free).remove(connection)
        connection.socket.close()
        if connection.op is not None:
            self._done(Info(connection.op.op, connection.sent_ns, time.monotonic_ns(), shortened(error)))

    def _end_overdue(self) -> None:
        now = time.monotonic_ns()
        while self._busy and self._busy[0].sent_ns + self._deadline_ns <= now:
            late = self._busy[0]
            error = TimeoutError(f"no answer within {self._deadline_ns / 1e9:g} s")
            if late.connected:
                self._lose(late, error)
            else:
                self._fail(late, error)
