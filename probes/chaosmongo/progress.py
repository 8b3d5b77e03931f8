"""How the workload fares right now, read from the end of its growing record."""

import bisect
from pathlib import Path

import msgspec

from chaosmongo.history import RunDirectory
from chaosmongo.history import records as r

STREAK = 20
STREAK_NS = 1_000_000_000
"""A lane works stably when at least this many operations, over at least this long, were ok without a break."""


class Progress:
    """The streak of ok operations of each lane, of all shards together, up to the last `look`."""

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._shards: dict[Path, _Shard] = {}
        self._streaks: dict[str, _Streak] = {}

    def look(self) -> None:
        """Takes in what was recorded since."""
        for path in self._directory.ops_files():
            if path not in self._shards:
                self._shards[path] = _Shard(path)
        for shard in self._shards.values():
            ended = shard.look()
            for lane in shard.lanes:
                self._streaks.setdefault(lane, _Streak())
            for lane, due_ns, ok in ended:
                self._streaks.setdefault(lane, _Streak()).take(due_ns, ok)

    def stable_since(self, time_ns: int) -> bool:
        """Whether every lane has had a stable streak of operations due after time_ns."""
        return bool(self._streaks) and all(streak.stable_since(time_ns) for streak in self._streaks.values())

    def longest_down(self, now_ns: int) -> tuple[str, int] | None:
        """The lane that has been without an ok operation for longest after one that was not, and for how long; None
        where none is down.
        """
        down = [(since, lane) for lane, streak in self._streaks.items() if (since := streak.down_since_ns) is not None]
        if not down:
            return None
        since_ns, lane = min(down)
        return lane, now_ns - since_ns


class _Shard:
    """The growing record of one process."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""
        self._decoder = msgspec.json.Decoder(r.OpsLine)
        self._open: dict[int, tuple[str, int]] = {}
        self.lanes: list[str] = []

    def look(self) -> list[tuple[str, int, bool]]:
        """Lane, due time and whether it was ok, of each operation that ended since."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        ended = []
        for record in map(self._decoder.decode, lines):
            if isinstance(record, r.Plan):
                self.lanes = list(record.lanes)
            elif isinstance(record, r.Invoke):
                self._open[record.op] = (record.lane, record.due_ns)
            elif isinstance(record, r.Ok | r.Fail | r.Info):
                ended.append((*self._open.pop(record.op), isinstance(record, r.Ok)))
        return ended


class _Streak:
    """Due times of the newest ok operations of a lane since the last that was not, in whatever order they are told.

    No more of them are kept than make a stable streak.
    """

    def __init__(self) -> None:
        self._ok: list[int] = []
        self._broken_ns = 0
        self._latest_ok_ns = 0
        self._failed_since_ns = 0

    @property
    def down_since_ns(self) -> int | None:
        """When the first operation was due that was not ok, with none ok since; None while the lane works."""
        return self._failed_since_ns or None

    def take(self, due_ns: int, ok: bool) -> None:
        self._look_for_failure(due_ns, ok)
        if not ok:
            self._broken_ns = max(self._broken_ns, due_ns)
            del self._ok[: bisect.bisect_right(self._ok, self._broken_ns)]
        elif due_ns > self._broken_ns:
            bisect.insort(self._ok, due_ns)
            surplus = max(0, min(len(self._ok) - STREAK, bisect.bisect_right(self._ok, self._ok[-1] - STREAK_NS) - 1))
            del self._ok[:surplus]

    def _look_for_failure(self, due_ns: int, ok: bool) -> None:
        if ok:
            self._latest_ok_ns = max(self._latest_ok_ns, due_ns)
            if due_ns > self._failed_since_ns:
                self._failed_since_ns = 0
        elif due_ns > self._latest_ok_ns:
            self._failed_since_ns = min(self._failed_since_ns or due_ns, due_ns)

    def stable_since(self, time_ns: int) -> bool:
        after = self._ok[bisect.bisect_right(self._ok, time_ns) :]
        return len(after) >= STREAK and after[-1] - after[0] >= STREAK_NS
