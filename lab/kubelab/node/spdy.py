"""SPDY/3.1 on a connection: streams in both directions, cut into frames. What kubectl's port-forward still speaks.

    control frame  1, version (15 bits), type (16) | flags (8), length (24) | what the type says
    data frame     0, stream (31)                  | flags (8), length (24) | data

After SPDY Protocol Draft 3.1 (chromium.org), sections 2.2 and 2.6. Windows are read and not heeded: neither Kubernetes
nor its library (spdystream) ever widens one, so who waited for that would wait for ever after 64 KiB.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

VERSION = 3
FIN = 0x01
HEAD_BYTES = 8
LENGTH_LIMIT_BYTES = 1 << 20
"""Of one frame that we take; spdystream's are as long as what was read at once, 32 KiB."""
HEADERS_LIMIT_BYTES = 16 * 1024
"""Of the headers of one stream."""

PROTOCOL_ERROR = 1
"""Why a stream or a connection ends that the other side did not use rightly."""


class Kind(IntEnum):
    """Types of control frames."""

    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    HEADERS = 8
    WINDOW_UPDATE = 9


_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status|200 OK|version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _words() -> Iterator[bytes]:
    for part in _WORDS.split("|"):
        yield from [part.encode()] if part == "200 OK" else (word.encode() for word in part.split())


DICTIONARY = b"".join(struct.pack(">I", len(word)) + word for word in _words()) + _TAIL.encode()
"""What the compression of headers begins with (section 2.6.10.1)."""


class SpdyError(Exception):
    """What was read is not SPDY/3.1; the connection cannot go on."""


@dataclass(frozen=True, slots=True)
class SynStream:
    """The other side opens a stream; fin: and will send nothing on it."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class SynReply:
    """The stream is accepted."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Headers:
    """More headers of a stream."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream; fin: the last ones of their direction."""

    stream: int
    data: bytes
    fin: bool = False


@dataclass(frozen=True, slots=True)
class RstStream:
    """The stream is over in both directions; status: why."""

    stream: int
    status: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Values by their number."""

    values: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Ping:
    """Sent back as it is; odd from a client, even from a server."""

    id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """No stream after last_stream is served; status 0: nothing is wrong."""

    last_stream: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    """So many bytes more may be sent."""

    stream: int
    delta: int


Frame = SynStream | SynReply | Headers | Data | RstStream | Settings | Ping | GoAway | WindowUpdate


class Codec:
    """One end of a connection. Headers are compressed as one stream each way: every frame must pass through."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(zdict=DICTIONARY)
        self._decompressor = zlib.decompressobj(zdict=DICTIONARY)
        self._received = bytearray()

    def encode(self, frame: Frame) -> bytes:
        match frame:
            case Data(stream, data, fin):
                return struct.pack(">II", stream, fin << 24 | len(data)) + data
            case SynStream(stream, headers, fin):
                return _control(Kind.SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + self._compressed(headers), fin)
            case SynReply(stream, headers, fin):
                return _control(Kind.SYN_REPLY, struct.pack(">I", stream) + self._compressed(headers), fin)
            case Headers(stream, headers, fin):
                return _control(Kind.HEADERS, struct.pack(">I", stream) + self._compressed(headers), fin)
            case RstStream(stream, status):
                return _control(Kind.RST_STREAM, struct.pack(">II", stream, status))
            case Settings(values):
                pairs = b"".join(struct.pack(">II", number, value) for number, value in values.items())
                return _control(Kind.SETTINGS, struct.pack(">I", len(values)) + pairs)
            case Ping(number):
                return _control(Kind.PING, struct.pack(">I", number))
            case GoAway(stream, status):
                return _control(Kind.GOAWAY, struct.pack(">II", stream, status))
            case WindowUpdate(stream, delta):
                return _control(Kind.WINDOW_UPDATE, struct.pack(">II", stream, delta))

    def decode(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with these bytes; the rest is kept for the next ones. Raises SpdyError."""
        self._received += data
        while len(self._received) >= HEAD_BYTES:
            first, second = struct.unpack_from(">II", self._received)
            length = second & 0xFFFFFF
            if length > LENGTH_LIMIT_BYTES:
                raise SpdyError(f"a frame of {length} bytes is too long")
            if len(self._received) < HEAD_BYTES + length:
                return
            body = bytes(self._received[HEAD_BYTES : HEAD_BYTES + length])
            del self._received[: HEAD_BYTES + length]
            frame = self._read(first, second >> 24, body)
            if frame is not None:
                yield frame

    def _read(self, first: int, flags: int, body: bytes) -> Frame | None:
        """None for a type that is not known, which is to be ignored (section 2.2.1)."""
        fin = bool(flags & FIN)
        if not first >> 31:
            return Data(first, body, fin)
        if first >> 16 & 0x7FFF != VERSION:
            raise SpdyError(f"version {first >> 16 & 0x7FFF} is spoken, not {VERSION}")
        try:
            return self._control(first & 0xFFFF, fin, body)
        except struct.error:
            raise SpdyError(f"a control frame of type {first & 0xFFFF} is cut off") from None

    def _control(self, kind: int, fin: bool, body: bytes) -> Frame | None:
        match kind:
            case Kind.SYN_STREAM:
                return SynStream(_number(body), self._decompressed(body[10:]), fin)
            case Kind.SYN_REPLY:
                return SynReply(_number(body), self._decompressed(body[4:]), fin)
            case Kind.HEADERS:
                return Headers(_number(body), self._decompressed(body[4:]), fin)
            case Kind.RST_STREAM:
                return RstStream(_number(body), _number(body, 4))
            case Kind.SETTINGS:
                numbers = range(4, 4 + 8 * _number(body), 8)
                return Settings({_number(body, at) & 0xFFFFFF: _number(body, at + 4) for at in numbers})
            case Kind.PING:
                return Ping(_number(body))
            case Kind.GOAWAY:
                return GoAway(_number(body), _number(body, 4))
            case Kind.WINDOW_UPDATE:
                return WindowUpdate(_number(body), _number(body, 4))
        return None

    def _compressed(self, headers: Mapping[str, str]) -> bytes:
        block = bytearray(struct.pack(">I", len(headers)))
        for name, value in headers.items():
            for text in (name.lower().encode(), value.encode()):
                block += struct.pack(">I", len(text)) + text
        return self._compressor.compress(block) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def _decompressed(self, data: bytes) -> dict[str, str]:
        try:
            block = self._decompressor.decompress(data, HEADERS_LIMIT_BYTES + 1)
        except zlib.error as error:
            raise SpdyError(f"headers cannot be decompressed: {error}") from None
        if len(block) > HEADERS_LIMIT_BYTES:
            raise SpdyError(f"headers of more than {HEADERS_LIMIT_BYTES} bytes are too long")
        texts, at = [], 4
        for _ in range(2 * min(_number(block), HEADERS_LIMIT_BYTES)):
            length = _number(block, at)
            texts.append(block[at + 4 : at + 4 + length].decode(errors="replace"))
            at += 4 + length
        if at > len(block):
            raise SpdyError("headers are cut off")
        return dict(zip(texts[::2], texts[1::2], strict=True))


def _control(kind: Kind, body: bytes, fin: bool = False) -> bytes:
    return struct.pack(">II", 1 << 31 | VERSION << 16 | kind, fin << 24 | len(body)) + body


def _number(body: bytes, at: int = 0) -> int:
    """Raises struct.error where nothing is."""
    (found,) = struct.unpack_from(">I", body, at)
    return int(found)
