"""A TCP proxy that breaks the service for a known time, as a process of its own: `python proxy.py PORT DATABASE-PORT`.

    client ──▶ accept ──▶ request ──▶ database      standard input:  a fault a line, {kind, begin_ns, end_ns, delay_s}
    client ◀── answer ◀───────────────────┘         standard output: the same with began_ns and ended_ns when it is
                                                    over; {lane, f, asked_ns, answered_ns} of inserts and finds;
                                                    {slow_ns: [from, to]} when the database itself was SLOW to answer,
                                                    {late_ns: [from, to]} when it was LATE to answer a hello

One thread, one loop: a request or answer is handled either before a fault begins or after, never half. What it does:

refuse   the listener is closed, and every connection is reset
reset    connections are accepted; whatever is asked is answered by a reset
stall    everything is accepted and kept; when it is over, what is kept goes on, oldest first
delay    each answer is handed on delay_s after it came
cut      half of each answer is handed on, then the connection is closed

Times are CLOCK_MONOTONIC nanoseconds, taken before and after the change itself: [before, after].
The requests of raw clients share connections to the database: it makes new ones more slowly than clients that try again
ask for them, and would stay down by that alone when a fault is over.
The port must lie outside the range from which the system picks ports for clients: a client that connects to a closed
port of that range is, now and then, given that very port as its own and talks to itself.
"""

import collections
import functools
import heapq
import itertools
import json
import os
import selectors
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import bson

HOST = "127.0.0.1"
OP_MSG = 2013
RESET = struct.pack("ii", 1, 0)
SLOW_NS = 400_000_000
"""As long as makes an operation fail whose deadline is 0.5 s."""
LATE_NS = 5_000_000
"""A tick of 200 hellos a second: no hello can tell more exactly than its answer is prompt."""
PROMPT = ("insert", "find", "hello")
"""Commands that a database answers at once ..."""
AWAITS = b"maxAwaitTimeMS"
"""... unless the question says that it may wait, as a driver's monitor does for seconds."""


READY = 256
"""Connections to the database that are made beforehand."""

FLUSHED_AT_ONCE = 8
"""So many kept messages are handed on before the loop looks again at what has come in meanwhile."""

Fault = dict[str, Any]
"""As it was told, and later with the moments at which it began and ended."""


class Way:
    """A connection to the database, and the client's connection that uses it now."""

    def __init__(self, database: socket.socket) -> None:
        self.database = database
        self.link: Link | None = None
        self.sent_ns = 0
        self.closed = False


class Link:
    """A client's connection. It has a way to the database from its first request on; a raw client's only for each
    request.
    """

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self.way: Way | None = None
        self.lane = ""
        self.command = ""
        self.asked_ns = 0
        self.kept = 0
        self.closed = False


