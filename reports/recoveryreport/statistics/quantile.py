"""The interval of a quantile by order statistics, without any assumption about the distribution.

Of n independent values, the number below the p-quantile is binomial(n, p). So with a probability that n, p and k alone
decide, the k-th smallest value lies above it, and likewise some value below it: the innermost two that each fail with
at most half of what is allowed enclose it (H. A. David and H. N. Nagaraja, Order Statistics, 7.1). Stated is the
confidence that they really have, not the one that was asked for.

An interval of the 95th percentile so needs 72 values: of fewer, the probability that all of them lie below it is over
2.5 %, so that no value bounds it from above. (59 are enough for a bound on one side alone: Wilks 1941.)
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

HALF, P95 = Fraction(1, 2), Fraction(95, 100)


@dataclass(frozen=True)
class Ranks:
    """The values that enclose the quantile, counted from 1 in order of size, and how surely they do."""

    low: int
    high: int
    confidence: float


@lru_cache(maxsize=256)
def quantile_ranks(n: int, share: Fraction, confidence: float = 0.95) -> Ranks | None:
    """The ranks for the quantile below which `share` lies, of n values; None where n is too small for any two of them
    to have that confidence.
    """
    allowed = (1 - Fraction(confidence).limit_denominator(10**9)) / 2
    below, low = _tail(n, share, allowed)
    above, high = _tail(n, 1 - share, allowed)
    return Ranks(low, n + 1 - high, float(1 - below - above)) if low and high else None


def fewest(share: Fraction) -> int:
    """How many values it takes for an interval of that quantile."""
    n = 0
    while quantile_ranks(n, share) is None:
        n += 1
    return n


def _tail(n: int, share: Fraction, allowed: Fraction) -> tuple[Fraction, int]:
    """The largest k for which fewer than k of n values lie below the quantile with a probability of at most `allowed`,
    and that probability. Counted in whole numbers of equally probable ways.
    """
    inside, outside = share.numerator, share.denominator - share.numerator
    whole = share.denominator**n
    k, tail, ways = 0, 0, outside**n  # ways: in which exactly k values lie below it
    while tail + ways <= allowed * whole:
        tail += ways
        ways = ways * (n - k) * inside // ((k + 1) * outside)
        k += 1
    return Fraction(tail, whole), k
