"""The part of BSON that commands and their answers need (bsonspec.org), without pymongo's import time.

Encodes str, bool, int, float, None, bytes, dict and list. Decodes those, and object ids as hexadecimal strings, dates
as milliseconds since 1970, timestamps as integers; other types are refused.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    Document: TypeAlias = dict[str, Any]


def encode(document: Document) -> bytes:
    """One document. Raises TypeError for a value of an unknown type."""
    return _document(document.items())


def _document(items: Iterable[tuple[str, object]]) -> bytes:
    body = b"".join(_element(name, value) for name, value in items)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _element(name: str, value: object) -> bytes:
    kind, data = _value(value)
    return kind + name.encode() + b"\0" + data


def _value(value: object) -> tuple[bytes, bytes]:
    if isinstance(value, str):
        raw = value.encode()
        return b"\x02", struct.pack("<i", len(raw) + 1) + raw + b"\0"
    if isinstance(value, dict):
        return b"\x03", _document(value.items())
    if isinstance(value, list):
        return b"\x04", _document((str(i), item) for i, item in enumerate(value))
    if isinstance(value, bytes):
        return b"\x05", struct.pack("<iB", len(value), 0) + value
    if isinstance(value, bool):
        return b"\x08", bytes([value])
    if value is None:
        return b"\x0a", b""
    if isinstance(value, int):
        small = -(2**31) <= value < 2**31
        return (b"\x10", struct.pack("<i", value)) if small else (b"\x12", struct.pack("<q", value))
    if isinstance(value, float):
        return b"\x01", struct.pack("<d", value)
    raise TypeError(f"cannot encode {type(value).__name__} as BSON")


def decode(data: bytes) -> Document:
    """One document. Raises ValueError for a type that is not listed above."""
    return dict(_elements(data, 0))


def _elements(data: bytes, start: int) -> list[tuple[str, Any]]:
    end = start + _int(data, start) - 1
    at, found = start + 4, []
    while at < end:
        kind, name_end = data[at], data.index(b"\0", at + 1)
        name = data[at + 1 : name_end].decode()
        value, at = _read(kind, name, data, name_end + 1)
        found.append((name, value))
    return found


_FIXED = {0x01: "<d", 0x08: "<?", 0x09: "<q", 0x10: "<i", 0x11: "<Q", 0x12: "<q"}


def _read(kind: int, name: str, data: bytes, at: int) -> tuple[Any, int]:
    if layout := _FIXED.get(kind):
        return struct.unpack_from(layout, data, at)[0], at + struct.calcsize(layout)
    if kind == 0x0A:
        return None, at
    if kind == 0x07:
        return data[at : at + 12].hex(), at + 12
    size = _int(data, at)
    if kind == 0x02:
        return data[at + 4 : at + 3 + size].decode(), at + 4 + size
    if kind == 0x03:
        return dict(_elements(data, at)), at + size
    if kind == 0x04:
        return [value for _, value in _elements(data, at)], at + size
    if kind == 0x05:
        return data[at + 5 : at + 5 + size], at + 5 + size
    raise ValueError(f"BSON type 0x{kind:02x} of field {name!r} is not known here")


def _int(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<i", data, at)[0])
