"""Small multiples: one panel a cell, all on the same axis of time.

In each panel a line a lane: every run's recovery time, the median behind them, and grey the interval of the median.
Beneath: the acknowledged writes that were lost, and what so many runs leave open.
"""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recoveryreport import canvas
from recoveryreport.lanerow import OBJECTIVE_LINE
from recoveryreport.style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme
from recoveryreport.trials.records import Kind

from .axis import Axis, label
from .panels import Panel, Scene, Strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EDGE_IN, _LEFT_IN, _RIGHT_IN = 0.2, 0.8, 0.15
_PITCH_IN, _GUTTER_IN, _APART_IN = 2.75, 0.62, 0.15
"""Narrowest room of a panel; within it, that of the medians behind the axis, and what stays empty."""
_LEGEND_IN, _KEY_IN, _SIGN_IN = 0.68, 0.2, 0.36
"""Where the legend begins; height of a line of it; width of a sign and what is empty around it."""
_HEAD_IN, _FOOT_IN = 0.78, 0.5
_NAME_IN, _HEADING_IN, _LANE_IN, _TICKS_IN, _LINE_IN, _UNDER_IN = 0.3, 0.22, 0.3, 0.27, 0.165, 0.16
_EM = 0.6
"""Width of a letter as a part of its height, for breaking lines."""
_THICK, _STEP = 0.82, 0.14
"""Height of a band, and between the heights of neighbours, as parts of a lane's line."""


