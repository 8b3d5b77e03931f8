"""Two samples: how far one lies above the other, exactly, and without any assumption about the distribution.

Of m values and n values from one distribution every order is equally probable, so that m and n alone decide how
probable it is that in u of the m * n pairs the one of the second sample is larger (Mann and Whitney 1947; the
distribution by its generating function). Turned round, the k-th smallest and the k-th largest of the m * n differences
enclose the shift between the two, with a confidence that m and n alone decide, and their median is the best guess at it
(Hodges and Lehmann 1963; Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, chapter 4). Interval and test
are two sides of the same count: the interval leaves out what the test rejects, and nothing else.

Why not a bootstrap of the difference of medians (BCa: Efron 1987): of five to twenty values it covers less than it
states, its answer depends on chance, and it has no place for a run that had not recovered when it was no longer
watched. A difference of which only a bound is known takes part here with that bound. Equal values make the stated
confidence hold more often, never less (Randles and Wolfe 1979).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from .quantile import Ranks

MOST_COUNTED = 2_500
"""Pairs up to which orders are counted one by one; beyond, the normal distribution is as good."""


def pairs_larger(u: int, m: int, n: int) -> float:
    """How probable it is that the second sample has the larger value in at least u of the m * n pairs, if nothing
    distinguishes the two.
    """
    if m * n > MOST_COUNTED:
        deviation = math.sqrt(m * n * (m + n + 1) / 12)
        return math.erfc((u - 0.5 - m * n / 2) / deviation / math.sqrt(2)) / 2
    return float(Fraction(_orders(m, n)[u], math.comb(m + n, n))) if u <= m * n else 0.0


def shift_ranks(m: int, n: int, confidence: float = 0.95) -> Ranks | None:
    """Which of the m * n differences, counted from 1 in order of size, enclose the shift: the narrowest pair with at
    least that confidence. None where there are too few for any.
    """
    pairs = m * n
    low = bisect_right(range(1, pairs + 1), (1 - confidence) / 2, key=lambda k: pairs_larger(pairs - k + 1, m, n))
    return Ranks(low, pairs + 1 - low, 1 - 2 * pairs_larger(pairs - low + 1, m, n)) if low else None


def smallest_p(m: int, n: int) -> float:
    """The two-sided p of two samples that do not overlap at all: nothing is shown more surely with so few."""
    return min(1.0, 2 / math.comb(m + n, n)) if m and n else 1.0


def holm(ps: Sequence[float]) -> list[float]:
    """Each p corrected for looking at all of them: that any that is true is rejected is as improbable as stated,
    however they hang together (Holm 1979).
    """
    found, reached = [0.0] * len(ps), 0.0
    for place, which in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        reached = max(reached, min(1.0, (len(ps) - place) * ps[which]))
        found[which] = reached
    return found


@lru_cache(maxsize=128)
def _orders(m: int, n: int) -> tuple[int, ...]:
    """In how many of the orders of m and n values at least u pairs have the one of the second sample the larger, by u.

    The coefficients of the Gaussian binomial: the product of (1 - q^(m + i)) / (1 - q^i) for i from 1 to n.
    """
    m, n = max(m, n), min(m, n)
    ways = [1] + [0] * (m * n)
    for i in range(1, n + 1):
        for u in range(m * n, m + i - 1, -1):
            ways[u] -= ways[u - m - i]
        for u in range(i, m * n + 1):
            ways[u] += ways[u - i]
    for u in range(m * n - 1, -1, -1):
        ways[u] += ways[u + 1]
    return tuple(ways)
