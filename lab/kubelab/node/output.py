"""What a container writes, kept line by line with the time at which it came, as container runtimes keep it.

    2026-11-24T08:32:46.123456789Z F a whole line
    2026-11-24T08:32:46.123456789Z P part of a line that is too long, or goes on

After the CRI's log format (kubernetes/pkg/kubelet/kuberuntime/logs), without the stream's name: a container has one
pipe for both of its outputs, so that their lines keep their order.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

WHOLE, PART = b"F", b"P"
STAMP_BYTES = 30
TEXT_AT = STAMP_BYTES + 3
LINE_LIMIT_BYTES = 16 * 1024
"""A longer line is kept in parts."""


def stamp(time_ns: int) -> bytes:
    """A time of the wall clock, always as long: stamps are in order of time when they are in order of their bytes."""
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z".encode()


class Output(asyncio.Protocol):
    """Takes what comes out of a pipe into a file. over: everybody who could write has ended, and all of it is there."""

    def __init__(self, file: FileIO) -> None:
        self.over = False
        self._file = file
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._keep(lines)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        last, self._rest = self._rest, b""
        self._keep([last] if last else [])
        self._file.close()
        self.over = True

    def _keep(self, lines: list[bytes]) -> None:
        now = stamp(time.time_ns())
        kept = []
        for line in lines:
            begin = 0
            while len(line) - begin > LINE_LIMIT_BYTES:
                kept.append(b"%b %b %b\n" % (now, PART, line[begin : begin + LINE_LIMIT_BYTES]))
                begin += LINE_LIMIT_BYTES
            kept.append(b"%b %b %b\n" % (now, WHOLE, line[begin:]))
        while len(self._rest) > LINE_LIMIT_BYTES:
            kept.append(b"%b %b %b\n" % (now, PART, self._rest[:LINE_LIMIT_BYTES]))
            self._rest = self._rest[LINE_LIMIT_BYTES:]
        with suppress(OSError):  # a full disk takes the lines, not the container
            self._file.write(b"".join(kept))


@asynccontextmanager
async def kept_in(path: Path) -> AsyncIterator[tuple[int, Output]]:
    """A descriptor for a process that is started meanwhile, and what becomes of its output. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    output = Output(FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a"))
    reading, writing = os.pipe()
    try:
        await asyncio.get_running_loop().connect_read_pipe(lambda: output, FileIO(reading))
        yield writing, output
    finally:
        os.close(writing)