def draw(figure: "Figure", view: Scene, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    columns = max(len(panels) for _, panels in view.rows)
    width_in = max(WIDTH_IN, _LEFT_IN + columns * _PITCH_IN + _RIGHT_IN)
    notes = [line for note in view.notes for line in _wrapped(note, width_in - 2 * _EDGE_IN)]
    tall_in = [_row_in(view, name, panels) for name, panels in view.rows]
    keys = _lines(figure, _keys(view, theme), width_in)
    head_in = _HEAD_IN + len(keys) * _KEY_IN
    page = _Page(figure, width_in, head_in + sum(tall_in) + _FOOT_IN + len(notes) * _LINE_IN)
    _head(page, view, keys, theme)
    top_in = page.height_in - head_in
    for (name, panels), row_in in zip(view.rows, tall_in, strict=True):
        _row(page, view, name, panels, top_in, theme)
        top_in -= row_in
    how = ", logarithmic" if view.axis.logarithmic else ""
    page.write(_LEFT_IN, top_in - 0.02, f"Seconds after the fault{how}", size=TEXT_PT)
    for number, line in enumerate(notes):
        page.write(_EDGE_IN, top_in - 0.34 - number * _LINE_IN, line, color=theme.faint)


class _Page:
    """A figure, in inches from its lower left corner."""

    def __init__(self, figure: "Figure", width_in: float, height_in: float) -> None:
        self.figure, self.width_in, self.height_in = figure, width_in, height_in
        figure.set_size_inches(width_in, height_in)

    def write(
        self, x_in: float, top_in: float, text: str, *, size: float = SMALL_PT, room_in: float = 0, **how: Any
    ) -> None:
        """A line of text below `top_in`. What is longer than its room is told by its beginning and its end."""
        room_in = room_in or self.width_in - x_in - _RIGHT_IN
        text = _fitted(self.figure, text, size, room_in)
        self.figure.text(x_in / self.width_in, top_in / self.height_in, text, fontsize=size, va="top", **how)

    def axes(self, x_in: float, bottom_in: float, wide_in: float, tall_in: float) -> "Axes":
        return self.figure.add_axes(
            (x_in / self.width_in, bottom_in / self.height_in, wide_in / self.width_in, tall_in / self.height_in)
        )


def _row_in(view: Scene, name: str, panels: Sequence[Panel]) -> float:
    told = max(len(panel.told) for panel in panels)
    return (name != "") * _NAME_IN + _HEADING_IN + _lanes_in(view) + _TICKS_IN + told * _LINE_IN + _UNDER_IN


def _lanes_in(view: Scene) -> float:
    return max(len(view.lanes), 1) * _LANE_IN


def _head(page: _Page, view: Scene, keys: Sequence[Sequence[Any]], theme: Theme) -> None:
    page.write(_EDGE_IN, page.height_in - 0.16, view.title, size=TITLE_PT, fontweight="bold")
    page.write(_EDGE_IN, page.height_in - 0.44, view.course, color=theme.faint)
    for number, line in enumerate(keys):
        page.figure.legend(
            handles=line,
            loc="upper left",
            bbox_to_anchor=(_EDGE_IN / page.width_in, 1 - (_LEGEND_IN + number * _KEY_IN) / page.height_in),
            ncols=len(line),
            frameon=False,
            fontsize=SMALL_PT,
            borderaxespad=0,
            borderpad=0,
            handlelength=1.4,
            handletextpad=0.5,
            columnspacing=1.4,
        )


def _keys(view: Scene, theme: Theme) -> list[Any]:
    """The entries of the legend: of what is there."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    kinds: dict[Kind, str] = {
        "recovered": "one run's recovery time",
        "censored": "not recovered by then",
        "no outage": "no outage as long as that",
    }
    handles: list[Any] = [
        Line2D([], [], ls="", label=what, **_look(kind, theme)) for kind, what in kinds.items() if view.shows(kind)
    ]
    if any(strip.median_s is not None for strip in view.strips):
        handles.append(
            Line2D([], [], ls="", marker="|", ms=10, mew=2.2, color=theme.ink, label="median, also at the right")
        )
    if any(strip.interval_s for strip in view.strips):
        handles.append(Patch(facecolor=theme.outage, alpha=0.3, label="interval of the median (95 % or more)"))
    if any(_objective_shows(strip, view.axis) for strip in view.strips):
        handles.append(Line2D([], [], color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE, label="objective"))
    return handles


def _lines(figure: "Figure", handles: Sequence[Any], width_in: float) -> list[list[Any]]:
    """The entries of the legend, on as many lines as they need."""
    lines: list[list[Any]] = []
    room_in = 0.0
    for handle in handles:
        wide_in = canvas.text_width_in(figure, handle.get_label(), SMALL_PT) + _SIGN_IN
        if not lines or wide_in > room_in:
            lines.append([])
            room_in = width_in - 2 * _EDGE_IN
        lines[-1].append(handle)
        room_in -= wide_in
    return lines


def _row(page: _Page, view: Scene, name: str, panels: Sequence[Panel], top_in: float, theme: Theme) -> None:
    if name:
        page.write(_EDGE_IN, top_in - 0.04, name, size=TEXT_PT + 1, fontweight="bold")
        top_in -= _NAME_IN
    pitch_in = (page.width_in - _LEFT_IN - _RIGHT_IN) / len(panels)
    wide_in = pitch_in - _GUTTER_IN - _APART_IN
    fits = all(canvas.text_width_in(page.figure, panel.heading, SMALL_PT) < pitch_in - _APART_IN for panel in panels)
    for column, panel in enumerate(panels):
        x_in = _LEFT_IN + column * pitch_in
        bottom_in = top_in - _HEADING_IN - _lanes_in(view)
        room_in = pitch_in - _APART_IN
        heading = panel.heading if fits else panel.label
        page.write(x_in, top_in - 0.02, heading, room_in=room_in, fontweight="bold")
        axes = page.axes(x_in, bottom_in, wide_in, _lanes_in(view))
        _panel(axes, view, panel, column == 0, theme)
        for number, line in enumerate(panel.told):
            loud = panel.bad and number < 2
            page.write(
                x_in,
                bottom_in - _TICKS_IN - number * _LINE_IN,
                f"✘ {line}" if panel.bad and number == 0 else line,
                room_in=room_in,
                color=theme.fail if loud else theme.ink,
                fontweight="bold" if loud else "normal",
            )


def _panel(axes: "Axes", view: Scene, panel: Panel, first: bool, theme: Theme) -> None:
    lines = max(len(view.lanes), 1)
    axes.set_ylim(lines - 0.5, -0.5)  # the first lane at the top
    if view.axis.logarithmic:
        axes.set_xscale("log")
    axes.set_xlim(view.axis.low_s, view.axis.high_s)
    axes.set_xticks(view.axis.ticks_s, [label(tick) for tick in view.axis.ticks_s])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(view.lanes)), view.lanes if first else [""] * len(view.lanes))
    axes.tick_params(left=False, bottom=False, pad=3, labelsize=SMALL_PT)
    axes.tick_params(axis="y", labelcolor=theme.ink)
    axes.grid(axis="x", color=theme.rule, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    for place, lane in enumerate(view.lanes):
        if lane in panel.strips:
            _strip(axes, view.axis, panel.strips[lane], place, theme)
    if panel.empty:
        axes.text(
            0.5,
            0.5,
            panel.empty,
            transform=axes.transAxes,
            ha="center",
            va="center",
            fontsize=SMALL_PT,
            color=theme.faint,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 2},
        )


def _strip(axes: "Axes", axis: Axis, strip: Strip, y: float, theme: Theme) -> None:
    upper, lower = y - _THICK / 2, y + _THICK / 2
    if strip.interval_s:
        begin, end = strip.interval_s
        ends = [axis.within(begin), axis.high_s if end is None else axis.within(end)]
        axes.fill_between(ends, upper, lower, color=theme.outage, alpha=0.3, lw=0, zorder=1)
    if strip.median_s is not None:
        axes.plot([axis.within(strip.median_s)] * 2, [upper, lower], color=theme.ink, lw=2.2, zorder=2)
    if _objective_shows(strip, axis):
        axes.plot(
            [strip.objective_s or 0] * 2, [y - 0.5, y + 0.5], color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE, zorder=2
        )
    kinds: tuple[Kind, ...] = ("recovered", "censored", "no outage")
    for kind in kinds:
        dots = [dot for dot in strip.dots if dot.kind == kind]
        axes.plot(
            [axis.within(dot.time_s) for dot in dots],
            [y + dot.level * _STEP for dot in dots],
            ls="",
            zorder=3,
            clip_on=False,
            **_look(kind, theme),
        )
    axes.annotate(
        strip.median,
        (1, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(5, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=SMALL_PT,
        annotation_clip=False,
    )


def _look(kind: Kind, theme: Theme) -> dict[str, Any]:
    """Told apart by shape, not by colour alone: what was not seen to end is open."""
    return {
        "recovered": {"marker": "o", "ms": 4, "mew": 0.5, "mfc": theme.point, "mec": theme.paper},
        "censored": {"marker": ">", "ms": 5.5, "mew": 1.1, "mfc": theme.paper, "mec": theme.fail},
        "no outage": {"marker": "<", "ms": 5.5, "mew": 1.1, "mfc": theme.paper, "mec": theme.point},
    }[kind]


def _objective_shows(strip: Strip, axis: Axis) -> bool:
    return strip.objective_s is not None and axis.low_s < strip.objective_s < axis.high_s


def _fitted(figure: "Figure", text: str, size_pt: float, room_in: float) -> str:
    if len(text) * size_pt * _EM / 72 < room_in * 0.7 or canvas.text_width_in(figure, text, size_pt) <= room_in:
        return text
    for kept in range(len(text) - 1, 1, -1):
        # Labels that are alike often differ at their end.
        short = f"{text[: kept - kept // 3].rstrip()}…{text[-(kept // 3) :].lstrip() if kept > 2 else ''}"
        if canvas.text_width_in(figure, short, size_pt) <= room_in:
            return short
    return "…"


def _wrapped(text: str, room_in: float) -> list[str]:
    return textwrap.wrap(text, int(room_in * 72 / SMALL_PT / _EM), break_on_hyphens=False)
