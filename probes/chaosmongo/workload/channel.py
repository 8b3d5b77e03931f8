"""A workload process' end of the channel to its runner: pipes, or a socket where the runner has not started it.

Either carries the same lines both ways, and ends for the process when the runner is gone, however that ended.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from chaosmongo import process
from chaosmongo.errors import WorkloadFailed

from .settings import Arrival, Greeting, Share

ANSWERS_WITHIN_S = 5
POD, TOKEN = "POD_NAME", "WORKLOAD_TOKEN"
"""Environment variables of a process in a pod."""


@dataclass(frozen=True)
class Channel:
    reader: BinaryIO
    writer: BinaryIO

    def say(self, word: msgspec.Struct) -> None:
        self.writer.write(msgspec.json.encode(word) + b"\n")
        self.writer.flush()


def pipes() -> Channel:
    """To the runner that has started this process."""
    return Channel(sys.stdin.buffer, sys.stdout.buffer)


def to_runner(place: Path, share: Share, pod: str, token: str) -> Channel:
    """To the runner that waits at the socket `place`. Raises WorkloadFailed where nobody does."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWERS_WITHIN_S)
    try:
        with short(place) as address:
            connection.connect(address)
        channel = Channel(connection.makefile("rb"), connection.makefile("wb"))
        msgspec.json.decode(channel.reader.readline(), type=Greeting)
        channel.say(Arrival(share.shard, share.of, pod, process.boot(), time.monotonic_ns(), token))
    except (OSError, msgspec.MsgspecError) as error:
        connection.close()
        raise WorkloadFailed(
            f"No runner waits at {place} ({error}): is it gone, or is its run directory on no volume of this pod?"
        ) from None
    connection.settimeout(None)
    return channel


@contextmanager
def short(place: Path) -> Iterator[str]:
    """An address for a Unix socket at any path: the kernel takes no more than 107 bytes (unix(7)), so it is named by
    its directory's descriptor. Raises OSError.
    """
    directory = os.open(place.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{place.name}"
    finally:
        os.close(directory)
