"""One lane of the timeline: its operations by response time, the shares of their outcomes, and its outages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from chaosmongo.history.quantities import at_least, measured
from chaosmongo.history.results import Bracket, Outage

from . import words
from .scene import Scene
from .series import OUTCOMES, LaneSeries, stretches
from .style import TEXT_PT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 400
"""Most bins of a strip: with 10 inches, the finest that can still be told apart in print."""


HEIGHTS = (0.5, 0.8, 0.25)
"""Where an outage may be named, as parts of the axis."""

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


def latency_limits(lanes: Sequence[LaneSeries]) -> tuple[float, float]:
    """Whole decades around all response times of a run, between 0.1 ms and 100 s."""
    known = [series.latency_s[series.latency_s > 0] for series in lanes]
    values = np.concatenate(known) if known else np.array([])
    if not values.size:
        return 1e-3, 1.0
    low, high = np.quantile(values, 0.001), values.max()
    return float(max(1e-4, 10 ** np.floor(np.log10(low)))), float(min(1e2, 10 ** np.ceil(np.log10(high * 1.01))))


def _draw_points(axes: "Axes", series: LaneSeries, view: Scene, theme: Theme, latencies: tuple[float, float]) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    low, high = latencies
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [t for t in (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2) if low <= t <= high]
    axes.set_yticks(ticks[1:] if len(ticks) < 5 else ticks[1::2])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g} s" if value >= 1 else f"{value * 1e3:g} ms")
    )
    axes.grid(axis="y", color=theme.rule, lw=0.6)
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    # An operation without an answer stands at the upper edge: it took longer than anything that can be shown.
    height = np.clip(np.nan_to_num(series.latency_s, nan=high), low, high)
    styles: dict[str, dict[str, Any]] = {
        "ok": {"marker": "o", "s": 3.0, "lw": 0, "alpha": 0.45, "c": theme.point},
        "info": {"marker": "^", "s": 14.0, "lw": 0.8, "facecolors": "none", "edgecolors": theme.unknown},
        "fail": {"marker": "x", "s": 9.0, "lw": 0.8, "alpha": 0.7, "c": theme.fail},
    }
    shown = (series.due_s >= view.start_s) & (series.due_s <= view.end_s)
    for code, outcome in enumerate(OUTCOMES):
        chosen = shown & (series.outcome == code)
        if chosen.any():
            axes.scatter(series.due_s[chosen], height[chosen], rasterized=True, **styles[outcome])


def _draw_strip(axes: "Axes", series: LaneSeries, view: Scene, theme: Theme) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    looks: tuple[dict[str, str], ...] = (
        {"color": theme.ok},
        {"color": theme.unknown, "hatch": "////"},
        {"color": theme.fail},
    )
    for stretch in stretches(series, view.start_s, view.end_s, BINS):
        bottom = 0.0
        for share, look in zip(stretch.shares, looks, strict=True):
            if share:
                axes.fill_between(
                    [stretch.start_s, stretch.end_s],
                    bottom,
                    bottom + share,
                    facecolor=look["color"],
                    hatch=look.get("hatch"),
                    edgecolor=theme.paper,
                    lw=0,
                )
                bottom += share


def _draw_outages(points: "Axes", strip: "Axes", view: Scene, series: LaneSeries, theme: Theme) -> None:
    recovery = view.recovery.get(series.lane)
    if recovery is None:
        return
    named: list[tuple[float, float, float]] = []
    for outage in recovery.outages:
        start = view.at(outage.start.middle_ns)
        end = view.at(outage.end.middle_ns) if outage.end else min(series.end_s, view.end_s)
        for axes in (points, strip):
            axes.axvspan(start, end, color=theme.outage, alpha=0.16, lw=0, zorder=0.5)
            for edge in (outage.start, outage.end):
                if edge is not None:
                    axes.axvspan(
                        view.at(edge.lo_ns), view.at(edge.hi_ns), color=theme.outage, alpha=0.4, lw=0, zorder=0.6
                    )
        if end > view.start_s and start < view.end_s:
            _name_outage(points, series, view, outage, (start, end), named, theme)
    if recovery.objective_s is not None and view.sees_objective(series.lane):
        points.axvline(recovery.objective_s, color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE)


def _name_outage(
    axes: "Axes",
    series: LaneSeries,
    view: Scene,
    outage: Outage,
    window: tuple[float, float],
    named: list[tuple[float, float, float]],
    theme: Theme,
) -> None:
    """Writes how long an outage was into its window, or beside it where it is too narrow.

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
    y = _emptiest(axes, series, start, end, free or list(HEIGHTS)) if wide else (free or list(HEIGHTS))[0]
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
