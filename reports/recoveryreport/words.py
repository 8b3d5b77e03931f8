"""What a result is called, in a few plain words: the same in the terminal, the page and the figures."""

import math
import re
import unicodedata
from datetime import UTC, datetime

from chaosmongo.history.quantities import (
    at_least,
    at_most,
    count,
    counted,
    limit,
    measured,
    milliseconds,
    seconds,
    with_uncertainty,
)
from chaosmongo.history.records import LANES
from chaosmongo.history.redaction import redacted
from chaosmongo.history.results import Answer, Bracket, Durability, LaneRecovery, Phase, Verdict

SYMBOLS: dict[Answer, str] = {"passed": "✔", "failed": "✘", "unknown": "?"}
"""A verdict is never told by its colour alone."""

LANE_MEANINGS = {
    "server": "raw wire protocol, connections of its own",
    "driver": "pymongo with its defaults, as an application",
    "user": "HTTP through the application, as a player",
}


def lane_order(lane: str) -> tuple[int, str]:
    """Sort key: from the server outwards to the user, then whatever else there is."""
    return (LANES.index(lane) if lane in LANES else len(LANES), lane)


def sentence(verdict: Verdict) -> str:
    """The verdict's own sentence, without the word that stands beside it already, and without secrets."""
    text = str(redacted(verdict.sentence)).removeprefix(f"{verdict.verdict}: ").strip()
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def recovery_time(lane: LaneRecovery) -> str:
    """A lane's RTA, or in words why there is no number."""
    if lane.rta is not None:
        return measured(lane.rta)
    if lane.censored_ns is not None:
        return f"not recovered within {at_least(lane.censored_ns)}"
    if lane.shorter_than_ns is not None:
        return f"no outage seen (shorter than {at_most(lane.shorter_than_ns)})"
    return "unknown"


def recovered(lane: LaneRecovery) -> str:
    """The same as a part of a sentence."""
    return f"recovered after {recovery_time(lane)}" if lane.rta is not None else recovery_time(lane)


def objective_met(lane: LaneRecovery) -> str:
    """The objective and whether it was met."""
    return f"objective {objective(lane)}: {met(lane)}" if lane.objective_s is not None else "no objective"


def first_success(lane: LaneRecovery) -> str:
    return measured(lane.first_success) if lane.first_success is not None else "not seen"


def detection(lane: LaneRecovery) -> str:
    return measured(lane.detection) if lane.detection is not None else "not seen"


def unavailable(lane: LaneRecovery) -> str:
    """The sum of a lane's outages; where one was still open when the record ended, at least that."""
    if not lane.outages:
        return "none seen"
    if any(outage.end is None for outage in lane.outages):
        return f"at least {at_least(lane.unavailable_ns)}"
    return with_uncertainty(lane.unavailable_ns, unavailable_doubt_ns(lane))


def unavailable_doubt_ns(lane: LaneRecovery) -> int:
    """By how much the sum of a lane's outages may be off, where all of them have ended.

    Brackets of different outages are independent of each other, but a worst case needs no such assumption.
    """
    return sum(outage.start.uncertainty_ns + outage.end.uncertainty_ns for outage in lane.outages if outage.end)


def objective(lane: LaneRecovery) -> str:
    return limit(lane.objective_s) if lane.objective_s is not None else "none set"


def met(lane: LaneRecovery) -> str:
    if lane.objective_s is None:
        return "no objective"
    return {True: "met", False: "missed", None: "cannot be said"}[lane.met]


def response_time(time_s: float | None) -> str:
    """Of an operation that was ok; inf: there was no right answer; None: too few operations to say."""
    if time_s is None:
        return "too few"
    return "no answer" if math.isinf(time_s) else milliseconds(time_s * 1e9)


def percentage(some: int, total: int) -> str:
    """Like "99.98 %", rounded down: it is 100 % only where nothing is missing."""
    if some == total:
        return "100 %"
    return f"{some * 10_000 // total / 100:.2f} %"


def phase_time(phase: Phase) -> str:
    return with_uncertainty(phase.end_ns - phase.start_ns, phase.uncertainty_ns)


def largest(phases: list[Phase]) -> Phase | None:
    """The phase that took longest."""
    return max(phases, key=lambda phase: phase.end_ns - phase.start_ns, default=None)


def acknowledged(durability: Durability) -> int:
    return durability.kept + durability.lost + durability.altered + durability.duplicated


def unknown(durability: Durability) -> int:
    return durability.recovered + durability.absent


def recovery_point(durability: Durability | None) -> str:
    """RPA: how many acknowledged writes are missing, and how far back the last surviving one lies."""
    if durability is None:
        return "unknown: the read-back is missing or not complete"
    if durability.lost == 0:
        return f"0 of {counted(acknowledged(durability), 'acknowledged write')} lost"
    text = f"{count(durability.lost)} of {counted(acknowledged(durability), 'acknowledged write')} lost"
    if durability.rpa_ns is not None:
        text += f", reaching back to {seconds(durability.rpa_ns, decimals=3)} before the fault"
    return text


def shape(durability: Durability) -> str:
    """What the missing writes look like in the order of acknowledgement."""
    return {
        "none": "none",
        "suffix": "suffix: the newest ones, without a gap",
        "hole": "HOLE: later writes survived while earlier ones did not",
    }[durability.shape]


def zero_bound(durability: Durability) -> str:
    """What "0 lost" in one run does and does not show (rule of three: no loss in n runs bounds it to 3/n)."""
    if durability.lost or not acknowledged(durability):
        return ""
    return (
        "This is one run (n = 1): it shows that these writes survived, not that none ever will be lost. "
        "59 runs without a loss would bound its probability to 5 %, 299 to 1 % (95 % confidence)."
    )


def ready_gap(gap: Bracket | None) -> str:
    """Ready against the first acknowledged write, in one sentence."""
    if gap is None:
        return "Not known: Ready, or an acknowledged write after the fault, was not seen."
    if gap.lo_ns <= 0 <= gap.hi_ns:
        return f"Ready came with the first acknowledged write (within {at_most(max(-gap.lo_ns, gap.hi_ns))})."
    size = with_uncertainty(abs(gap.middle_ns), gap.uncertainty_ns)
    if gap.hi_ns < 0:
        return f"Ready lied by {size}: it came that long before the first acknowledged write."
    return f"Ready came {size} after the first acknowledged write: clients of the Service waited that much longer."


def ready_lied(gap: Bracket | None) -> str:
    """By how long Ready came too early; empty where it did not, or where nobody knows."""
    return measured(Bracket(-gap.hi_ns, -gap.lo_ns)) if gap is not None and gap.hi_ns < 0 else ""


def written(value: object) -> str:
    """A setting's value as YAML and JSON write it, a text without quotes."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def moment(wall_ns: int) -> datetime | None:
    """Nanoseconds since the Unix epoch as UTC, to the second; None where that is none. The wall clock only labels."""
    try:
        return datetime.fromtimestamp(wall_ns // 10**9, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def tight(text: str) -> str:
    """`text` with numbers that stay on one line together with their uncertainty and unit."""
    return re.sub(r"(?<=\d) (?=(?:±|s\b))|(?<=±) (?=\d)|(?<= s) (?=±)", "\u00a0", text)


_STEERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def harmless(text: str) -> str:
    """`text`, with the codes of characters that would steer a terminal or turn the direction of writing."""
    return "".join(
        f"\\u{ord(c):04x}" if c in _STEERING or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text
    )
