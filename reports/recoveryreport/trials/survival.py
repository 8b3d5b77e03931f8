"""The survival curves: which share of the runs had not recovered after a time, where some were not seen to recover.

One panel a lane, all on the same axes. The band holds the true share at each moment by itself (95 %).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaosmongo.history.quantities import count

from recoveryreport.axis import Axis, axis
from recoveryreport.sheet import EDGE_IN, KEY_IN, Sheet, legend_lines
from recoveryreport.style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme
from recoveryreport.words import harmless

from .records import Durations, NotYet, Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _RIGHT_IN, _APART_IN = 0.8, 0.2, 0.3
_HEAD_IN, _NAME_IN, _TALL_IN, _FOOT_IN = 0.5, 0.4, 2.1, 0.6


@dataclass(frozen=True)
class Curve:
    """One lane. watched_s: for how long each of those was watched that had not recovered then."""

    lane: str
    steps: list[NotYet]
    watched_s: list[float]
    runs: int


@dataclass(frozen=True)
class View:
    """All that the figure shows."""

    curves: list[Curve]
    axis: Axis


def view(trials: Trials) -> View | None:
    """None where every run that was pooled was seen to recover."""
    curves = [_curve(lane.recovery) for lane in trials.lanes if lane.recovery.censored]
    times = [step.after_ns / 1e9 for curve in curves for step in curve.steps]
    return View(curves, axis([*times, *(end for curve in curves for end in curve.watched_s)])) if curves else None


def draw(figure: "Figure", shown: View, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    sheet = Sheet(figure, WIDTH_IN, _HEAD_IN + KEY_IN + _NAME_IN + _TALL_IN + _FOOT_IN)
    sheet.write(EDGE_IN, sheet.height_in - 0.16, "Not yet recovered", size=TITLE_PT, fontweight="bold")
    sheet.legend(sheet.height_in - _HEAD_IN, legend_lines(figure, _keys(shown.curves, theme), WIDTH_IN))
    pitch_in = (WIDTH_IN - _LEFT_IN - _RIGHT_IN + _APART_IN) / len(shown.curves)
    for column, curve in enumerate(shown.curves):
        x_in, wide_in = _LEFT_IN + column * pitch_in, pitch_in - _APART_IN
        heading = f"{curve.lane}: {count(len(curve.watched_s))} of {count(curve.runs)} did not recover"
        sheet.write(x_in, _FOOT_IN + _TALL_IN + 0.26, heading, room_in=wide_in, fontweight="bold")
        axes = sheet.axes(x_in, _FOOT_IN, wide_in, _TALL_IN)
        _axes(axes, shown.axis, column == 0, theme)
        _draw_curve(axes, shown.axis, curve, theme)
    how = ", logarithmic" if shown.axis.logarithmic else ""
    sheet.write(_LEFT_IN, 0.28, f"Seconds after the fault{how}", size=TEXT_PT)


def _curve(found: Durations) -> Curve:
    watched = sorted(value.lo_ns / 1e9 for value in found.values if value.hi_ns is None)
    return Curve(harmless(found.name), found.not_yet, watched, len(found.values))


def _keys(curves: Sequence[Curve], theme: Theme) -> list[object]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: list[object] = [Line2D([], [], color=theme.ink, lw=1.8, label="share that had not recovered (Kaplan-Meier)")]
    if any(curve.steps for curve in curves):
        keys.append(Patch(facecolor=theme.outage, alpha=0.3, label="its band (95 %)"))
    keys.append(Line2D([], [], ls="", marker="|", ms=9, mew=1.6, color=theme.fail, label="a run's record ended"))
    return keys


def _axes(axes: "Axes", time: Axis, first: bool, theme: Theme) -> None:
    time.show(axes, "x")
    axes.set_ylim(0, 1.03)
    shares = (0, 0.25, 0.5, 0.75, 1)
    axes.set_yticks(shares, [f"{share:.0%}".replace("%", " %") if first else "" for share in shares])
    axes.tick_params(left=False, bottom=False, labelsize=SMALL_PT)
    axes.grid(color=theme.rule, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_curve(axes: "Axes", time: Axis, curve: Curve, theme: Theme) -> None:
    """To the moment until which anybody was watched: what comes after is not known."""
    end_s = max([*curve.watched_s, *(step.after_ns / 1e9 for step in curve.steps)])
    times = [time.low_s, *(step.after_ns / 1e9 for step in curve.steps), end_s]
    shares = [1.0, *(step.share for step in curve.steps)]
    axes.plot(times, [*shares, shares[-1]], drawstyle="steps-post", color=theme.ink, lw=1.8, zorder=3)
    if curve.steps:
        low, high = ([*ends, ends[-1]] for ends in zip(*((step.low, step.high) for step in curve.steps), strict=True))
        axes.fill_between(times[1:], low, high, step="post", color=theme.outage, alpha=0.3, lw=0, zorder=1)
    at = [shares[sum(when <= watched for when in times[1:-1])] for watched in curve.watched_s]
    axes.plot(curve.watched_s, at, ls="", marker="|", ms=9, mew=1.6, color=theme.fail, zorder=4, clip_on=False)
