"""The answer in plain words: the same in the terminal, the page and the figure."""

import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import msgspec
from chaosmongo.history.quantities import count, counted, limit, listed
from chaosmongo.history.results import Bracket

from recoveryreport.statistics import smallest_p
from recoveryreport.trials.records import Writes
from recoveryreport.trials.words import short

from .losses import newly_lost
from .records import LEVEL, Answer, Comparison, Losses, Lost, Shift, ShiftInterval, Side

SYMBOLS: dict[Answer, str] = {"better": "✔", "worse": "✘", "no difference shown": "–", "too few runs": "?"}
"""An answer is never told by its colour alone."""

CLASSES: dict[Answer, str] = {
    "better": "passed",
    "worse": "failed",
    "no difference shown": "",
    "too few runs": "unknown",
}
"""Of the style sheet that all pages share."""

_FINE_BELOW_S = 1


def sentence(found: Comparison) -> str:
    """The answer, with what it rests on."""
    told = {
        "worse": _worse,
        "better": _better,
        "no difference shown": _none_shown,
        "too few runs": _too_few,
    }[found.answer](found)
    parts = [told, _loss(found), _never(found)]
    if newly_lost(found.losses):  # whatever else there is to say, this comes first
        parts[:2] = reversed(parts[:2])
    return f"{'; '.join(filter(None, parts))}."


def _never(found: Comparison) -> str:
    """Of the lane in which most runs had not recovered."""
    lane = max(found.lanes, key=lambda one: one.base.censored + one.new.censored, default=None)
    if lane is None or not (lane.base.censored or lane.new.censored):
        return ""
    told = [
        f"{count(one.censored)} of {counted(len(one.values), 'run')} of {name}"
        for name, one in (("NEW", lane.new), ("BASE", lane.base))
    ]
    return f"not recovered while it was watched ({lane.name}): {', '.join(told)}"


def _worse(found: Comparison) -> str:
    told = {"later": _moved(found, "worse"), "sooner": _moved(found, "better")}
    parts = [f"{word}: {lanes}" for word, lanes in told.items() if lanes]
    return f"NEW recovers {', but '.join(parts)}" if parts else ""


def _better(found: Comparison) -> str:
    sooner = _moved(found, "better")
    return f"NEW recovers sooner: {sooner}" if sooner else ""


def _moved(found: Comparison, answer: Answer) -> str:
    return ", ".join(f"{lane.name} by {_size(lane)}" for lane in found.lanes if lane.answer == answer)


def _size(lane: Shift) -> str:
    """Without its sign: the word before it tells."""
    if lane.answer == "better":
        lane = turned(lane)
    told, span = (text.replace("+", "") for text in (difference(lane), interval(lane.interval)))
    return f"{told} ({span})" if lane.shift else span


def turned(lane: Shift) -> Shift:
    """BASE less NEW."""
    moved, span = lane.shift, lane.interval
    return msgspec.structs.replace(
        lane,
        shift=Bracket(-moved.hi_ns, -moved.lo_ns) if moved else None,
        interval=ShiftInterval(_less(span.high_ns), _less(span.low_ns), span.confidence) if span else None,
    )


def _less(end_ns: int | None) -> int | None:
    return None if end_ns is None else -end_ns


def _none_shown(found: Comparison) -> str:
    if sooner := _better(found):
        return f"{sooner}, and is not called better for what it lost"
    open_ = ", ".join(f"{lane.name} {interval(lane.interval)}" for lane in found.lanes if lane.interval)
    told = f"No difference shown; what is left open: {open_}" if open_ else "No difference shown"
    if found.at_least_s and found.lanes and all(_within(lane, found.at_least_s) for lane in found.lanes):
        return f"{told}: a difference of {limit(found.at_least_s)} or more is ruled out (95 % each)"
    return told


def _within(lane: Shift, at_least_s: float) -> bool:
    ends = (lane.interval.low_ns, lane.interval.high_ns) if lane.interval else (None,)
    return all(end is not None and abs(end) < at_least_s * 1e9 for end in ends)


def _too_few(found: Comparison) -> str:
    few = [lane.name for lane in found.lanes if lane.answer == "too few runs"]
    few += ["losses"] if found.losses.answer == "too few runs" else []
    of_what = f" of {', '.join(few)}" if few else ""
    return (
        f"Too few runs to tell{of_what} ({pooled(found.base)} in BASE, {pooled(found.new)} in NEW): "
        f"{runs_needed(found.compared)} in each could show a large difference, more a smaller one"
    )


