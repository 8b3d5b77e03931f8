"""The runner's end of the workload: starts its processes, tells them things, stops them."""

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from chaosmongo.errors import WorkloadFailed
from chaosmongo.history import RunDirectory
from chaosmongo.workload.job import Pods
from chaosmongo.workload.local import LocalShard
from chaosmongo.workload.settings import Place, Settings, Share, Tell
from chaosmongo.workload.shard import Shard

STOPS_WITHIN_S = 10
"""A workload ends by itself within its longest deadline; one that has not this much later is killed."""

BEGINS_AFTER_S = 0.3
"""Shards begin at one moment, this much after the last of them was ready: until then each knows of it."""


class Handle:
    """A running workload of one or more processes. Each ends by itself when this process does."""

    def __init__(self, settings: Settings, timeout_s: float = 15, shards: int = 1, pods: Pods | None = None) -> None:
        """Starts it; returns when its first operation is due. Raises WorkloadFailed with its reason.

        pods: what starts it elsewhere; None: as many processes beside this one as there are shards.
        """
        self._patience_s = settings.longest_deadline_s + STOPS_WITHIN_S
        self._shards: Sequence[Shard] = _beside(settings, shards) if pods is None else pods.start()
        several = len(self._shards) > 1
        if several:
            settings = msgspec.structs.replace(settings, begins="told")
        end = time.monotonic() + timeout_s
        try:
            self._tell(settings)
            for shard in self._shards:
                self._expect_ready(shard, end)
        except BaseException:
            for shard in self._shards:
                shard.kill()
            raise
        if several:
            self._tell(Tell(begin_ns=time.monotonic_ns() + int(BEGINS_AFTER_S * 1e9)))

    @property
    def running(self) -> bool:
        return all(shard.status is None for shard in self._shards)

    @property
    def pids(self) -> list[int]:
        return [shard.pid for shard in self._shards if isinstance(shard, LocalShard)]

    def move(self, place: Place | None) -> None:
        """The server lane goes on at `place`. A workload that has ended does not mind."""
        self._tell(Tell(server=place))

    def stop(self) -> int:
        """Tells it to end and waits until its record is closed: 0, or the exit status of the first that had another."""
        self._tell(Tell(stop=True))
        end = time.monotonic() + self._patience_s
        return next((status for status in [shard.wait(end) for shard in self._shards] if status), 0)

    def why(self) -> str:
        """How it ended, for an error message: status, last lines, and the path of its log."""
        failed = [shard for shard in self._shards if shard.status]
        ended = failed or [shard for shard in self._shards if shard.status is not None] or self._shards
        return "; ".join(shard.why() for shard in ended)

    def _expect_ready(self, shard: Shard, end: float) -> None:
        word = shard.first_word(end)
        if word is None:
            raise WorkloadFailed(shard.why())
        if not word.ready:
            raise WorkloadFailed(word.error)

    def _tell(self, what: Settings | Tell) -> None:
        for shard in self._shards:
            try:
                shard.say(what)
            except (OSError, ValueError):
                continue


def _beside(settings: Settings, shards: int) -> list[LocalShard]:
    directory = RunDirectory(Path(settings.record))
    return [LocalShard(Share(number, shards), directory.shard_log(number, shards)) for number in range(shards)]
