"""Reading objects in Kubernetes' protobuf encoding: kubectl's imperative commands send what they create in it.

    "k8s\\0", then a runtime.Unknown: 1 = {1: apiVersion, 2: kind}, 2 = the object

An object becomes what Go would write of it as JSON. protobuf.json says which number is which field.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

Object = dict[str, Any]
Field = tuple[str, str, bool]
"""Name in JSON (empty: its fields are those of the owner), type, whether it is left out when it is empty."""

PREFIX = b"k8s\0"
DELETE_OPTIONS = "DeleteOptions"
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_TIMES_S = (0, -62135596800)
"""Both mean: no time. The second is the year 1, Go's zero."""


@cache
def messages() -> dict[str, dict[int, Field]]:
    loaded = json.loads(Path(__file__).with_name("protobuf.json").read_text())
    return {
        name: {number: (field, word, bool(omitted)) for number, field, word, omitted in fields}
        for name, fields in loaded.items()
    }


def decode(body: bytes) -> Object:
    """The object with kind and apiVersion; of a kind that is not known here, these alone. Raises ValueError."""
    if not body.startswith(PREFIX):
        raise ValueError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(parts(body[len(PREFIX) :]))
    header = dict(parts(blob(envelope.get(1, b""))))
    api_version, kind = (blob(header.get(number, b"")).decode() for number in (1, 2))
    name = f"meta/v1.{kind}" if kind == DELETE_OPTIONS else f"{package(api_version)}.{kind}"
    found = message(blob(envelope.get(2, b"")), name) if name in messages() else {}
    return {"kind": kind, "apiVersion": api_version, **found}


def package(api_version: str) -> str:
    """As in protobuf.json: rbac.authorization.k8s.io/v1 -> rbac/v1, v1 -> core/v1."""
    group, _, version = api_version.rpartition("/")
    return f"{group.partition('.')[0]}/{version}" if group else f"core/{version}"


def parts(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: number and value, in their order. Raises ValueError."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        wire_type, value = tag & 7, b""
        if wire_type == VARINT:
            number, at = varint(data, at)
            yield tag >> 3, number
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(wire_type)
        if wire_type == BYTES:
            size, at = varint(data, at)
        if size is None or at + size > len(data):
            raise ValueError("proto: illegal wireType or unexpected EOF")
        value, at = data[at : at + size], at + size
        yield tag >> 3, value


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of at most 64 bits, and where it ends. Raises ValueError."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
    raise ValueError("proto: integer overflow")


def message(data: bytes, name: str) -> Object:
    """One message in its form as JSON. Raises ValueError."""
    fields, result = messages()[name], Object()
    for number, value in parts(data):
        if number not in fields:
            continue
        field, word, omitted = fields[number]
        if word.startswith("list:"):
            result.setdefault(field, []).append(convert(value, word[5:]))
        elif word.startswith("map:"):
            entry = dict(parts(blob(value)))
            key = blob(entry.get(1, b"")).decode()
            result.setdefault(field, {})[key] = convert(entry.get(2, b""), word[4:])
        elif not field:
            result |= message(blob(value), word)
        elif (converted := convert(value, word)) is not None and (converted or not omitted):
            result[field] = converted
    return result


def convert(value: int | bytes, word: str) -> Any:
    """A value of a field; None for a time that is none. Raises ValueError."""
    if word.startswith("list:"):  # the value of a map: a message of its own
        return [convert(item, word[5:]) for number, item in parts(blob(value)) if number == 1]
    reader = READERS.get(word)
    return reader(value) if reader else message(blob(value), word)


def blob(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("proto: wrong wireType = 0")
    return value


def signed(value: int | bytes) -> int:
    if not isinstance(value, int):
        if value:
            raise ValueError("proto: wrong wireType = 2")
        value = 0  # the absent value of a map's entry
    return value - (1 << 64) if value >> 63 else value


def moment(value: int | bytes) -> tuple[int, int] | None:
    """Seconds and nanoseconds since 1970."""
    found = dict(parts(blob(value)))
    seconds, nanos = signed(found.get(1, 0)), signed(found.get(2, 0))
    return None if seconds in NO_TIMES_S and not nanos else (seconds, nanos)


def time(value: int | bytes) -> str | None:
    since = moment(value)
    return shown(since[0], 0).strftime("%Y-%m-%dT%H:%M:%SZ") if since else None


def micro_time(value: int | bytes) -> str | None:
    since = moment(value)
    return shown(*since).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if since else None


def shown(seconds: int, nanos: int) -> datetime:
    try:
        return EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        raise ValueError(f"no time: {seconds} s since 1970") from None


def int_or_string(value: int | bytes) -> int | str:
    found = dict(parts(blob(value)))
    return blob(found.get(3, b"")).decode() if signed(found.get(1, 0)) else signed(found.get(2, 0))


def raw(value: int | bytes) -> Any:
    """JSON inside of a message."""
    found = blob(dict(parts(blob(value))).get(1, b""))
    return json.loads(found) if found else None


READERS: dict[str, Callable[[int | bytes], Any]] = {
    "string": lambda value: blob(value).decode(),
    "bytes": lambda value: base64.b64encode(blob(value)).decode(),
    "bool": lambda value: bool(signed(value)),
    "int32": signed,
    "int64": signed,
    "time": time,
    "microtime": micro_time,
    "quantity": lambda value: blob(dict(parts(blob(value))).get(1, b"")).decode(),
    "intorstring": int_or_string,
    "raw": raw,
}
