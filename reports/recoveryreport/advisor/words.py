"""Advice in plain words."""

import math

from chaosmongo.history.quantities import count, counted

from .records import Advice, Advised, Saving, Value


def saving(found: Saving) -> str:
    """Rounded outwards, so that the bounds stay bounds."""
    if found.unit == "s":
        low, high = math.floor(found.low * 10 + 1e-9) / 10, math.ceil(found.high * 10 - 1e-9) / 10
        span = f"{low:g} to {high:g} s" if low else f"up to {high:g} s"
        return f"{span} of {found.of}"
    return f"up to {count(int(found.high))} {found.of}"


def change(found: Advice) -> str:
    """Like "10 -> 1"."""
    return f"{value(found.now)} → {value(found.then)}"


def value(found: Value) -> str:
    return "none" if found is None else str(found)


def borne_out(found: Advice, all_runs: int) -> str:
    return f"in {count(found.runs)} of {counted(all_runs, 'run')}"


def headline(found: Advised) -> str:
    if not found.runs:
        return "Nothing can be advised: no run vouches for its numbers"
    if not found.advice:
        return f"Nothing is to be advised: no change of a setting is borne out by {counted(len(found.runs), 'run')}"
    told = counted(len(found.advice), "change")
    return f"{told} of a setting would save time or writes, judging by {counted(len(found.runs), 'run')}"
