"""Answers hello, and all else as if nothing were there, with as little work as it can:

    python -m benchmarks.responder HOST PORT

Where a database on the same cores is the limit, this shows what the workload alone sustains. It is no database: nothing
but the rate and the lateness of hello may be measured against it.
"""

import select
import socket
import struct
import sys

import bson
from chaosmongo import wire

HEADER = struct.Struct("<iiii")
NOTHING = {"id": 0, "ns": "pacman.highscore", "firstBatch": []}
ANSWER = {"isWritablePrimary": True, "minWireVersion": 0, "maxWireVersion": 25, "cursor": NOTHING, "ok": 1.0}
BODY = b"\0\0\0\0\0" + bson.encode(ANSWER)


def serve(host: str, port: int) -> None:
    """Until it is ended. Every request is one OP_MSG that comes in one piece, as the workload sends it."""
    with socket.create_server((host, port), backlog=1024) as listener, select.epoll() as poll:
        clients: dict[int, socket.socket] = {}
        poll.register(listener, select.EPOLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == listener.fileno():
                    client, _ = listener.accept()
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    clients[client.fileno()] = client
                    poll.register(client, select.EPOLLIN)
                elif not _answered(clients[fd]):
                    poll.unregister(fd)
                    clients.pop(fd).close()


def _answered(client: socket.socket) -> bool:
    try:
        request = client.recv(4096)
        if not request:
            return False
        _, number, _, _ = HEADER.unpack_from(request)
        client.sendall(HEADER.pack(HEADER.size + len(BODY), number, number, wire.OP_MSG) + BODY)
    except ConnectionError:
        return False
    return True


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