class Proxy:
    def __init__(self, port: int, database_port: int) -> None:
        self._port = port
        self._database = (HOST, database_port)
        self._selector = selectors.DefaultSelector()
        self._links: set[Link] = set()
        self._plan: collections.deque[Fault] = collections.deque()
        self._fault: Fault | None = None
        self._kept: collections.deque[tuple[Link, bytes, bool]] = collections.deque()
        self._late: list[tuple[int, int, Link, bytes]] = []
        self._numbers = itertools.count()
        self._told = b""
        self._ended = False
        self._listener: socket.socket | None = None
        self._free = [self._made_ready() for _ in range(READY)]
        self._listen()
        self._selector.register(sys.stdin, selectors.EVENT_READ, self._told_something)

    def run(self) -> None:
        while not self._ended:
            events = self._selector.select(self._pause_s())
            self._keep_time()
            for key, _ in events:
                key.data()
            for _ in range(min(FLUSHED_AT_ONCE, len(self._kept))):
                if self._kind != "stall":
                    self._go_on()

    @property
    def _kind(self) -> str:
        return "" if self._fault is None else str(self._fault["kind"])

    # --- time ---

    def _pause_s(self) -> float | None:
        if self._kept and self._kind != "stall":
            return 0
        moments = [late[0] for late in self._late[:1]]
        if self._plan:
            moments.append(self._plan[0]["end_ns" if self._fault else "begin_ns"])
        return max(0, min(moments) - time.monotonic_ns()) / 1e9 if moments else None

    def _keep_time(self) -> None:
        while self._plan:
            fault = self._plan[0]
            if time.monotonic_ns() < fault["end_ns" if self._fault else "begin_ns"]:
                break
            before = time.monotonic_ns()
            if self._fault is None:
                fault["began_ns"] = [before, self._begin(fault)]
            else:
                self._end()
                fault["ended_ns"] = [before, time.monotonic_ns()]
                self._say(self._plan.popleft())
        while self._late and self._late[0][0] <= time.monotonic_ns():
            _, _, link, data = heapq.heappop(self._late)
            self._hand_on(link, data)

    def _begin(self, fault: Fault) -> int:
        """Returns the moment from which nothing is answered as before any more."""
        self._fault = fault
        if fault["kind"] == "refuse":
            self._close_listener()
        begun_ns = time.monotonic_ns()
        if fault["kind"] == "refuse":
            for link in list(self._links):
                self._close(link, reset=True)
        return begun_ns

    def _end(self) -> None:
        if self._listener is None:
            self._listen()
        self._fault = None

    # --- control ---

    def _told_something(self) -> None:
        data = os.read(sys.stdin.fileno(), 1 << 16)
        if not data:
            self._ended = True
            return
        *lines, self._told = (self._told + data).split(b"\n")
        self._plan.extend(json.loads(line) for line in lines)

    def _say(self, what: Fault) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    # --- connections ---

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self._port))
        listener.setblocking(False)
        listener.listen(4096)
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self) -> None:
        while self._listener is not None:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            link = Link(client)
            self._watch(client, functools.partial(self._asked, link))
            self._links.add(link)

    def _watch(self, connection: socket.socket, callback: Callable[[], None]) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, callback)

    def _close(self, link: Link, reset: bool = False) -> None:
        if link.closed:
            return
        link.closed = True
        self._links.discard(link)
        if reset:
            link.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._selector.unregister(link.client)
        link.client.close()
        if link.way is not None and link.lane != "server":
            self._drop(link.way)

    # --- the database ---

    def _connect(self) -> Way:
        way = Way(socket.create_connection(self._database, timeout=1))
        self._watch(way.database, functools.partial(self._answered, way))
        return way

    def _made_ready(self) -> Way:
        """Waits for an answer: connections that are made faster than the database takes them are dropped."""
        way = self._connect()
        way.database.setblocking(True)
        _send(way.database, hello())
        way.database.recv(1 << 16)
        way.database.setblocking(False)
        return way

    def _drop(self, way: Way) -> None:
        if way.closed:
            return
        way.closed = True
        if way in self._free:
            self._free.remove(way)
        self._selector.unregister(way.database)
        way.database.close()

    # --- requests and answers ---

    def _asked(self, link: Link) -> None:
        data = None if link.closed else _received(link.client)
        if data is None:
            return
        if not data:
            self._close(link)
            return
        if not link.lane:
            link.lane = lane_of(data)
        link.command, link.asked_ns = command_name(data), time.monotonic_ns()
        if AWAITS in data:
            link.command = ""
        if self._kind == "reset":
            self._close(link, reset=True)
        elif self._kind == "stall" or link.kept:
            self._keep(link, data, True)
        else:
            self._ask(link, data)

    def _ask(self, link: Link, data: bytes) -> None:
        try:
            if link.way is None:
                link.way = self._free.pop() if self._free else self._connect()
                link.way.link = link
            link.way.sent_ns = time.monotonic_ns()
            _send(link.way.database, data)
        except OSError:
            self._close(link, reset=True)

    def _answered(self, way: Way) -> None:
        data = None if way.closed else _received(way.database)
        if data is None:
            return
        link = way.link
        if not data:
            self._drop(way)
            if link is not None:
                self._close(link)
            return
        if link is None:
            return
        now = time.monotonic_ns()
        took_ns = now - way.sent_ns if way.sent_ns else 0
        if took_ns > SLOW_NS and link.command in PROMPT:
            self._say({"slow_ns": [way.sent_ns, now]})
        elif took_ns > LATE_NS and link.command == "hello":
            self._say({"late_ns": [way.sent_ns, now]})
        way.sent_ns = 0
        if link.lane == "server":
            link.way, way.link = None, None
            self._free.append(way)
        if link.closed:
            return
        if self._kind == "stall" or link.kept:
            self._keep(link, data, False)
        elif self._kind == "delay" and self._fault is not None:
            due_ns = time.monotonic_ns() + int(self._fault["delay_s"] * 1e9)
            heapq.heappush(self._late, (due_ns, next(self._numbers), link, data))
        elif self._kind == "cut":
            self._hand_on(link, data[: len(data) // 2], whole=False)
            self._close(link)
        else:
            self._hand_on(link, data)

    def _hand_on(self, link: Link, data: bytes, whole: bool = True) -> None:
        if link.closed:
            return
        try:
            _send(link.client, data)
        except OSError:
            self._close(link)
            return
        if whole and link.command in ("insert", "find"):
            now = time.monotonic_ns()
            self._say({"lane": link.lane, "f": link.command, "asked_ns": link.asked_ns, "answered_ns": now})
            link.command = ""

    def _keep(self, link: Link, data: bytes, is_request: bool) -> None:
        link.kept += 1
        self._kept.append((link, data, is_request))

    def _go_on(self) -> None:
        link, data, is_request = self._kept.popleft()
        link.kept -= 1
        if not link.closed:
            (self._ask if is_request else self._hand_on)(link, data)


def _received(connection: socket.socket) -> bytes | None:
    """What has come; empty at the end of the connection, None where nothing has."""
    try:
        return connection.recv(1 << 20)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _send(connection: socket.socket, data: bytes) -> None:
    """Messages are small and their readers quick: what does not fit into the socket's buffer is not put up with."""
    if connection.send(data) != len(data):
        raise BlockingIOError("a reader is too slow for this proxy")


def hello() -> bytes:
    body = b"\0\0\0\0\0" + bson.encode({"hello": 1, "$db": "admin"})
    return struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body


def command_name(data: bytes) -> str:
    """The first key of an OP_MSG's document: its command. Empty for anything else."""
    if len(data) < 27 or struct.unpack_from("<i", data, 12)[0] != OP_MSG or data[20] != 0:
        return ""
    return data[26 : data.find(b"\0", 26)].decode(errors="replace")


def lane_of(first: bytes) -> str:
    """Who asks, by the name that drivers send with their first message; a raw connection sends none."""
    if b"PyMongo" not in first:
        return "server"
    return "user" if b"name\0\x07\0\0\0pacman\0" in first else "driver"


if __name__ == "__main__":
    Proxy(int(sys.argv[1]), int(sys.argv[2])).run()
