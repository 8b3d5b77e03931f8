"""What the checks say of a run: verdict.json. Plain values only; times in nanoseconds of the run's monotonic clock.

A measured moment is a bracket [lo_ns, hi_ns] in which the truth lies: it is reported as the middle with half the width
as uncertainty.
"""

from typing import Any, Literal

import msgspec

from .records import FORMAT

Answer = Literal["passed", "failed", "unknown"]


class Bracket(msgspec.Struct, frozen=True):
    """A moment, or a duration, known to lie between lo_ns and hi_ns.

    Whole nanoseconds throughout: a monotonic clock may stand beyond what a float holds exactly.
    """

    lo_ns: int
    hi_ns: int

    @property
    def middle_ns(self) -> int:
        return (self.lo_ns + self.hi_ns) // 2

    @property
    def uncertainty_ns(self) -> int:
        """Half the width, rounded up."""
        return self.hi_ns - self.middle_ns


class Outage(msgspec.Struct, frozen=True):
    """A longest run of operations that are not ok, by due time, closed by the first ok of a stable streak.

    start lies in [sent of the last ok, done of the first not-ok]; end in [sent of the last not-ok, done of the first
    ok of the stable streak]; first_success likewise for the first ok at all. None: not seen by the end of the record.
    `not_ok` operations of `operations` in the window were not ok. `caused` says whether a fault began before it.
    """

    start: Bracket
    first_success: Bracket | None
    end: Bracket | None
    operations: int
    not_ok: int
    caused: bool


class LaneRecovery(msgspec.Struct, frozen=True):
    """A lane's outages and its recovery time actual (RTA): from the start of the first fault to the end of the last
    outage that it caused.

    rta is None when the lane did not recover (`censored_ns` then says for how long that was watched) and when no outage
    was seen (`shorter_than_ns` then bounds what may have hidden between two good operations).
    first_success: the same to the first success. detection: outage start minus fault start.
    unavailable_ns: sum of the windows' middles (open ones up to the end of the record).
    objective_s: the lane's RTO; met is None when that cannot be said.
    """

    lane: str
    operations: int
    ok: int
    fail: int
    info: int
    outages: list[Outage]
    rta: Bracket | None
    first_success: Bracket | None
    detection: Bracket | None
    censored_ns: int | None
    shorter_than_ns: int | None
    unavailable_ns: int
    objective_s: float | None
    met: bool | None


class Phase(msgspec.Struct, frozen=True):
    """One stretch of the recovery: from the previous mark to this one. The phases of a run add up to its RTA.

    `name` is that of the mark it ends with (see chaosmongo.checks.phases); `source` says what showed it
    (watch event, lane).
    """

    name: str
    start_ns: int
    end_ns: int
    uncertainty_ns: int
    source: str


class Loss(msgspec.Struct, frozen=True):
    """An acknowledged write that is not as it was acknowledged."""

    key: str
    lane: str
    acknowledged_ns: int


class StaleRead(msgspec.Struct, frozen=True):
    """A read, sent at sent_ns, that missed what had been acknowledged before and is there afterwards."""

    key: str
    lane: str
    sent_ns: int


class Durability(msgspec.Struct, frozen=True):
    """Fate of every write, exactly one each; the counts add up to `writes`.

    acknowledged: kept, lost, altered, duplicated. unknown (info): recovered, absent. failed: rejected (absent),
    applied. `phantoms` are documents with the run's marker that nobody wrote. `stale_reads` were answered without a
    score that had been acknowledged before they were sent and is there afterwards. shape: "none", "suffix" (in the
    order of acknowledgement) or "hole".
    rpa_ns: from the last surviving acknowledgement before the first fault to that fault; None where nothing was lost.
    The lists hold at most `LISTED` entries each, the counts are whole.
    """

    writes: int
    kept: int
    lost: int
    altered: int
    duplicated: int
    recovered: int
    absent: int
    rejected: int
    applied: int
    phantoms: int
    stale_reads: int
    shape: Literal["none", "suffix", "hole"]
    rpa_ns: int | None
    lost_writes: list[Loss] = []
    altered_writes: list[Loss] = []
    duplicated_writes: list[Loss] = []
    applied_keys: list[str] = []
    phantom_keys: list[str] = []
    stale_reads_seen: list[StaleRead] = []


LISTED = 100
"""How many of each kind of finding are listed by name."""


class Seeds(msgspec.Struct, frozen=True):
    """The seeded scores, compared with what their seed says."""

    count: int
    intact: int
    missing: int
    altered: int
    duplicated: int


class Finding(msgspec.Struct, frozen=True):
    """One check's answer. `summary` is one plain sentence with numbers and units; a crashed check is unknown."""

    check: str
    verdict: Answer
    summary: str
    details: dict[str, Any] = {}


class FaultSummary(msgspec.Struct, frozen=True):
    """What was done, to what, and whether the record proves that it hit."""

    name: str
    start_ns: int
    end_ns: int | None
    hits: list[str]
    proven: bool | None
    proof: str


class Verdict(msgspec.Struct, frozen=True):
    """verdict.json. `verdict` is the worst of the findings: failed outranks unknown outranks passed.

    `doubts` are what the instrument doubts of itself; they are named even where they do not change the verdict.
    """

    run: str
    verdict: Answer
    sentence: str
    findings: list[Finding]
    faults: list[FaultSummary]
    recovery: list[LaneRecovery]
    phases: list[Phase]
    durability: Durability | None
    seeds: Seeds | None
    ready_gap: Bracket | None
    """Ready minus the first acknowledged write on the server's own connection: negative where Ready came too early."""
    doubts: list[str]
    format: int = FORMAT


def worst(answers: list[Answer]) -> Answer:
    """failed outranks unknown outranks passed; nothing at all is unknown."""
    if "failed" in answers:
        return "failed"
    if not answers or "unknown" in answers:
        return "unknown"
    return "passed"
