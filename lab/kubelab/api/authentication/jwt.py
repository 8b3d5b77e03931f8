"""JSON Web Tokens (RFC 7519) signed with HMAC-SHA256: the server that signs them is the only one that believes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from pathlib import Path
from typing import Any

from kubelab.kubeconfig import write_private

Claims = dict[str, Any]

KEY_BYTES = 32


class BadToken(Exception):
    """It is not a token that this key has signed."""


def signing_key(path: Path) -> bytes:
    """The key in a file, which is made if it is not there, for its owner alone. Raises OSError, ValueError."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(KEY_BYTES)
        write_private(path, key)
    if len(key) < KEY_BYTES:
        raise ValueError(f"{path} holds no key: remove it, and a new one is made")
    return key


def encode(claims: Claims, key: bytes) -> str:
    signed = _HEADER + b"." + _packed(json.dumps(claims, separators=(",", ":")).encode())
    return (signed + b"." + _signature(signed, key)).decode()


def decode(token: str, key: bytes) -> Claims:
    """What a token says; whether that still holds is not looked at. Raises BadToken."""
    signed, _, signature = token.encode(errors="replace").rpartition(b".")
    if not hmac.compare_digest(signature, _signature(signed, key)):
        raise BadToken
    header, _, payload = signed.partition(b".")
    if header != _HEADER:
        raise BadToken
    try:
        claims = json.loads(_unpacked(payload))
    except (ValueError, binascii.Error):
        raise BadToken from None
    if not isinstance(claims, dict):
        raise BadToken
    return claims


def _signature(signed: bytes, key: bytes) -> bytes:
    return _packed(hmac.digest(key, signed, hashlib.sha256))


def _packed(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _unpacked(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


_HEADER = _packed(b'{"alg":"HS256","typ":"JWT"}')
