"""Runs that a schedule expected and that are not there.

A schedule is an interval: from one run to the next, and from the last to now. Of a stretch that lasts k intervals, give
or take a half, k - 1 runs are missing: so a run that began late, or a machine whose timer drifts, misses none.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .records import Gap

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_INTERVAL = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([mhdw])")


def interval_s(text: str) -> float:
    """Of "30m", "6h", "1d" or "2w" the seconds. Raises ValueError, with what to write instead."""
    found = _INTERVAL.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(f"{text!r} is no interval: write a number and m, h, d or w, like 30m, 6h or 1d")
    return float(found[1]) * _UNITS_S[found[2]]


def gaps(moments: Sequence[int], every_s: float, now_ns: int) -> list[Gap]:
    """Where runs are missing between moments, which are in order, and from the last one to now."""
    return list(_gaps(moments, round(every_s * 1e9), now_ns))


def _gaps(moments: Sequence[int], every_ns: int, now_ns: int) -> Iterator[Gap]:
    for since_ns, until_ns in pairwise(moments):
        if missing := _missing(until_ns - since_ns, every_ns):
            yield Gap(since_ns, since_ns + every_ns, until_ns, missing, overdue=False)
    if moments and (missing := _missing(now_ns - moments[-1], every_ns)):
        yield Gap(moments[-1], moments[-1] + every_ns, now_ns, missing, overdue=True)


def _missing(lasted_ns: int, every_ns: int) -> int:
    return max(0, (2 * lasted_ns + every_ns) // (2 * every_ns) - 1)
