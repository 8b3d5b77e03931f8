"""Kaplan-Meier: how many have not recovered after a time, where some were not watched for long enough to see it.

A trial that had not recovered when it was stopped counts as not recovered for as long as it was watched, and not at all
afterwards (Kaplan and Meier 1958). The same as scipy.stats.ecdf, in whole parts, so that a half is a half.
"""

import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .quantile import HALF


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
        surviving *= 1 - Fraction(bisect_right(events, time) - before, at_risk)
        steps.append(Step(time, surviving))
    return steps


def median_survival(recovered: Sequence[float], censored: Sequence[float]) -> float | None:
    """The time after which half had recovered; None where that was not reached."""
    return quantile_survival(recovered, censored, HALF)


def quantile_survival(recovered: Sequence[float], censored: Sequence[float], share: Fraction) -> float | None:
    """The time after which `share` had recovered; None where that was not reached.

    Where exactly the rest have not recovered between two steps, the middle between them (as R's survfit has it): so it
    is the ordinary median where nothing is censored.
    """
    steps = kaplan_meier(recovered, censored)
    at = next((place for place, step in enumerate(steps) if step.surviving <= 1 - share), None)
    if at is None or steps[at].surviving < 1 - share:
        return None if at is None else steps[at].time
    return (steps[at].time + steps[at + 1].time) / 2 if at + 1 < len(steps) else None


def survival_band(
    recovered: Sequence[float], censored: Sequence[float], confidence: float = 0.95
) -> list[tuple[float, float]]:
    """Between which shares the true one lies, at each step by itself: exponential Greenwood (log-log; Kalbfleisch and
    Prentice 1980), which stays within 0 and 1. Where all have recovered it is not defined: from then on between nothing
    and what it was before, as the share never rises. An approximation, rough for few trials.
    """
    import numpy as np
    from scipy.stats import CensoredData, ecdf

    steps = kaplan_meier(recovered, censored)
    if not steps:
        return []
    curve = ecdf(CensoredData(uncensored=recovered, right=censored)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # says that it is not defined where all have recovered
        found = curve.confidence_interval(confidence, method="log-log")
    places = np.searchsorted(curve.quantiles, [step.time for step in steps])
    band = [(float(found.low.probabilities[place]), float(found.high.probabilities[place])) for place in places]
    if not steps[-1].surviving:
        band[-1] = (0.0, band[-2][1] if len(band) > 1 else 1.0)
    return band
