"""One connection to a MongoDB server: OP_MSG commands over a socket, nothing cached, nothing retried."""

from __future__ import annotations

import socket
import struct

from . import bson
from .errors import CommandFailed, ServerUnreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bson import Document

OP_MSG = 2013
MAX_REPLY_BYTES = 48_000_000  # maxMessageSizeBytes of every server version


class Connection:
    """A connection; commands are answered in turn. Raises ServerUnreachable when there is no server."""

    def __init__(self, host: str, port: int, timeout_s: float = 2.0) -> None:
        self.where = f"{host}:{port}"
        self._request = 0
        try:
            self._socket = socket.create_connection((host, port), timeout_s)
        except OSError as error:
            raise ServerUnreachable(f"cannot connect to {self.where}: {error}") from error

    def command(self, database: str, command: Document) -> Document:
        """Run a command and return the answer; CommandFailed for ok: 0, ServerUnreachable for none."""
        self._request += 1
        body = struct.pack("<IB", 0, 0) + bson.encode({**command, "$db": database})
        header = struct.pack("<iiii", len(body) + 16, self._request, 0, OP_MSG)
        try:
            self._socket.sendall(header + body)
            reply = bson.decode(self._receive()[5:])  # after the flags and the section's kind
        except (OSError, ValueError, struct.error, IndexError) as error:
            raise ServerUnreachable(f"no usable answer from {self.where}: {error}") from error
        if reply.get("ok") != 1:
            name = next(iter(command))
            raise CommandFailed(name, str(reply.get("errmsg", "no reason given")), int(reply.get("code", 0)))
        return reply

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _receive(self) -> bytes:
        length, _, _, opcode = struct.unpack("<iiii", self._exactly(16))
        if opcode != OP_MSG or not 21 < length <= MAX_REPLY_BYTES:
            raise ValueError(f"not a MongoDB message (opcode {opcode}, {length} bytes)")
        return self._exactly(length - 16)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            chunk = self._socket.recv(min(size - len(data), 1 << 20))
            if not chunk:
                raise ConnectionError("the connection was closed")
            data += chunk
        return bytes(data)
