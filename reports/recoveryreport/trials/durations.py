"""One duration over all runs: median and p95 with their intervals, and how many never came to an end."""

from collections.abc import Sequence
from fractions import Fraction

from chaosmongo.history.results import Bracket

from recoveryreport.statistics import (
    HALF,
    P95,
    kaplan_meier,
    quantile_ranks,
    quantile_survival,
    relative_spread,
    survival_band,
)

from .records import Duration, Durations, Interval, NotYet


def durations(name: str, values: Sequence[Duration]) -> Durations:
    """The statistics of `values`, which stay as they are beside them."""
    ended = [value.middle_ns for value in values if value.hi_ns is not None]
    censored = [value.lo_ns for value in values if value.hi_ns is None]
    p95_interval = interval(values, P95)
    return Durations(
        name=name,
        values=list(values),
        censored=len(censored),
        no_outage=sum(value.kind == "no outage" for value in values),
        median=_quantile(values, HALF),
        interval=interval(values),
        smallest_ns=min(ended, default=None),
        largest_ns=max(ended, default=None),
        spread=relative_spread(ended),
        not_yet=_not_yet(ended, censored) if censored else [],
        p95=_quantile(values, P95) if p95_interval else None,
        p95_interval=p95_interval,
    )


def _not_yet(ended: Sequence[int], censored: Sequence[int]) -> list[NotYet]:
    return [
        NotYet(round(step.time), float(step.surviving), low, high)
        for step, (low, high) in zip(kaplan_meier(ended, censored), survival_band(ended, censored), strict=True)
    ]


def _quantile(values: Sequence[Duration], share: Fraction) -> Bracket | None:
    """Of these runs: from that of the lower ends to that of the upper ones. Halves of a nanosecond are cut."""
    censored = [value.lo_ns for value in values if value.hi_ns is None]
    low = quantile_survival([value.lo_ns for value in values if value.hi_ns is not None], censored, share)
    high = quantile_survival([value.hi_ns for value in values if value.hi_ns is not None], censored, share)
    return None if low is None or high is None else Bracket(int(low), int(high))


def interval(values: Sequence[Duration], share: Fraction = HALF) -> Interval | None:
    """Of a quantile, by order statistics; None where there are too few values.

    A value that is only known to lie between two ends takes part with the lower one below and with the upper one above;
    a censored one has no upper end. So the interval holds whatever the truth between them is.
    """
    ranks = quantile_ranks(len(values), share)
    if ranks is None:
        return None
    low = sorted(value.lo_ns for value in values)[ranks.low - 1]
    ends = sorted(value.hi_ns for value in values if value.hi_ns is not None)
    high = ends[ranks.high - 1] if ranks.high <= len(ends) else None
    return Interval(low, high, ranks.low, ranks.high, ranks.confidence)
