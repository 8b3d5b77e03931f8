"""The latency figure: how long answers took, over time and before, during and after the fault.

One row a lane. Left: half of the answers, and 99 of 100, within each stretch of time. Right: the same operations by
their share, with the tail drawn out (as in an HDR histogram): 90 %, 99 % and 99.9 % are equally far apart. A curve ends
where the operations begin that were not ok.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from . import latencyaxis, overtime, words
from .parts import AFTER, BEFORE, DURING, WHOLE, Part
from .series import Floats, LaneSeries
from .shading import shade
from .style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme
from .subject import Subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _GAP_IN, _RIGHT_IN = 0.75, 0.35, 0.35
_CURVES_IN = 3.1
_OVER_IN = WIDTH_IN - _LEFT_IN - _GAP_IN - _CURVES_IN - _RIGHT_IN
_HEAD_IN, _NAME_IN, _ROW_IN, _FOOT_IN = 0.8, 0.32, 1.0, 0.62

_SHARES = ((50, "50 %"), (90, "90 %"), (99, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %"), (99.999, "99.999 %"))
_PLACES = 400
"""Points of a curve, at most."""

_DOTTED = (0, (1.2, 1.2))
_DASHED = (0, (4, 1.6))


def draw(figure: "Figure", subject: Subject, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    rows = max(len(subject.lanes), 1)
    height_in = _HEAD_IN + rows * (_NAME_IN + _ROW_IN) + _FOOT_IN
    figure.set_size_inches(WIDTH_IN, height_in)
    found = subject.parts
    _title(figure, subject, found, theme)
    if not subject.lanes:
        figure.text(0.5, 0.4, "No operations are recorded.", ha="center", color=theme.faint)
        return
    low, high = latencyaxis.limits(subject.lanes)
    ends = overtime.edges(subject.lanes)
    reach = max(math.log10(2 * part.operations) for part in found)
    for row, series in enumerate(subject.lanes):
        bottom_in = height_in - _HEAD_IN - (row + 1) * (_NAME_IN + _ROW_IN)
        time, curves = (
            figure.add_axes((x / WIDTH_IN, bottom_in / height_in, width / WIDTH_IN, _ROW_IN / height_in))
            for x, width in ((_LEFT_IN, _OVER_IN), (_LEFT_IN + _OVER_IN + _GAP_IN, _CURVES_IN))
        )
        for axes in (time, curves):
            latencyaxis.scale(axes, low, high, theme)
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(labelbottom=row == rows - 1, bottom=row == rows - 1)
        time.set_title(words.harmless(series.lane), fontsize=TEXT_PT, loc="left", pad=5, fontweight="bold")
        _over_time(time, subject, series, ends, theme)
        _curves(curves, [part for part in found if part.lane == series.lane], reach, theme)
    what = "the fault" if subject.history.faults else "the first operation (no fault is recorded)"
    time.set_xlabel(f"seconds after {what}", labelpad=5)
    curves.set_xlabel("share of the operations that were ok within", labelpad=5)


def alt(subject: Subject) -> str:
    """What the figure shows, for those who do not see it."""
    found = subject.parts
    if not found:
        return "Response times: no operations are recorded."
    lanes: dict[str, list[str]] = {}
    for part in found:
        lanes.setdefault(part.lane, []).append(f"{part.name} {words.response_time(part.within_s(50))}")
    told = [f"{lane}: {', '.join(medians)}" for lane, medians in lanes.items()]
    return f"Response times over time and by share. Half of the operations of each lane within: {'; '.join(told)}."


def _over_time(axes: "Axes", subject: Subject, series: LaneSeries, ends: Floats, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(ends[0], ends[-1])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    middles = (ends[:-1] + ends[1:]) / 2
    half, most = overtime.within(series, ends, (50, 99))
    axes.fill_between(middles, half, most, color=theme.ok, alpha=0.5, lw=0)
    # A stretch without neighbours has no line: a dot keeps it in sight.
    axes.plot(middles, most, color=theme.point, lw=0.9, ls=_DASHED)
    axes.plot(middles, half, color=theme.point, lw=1.8, marker="o", ms=2.2)
    outages = [outage for lane in subject.verdict.recovery if lane.lane == series.lane for outage in lane.outages]
    shade(axes, outages, subject.at, series.end_s, theme)
    for fault in subject.history.faults:
        axes.axvline(subject.at(fault.start.time_ns), color=theme.fault, lw=1.6)


def _curves(axes: "Axes", found: list[Part], reach: float, theme: Theme) -> None:
    shown = [(_nines(share / 100), name) for share, name in _SHARES if _nines(share / 100) <= reach]
    if reach > 4:  # then there is no room for every name
        shown = [(x, "" if number % 2 == 0 else name) for number, (x, name) in enumerate(shown)]
    axes.set_xlim(0, reach)
    axes.set_xticks([x for x, _ in shown], [name for _, name in shown], fontsize=SMALL_PT)
    axes.tick_params(labelleft=False)
    axes.grid(axis="x", color=theme.rule, lw=0.6)
    for part in found:
        look = _look(part.name, theme)
        x, y = _curve(part)
        axes.plot(x, y, **look)
        if part.ok < part.operations:
            end = (x[-1], y[-1]) if x.size else (0, axes.get_ylim()[0])
            axes.plot(*end, marker="x", ms=6, mew=1.6, color=look["color"], clip_on=False)


def _curve(part: Part) -> tuple[Floats, Floats]:
    """Places on the axis of shares, and the response times there, as far as operations were ok."""
    n = part.operations
    places = np.linspace(0, math.log10(2 * n), _PLACES)
    ranks = np.unique(np.clip(np.ceil((1 - 10.0**-places) * n), 1, n).astype(np.int64))
    ranks = ranks[ranks < part.ok]
    ranks = np.append(ranks, part.ok) if part.ok else ranks  # the last one that was ok ends the curve
    return -np.log10(1 - (ranks - 0.5) / n), part.latency_s[ranks - 1]


def _nines(share: float) -> float:
    """Where a share stands on the axis: 0.9 at 1, 0.99 at 2, 0.999 at 3."""
    return -math.log10(1 - share)


def _look(name: str, theme: Theme) -> dict[str, Any]:
    """Told apart by width and dashes, too."""
    looks: dict[str, dict[str, Any]] = {
        BEFORE: {"color": theme.ink, "lw": 1.2, "ls": _DOTTED, "zorder": 3},  # seen on the line after
        DURING: {"color": theme.fail, "lw": 1.6, "ls": _DASHED},
        AFTER: {"color": theme.point, "lw": 1.6},
        WHOLE: {"color": theme.point, "lw": 1.6},
    }
    return looks[name]


def _title(figure: "Figure", subject: Subject, found: list[Part], theme: Theme) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    height_in = figure.get_size_inches()[1]
    left, verdict = _LEFT_IN / WIDTH_IN, subject.verdict
    figure.text(left, 1 - 0.16 / height_in, "How long answers took", fontsize=TITLE_PT, fontweight="bold", va="top")
    mark = f"{words.SYMBOLS[verdict.verdict]} {verdict.verdict}   {words.harmless(verdict.run)}"
    right = 1 - _RIGHT_IN / WIDTH_IN
    figure.text(right, 1 - 0.19 / height_in, mark, fontsize=SMALL_PT, color=theme.faint, va="top", ha="right")
    if not found:
        return
    over_time: list[Any] = [
        Line2D([], [], color=theme.point, lw=1.8, marker="o", ms=2.2, label="half of the answers within"),
        Line2D([], [], color=theme.point, lw=0.9, ls=_DASHED, label="99 % within"),
        Patch(facecolor=theme.outage, alpha=0.25, label="outage"),
        Line2D([], [], color=theme.fault, lw=1.6, label="fault"),
    ]
    names = [name for name in (BEFORE, DURING, AFTER, WHOLE) if any(part.name == name for part in found)]
    curves: list[Any] = [Line2D([], [], label=name, **_look(name, theme)) for name in names]
    if any(part.ok < part.operations for part in found):
        curves.append(Line2D([], [], ls="", marker="x", ms=6, mew=1.6, color=theme.ink, label="beyond: not ok"))
    for handles, left_in in ((over_time, _LEFT_IN), (curves, _LEFT_IN + _OVER_IN + _GAP_IN)):
        figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(left_in / WIDTH_IN, 1 - 0.47 / height_in),
            ncols=2,
            labelspacing=0.35,
            handlelength=2.2,
            columnspacing=1.6,
        )
