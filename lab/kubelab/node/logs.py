"""Reads the logs of containers: the last lines, and what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

CHUNK = 64 * 1024
LOOK_S = 0.1
"""How often a followed log is looked at."""


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


async def read(path: Path, offset: int, *, follow: bool, is_over: Callable[[], bool]) -> AsyncIterator[bytes]:
    """The log from offset on; when following, until is_over() and everything is read."""
    with path.open("rb") as file:
        file.seek(offset)
        while True:
            over = is_over()
            while block := file.read(CHUNK):
                yield block
            if not follow or over:
                return
            await asyncio.sleep(LOOK_S)
