"""What stands in trend.json: every run as it was found, and what the runs of an experiment say over time.

Durations are whole nanoseconds; `wall_ns` and all other moments are nanoseconds since the Unix epoch, by the clock of
the machine that recorded the run. Names and texts are those of the record, with the codes of characters that steer a
terminal in their place; what is longer than `LONGEST` characters is cut.
"""

from typing import Literal

import msgspec
from chaosmongo.history.results import Answer, Bracket

from recoveryreport.trials.records import Duration

FORMAT = 1
"""Version of trend.json."""

LONGEST = 500
"""Characters of a text that are kept."""

LOST = "writes lost"
"""Name of the series of acknowledged writes that are missing; the others are named by their lane."""

State = Literal["passed", "failed", "unknown", "no verdict", "damaged", "newer format"]
"""What is known of a run: its verdict, or why there is none. no verdict: killed, or still under way."""


class Change(msgspec.Struct, frozen=True):
    """A condition that was another one in the run before; None where it was not there."""

    name: str
    before: str | None
    after: str | None


class Lane(msgspec.Struct, frozen=True):
    """A lane's recovery time (RTA) in one run, its objective (RTO) in seconds, and whether that was met."""

    recovery: Duration
    objective_s: float | None
    met: bool | None


class Entry(msgspec.Struct, frozen=True):
    """One run. state: its verdict, or why it has none; `sentence` says it in words. wall_ns None: nothing tells when.

    directory: of the run. address: the same below the directory of all runs, percent-encoded (RFC 3986). lanes: by
    name; empty where there is no verdict. vouched: the record vouches for its times (see
    `recoveryreport.trials.recorded`); those of another run are shown, and take no part in what is said of many. lost:
    acknowledged writes that are missing, None where not known; lost_vouched likewise. rpa_ns: how far back the last
    surviving one lies (RPA), where some are missing. lost_at_most: the objective (RPO). changes: conditions that were
    others in the run before. report: whether there is a report.html.
    """

    directory: str
    address: str
    state: State
    sentence: str
    wall_ns: int | None
    lanes: dict[str, Lane] = {}
    vouched: bool = False
    lost: int | None = None
    lost_vouched: bool = False
    rpa_ns: int | None = None
    acknowledged: int | None = None
    lost_at_most: int | None = None
    changes: list[Change] = []
    doubts: list[str] = []
    report: bool = False

    @property
    def answer(self) -> Answer:
        """A run without a verdict is unknown: it never counts as passed."""
        return self.state if self.state in ("passed", "failed", "unknown") else "unknown"


class Gap(msgspec.Struct, frozen=True):
    """`runs` that the schedule expected are missing between two moments; the first of them was due at due_ns. overdue:
    nothing has come since.
    """

    since_ns: int
    due_ns: int
    until_ns: int
    runs: int
    overdue: bool


class Level(msgspec.Struct, frozen=True):
    """A stretch of runs without a shift, from `first` to `last` (counted from 0 in the experiment's `runs`): how many
    vouched values it has, and their median. Of writes lost, the numbers are writes, not nanoseconds.
    """

    first: int
    last: int
    values: int
    median: Bracket | None


class ShiftFound(msgspec.Struct, frozen=True):
    """A change point: from the run of that place on, the values lie at another level.

    upwards: at a higher one. p: how often chance alone would make one as strong (statistics.shifts). nearby: conditions
    that changed within `NEARBY` runs of it: together with it, not therefore its cause.
    """

    run: int
    upwards: bool
    p: float
    before: Level
    after: Level
    nearby: list[Change] = []


NEARBY = 2


class Series(msgspec.Struct, frozen=True):
    """One lane's recovery times, or `LOST`, over the runs. values: how many took part."""

    name: str
    values: int
    levels: list[Level]
    shifts: list[ShiftFound]


class Experiment(msgspec.Struct, frozen=True):
    """The runs of one experiment, the oldest first; those of which nothing tells when are the last.

    address: of its directory, below that of all runs, percent-encoded. answer: of the newest run, and no better than
    unknown where a run is overdue, or the newest one lies in the future, so that it may not be the newest. removed: how
    many runs were there and were removed to make room (`trend.removed`); they are not missing.
    """

    name: str
    address: str
    title: str
    answer: Answer
    states: dict[str, int]
    runs: list[Entry]
    gaps: list[Gap]
    series: list[Series]
    removed: int = 0

    @property
    def missing(self) -> int:
        return sum(gap.runs for gap in self.gaps)

    @property
    def newest(self) -> Entry:
        return self.runs[-1]


class Trend(msgspec.Struct, frozen=True):
    """trend.json. answer: the worst of the experiments'. every_s: the schedule, None where none was named. level: the
    share of unchanged series in which a shift is found all the same. passed_over: what is in the directory and is no
    run. unread: what could not be looked into.
    """

    wall_ns: int
    answer: Answer
    every_s: float | None
    level: float
    experiments: list[Experiment]
    passed_over: list[str]
    unread: list[str]
    format: int = FORMAT
