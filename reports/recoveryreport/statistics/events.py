"""How probable something is that happened in none, or in some, of n independent trials."""


def bound_for_none(n: int, confidence: float = 0.95) -> float:
    """The probability below which the event's own lies, after n trials without it: 1 - (1 - confidence)^(1/n).

    Exact and one-sided: were it larger, n trials without the event would be less likely than 1 - confidence. 3/n is the
    rule of thumb for it. 1 for no trial at all: nothing is known.
    """
    return 1 - (1 - confidence) ** (1 / n) if n else 1.0


def share(events: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Between which probabilities the event's own lies, after `events` in n trials (Clopper and Pearson 1934): exact,
    two-sided. Where there were none, `bound_for_none` says more.
    """
    from scipy.stats import binomtest

    interval = binomtest(events, n).proportion_ci(confidence, "exact")
    return float(interval.low), float(interval.high)
