"""Response times over time: of the operations that were ok, half and 99 % of them, in equal stretches of time."""

from collections.abc import Sequence

import numpy as np

from .series import Floats, LaneSeries

ENOUGH = 10
"""Operations that a stretch holds on average, at least."""

MOST = 240
"""Stretches in a figure, at most: more could not be told apart."""


def edges(lanes: list[LaneSeries]) -> Floats:
    """The ends of the stretches, the same for all lanes; `lanes` are not empty."""
    first = min(float(series.due_s.min()) for series in lanes)
    last = max(float(series.due_s.max()) for series in lanes)
    fewest = min(series.due_s.size for series in lanes)
    return np.linspace(first, max(last, first + 1e-3), int(np.clip(fewest // ENOUGH, 1, MOST)) + 1)


def within(series: LaneSeries, ends: Floats, percents: Sequence[int]) -> list[Floats]:
    """For each of `percents`, by stretch, the time within which so many of a hundred answers came (nearest rank); NaN
    where none came.
    """
    ok = series.outcome == 0
    due, latency = series.due_s[ok], series.latency_s[ok]
    stretch = np.clip(np.searchsorted(ends, due, side="right") - 1, 0, ends.size - 2)
    ordered = np.append(latency[np.lexsort((latency, stretch))], np.nan)
    counts = np.bincount(stretch, minlength=ends.size - 1)
    before = np.cumsum(counts) - counts
    return [ordered[np.where(counts > 0, before + -(-percent * counts // 100) - 1, -1)] for percent in percents]
