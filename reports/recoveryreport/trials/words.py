"""What many runs say, in a few plain words: the same in the terminal, the page and the figures."""

import math
from collections.abc import Sequence

from chaosmongo.history.quantities import at_least, at_most, count, counted, limit, measured
from chaosmongo.history.results import Answer, Bracket

from .doubts import FEWEST, FEWEST_P95
from .records import Duration, Durations, Interval, Lane, Trial, Trials, Writes

ANSWERS: tuple[Answer, ...] = ("passed", "failed", "unknown")

_CENTISECOND_NS = 10_000_000


def answers(trials: Sequence[Trial]) -> str:
    """How many runs came to which verdict, like "4 passed, 1 failed"."""
    numbers = {name: sum(trial.verdict == name for trial in trials) for name in ANSWERS}
    return ", ".join(f"{count(number)} {name}" for name, number in numbers.items() if number) or "no run"


def course(trials: Trials) -> str:
    """How the runs ended, and how many are not pooled."""
    out = len(trials.runs) - trials.pooled
    return f"{answers(trials.runs)} of {counted(trials.asked, 'run')}" + (f", {count(out)} not pooled" if out else "")


def duration(found: Duration) -> str:
    """Of one run."""
    if found.hi_ns is None:
        return f"not within {at_least(found.lo_ns)}"
    if found.kind == "no outage":
        return f"no outage (< {at_most(found.hi_ns)})"
    return measured(Bracket(found.lo_ns, found.hi_ns))


def median(found: Durations) -> str:
    """With its uncertainty; or for how long most were watched in vain."""
    if found.median is not None:
        return measured(found.median)
    watched = _watched_ns(found)
    return "unknown" if watched is None else f"not within {at_least(watched)}"


def brief_median(found: Durations) -> str:
    """The same where there is little room; or what it is shorter than, where most showed no outage."""
    if found.median is not None:
        return short(found.median.middle_ns) if found.median.lo_ns else f"< {short(found.median.hi_ns)}"
    watched = _watched_ns(found)
    return "?" if watched is None else f"> {int(watched / 1e9):,} s"


def interval(found: Interval | None) -> str:
    """Rounded outwards, so that what is shown holds what was measured."""
    if found is None:
        return "-"
    low, high = found.low_ns // _CENTISECOND_NS, found.high_ns
    if high is None:
        return f"over {low / 100:.2f} s"
    return f"{low / 100:.2f} to {-(-high // _CENTISECOND_NS) / 100:.2f} s"


def p95(found: Durations) -> str:
    """With its uncertainty, where there are runs enough for an interval of it."""
    if found.p95_interval is None:
        return "-"
    return measured(found.p95) if found.p95 is not None else "not reached"


def confidence(found: Interval | None, needed: int) -> str:
    """An interval with the confidence that it really has; without one, from how many runs on there would be one."""
    if found is None:
        return f"no interval before {counted(needed, 'run')}"
    return f"{percent(found.confidence, up=False)}: {interval(found)}"


def beside(found: Durations) -> list[str]:
    """Lines of text beside a drawn duration."""
    lines = [f"median {brief_median(found)}", confidence(found.interval, FEWEST)]
    if found.p95_interval is not None:
        lines += [
            f"p95 {short(found.p95.middle_ns) if found.p95 else 'not reached'}",
            confidence(found.p95_interval, FEWEST_P95),
        ]
    return lines


def beside_lane(lane: Lane) -> list[str]:
    """The same of recovery times, with their objective."""
    return beside(lane.recovery) + ([objective(lane)] if lane.objective_s is not None else [])


def objective(lane: Lane) -> str:
    """Like "30 s: met in 19 of 20"; or that there is none."""
    if lane.objective_s is None:
        return "none set"
    return f"{limit(lane.objective_s)}: met in {count(lane.met)} of {count(len(lane.recovery.values))}"


def short(found_ns: float) -> str:
    """A duration with three digits, where there is little room."""
    value = found_ns / 1e9
    decimals = 3 if value < 0.9995 else 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{decimals}f} s"


def lost(writes: Writes) -> str:
    """How many acknowledged writes were lost, of how many."""
    if not writes.runs:
        return "lost: unknown"
    return f"lost: {count(writes.lost)} of {counted(writes.acknowledged, 'write')}"


def runs_with_loss(writes: Writes) -> str:
    """Of how many runs, and what so many leave open (95 %). Writes that are lost are lost together: the run counts."""
    if writes.at_most is not None:
        return f"in 0 of {counted(writes.runs, 'run')}, less than {percent(writes.at_most, up=True)}"
    if writes.between is not None:
        low, high = writes.between
        share = f"{percent(low, up=False).removesuffix(' %')} to {percent(high, up=True)}"
        what = "in" if writes.lost else "something spoilt in"
        return f"{what} {count(writes.runs_with_loss)} of {counted(writes.runs, 'run')}, {share}"
    return "no run vouches for its writes"


def loss(writes: Writes) -> str:
    """What was lost, in how many runs, and what so many leave open; goes on after "Acknowledged writes"."""
    if not writes.runs:
        return "lost: unknown, no run vouches for what became of them"
    told = f"lost: {count(writes.lost)} of {count(writes.acknowledged)}"
    if writes.between is not None:
        low, high = writes.between
        where = f"{'' if writes.lost else 'something spoilt '}in {count(writes.runs_with_loss)}"
        bound = f"between {percent(low, up=False).removesuffix(' %')} and {percent(high, up=True)}"
    else:
        where, bound = "in none", f"below {percent(writes.at_most or 0, up=True)}"
    told += f", {where} of {counted(writes.runs, 'run')}: the probability of a run with a loss lies {bound} (95 %)"
    return f"{told}; {more}" if (more := worse(writes)) else told


def worse(writes: Writes) -> str:
    """What else is not as it was acknowledged, or "" for nothing."""
    found = {
        "altered": writes.altered,
        "duplicated": writes.duplicated,
        "failed but there": writes.applied,
        "phantoms": writes.phantoms,
        "stale reads": writes.stale_reads,
        "seeds spoilt": writes.seeded_spoilt,
    }
    return ", ".join(f"{name}: {count(number)}" for name, number in found.items() if number)


def percent(share: float, *, up: bool) -> str:
    """To a tenth, away from what it bounds; a float's own error moves nothing."""
    tenths = math.ceil(share * 1000 - 1e-9) if up else math.floor(share * 1000 + 1e-9)
    return f"{tenths / 10:.1f} %"


def _watched_ns(found: Durations) -> int | None:
    """For how long those that did not come to their end were watched at least."""
    return min((value.lo_ns for value in found.values if value.hi_ns is None), default=None)
