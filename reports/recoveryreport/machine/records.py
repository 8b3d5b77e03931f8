"""What stands in summary.json. Its JSON Schema is made of these types, and of what is said of them here.

Durations are in seconds and begin with the first fault, unless something else is said. Every `text` is what the page of
the report says of the same value, rounded to the digits that are known.
"""

from typing import Annotated, Final, Literal

import msgspec
from chaosmongo.history.records import Environment
from chaosmongo.history.results import Answer

FORMAT: Final = 1
"""Version of summary.json. Within a version fields may be added; none goes or changes its meaning."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Length = Annotated[float, msgspec.Meta(ge=0)]
"""Seconds that cannot be negative."""


class Measured(msgspec.Struct, frozen=True, tag_field="kind", tag="measured"):
    """A duration that was measured: the truth lies between value_s - uncertainty_s and value_s + uncertainty_s.

    uncertainty_s is null where both ends are moments without an uncertainty of their own, like arrivals of events.
    """

    value_s: float
    uncertainty_s: Length | None
    text: str


class AtLeast(msgspec.Struct, frozen=True, tag_field="kind", tag="at least"):
    """A duration that had not come to its end when the record ended (censored): a lower bound, not a measurement."""

    at_least_s: Length
    text: str


class Below(msgspec.Struct, frozen=True, tag_field="kind", tag="below"):
    """Nothing was seen, so that it lasted less than below_s, if it was at all: an upper bound, not a measurement."""

    below_s: Length
    text: str


class NotKnown(msgspec.Struct, frozen=True, tag_field="kind", tag="not known"):
    """There is no number; the text says why."""

    text: str


class Lane(msgspec.Struct, frozen=True):
    """How one lane fared: server, driver or user.

    recovery_time: recovery time actual (RTA), from the start of the first fault to the end of the last outage that it
    caused. first_success: the same to the first success, which need not be the stable one. detection: from the fault to
    the first outage. unavailable: sum of all outages. objective_s: recovery time objective (RTO), null where none was
    set; met: whether it was met, null where that cannot be said or there is none; objective: both in words.
    operations: ok was answered and is right, failed was provably not executed, unknown is everything else.
    """

    name: str
    recovery_time: Measured | AtLeast | Below | NotKnown
    first_success: Measured | NotKnown
    detection: Measured | NotKnown
    unavailable: Measured | AtLeast | NotKnown
    objective_s: Length | None
    met: bool | None
    objective: str
    operations: Count
    ok: Count
    failed: Count
    unknown: Count


class AcknowledgedWrites(msgspec.Struct, frozen=True):
    """Writes that were acknowledged. kept: there, as written; lost: not there; altered: there with other content;
    duplicated: there more than once. All but kept are findings.
    """

    kept: Count
    lost: Count
    altered: Count
    duplicated: Count


class UnknownWrites(msgspec.Struct, frozen=True):
    """Writes without a clear answer. recovered: there; absent: not there."""

    recovered: Count
    absent: Count


class FailedWrites(msgspec.Struct, frozen=True):
    """Writes that were said to be not executed. rejected: not there; applied: there all the same, a finding."""

    rejected: Count
    applied: Count


class Writes(msgspec.Struct, frozen=True):
    """The fate of every write, exactly one each; they add up to `writes`.

    shape: what the lost ones look like in the order of acknowledgement: none, suffix (the newest ones), hole (later
    ones survived). rpa_s: recovery point actual, from the last surviving acknowledgement before the fault to the fault,
    null where nothing was lost. phantoms: documents that nobody wrote. stale_reads: reads that missed what had been
    acknowledged before.
    """

    writes: Count
    acknowledged: AcknowledgedWrites
    unknown: UnknownWrites
    failed: FailedWrites
    shape: Literal["none", "suffix", "hole"]
    rpa_s: Length | None
    phantoms: Count
    stale_reads: Count
    text: str


class Seeds(msgspec.Struct, frozen=True):
    """The scores that were there before the load."""

    count: Count
    intact: Count
    missing: Count
    altered: Count
    duplicated: Count


class Phase(msgspec.Struct, frozen=True):
    """A stretch of the recovery, named after the mark that it ends with. All of them add up to the recovery.

    reached_s: from the fault to that mark. largest: the one that took longest. source: what showed it.
    """

    name: str
    lasted: Measured
    reached_s: Length
    largest: bool
    source: str


class Fault(msgspec.Struct, frozen=True):
    """What was done, to what. proven: whether the record shows that it hit, null where it does not tell."""

    name: str
    hits: list[str]
    proven: bool | None
    proof: str


class Check(msgspec.Struct, frozen=True):
    """One check's answer and its finding, in one sentence."""

    name: str
    verdict: Answer
    finding: str


class Summary(msgspec.Struct, frozen=True):
    """One run of a chaos experiment: what became of the data, and how long the service was away.

    run: its name, <experiment>/<utc>. began: UTC, by the wall clock, which only labels; null where that is nonsense.
    verdict: the worst of the checks; failed outranks unknown, unknown outranks passed. Unknown is no pass: the
    instrument cannot vouch for an answer. rpo_writes: recovery point objective, acknowledged writes that may be lost.
    writes: null where the read-back is missing or not complete; seeds: likewise, or where nothing was seeded.
    ready_gap: Ready minus the first acknowledged write; negative where Ready came too early.
    doubts: what the instrument doubts of itself. Strings are as they were recorded, less what looks like a secret:
    whoever shows them escapes them.
    """

    format: Literal[1]
    run: str
    experiment: str
    title: str
    began: str | None
    verdict: Answer
    sentence: str
    lanes: list[Lane]
    rpo_writes: Count
    writes: Writes | None
    seeds: Seeds | None
    phases: list[Phase]
    ready_gap: Measured | NotKnown
    faults: list[Fault]
    checks: list[Check]
    doubts: list[str]
    environment: Environment
