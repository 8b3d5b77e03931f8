"""The interval of the median by order statistics: exact, whatever the distribution (see `quantile`).

The k-th smallest and the k-th largest value enclose the median with a probability that n and k alone decide. We take
the narrowest such pair that holds the median with at least the confidence asked for, and state the confidence that it
really has: 95.9 % for the 6th and 15th of 20.

Why not an interval of exactly 95 %: it would have to end between measured values (Hettmansperger and Sheather 1986),
which is right only for smooth distributions, and recovery times are not smooth: a driver that looks every half second
recovers after 0.5, 1.0 or 1.5 s and never in between. What is stated here holds for those too; equal values can only
make it hold more often. The price is that the confidence cannot be chosen: it lies between 95 and 97 % for n = 6, 9,
12, 15, 17, 18, 20, 23, 25, 28, 30 and every n above 85, and higher, up to 99.2 % (n = 8), for the others. No two of
fewer than six values hold the median with 95 %.
"""

from .quantile import HALF, Ranks, quantile_ranks


def median_ranks(n: int, confidence: float = 0.95) -> Ranks | None:
    """The ranks for n values; None where n is too small for any two of them to have that confidence."""
    return quantile_ranks(n, HALF, confidence)
