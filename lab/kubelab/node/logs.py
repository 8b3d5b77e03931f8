"""Reads the logs of containers: the last lines, what was written since a time, and what comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kubelab.node.output import PART, STAMP_BYTES, TEXT_AT, stamp

CHUNK = 64 * 1024
LOOK_S = 0.1
"""How often a followed log is looked at."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """tail: so many lines at the end, taken before since (a stamp) leaves any out; limit: bytes of what is sent."""

    tail: int | None = None
    since: bytes = b""
    timestamps: bool = False
    follow: bool = False
    limit: int | None = None


def wanted(query: Mapping[str, str]) -> Wanted:
    """From the parameters of PodLogOptions. Raises ValueError."""
    since_ns = None
    if "sinceSeconds" in query:
        since_ns = time.time_ns() - int(query["sinceSeconds"]) * 10**9
    elif "sinceTime" in query:
        moment = datetime.fromisoformat(query["sinceTime"])
        since_ns = int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
    return Wanted(
        tail=int(query["tailLines"]) if "tailLines" in query else None,
        since=stamp(since_ns) if since_ns is not None else b"",
        timestamps=query.get("timestamps") == "true",
        follow=query.get("follow") == "true",
        limit=int(query["limitBytes"]) if "limitBytes" in query else None,
    )


def offset_of_tail(path: Path, lines: int) -> int:
    """Where the last `lines` lines begin."""
    if lines <= 0:
        return path.stat().st_size
    with path.open("rb") as file:
        position = end = file.seek(0, 2)
        found = 0
        while position > 0:
            size = min(CHUNK, position)
            position -= size
            file.seek(position)
            block = file.read(size)
            index = len(block)
            while (index := block.rfind(b"\n", 0, index)) >= 0:
                if position + index == end - 1:
                    continue  # The end of the last line begins no other.
                found += 1
                if found == lines:
                    return position + index + 1
        return 0


async def read(path: Path, what: Wanted, is_over: Callable[[], bool]) -> AsyncIterator[bytes]:
    """The container's own text; when following, until is_over() and everything is read."""
    left, lines = what.limit, _Lines(what)
    with path.open("rb") as file:
        file.seek(0 if what.tail is None else offset_of_tail(path, what.tail))
        while True:
            over = is_over()
            while block := file.read(CHUNK):
                text = lines.text_of(block)[:left]
                if text:
                    yield text
                if left is not None and (left := left - len(text)) <= 0:
                    return
            if not what.follow or over:
                return
            await asyncio.sleep(LOOK_S)


class _Lines:
    """From kept lines to the text that the client asked for."""

    def __init__(self, what: Wanted) -> None:
        self._what = what
        self._rest = b""
        self._begins = True

    def text_of(self, block: bytes) -> bytes:
        *lines, self._rest = (self._rest + block).split(b"\n")
        return b"".join(self._texts(lines))

    def _texts(self, lines: Iterable[bytes]) -> Iterable[bytes]:
        for line in lines:
            if line[:STAMP_BYTES] < self._what.since:
                continue
            if self._what.timestamps and self._begins:
                yield line[: STAMP_BYTES + 1]
            self._begins = line[STAMP_BYTES + 1 : STAMP_BYTES + 2] != PART
            yield line[TEXT_AT:]
            if self._begins:
                yield b"\n"
