"""What stands in trials.json: raw values as they were measured, and the statistics that were derived from them.

Durations are whole nanoseconds. Whoever compares two files reads `conditions` and the `values`; everything else can be
derived again.
"""

from typing import Literal

import msgspec
from chaosmongo.history.results import Answer, Bracket

FORMAT = 1
"""Version of trials.json."""

Condition = str | int | float | bool | None

Kind = Literal["recovered", "censored", "no outage"]


class Duration(msgspec.Struct, frozen=True):
    """A duration in one run: the truth lies between lo_ns and hi_ns.

    censored: it had not come to its end when the run's record ended, lo_ns after it began; hi_ns is None.
    no outage: none was seen, so that it was shorter than hi_ns.
    """

    run: str
    lo_ns: int
    hi_ns: int | None
    kind: Kind = "recovered"

    @property
    def middle_ns(self) -> int:
        """Of a censored one, the time for which it was watched."""
        return self.lo_ns if self.hi_ns is None else (self.lo_ns + self.hi_ns) // 2


class Interval(msgspec.Struct, frozen=True):
    """Holds a quantile with this confidence: from the `low`-th smallest of the values' lower ends to the `high`-th
    smallest of their upper ends, so that what each of them is uncertain by is held too. high_ns None: no upper end is
    known.
    """

    low_ns: int
    high_ns: int | None
    low: int
    high: int
    confidence: float


class NotYet(msgspec.Struct, frozen=True):
    """From after_ns on, this share had not recovered (Kaplan-Meier). low, high: between which shares the true one lies
    at that moment (95 %).
    """

    after_ns: int
    share: float
    low: float = 0.0
    high: float = 1.0


class Durations(msgspec.Struct, frozen=True):
    """One duration over all pooled runs.

    median: of these runs, as a bracket; None where fewer than half came to their end. interval: for the median of what
    they are a sample of; None for fewer than six. smallest, largest: middles of those that came to their end. spread:
    standard deviation over mean of the same. not_yet: only where some are censored. p95: below which 95 % of these runs
    lie; p95_interval: for that of what they are a sample of. Both None for fewer than 72, of which no value bounds it
    from above; p95 also where more than 5 % did not come to their end.
    """

    name: str
    values: list[Duration]
    censored: int
    no_outage: int
    median: Bracket | None
    interval: Interval | None
    smallest_ns: int | None
    largest_ns: int | None
    spread: float | None
    not_yet: list[NotYet] = []
    p95: Bracket | None = None
    p95_interval: Interval | None = None


class Lane(msgspec.Struct, frozen=True):
    """Recovery times (RTA) of a lane. met, missed: the objective, by runs; the rest cannot be said or had none.
    unavailable: all its outages together, whatever caused them.
    """

    recovery: Durations
    objective_s: float | None
    met: int
    missed: int
    unavailable: Durations | None = None


class PhaseTrials(msgspec.Struct, frozen=True):
    """A phase, by the mark it ends with. lasted: from the mark before it, which may be another one in another run;
    reached: from the fault, which is the same in all of them.
    """

    name: str
    lasted: Durations
    reached: Durations


class Writes(msgspec.Struct, frozen=True):
    """Acknowledged writes in the `runs` whose read-back is complete.

    seeded: scores that were there before the load; seeded_spoilt: of these, missing, altered or duplicated.
    runs_with_loss: runs in which anything acknowledged was lost, altered or duplicated. at_most: where there is none,
    the probability below which that of such a run lies (95 %). between: where there are some, its 95 % interval.
    """

    runs: int
    acknowledged: int
    lost: int
    altered: int
    duplicated: int
    applied: int
    phantoms: int
    stale_reads: int
    seeded: int
    seeded_spoilt: int
    runs_with_loss: int
    at_most: float | None
    between: tuple[float, float] | None


class PhaseSpan(msgspec.Struct, frozen=True):
    """A phase of one run, in nanoseconds from its first phase's beginning."""

    name: str
    start_ns: int
    end_ns: int


class Trial(msgspec.Struct, frozen=True):
    """One run. acknowledged, lost: writes; None where not known. spoilt: everything acknowledged, seeded scores too,
    that is not as it was acknowledged; None where nothing vouches for it. left_out: "all" or the "times" of it are not
    in the statistics, and `why`; of an unknown run that is in them, `why` says what is not known. unlike: of a run of
    which nothing is pooled, in which conditions it differs from those that are. phases: as they followed each other;
    none where its times are not in the statistics. doubts: the run's own.
    """

    run: str
    directory: str
    verdict: Answer
    sentence: str
    acknowledged: int | None
    lost: int | None
    left_out: Literal["", "times", "all"]
    why: str
    spoilt: int | None = None
    unlike: list[str] = []
    phases: list[PhaseSpan] = []
    doubts: list[str] = []


class Trials(msgspec.Struct, frozen=True):
    """trials.json. asked: how many runs were to be made. conditions: those of every pooled run. wall_ns: nanoseconds
    since the Unix epoch at which they were pooled.
    """

    experiment: str
    title: str
    wall_ns: int
    asked: int
    verdicts: dict[str, int]
    runs: list[Trial]
    conditions: dict[str, Condition]
    lanes: list[Lane]
    phases: list[PhaseTrials]
    writes: Writes
    doubts: list[str]
    format: int = FORMAT

    @property
    def pooled(self) -> int:
        return sum(trial.left_out != "all" for trial in self.runs)
