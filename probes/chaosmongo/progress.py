"""How the workload fares right now, read from the end of its growing record."""

from pathlib import Path

import msgspec

from chaosmongo.history import records as r

STREAK = 20
STREAK_NS = 1_000_000_000
"""A lane works stably when at least this many operations, over at least this long, were ok without a break."""


class Progress:
    """The streak of ok operations of each lane, up to the last `look`."""

    def __init__(self, ops: Path) -> None:
        self._file = ops.open("rb")
        self._rest = b""
        self._decoder = msgspec.json.Decoder(r.OpsLine)
        self._lane: dict[int, tuple[str, int]] = {}
        self._streaks: dict[str, list[int]] = {}

    def look(self) -> None:
        """Takes in what was recorded since."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            record = self._decoder.decode(line)
            if isinstance(record, r.Plan):
                self._streaks = {lane: [] for lane in record.lanes}
            elif isinstance(record, r.Invoke):
                self._lane[record.op] = (record.lane, record.due_ns)
            elif isinstance(record, r.Ok | r.Fail | r.Info):
                self._ended(record)

    def stable_since(self, time_ns: int) -> bool:
        """Whether every lane has had a stable streak of operations due after time_ns."""
        return bool(self._streaks) and all(
            _stable([due for due in streak if due > time_ns]) for streak in self._streaks.values()
        )

    def _ended(self, record: r.Ok | r.Fail | r.Info) -> None:
        lane, due_ns = self._lane.pop(record.op)
        streak = self._streaks.setdefault(lane, [])
        if isinstance(record, r.Ok):
            streak.append(due_ns)
            del streak[: -STREAK * 50]
        else:
            streak.clear()


def _stable(streak: list[int]) -> bool:
    return len(streak) >= STREAK and max(streak) - min(streak) >= STREAK_NS
