"""Response times over time: of the operations that were ok, half and 99 % of them, in equal stretches of time."""

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


def within(series: LaneSeries, ends: Floats, percent: int) -> Floats:
    """For each stretch the time within which so many of a hundred answers came (nearest rank); NaN: none came."""
    ok = series.outcome == 0
    due, latency = series.due_s[ok], series.latency_s[ok]
    stretch = np.clip(np.searchsorted(ends, due, side="right") - 1, 0, ends.size - 2)
    ordered = latency[np.lexsort((latency, stretch))]
    counts = np.bincount(stretch, minlength=ends.size - 1)
    last = np.cumsum(counts) - counts + -(-percent * counts // 100) - 1
    return np.where(counts > 0, ordered[np.maximum(last, 0)], np.nan) if ordered.size else np.full(counts.size, np.nan)
