"""SPDY/3.1, as the draft has it and as it is cut up on its way."""

from __future__ import annotations

import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubelab.node.spdy import (
    DICTIONARY,
    HEADERS_LIMIT_BYTES,
    LENGTH_LIMIT_BYTES,
    Codec,
    Data,
    Frame,
    GoAway,
    Headers,
    Ping,
    RstStream,
    Settings,
    SpdyError,
    SynReply,
    SynStream,
    WindowUpdate,
)

HEADERS = {"streamtype": "data", "port": "8080", "requestid": "0"}
FRAMES: list[Frame] = [
    SynStream(1, HEADERS),
    SynStream(3, {**HEADERS, "streamtype": "error"}, fin=True),
    SynReply(1),
    Headers(1, {"more": "ünicode"}),
    Data(1, b"bytes" * 1000),
    Data(1, b"", fin=True),
    RstStream(3, 5),
    Settings({4: 100, 7: 65536}),
    Ping(1),
    WindowUpdate(1, 65536),
    GoAway(3),
]


def encoded(*frames: Frame) -> bytes:
    codec = Codec()
    return b"".join(map(codec.encode, frames))


class TestFrames:
    @given(cuts=st.lists(st.integers(1, 5100), max_size=8))
    def test_are_read_as_they_were_written_wherever_they_are_cut(self, cuts: list[int]) -> None:
        whole, codec, read = encoded(*FRAMES), Codec(), []
        places = [0, *sorted(cuts), len(whole)]
        for begin, end in itertools.pairwise(places):
            read += codec.decode(whole[begin:end])
        assert read == FRAMES

    @pytest.mark.parametrize(
        ("frame", "wire"),
        [
            (Data(5, b"hi", fin=True), "00000005 01000002 6869"),
            (RstStream(5, 3), "80030003 00000008 00000005 00000003"),
            (Settings({4: 100}), "80030004 0000000c 00000001 00000004 00000064"),
            (Ping(7), "80030006 00000004 00000007"),
            (GoAway(5, 1), "80030007 00000008 00000005 00000001"),
            (WindowUpdate(5, 256), "80030009 00000008 00000005 00000100"),
        ],
    )
    def test_have_the_drafts_layout(self, frame: Frame, wire: str) -> None:
        assert encoded(frame) == bytes.fromhex(wire)
        assert list(Codec().decode(bytes.fromhex(wire))) == [frame]

    def test_carry_headers_compressed_with_the_drafts_dictionary(self) -> None:
        wire = encoded(SynStream(1, {"method": "GET"}))
        assert wire[:18] == bytes.fromhex("80030001 %08x 00000001 00000000 0000" % (len(wire) - 8))
        block = zlib.decompressobj(zdict=DICTIONARY).decompress(wire[18:])
        assert block == b"\0\0\0\1\0\0\0\6method\0\0\0\3GET"
        assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)

    def test_of_an_unknown_type_are_passed_over(self) -> None:
        assert list(Codec().decode(bytes.fromhex("80030063 00000001 00") + encoded(Ping(1)))) == [Ping(1)]


class TestRefused:
    @pytest.mark.parametrize(
        ("wire", "why"),
        [
            ("80020006 00000004 00000001", "version 2 is spoken, not 3"),
            ("80030006 00000002 0000", "type 6 is cut off"),
            ("80030004 00000008 00000005 00000000", "type 4 is cut off"),
            ("80030001 0000000c 00000001 00000000 0000 ffff", "cannot be decompressed"),
            ("00000001 00ffffff", "too long"),
        ],
    )
    def test_what_is_no_frame(self, wire: str, why: str) -> None:
        with pytest.raises(SpdyError, match=why):
            list(Codec().decode(bytes.fromhex(wire)))

    def test_headers_that_grow_when_they_are_decompressed(self) -> None:
        with pytest.raises(SpdyError, match="too long"):
            list(Codec().decode(encoded(SynStream(1, {"a": "x" * HEADERS_LIMIT_BYTES}))))

    @pytest.mark.parametrize("block", [b"\0\0\0\1", b"\0\0\0\1\0\0\0\1a\0\0\0\x09b", b"\xff\xff\xff\xff\0\0\0\1a"])
    def test_headers_that_are_cut_off(self, block: bytes) -> None:
        compressor = zlib.compressobj(zdict=DICTIONARY)
        body = bytes(10) + compressor.compress(block) + compressor.flush(zlib.Z_SYNC_FLUSH)
        with pytest.raises(SpdyError, match="cut off"):
            list(Codec().decode(bytes.fromhex("80030001") + len(body).to_bytes(4, "big") + body))

    @given(st.binary(max_size=200))
    def test_nothing_else_is_raised_whatever_comes(self, wire: bytes) -> None:
        try:
            for frame in Codec().decode(wire):
                assert len(getattr(frame, "data", b"")) <= LENGTH_LIMIT_BYTES
        except SpdyError:
            pass
