"""SCRAM-SHA-256 (RFC 7677) on a connection, as MongoDB speaks it. Passwords are taken as they are, without SASLprep."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from .errors import CommandFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wire import Connection


def authenticate(connection: Connection, database: str, user: str, password: str) -> None:
    """Log in as a user of a database; CommandFailed (code 18) when either side does not know the password."""
    first = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={base64.b64encode(os.urandom(24)).decode()}"
    start = {"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": f"n,,{first}".encode()}
    reply = connection.command(database, start)
    challenge = reply["payload"].decode()
    final, signature = _proof(first, challenge, password)
    step = {"saslContinue": 1, "conversationId": reply["conversationId"], "payload": final.encode()}
    reply = connection.command(database, step)
    if reply["payload"].decode() != f"v={signature}":
        raise CommandFailed("saslContinue", "the server does not know the password that it accepted", 18)
    if not reply.get("done"):
        connection.command(database, step | {"payload": b""})


def _proof(first: str, challenge: str, password: str) -> tuple[str, str]:
    """The client's final message, and the signature that the server must answer with."""
    parts = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
    client_key = _hmac(salted, b"Client Key")
    bare = f"c=biws,r={parts['r']}"
    message = f"{first},{challenge},{bare}".encode()
    mask = _hmac(hashlib.sha256(client_key).digest(), message)
    proof = bytes(a ^ b for a, b in zip(client_key, mask, strict=True))
    signature = _hmac(_hmac(salted, b"Server Key"), message)
    return f"{bare},p={base64.b64encode(proof).decode()}", base64.b64encode(signature).decode()


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
