"""What stands in compare.json. Durations are whole nanoseconds; a difference is NEW less BASE: above 0 is later."""

from typing import Literal

import msgspec
from chaosmongo.history.results import Bracket

from recoveryreport.trials.records import Durations, Trial, Writes

FORMAT = 1
"""Version of compare.json."""

LEVEL = 0.05
"""How often "worse" or "better" may be said, at most, of sets that do not differ: of all that is compared together."""

Answer = Literal["better", "worse", "no difference shown", "too few runs"]


class ShiftInterval(msgspec.Struct, frozen=True):
    """Holds the difference with this confidence, whatever the truth within each value's own bracket. None: no end is
    known on that side, because too many runs had not recovered when they were no longer watched.
    """

    low_ns: int | None
    high_ns: int | None
    confidence: float


class Shift(msgspec.Struct, frozen=True):
    """One duration in both sets, with every value of each.

    shift: the median of all differences of a run of NEW and one of BASE (Hodges and Lehmann), as a bracket; None where
    most of them have no end. interval: None where there are too few runs for any. p: two-sided, of a difference beyond
    `at_least_s` of the comparison; corrected: for all that is compared together (Holm). None where a set has no value.
    """

    name: str
    base: Durations
    new: Durations
    shift: Bracket | None
    interval: ShiftInterval | None
    p: float | None
    corrected: float | None = None
    answer: Answer = "too few runs"


class PhaseShift(msgspec.Struct, frozen=True):
    """A phase, by the mark it ends with. lasted: from the mark before it; reached: from the fault."""

    name: str
    lasted: Shift
    reached: Shift


class Lost(msgspec.Struct, frozen=True):
    """A run with a loss. lost: acknowledged writes that are gone; spoilt: everything acknowledged, seeded scores too,
    that is not as it was acknowledged.
    """

    run: str
    lost: int
    spoilt: int


class Losses(msgspec.Struct, frozen=True):
    """Runs in which anything acknowledged was lost, altered or duplicated, in both sets.

    p: two-sided, Fisher's exact test. base_lost, new_lost: those runs.
    """

    base: Writes
    new: Writes
    base_lost: list[Lost]
    new_lost: list[Lost]
    p: float | None
    corrected: float | None = None
    answer: Answer = "too few runs"


class Unlike(msgspec.Struct, frozen=True):
    """A condition that differs, with its value in each set as text. meant: it is what was changed on purpose."""

    name: str
    base: str
    new: str
    meant: bool


class Side(msgspec.Struct, frozen=True):
    """One of the two sets. name: as it was given."""

    name: str
    experiment: str
    title: str
    runs: list[Trial]
    doubts: list[str]

    @property
    def pooled(self) -> int:
        return sum(trial.left_out != "all" for trial in self.runs)


class Comparison(msgspec.Struct, frozen=True):
    """compare.json. at_least_s: the smallest difference of recovery times that matters. compared: how many lanes and
    losses are corrected for together; phases explain, decide nothing and are corrected for among themselves. wall_ns:
    nanoseconds since the Unix epoch at which it was made.
    """

    answer: Answer
    sentence: str
    base: Side
    new: Side
    unlike: list[Unlike]
    at_least_s: float
    level: float
    compared: int
    lanes: list[Shift]
    losses: Losses
    phases: list[PhaseShift]
    doubts: list[str]
    wall_ns: int
    format: int = FORMAT
