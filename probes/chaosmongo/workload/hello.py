"""The server lane's pulse: hello, many times a second, each on a raw connection that is free at that moment.

One thread does all of it, because every thread more would make the others late. It sleeps in select(2), which wakes it
with the precision of the kernel's timers for the next due time, the next answer, or the next deadline. What it waits on
there is one epoll(7), so that a thousand connections to a server that is silent cost no more than one.
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

from .addresses import Addresses
from .outcome import Outcome, not_sent, shortened
from .prompt import wake_promptly
from .settings import Place

LONGEST_SLEEP_S = 0.01
"""Operations are handed over well before they are due, so looking for new ones this often is early enough."""

LONGEST_ANSWER = 48_000_000
"""Bytes: MongoDB's own limit of a message."""

HELLO = {"hello": 1, "$db": "admin"}


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    connected: bool = False
    op: Invoke | None = None
    sent_ns: int = 0
    received: bytearray = field(default_factory=bytearray)


class Hello(threading.Thread):
    """Performs hello operations, at most `size` at once. `place` may be changed at any time: connections to the old one
    are dropped.
    """

    def __init__(self, place: Place | None, deadline_s: float, done: Callable[[Outcome], None], size: int) -> None:
        super().__init__(name="hello", daemon=True)
        self.place = place
        self._reached = place
        self._addresses = Addresses(place)
        self._deadline_ns = int(deadline_s * 1e9)
        self._done = done
        self._size = size
        self._due: collections.deque[Invoke] = collections.deque()
        self._free: list[_Connection] = []
        self._busy: dict[_Connection, None] = {}  # in the order in which they were sent
        self._open: dict[int, _Connection] = {}
        self._poll = select.epoll()
        self._closed = False

    @property
    def idle(self) -> bool:
        return not self._due and not self._busy

    def submit(self, op: Invoke) -> None:
        self._due.append(op)

    def close(self) -> None:
        self._closed = True

    def run(self) -> None:
        wake_promptly()
        while not self._closed:
            self._begin_due()
            self._wait()
            self._end_overdue()  # after what has come is read: when it is we who were late, an answer is still one
        for connection in list(self._open.values()):
            self._drop(connection)

    def _wait(self) -> None:
        ready, _, _ = select.select([self._poll], [], [], self._pause_s())
        for fd, _ in self._poll.poll(0) if ready else ():
            connection = self._open.get(fd)
            if connection is None:
                continue
            if connection.connected:
                self._receive(connection)
            else:
                self._connected(connection)

    def _pause_s(self) -> float:
        now = time.monotonic_ns()
        wake_ns = now + LONGEST_SLEEP_S * 1e9
        if self._due:
            wake_ns = min(wake_ns, self._due[0].due_ns)
        if self._busy:
            wake_ns = min(wake_ns, next(iter(self._busy)).sent_ns + self._deadline_ns)
        return max(0.0, (wake_ns - now) / 1e9)

    def _begin_due(self) -> None:
        while self._due and self._due[0].due_ns <= time.monotonic_ns():
            if self.place != self._reached:
                self._move()
            op = self._due.popleft()
            now = time.monotonic_ns()
            if self._reached is None:
                self._done(Fail(op.op, now, now, "there is no pod to ask"))
            elif len(self._busy) >= self._size:
                self._done(not_sent(op, self._size))
            elif self._free:
                connection = self._free.pop()
                connection.op, connection.sent_ns = op, now
                self._busy[connection] = None
                self._send(connection)
            else:
                self._connect(self._reached, op, now)

    def _move(self) -> None:
        """Forgets free connections to the old place; operations under way there keep theirs to the end."""
        for connection in self._free:
            self._drop(connection)
        self._free.clear()
        self._reached = self.place

    def _connect(self, place: Place, op: Invoke, now: int) -> None:
        try:
            family, address = self._addresses.of(place)
            connection = _Connection(socket.socket(family, socket.SOCK_STREAM), op=op, sent_ns=now)
        except OSError as error:
            self._done(Fail(op.op, now, time.monotonic_ns(), shortened(error)))
            return
        connection.socket.setblocking(False)
        self._busy[connection] = None
        self._open[connection.socket.fileno()] = connection
        code = connection.socket.connect_ex(address)
        self._poll.register(connection.socket, select.EPOLLOUT)
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
        self._poll.modify(connection.socket, select.EPOLLIN)
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
        if length is not None and not 0 < length <= LONGEST_ANSWER:
            self._lose(connection, ConnectionError(f"the server's answer is no MongoDB message: length {length}"))
        elif length is not None and len(connection.received) >= length:
            self._answered(connection, connection.op, time.monotonic_ns())

    def _answered(self, connection: _Connection, op: Invoke, now: int) -> None:
        try:
            wire.reply(connection.received)
        except Exception as error:  # whatever nonsense a server answers, the pulse goes on
            self._lose(connection, error)
            return
        del self._busy[connection]
        connection.op = None
        connection.received.clear()
        if self.place == self._reached:
            self._free.append(connection)
        else:
            self._drop(connection)
        self._done(Ok(op.op, connection.sent_ns, now))

    def _fail(self, connection: _Connection, error: OSError) -> None:
        """No connection was made: nothing was sent."""
        del self._busy[connection]
        self._drop(connection)
        if connection.op is not None:
            self._done(Fail(connection.op.op, connection.sent_ns, time.monotonic_ns(), shortened(error)))

    def _lose(self, connection: _Connection, error: Exception) -> None:
        """The connection broke; where a hello was under way, nobody knows what became of it."""
        self._drop(connection)
        if connection.op is None:
            self._free.remove(connection)
            return
        del self._busy[connection]
        self._done(Info(connection.op.op, connection.sent_ns, time.monotonic_ns(), shortened(error)))

    def _drop(self, connection: _Connection) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()

    def _end_overdue(self) -> None:
        now = time.monotonic_ns()
        while self._busy and (late := next(iter(self._busy))).sent_ns + self._deadline_ns <= now:
            error = TimeoutError(f"no answer within {self._deadline_ns / 1e9:g} s")
            if late.connected:
                self._lose(late, error)
            else:
                self._fail(late, error)
