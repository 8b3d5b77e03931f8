"""One forwarded Service or pod: a local port, and for each connection a new way to the pod that is ready now."""

import itertools
import select
import socket
import struct
import threading
from collections.abc import Callable, Sequence

from websocket import WebSocket

from chaosmongo.errors import ApiRefused, NoCluster, NotFound

from .endpoints import Target
from .queueing import Attempt, Queue
from .relay import Broken, Refused, Relay
from .settings import LOOPBACK

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with 0 s: close(2) then tells the client at once that the connection is lost (socket(7))."""
LEFT = select.POLLRDHUP | select.POLLHUP | select.POLLERR
BACKLOG = 512

Connect = Callable[[Target], WebSocket]


class Listener:
    """targets: the pods that may be asked now. connect: opens a WebSocket to one; raises ApiRefused, NoCluster."""

    def __init__(self, targets: Callable[[], Sequence[Target]], connect: Connect) -> None:
        self._targets = targets
        self._connect = connect
        self._queue = Queue(self._start, _left, reset)
        self._turns = itertools.count()
        self._socket = socket.create_server((LOOPBACK, 0), backlog=BACKLOG)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def starved(self) -> int:
        """See `Queue.starved`."""
        return self._queue.starved

    def check(self) -> None:
        """Tries once whether there is a pod and whether we may. Raises ChaosMongoError with what is amiss."""
        target = self._target()
        if target is None:
            raise NotFound("none of its pods is Ready")
        try:
            self._connect(target).shutdown()  # type: ignore[no-untyped-call]
        except ApiRefused as refusal:
            if refusal.status == 403:
                raise NotFound(f"{refusal}; it takes the verbs get and create on pods/portforward") from None
            raise

    def start(self) -> None:
        threading.Thread(target=self._accept, name=f"listen-{self.port}", daemon=True).start()

    def _accept(self) -> None:
        while True:
            local, _ = self._socket.accept()
            local.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._targets():
                self._queue.add(local)
            else:
                reset(local)

    def _target(self) -> Target | None:
        """In turn, where there are several."""
        targets = self._targets()
        return targets[next(self._turns) % len(targets)] if targets else None

    def _start(self, attempt: Attempt[socket.socket]) -> None:
        threading.Thread(target=self._attempt, args=(attempt,), daemon=True).start()

    def _attempt(self, attempt: Attempt[socket.socket]) -> None:
        target = self._target()
        try:
            upstream = self._connect(target) if target else None
        except (ApiRefused, NoCluster):
            upstream = None
        if target is None or upstream is None:
            self._queue.decided(attempt, refused=True)
            return
        try:
            self._serve(attempt, upstream, target.port)
        finally:
            upstream.shutdown()  # type: ignore[no-untyped-call]
            self._queue.decided(attempt, refused=False)

    def _serve(self, attempt: Attempt[socket.socket], upstream: WebSocket, port: int) -> None:
        relay = Relay(upstream, port, lambda refused: self._queue.decided(attempt, refused), self._queue.answered)
        local = self._queue.opened(attempt)
        try:
            if local is None and attempt.cautious:
                relay.wait_until_decided()
                local = self._queue.opened(attempt, accepted=True)
            if local is not None:
                relay.run(local)
                local.close()
        except (Refused, Broken):
            pass  # the client is told by the reset
        finally:
            if local is not None:
                reset(local)


def reset(local: socket.socket) -> None:
    """Ends a connection so that the other side sees at once that it is lost; one that is closed stays so."""
    if local.fileno() != -1:
        local.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        local.close()


def _left(local: socket.socket) -> bool:
    """Whether the client has closed its end."""
    waiter = select.poll()
    waiter.register(local, LEFT)
    return any(events & LEFT for _, events in waiter.poll(0))
