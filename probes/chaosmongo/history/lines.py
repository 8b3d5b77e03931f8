"""The lines of one file as records.

A torn last line (the writer died in the middle of it) is dropped and counted. Anything else that cannot be read is
damage: it is named, and the run's verdict can then not be better than unknown.
"""

import functools
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from . import records as r
from .errors import NewerFormat, RecordError
from .model import History

BLOCK = 1 << 18
"""Bytes that are read and decoded at once."""

NAMED = 100
"""Damaged lines of a file that are named one by one; the rest is counted."""

_decoder = functools.cache(msgspec.json.Decoder)


class _Versioned(msgspec.Struct):
    format: int = 0


def lines(file: Path, kind: Any, history: History) -> Iterator[Any]:
    """The records of a file, in order, less header and footer. Notes in `history` what was torn, damaged, not closed.

    A file that is not there has no records. Raises NewerFormat, and RecordError where it is there but cannot be read.
    """
    if not file.exists():
        return
    reading = _Reading(file, kind, history)
    headed = False
    for number, record in reading.records():
        if type(record) is r.Header:
            if record.format > r.FORMAT:
                raise _too_new(file, record.format)
            if headed or record.run != history.run.run:
                reading.damaged(number, f"records of another run ({record.run})")
            if record.run_crc32 not in (msgspec.UNSET, history.run_crc32):
                history.damage.append("run.json: not what was written when the run began")
            if _is_of_another_clock(record, history.run.anchor):
                history.damage.append(
                    f"{file.name}: recorded by another machine's clock than the run's (boot {record.boot_id}): its "
                    "times cannot be compared with the others"
                )
            headed = True
            continue
        if not headed:
            reading.damaged(number, "a record before the header")
            headed = True
        yield record
    reading.finish()


def _is_of_another_clock(header: r.Header, anchor: r.Anchor) -> bool:
    return header.boot_id is not msgspec.UNSET and bool(anchor.boot_id) and header.boot_id != anchor.boot_id


def refuse_newer(data: bytes, file: Path) -> None:
    """Raises NewerFormat where `data` says that it has a format that is newer than ours."""

    try:
        version = msgspec.json.decode(data, type=_Versioned).format
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    if version > r.FORMAT:
        raise _too_new(file, version)


def _too_new(file: Path, version: int) -> NewerFormat:
    return NewerFormat(
        f"{file} has format {version}; this version reads up to {r.FORMAT}. Update chaostoolkit-mongodb to read it"
    )


class _Reading:
    """One pass through a file, block by block: line by line only where a block holds something that cannot be read."""

    def __init__(self, file: Path, kind: Any, history: History) -> None:
        self._file = file
        self._decoder = _decoder(kind)
        self._history = history
        self._damaged = 0
        self._closed = False
        self._crc32 = 0

    def records(self) -> Iterator[tuple[int, Any]]:
        """Every record, with the number of its line, less the footer."""
        first = 1
        for block in self._blocks():
            for number, record in self._decoded(block, first):
                if self._closed:
                    self.damaged(number, "a record after the footer")
                if type(record) is r.Footer:
                    self._close(record, block, first, number)
                else:
                    yield number, record
            first += block.count(b"\n")
            self._crc32 = zlib.crc32(block, self._crc32)

    def damaged(self, number: int, what: str) -> None:
        self._damaged += 1
        if self._damaged <= NAMED:
            self._history.damage.append(f"{self._file.name} line {number}: {what}")

    def finish(self) -> None:
        """Notes what can only be said when all of the file was seen."""
        if self._damaged > NAMED:
            self._history.damage.append(f"{self._file.name}: {self._damaged - NAMED:,} more lines are damaged")
        if not self._closed:
            self._history.unclosed.append(self._file.name)

    def _blocks(self) -> Iterator[bytes]:
        """The file in blocks of whole lines."""
        try:
            source = self._file.open("rb")
        except OSError as error:
            raise RecordError(f"{self._file} cannot be read: {error.strerror}") from None
        rest = b""
        with source:
            while chunk := source.read(BLOCK):
                whole, end, rest = (rest + chunk).rpartition(b"\n")
                if end:
                    yield whole + end
        if rest:
            self._history.torn.append(self._file.name)

    def _decoded(self, block: bytes, first: int) -> Iterator[tuple[int, Any]]:
        """`first`: number of the block's first line."""
        try:
            records = self._decoder.decode_lines(block)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._one_by_one(block, first)
        if len(records) != block.count(b"\n"):
            return self._one_by_one(block, first)
        return enumerate(records, first)

    def _one_by_one(self, block: bytes, first: int) -> Iterator[tuple[int, Any]]:
        for number, line in enumerate(block.split(b"\n")[:-1], first):
            try:
                yield number, self._decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                refuse_newer(line, self._file)
                self.damaged(number, str(error))

    def _close(self, footer: r.Footer, block: bytes, first: int, number: int) -> None:
        self._closed = True
        before = b"".join(line + b"\n" for line in block.split(b"\n")[: number - first])
        if (footer.lines, footer.crc32) != (number - 1, zlib.crc32(before, self._crc32)):
            self._history.damage.append(
                f"{self._file.name}: not the {footer.lines:,} lines that were written: lines were lost or altered"
            )
