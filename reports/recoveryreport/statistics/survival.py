"""Kaplan-Meier: how many have not recovered after a time, where some were not watched for long enough to see it.

A trial that had not recovered when it was stopped counts as not recovered for as long as it was watched, and not at all
afterwards (Kaplan and Meier 1958). The same as scipy.stats.ecdf, in whole parts, so that a half is a half.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Step:
    """From `time` on, the share `surviving` had not recovered (until the next step)."""

    time: float
    surviving: Fraction


def kaplan_meier(recovered: Sequence[float], censored: Sequence[float]) -> list[Step]:
    """The steps, in order of time. recovered: when each recovered. censored: how long each of the others was watched.

    A trial that was watched until the very moment at which another one recovered counts as watched then.
    """
    events, watched = sorted(recovered), sorted(censored)
    surviving, steps = Fraction(1), []
    for time in sorted(set(events)):
        before = bisect_left(events, time)
        at_risk = len(events) - before + len(watched) - bisect_left(watched, time)
        surviving *= 1 - Fraction(events.count(time), at_risk)
        steps.append(Step(time, surviving))
    return steps


def median_survival(recovered: Sequence[float], censored: Sequence[float]) -> float | None:
    """The time after which half had recovered; None where that was not reached.

    Where exactly half have not recovered between two steps, the middle between them (as R's survfit has it): so it is
    the ordinary median where nothing is censored.
    """
    steps = kaplan_meier(recovered, censored)
    at = next((place for place, step in enumerate(steps) if step.surviving <= HALF), None)
    if at is None or steps[at].surviving < HALF:
        return None if at is None else steps[at].time
    return (steps[at].time + steps[at + 1].time) / 2 if at + 1 < len(steps) else None