def runs_needed(compared: int, level: float = LEVEL) -> int:
    """How many runs each set must have at least for any difference to be shown."""
    return next(n for n in range(1, 100) if smallest_p(n, n) * compared <= level)


def _loss(found: Comparison) -> str:
    lost = found.losses
    if newly_lost(lost):
        return f"NEW has a loss that BASE has not: {listed(named(lost.new_lost))} ({_share(lost.new)})"
    if lost.answer in ("worse", "better"):
        word = "more" if lost.answer == "worse" else "fewer"
        return f"NEW loses writes in {word} runs: {shares(lost)}"
    return ""


def shares(lost: Losses) -> str:
    return f"{_share(lost.new)}, BASE in {_share(lost.base)}"


def _share(found: Writes) -> str:
    return f"{count(found.runs_with_loss)} of {counted(found.runs, 'run')}"


def named(lost: Sequence[Lost]) -> list[str]:
    """One run each, with how much it lost."""
    return [
        f"{one.run} lost {counted(one.lost, 'acknowledged write')}"
        if one.lost
        else f"in {one.run} {counted(one.spoilt, 'acknowledged score')} altered, duplicated or missing"
        for one in lost
    ]


def difference(found: Shift) -> str:
    """NEW less BASE, like "+2.10 s"; "-" where most pairs of runs have no end."""
    if found.shift is None:
        return "-"
    value = Decimal(found.shift.middle_ns) / 10**9
    return f"{_signed(value, _step(value), ROUND_HALF_EVEN)} s"


def brief_difference(found: Shift) -> str:
    """The same with three digits, where there is little room."""
    if found.shift is None:
        return ""
    value = found.shift.middle_ns
    sign = "" if abs(value) < 500_000 else "−" if value < 0 else "+"  # what rounds to 0 has none
    return f"{sign}{short(abs(value))}"


def interval(found: ShiftInterval | None) -> str:
    """Rounded outwards, so that what is shown holds what was measured."""
    if found is None:
        return "-"
    ends = [Decimal(end) / 10**9 for end in (found.low_ns, found.high_ns) if end is not None]
    step = max(map(_step, ends), default=Decimal(1))
    low = "" if found.low_ns is None else _signed(ends[0], step, ROUND_FLOOR)
    high = "" if found.high_ns is None else _signed(ends[-1], step, ROUND_CEILING)
    if low and high:
        return f"{low} to {high} s"
    return f"over {low} s" if low else f"under {high} s" if high else "anything"


def chance(p: float | None) -> str:
    """A p, rounded up."""
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{math.ceil(p * 1000 - 1e-9) / 1000:.3f}"


def confidences(found: Sequence[Shift]) -> str:
    """Those that the intervals really have."""
    rounded = sorted({math.floor(one.interval.confidence * 1000) / 10 for one in found if one.interval})
    return " / ".join(f"{one:.1f} %" for one in rounded) or "no"


def pooled(side: Side) -> str:
    out = len(side.runs) - side.pooled
    return f"{counted(side.pooled, 'run')}{f' ({out} of {len(side.runs)} not pooled)' if out else ''}"


def correction(found: Comparison) -> str:
    """What is corrected for, and what the level means."""
    return (
        f"{found.compared} comparisons (lanes and losses), corrected together (Holm): of sets that do not differ, "
        f"at most {found.level * 100:g} % are called worse or better"
    )


def mattering(found: Comparison) -> str:
    """The smallest difference that matters, or ""."""
    if not found.at_least_s:
        return ""
    return f"A difference of recovery times counts when it is shown to be larger than {limit(found.at_least_s)}"


def unlikeness(found: Comparison) -> list[str]:
    """What differs between the sets beside the runs themselves, one each."""
    return [
        f"{one.name}: {one.base} in BASE, {one.new} in NEW{' (changed on purpose)' if one.meant else ''}"
        for one in found.unlike
    ]


def _step(value: Decimal) -> Decimal:
    return Decimal("0.001") if abs(value) < _FINE_BELOW_S else Decimal("0.01")


def _signed(value: Decimal, step: Decimal, rounding: str) -> str:
    rounded = value.quantize(step, rounding) + 0
    return f"{'+' if rounded > 0 else ''}{rounded:,f}".replace("-", "−")
