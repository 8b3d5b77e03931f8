"""One duration over all runs: its median, the interval of the median, and how many never came to an end."""

from collections.abc import Sequence

from chaosmongo.history.results import Bracket

from recoveryreport.statistics import kaplan_meier, median_ranks, median_survival, relative_spread

from .records import Duration, Durations, Interval, NotYet


def durations(name: str, values: Sequence[Duration]) -> Durations:
    """The statistics of `values`, which stay as they are beside them."""
    ended = [value.middle_ns for value in values if value.hi_ns is not None]
    censored = [value.lo_ns for value in values if value.hi_ns is None]
    return Durations(
        name=name,
        values=list(values),
        censored=len(censored),
        no_outage=sum(value.kind == "no outage" for value in values),
        median=_median(values, censored),
        interval=_interval(values),
        smallest_ns=min(ended, default=None),
        largest_ns=max(ended, default=None),
        spread=relative_spread(ended),
        not_yet=[NotYet(round(step.time), float(step.surviving)) for step in kaplan_meier(ended, censored)]
        if censored
        else [],
    )


def _median(values: Sequence[Duration], censored: Sequence[int]) -> Bracket | None:
    """Of these runs: from the median of the lower ends to that of the upper ones. Halves of a nanosecond are cut."""
    low = median_survival([value.lo_ns for value in values if value.hi_ns is not None], censored)
    high = median_survival([value.hi_ns for value in values if value.hi_ns is not None], censored)
    return None if low is None or high is None else Bracket(int(low), int(high))


def _interval(values: Sequence[Duration]) -> Interval | None:
    """By order statistics. A value that is only known to lie between two ends takes part with the lower one below and
    with the upper one above; a censored one has no upper end. So the interval holds whatever the truth between them is.
    """
    ranks = median_ranks(len(values))
    if ranks is None:
        return None
    low = sorted(value.lo_ns for value in values)[ranks.low - 1]
    ends = sorted(value.hi_ns for value in values if value.hi_ns is not None)
    high = ends[ranks.high - 1] if ranks.high <= len(ends) else None
    return Interval(low, high, ranks.low, ranks.high, ranks.confidence)
