"""The interval of the median by order statistics, without any assumption about the distribution.

Of n independent values, the number below the median is binomial(n, 1/2). So the k-th smallest and the k-th largest
value enclose the median with a probability that n and k alone decide (H. A. David and H. N. Nagaraja, Order Statistics,
7.1). We take the narrowest pair that holds the median with at least the confidence asked for, and state the confidence
that it really has: 95.9 % for the 6th and 15th of 20.

Why not an interval of exactly 95 %: it would have to end between measured values (Hettmansperger and Sheather 1986),
which is right only for smooth distributions, and recovery times are not smooth: a driver that looks every half second
recovers after 0.5, 1.0 or 1.5 s and never in between. What is stated here holds for those too; equal values can only
make it hold more often. The price is that the confidence cannot be chosen: it lies between 95 and 97 % for n = 6, 9,
12, 15, 17, 18, 20, 23, 25, 28, 30 and every n above 85, and higher, up to 99.2 % (n = 8), for the others. No two of
fewer than six values hold the median with 95 %.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import comb


@dataclass(frozen=True)
class Ranks:
    """The values that enclose the median, counted from 1 in order of size, and how surely they do."""

    low: int
    high: int
    confidence: float


def median_ranks(n: int, confidence: float = 0.95) -> Ranks | None:
    """The ranks for n values; None where n is too small for any two of them to have that confidence."""
    tail, low = 0, 0  # whole numbers of the 2^n equally probable ways in which n values lie below and above the median
    allowed = (1 - Fraction(confidence).limit_denominator(10**9)) / 2 * 2**n
    while (more := tail + comb(n, low)) <= allowed:
        tail, low = more, low + 1
    return Ranks(low, n + 1 - low, float(1 - Fraction(2 * tail, 2**n))) if low else None
