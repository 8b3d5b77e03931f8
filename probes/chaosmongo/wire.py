"""MongoDB's wire protocol on a connection of our own: OP_MSG, and SCRAM for logging in.

A driver hides what a server does: it pools, monitors, retries and waits. To see the server itself we speak to it
directly. Sources: the MongoDB wire protocol specification (OP_MSG), RFC 5802 and RFC 7677 (SCRAM).
"""

import base64
import functools
import hashlib
import hmac
import itertools
import os
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field
from typing import Any

import bson

OP_MSG = 2013
_HEADER = struct.Struct("<iiii")
_request_ids = itertools.count(1)

Command = dict[str, Any]


class ConnectionFailed(OSError):
    """No connection was made (refused, unreachable, too late): nothing was sent."""


class ServerError(Exception):
    """The server answered that it did not do it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} (code {code})")
        self.code = code


@dataclass(frozen=True)
class Credentials:
    """A user, the database that knows it, and its password, which no message shows."""

    user: str
    password: str = field(repr=False)
    source: str = "admin"


def message(command: Command) -> bytes:
    """The bytes of a command. `command` names its database by the key $db."""
    body = b"\0\0\0\0\0" + bson.encode(command)
    return _HEADER.pack(_HEADER.size + len(body), next(_request_ids), 0, OP_MSG) + body


def message_length(start: bytes | bytearray) -> int | None:
    """Bytes of the whole message of which this is the start, or None where that cannot be told yet."""
    return _HEADER.unpack_from(start)[0] if len(start) >= _HEADER.size else None


def reply(data: bytes | bytearray) -> Command:
    """The document in a whole message. Raises ServerError where it says ok: 0, ConnectionError where it is nonsense."""
    try:
        length, _, _, opcode = _HEADER.unpack_from(data)
        if length != len(data) or opcode != OP_MSG or data[20] != 0:
            raise ValueError(f"opcode {opcode}")
        document: Command = bson.decode(bytes(data[21:]))
    except (struct.error, IndexError, ValueError, bson.errors.InvalidBSON) as error:
        raise ConnectionError(f"the server's answer is no MongoDB message: {error}") from None
    if document.get("ok") != 1:
        code = document.get("code")
        raise ServerError(code if isinstance(code, int) else 0, str(document.get("errmsg", "refused"))[:200])
    return document


class Connection:
    """One blocking connection. Every call takes the moment (CLOCK_MONOTONIC, seconds) by which it must be done.

    `sent` tells whether the last call has put any of its command on the wire.
    """

    def __init__(self, host: str, port: int, deadline: float, tls: ssl.SSLContext | None = None) -> None:
        self.sent = False
        try:
            self._socket = socket.create_connection((host, port), timeout=_left(deadline))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self._socket = tls.wrap_socket(self._socket, server_hostname=host)
        except OSError as error:
            raise ConnectionFailed(f"{host}:{port}: {error}") from None

    def close(self) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def call(self, command: Command, deadline: float) -> Command:
        """Sends a command and returns the answer. Raises ServerError, TimeoutError or another OSError."""
        self.sent = False
        self._socket.settimeout(_left(deadline))
        data = message(command)
        self.sent = True
        self._socket.sendall(data)
        return reply(self._receive(deadline))

    def _receive(self, deadline: float) -> bytearray:
        data = bytearray()
        while (length := message_length(data)) is None or len(data) < length:
            if length is not None and not 21 <= length <= 48_000_000:
                raise ConnectionError(f"the server's answer is no MongoDB message: length {length}")
            self._socket.settimeout(_left(deadline))
            chunk = self._socket.recv(65536)
            if not chunk:
                raise ConnectionError("the server closed the connection")
            data += chunk
        return data

    def log_in(self, credentials: Credentials, deadline: float) -> None:
        """SCRAM-SHA-256, or SCRAM-SHA-1 where the user has no other. Raises ServerError where it is refused."""
        user = f"{credentials.source}.{credentials.user}"
        hello = self.call({"hello": 1, "$db": "admin", "saslSupportedMechs": user}, deadline)
        only_sha1 = "SCRAM-SHA-256" not in hello.get("saslSupportedMechs", ["SCRAM-SHA-256"])
        scram = Scram(credentials, "sha1" if only_sha1 else "sha256")
        start = {
            "saslStart": 1,
            "mechanism": scram.mechanism,
            "payload": scram.first(),
            "options": {"skipEmptyExchange": True},
            "$db": credentials.source,
        }
        answer = self.call(start, deadline)
        proof = scram.final(bytes(answer["payload"]))
        again = {"saslContinue": 1, "conversationId": answer["conversationId"], "$db": credentials.source}
        answer = self.call(again | {"payload": proof}, deadline)
        scram.verify(bytes(answer["payload"]))
        while not answer.get("done"):
            answer = self.call(again | {"payload": b""}, deadline)


class Scram:
    """The client's side of one SCRAM conversation (RFC 5802; MongoDB hashes the password first for SHA-1)."""

    def __init__(self, credentials: Credentials, algorithm: str) -> None:
        self._algorithm = algorithm
        self._nonce = base64.b64encode(os.urandom(24)).decode()
        self._bare = f"n={credentials.user.replace('=', '=3D').replace(',', '=2C')},r={self._nonce}"
        if algorithm == "sha1":
            digest = hashlib.md5(f"{credentials.user}:mongo:{credentials.password}".encode()).hexdigest()
            self._password = digest.encode()
        else:
            from pymongo.saslprep import saslprep

            self._password = saslprep(credentials.password).encode()
        self._signature = b""

    @property
    def mechanism(self) -> str:
        return "SCRAM-SHA-1" if self._algorithm == "sha1" else "SCRAM-SHA-256"

    def first(self) -> bytes:
        return b"n,," + self._bare.encode()

    def final(self, challenge: bytes) -> bytes:
        """The proof that answers the server's challenge. Raises ConnectionError where that is not for us."""
        parts = dict(part.split("=", 1) for part in challenge.decode().split(",") if "=" in part)
        nonce, salt, iterations = parts.get("r", ""), parts.get("s", ""), int(parts.get("i", "0"))
        if not nonce.startswith(self._nonce) or iterations < 4096:
            raise ConnectionError("the server's login challenge is not an answer to ours")
        salted = _salted(self._algorithm, self._password, base64.b64decode(salt), iterations)
        without_proof = f"c=biws,r={nonce}"
        what = f"{self._bare},{challenge.decode()},{without_proof}".encode()
        client = self._hmac(salted, b"Client Key")
        stored = hashlib.new(self._algorithm, client).digest()
        proof = bytes(a ^ b for a, b in zip(client, self._hmac(stored, what), strict=True))
        self._signature = base64.b64encode(self._hmac(self._hmac(salted, b"Server Key"), what))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, answer: bytes) -> None:
        """Raises ConnectionError where the server does not prove that it knows the user, too."""
        if not hmac.compare_digest(answer, b"v=" + self._signature):
            raise ConnectionError("the server could not prove that it knows the user")

    def _hmac(self, key: bytes, what: bytes) -> bytes:
        return hmac.digest(key, what, self._algorithm)


@functools.lru_cache(maxsize=8)
def _salted(algorithm: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    """Slow on purpose (RFC 5802), so done once: a reconnecting client must not be measured by its own hashing."""
    return hashlib.pbkdf2_hmac(algorithm, password, salt, iterations)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer within its deadline")
    return left
