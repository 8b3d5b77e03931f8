"""python -m chaosmongo.tunnel: opens a listener for every line of its standard input, ends when that does."""

import functools
import os
import signal
import sys
from urllib.parse import quote

import msgspec
from websocket import WebSocket

from chaosmongo.cluster import Cluster
from chaosmongo.errors import ChaosMongoError

from .endpoints import Endpoints, Target
from .listener import Listener
from .relay import SUBPROTOCOL
from .settings import Ended, Forward, Opened

OPENS_WITHIN_S = 3.0
"""For each step of opening a WebSocket. Clients have given up long before; see `queueing` for what hangs."""


class Tunnel:
    def __init__(self) -> None:
        """Raises NoCluster."""
        self._cluster = Cluster()
        self._endpoints: dict[str, Endpoints] = {}
        self._listeners: list[Listener] = []

    def open(self, forward: Forward) -> int:
        """The local port. Raises ChaosMongoError."""
        connect = functools.partial(self._connect, forward.namespace)
        if forward.pod:
            target = Target(forward.pod, forward.port)
            listener = Listener(lambda: [target], connect)
        else:
            endpoints = self._following(forward.namespace)
            listener = Listener(lambda: endpoints.ready(forward.service, forward.port_name), connect)
            listener.check()
        listener.start()
        self._listeners.append(listener)
        return listener.port

    def ended(self) -> Ended:
        return Ended(sum(listener.starved for listener in self._listeners))

    def _following(self, namespace: str) -> Endpoints:
        if namespace not in self._endpoints:
            self._endpoints[namespace] = Endpoints(self._cluster, namespace)
        return self._endpoints[namespace]

    def _connect(self, namespace: str, target: Target) -> WebSocket:
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(target.pod, safe='')}/portforward"
        return self._cluster.websocket(path, SUBPROTOCOL, OPENS_WITHIN_S, ports=target.port)


def _say(word: Opened | Ended) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle
    sys.setswitchinterval(0.0005)  # a connection that wakes up waits no longer than this for another one's Python
    tunnel = None
    for line in sys.stdin.buffer:
        try:
            tunnel = tunnel or Tunnel()
            _say(Opened(port=tunnel.open(msgspec.json.decode(line, type=Forward))))
        except (ChaosMongoError, OSError) as error:
            _say(Opened(error=str(error)))
    try:
        _say(tunnel.ended() if tunnel else Ended(0))
    except BrokenPipeError:
        return  # the runner was killed


if __name__ == "__main__":
    main()
    os._exit(0)  # whoever is still connected is told by the kernel
