"""One lane of the timeline: its operations by response time, the shares of their outcomes, and its outages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from chaosmongo.history.quantities import at_least, measured
from chaosmongo.history.results import Bracket, Outage

from . import latencyaxis, words
from .density import opacity, thinned
from .scene import Scene
from .series import OUTCOMES, LaneSeries, stretches
from .shading import Window, shade
from .style import TEXT_PT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 400
"""Most bins of a strip: with 10 inches, the finest that can still be told apart in print."""

HEIGHTS = (0.5, 0.8, 0.25)
"""Where an outage may be named, as parts of the axis."""

NAMED = 12
"""Outages of a lane that are named, the longest ones, as far as there is room; all are shaded."""

LETTER = 0.0085
"""Width of a letter of such a name, as part of the axis."""

OBJECTIVE_LINE = (0, (5, 3))
"""Dashes."""


def draw_lane(
    points: "Axes", strip: "Axes", view: Scene, series: LaneSeries, theme: Theme, latencies: tuple[float, float]
) -> None:
    """Draws a lane on the two axes of its row; `latencies` are the limits of the scale that all rows share."""
    _draw_points(points, series, view, theme, latencies)
    _draw_strip(strip, series, view, theme)
    _draw_outages(points, strip, view, series, theme)
    _draw_heading(points, view, series.lane, theme)


def _draw_heading(axes: "Axes", view: Scene, lane: str, theme: Theme) -> None:
    box = {"facecolor": theme.paper, "edgecolor": "none", "pad": 1.5}
    axes.set_title(words.harmless(lane), fontsize=TEXT_PT, loc="left", pad=5, fontweight="bold", bbox=box)
    recovery = view.recovery.get(lane)
    if recovery is None:
        return
    text = words.recovered(recovery)
    if recovery.objective_s is not None:
        text += f"   ({words.objective_met(recovery)})"
    axes.set_title(text, fontsize=TEXT_PT, loc="right", pad=5, bbox=box)


def _draw_points(axes: "Axes", series: LaneSeries, view: Scene, theme: Theme, latencies: tuple[float, float]) -> None:
    from matplotlib.colors import to_rgba

    low, high = latencies
    latencyaxis.scale(axes, low, high, theme)
    # An operation without an answer stands at the upper edge: it took longer than anything that can be shown.
    height = np.clip(np.nan_to_num(series.latency_s, nan=high), low, high)
    styles: dict[str, tuple[str, float, dict[str, Any]]] = {
        "ok": (theme.point, 0.45, {"marker": "o", "s": 3.0, "lw": 0}),
        "info": (theme.unknown, 1.0, {"marker": "^", "s": 14.0, "lw": 0.8, "facecolors": "none"}),
        "fail": (theme.fail, 0.7, {"marker": "x", "s": 9.0, "lw": 0.8}),
    }
    shown = (series.due_s >= view.start_s) & (series.due_s <= view.end_s)
    for code, outcome in enumerate(OUTCOMES):
        chosen = shown & (series.outcome == code)
        colour, alpha, look = styles[outcome]
        x, y = series.due_s[chosen], height[chosen]
        few, counts = thinned(x, np.log10(y), (view.end_s - view.start_s, np.log10(high / low)), *_pixels(axes))
        if few.size:
            colours = np.tile(to_rgba(colour), (few.size, 1))
            colours[:, 3] = opacity(counts, alpha)
            look = {**look, "edgecolors" if "facecolors" in look else "c": colours}
            axes.scatter(x[few], y[few], rasterized=True, **look)


def _pixels(axes: "Axes") -> tuple[int, int]:
    """How many there are side by side, and on each other, in print."""
    box = axes.get_window_extent()
    return max(1, round(box.width)), max(1, round(box.height))


def _draw_strip(axes: "Axes", series: LaneSeries, view: Scene, theme: Theme) -> None:
    from matplotlib.collections import PolyCollection

    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    found = stretches(series, view.start_s, view.end_s, BINS)
    lefts, rights = (np.array([getattr(stretch, end) for stretch in found]) for end in ("start_s", "end_s"))
    bottoms = np.zeros(len(found))
    looks: tuple[tuple[str, str | None], ...] = ((theme.ok, None), (theme.unknown, "////"), (theme.fail, None))
    for code, (colour, hatch) in enumerate(looks):
        tops = bottoms + np.array([stretch.shares[code] for stretch in found])
        some = tops > bottoms
        corners = [(lefts, bottoms), (lefts, tops), (rights, tops), (rights, bottoms)]
        boxes = np.stack([np.stack([x[some], y[some]], axis=1) for x, y in corners], axis=1)
        if some.any():
            drawn = PolyCollection(list(boxes), facecolors=colour, edgecolors=theme.paper, hatch=hatch, lw=0)
            axes.add_collection(drawn, autolim=False)
        bottoms = tops


def _draw_outages(points: "Axes", strip: "Axes", view: Scene, series: LaneSeries, theme: Theme) -> None:
    recovery = view.recovery.get(series.lane)
    if recovery is None:
        return
    end_s = min(series.end_s, view.end_s)
    windows = shade(points, recovery.outages, view.at, end_s, theme)
    shade(strip, recovery.outages, view.at, end_s, theme)
    named: list[tuple[float, float, float]] = []
    inside = [pair for pair in zip(recovery.outages, windows, strict=True) if _overlaps(view, pair[1])]
    for outage, window in sorted(inside, key=lambda pair: (pair[1][0] - pair[1][1], pair[1]))[:NAMED]:
        _name_outage(points, series, view, outage, window, named, theme)
    if recovery.objective_s is not None and view.sees_objective(series.lane):
        points.axvline(recovery.objective_s, color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE)


def _overlaps(view: Scene, window: Window) -> bool:
    return window[1] > view.start_s and window[0] < view.end_s


def _name_outage(
    axes: "Axes",
    series: LaneSeries,
    view: Scene,
    outage: Outage,
    window: Window,
    named: list[tuple[float, float, float]],
    theme: Theme,
) -> None:
    """Writes how long an outage was into its window, or beside it where it is too narrow; not over another one's.

    named: where the lane's earlier outages are named, as begin, end and height; this one is added.
    """
    start, end = window
    if outage.end is not None:
        width = Bracket(outage.end.lo_ns - outage.start.hi_ns, outage.end.hi_ns - outage.start.lo_ns)
        text = f"down {measured(width)}"
    else:
        text = f"down for at least {at_least((end - view.at(outage.start.hi_ns)) * 1e9)}"
    span = view.end_s - view.start_s
    width_s = LETTER * len(text) * span
    wide = (end - start) / span > 0.18
    x, align = ((start + end) / 2, "center") if wide else (end, "left")
    if not wide and end + width_s > view.end_s:
        x, align = start, "right"
    left = {"center": x - width_s / 2, "left": x, "right": x - width_s}[align]
    free = [y for y in HEIGHTS if not any(b < left + width_s and left < e and y == at for b, e, at in named)]
    if not free:
        return
    y = _emptiest(axes, series, start, end, free) if wide else free[0]
    named.append((left, left + width_s, y))
    axes.annotate(
        text,
        (x, y),
        xycoords=axes.get_xaxis_transform(),
        xytext=({"center": 0, "left": 5, "right": -5}[align], 0),
        textcoords="offset points",
        ha=align,
        va="center",
        fontsize=TEXT_PT,
        fontweight="bold",
        bbox={"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.9, "pad": 2},
    )


def _emptiest(axes: "Axes", series: LaneSeries, start: float, end: float, heights: Sequence[float]) -> float:
    """The one of these heights (parts of the axis) at which a text covers the fewest operations."""
    low, high = np.log10(axes.get_ylim())
    inside = (series.due_s >= start) & (series.due_s <= end)
    latency = np.clip(np.nan_to_num(series.latency_s[inside], nan=np.inf), 10**low, 10**high)
    operations = (np.log10(latency) - low) / (high - low)
    return min(heights, key=lambda y: int((np.abs(operations - y) < 0.16).sum()))
