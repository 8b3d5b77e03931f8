"""One experiment over time: each lane's recovery times, the writes lost, and what every run came to, in rows.

Dashed: the objectives. Upright: change points, and dotted where conditions changed. Hatched: runs that are missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recoveryreport.axis import Axis
from recoveryreport.canvas import text_width_in
from recoveryreport.lanerow import OBJECTIVE_LINE
from recoveryreport.sheet import EDGE_IN, KEY_IN, LINE_IN, Sheet, legend_lines, quiet, wrapped
from recoveryreport.style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme

from .scene import Panel, Point, Scene, Stretch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _RIGHT_IN = 1.05, 0.25
_HEAD_IN, _MARKS_IN = 0.78, 0.2
_HEADING_IN, _PANEL_IN, _LOSSES_IN, _ROW_IN, _APART_IN, _TICKS_IN = 0.27, 1.15, 0.5, 0.19, 0.12, 0.5
_MARK_IN = 0.2
"""Least distance of two numbers of changes."""


@dataclass(frozen=True)
class _Ticks:
    """Of the axis of time: where they are, and what stands at them."""

    places: list[float]
    labels: list[str]


def draw(figure: "Figure", view: Scene, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    notes = [line for note in view.notes for line in wrapped(note, WIDTH_IN - 2 * EDGE_IN)]
    course = wrapped(view.course, WIDTH_IN - 2 * EDGE_IN)
    keys = legend_lines(figure, _keys(view, theme), WIDTH_IN)
    heights = [_PANEL_IN] * len(view.times) + [_LOSSES_IN]
    rows_in = _ROW_IN * _rows(view)
    head_in = _HEAD_IN + (len(course) - 1) * LINE_IN + len(keys) * KEY_IN + _MARKS_IN * bool(view.marks)
    panels_in = sum(height + _HEADING_IN + _APART_IN for height in heights)
    sheet = Sheet(figure, WIDTH_IN, head_in + panels_in + rows_in + _TICKS_IN + len(notes) * LINE_IN + EDGE_IN)
    sheet.write(EDGE_IN, sheet.height_in - 0.16, view.title, size=TITLE_PT, fontweight="bold")
    for number, line in enumerate(course):
        sheet.write(EDGE_IN, sheet.height_in - 0.44 - number * LINE_IN, line, color=theme.faint)
    sheet.legend(sheet.height_in - 0.68 - (len(course) - 1) * LINE_IN, keys)
    top_in = sheet.height_in - head_in
    _write_marks(sheet, view, top_in, theme)
    ticks = _ticks(view)
    for panel, height_in in zip(view.panels, heights, strict=True):
        top_in -= _HEADING_IN + height_in
        axes = _axes(sheet, view, top_in, height_in, ticks, theme)
        if panel is view.losses:
            _count_losses(axes, view)
            name, scale = panel.name, Axis(0.0, float("inf"), False, ())
        else:
            view.axis.show(axes, "y")
            how = ", logarithmic" if view.axis.logarithmic else ""
            name, scale = f"{panel.name}: recovery time (s{how})", view.axis
        sheet.write(_LEFT_IN, top_in + height_in + 0.22, name, size=TEXT_PT, fontweight="bold", room_in=3.2)
        sheet.write(WIDTH_IN - _RIGHT_IN, top_in + height_in + 0.21, panel.told, ha="right", room_in=5.2)
        _draw_panel(figure, axes, view, panel, scale, theme)
        top_in -= _APART_IN
    _draw_rows(_axes(sheet, view, top_in - rows_in, rows_in, ticks, theme), view, ticks, theme)
    for number, line in enumerate(notes):
        sheet.write(EDGE_IN, top_in - rows_in - _TICKS_IN - number * LINE_IN, line, color=theme.faint)


def _rows(view: Scene) -> int:
    return len(view.rows) + bool(view.gaps)


def _wide_in() -> float:
    return WIDTH_IN - _LEFT_IN - _RIGHT_IN


def _keys(view: Scene, theme: Theme) -> list[Any]:
    """The entries of the legend: of what is there."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    points = list(view.points)
    handles: list[Any] = [
        Line2D([], [], ls="", label=name, **_look(name, theme))
        for name in dict.fromkeys(_called(point) for point in points)
    ]
    if any(panel.medians for panel in view.panels):
        handles.append(Line2D([], [], color=theme.ink, lw=1.6, label="median between change points"))
    if any(panel.limits for panel in view.panels):
        handles.append(Line2D([], [], color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE, label="objective"))
    if any(panel.shifts for panel in view.panels):
        handles.append(Line2D([], [], color=theme.largest, lw=2.0, label="change point"))
    if view.marks:
        handles.append(Line2D([], [], color=theme.faint, lw=1.0, ls=":", label="conditions changed (numbers)"))
    if view.gaps:
        handles.append(Patch(**_missing(theme), label="runs are missing"))
    return handles


def _called(point: Point) -> str:
    if not point.vouched:
        return "the record does not vouch for it"
    if point.kind == "recovered":
        return "a run that missed the objective" if point.missed else "a run"
    return {"censored": "not recovered by then", "no outage": "no outage as long as that"}[point.kind]


def _look(name: str, theme: Theme) -> dict[str, Any]:
    """Told apart by shape, not by colour alone: what was not seen to end is open."""
    return {
        "a run": {"marker": "o", "ms": 3.8, "mew": 0, "mfc": theme.point},
        "a run that missed the objective": {"marker": "X", "ms": 6, "mew": 0.5, "mfc": theme.fail, "mec": theme.paper},
        "not recovered by then": {"marker": "^", "ms": 6, "mew": 1.2, "mfc": theme.paper, "mec": theme.fail},
        "no outage as long as that": {"marker": "v", "ms": 5, "mew": 1.1, "mfc": theme.paper, "mec": theme.point},
        "the record does not vouch for it": {
            "marker": "D",
            "ms": 3.6,
            "mew": 1.0,
            "mfc": theme.paper,
            "mec": theme.unknown,
        },
    }[name]


def _missing(theme: Theme) -> dict[str, Any]:
    return {"facecolor": theme.paper, "edgecolor": theme.rule, "hatch": "////", "lw": 0}


def _ticks(view: Scene) -> _Ticks:
    import matplotlib.dates

    dates: Any = matplotlib.dates  # has no types
    locator = dates.AutoDateLocator(minticks=4, maxticks=9)
    found = locator.tick_values(dates.num2date(view.start), dates.num2date(view.end))
    places = [float(place) for place in found if view.start <= place <= view.end]
    formatter = dates.ConciseDateFormatter(locator)
    labels = list(formatter.format_ticks(places))
    return _Ticks(places, [f"{label}\n{dates.num2date(places[0]):%Y-%m-%d}" for label in labels[:1]] + labels[1:])


def _axes(sheet: Sheet, view: Scene, bottom_in: float, tall_in: float, ticks: _Ticks, theme: Theme) -> "Axes":
    """What all rows have in common: the axis of time, what is missing, and where conditions changed."""
    axes = sheet.axes(_LEFT_IN, bottom_in, _wide_in(), tall_in)
    axes.set_xlim(view.start, view.end)
    axes.set_xticks([])
    quiet(axes, theme, "y")
    over = axes.get_xaxis_transform()
    axes.vlines(ticks.places, 0, 1, transform=over, color=theme.rule, lw=0.6, zorder=0.6)
    if view.gaps:
        axes.broken_barh(_widths(view.gaps), (0, 1), transform=over, zorder=0.5, **_missing(theme))
    if view.marks:
        axes.vlines([day for day, _ in view.marks], 0, 1, transform=over, color=theme.faint, lw=1.0, ls=":", zorder=1.5)
    return axes


def _widths(stretches: Sequence[Stretch]) -> list[tuple[float, float]]:
    return [(start, end - start) for start, end in stretches]


def _write_marks(sheet: Sheet, view: Scene, top_in: float, theme: Theme) -> None:
    """The numbers of the changes, as far as there is room."""
    latest_in = 0.0
    for day, number in view.marks:
        x_in = _LEFT_IN + (day - view.start) / (view.end - view.start) * _wide_in()
        if x_in - latest_in >= _MARK_IN:
            sheet.write(x_in, top_in + _MARKS_IN / 2, number, color=theme.faint, ha="center")
            latest_in = x_in


def _count_losses(axes: "Axes", view: Scene) -> None:
    most = view.most_lost
    axes.set_ylim(-0.25 * max(most, 1.0), 1.25 * max(most, 1.0))
    axes.set_yticks([0.0, most] if most else [0.0], ["0", f"{most:,.0f}"] if most else ["0"])


def _draw_panel(figure: "Figure", axes: "Axes", view: Scene, panel: Panel, scale: Axis, theme: Theme) -> None:
    certain = [point for point in panel.points if point.kind == "recovered" and point.high > point.low]
    lows, highs = ([scale.within(end) for end in ends] for ends in _ends(certain))
    axes.vlines([point.day for point in certain], lows, highs, color=theme.point, alpha=0.5, lw=1.0, zorder=2)
    for name in dict.fromkeys(_called(point) for point in panel.points):
        points = [point for point in panel.points if _called(point) == name]
        axes.plot(
            [point.day for point in points],
            [scale.within(point.value) for point in points],
            ls="",
            zorder=3,
            clip_on=False,
            **_look(name, theme),
        )
    _lines(axes, view, panel.medians, color=theme.ink, lw=1.6, zorder=4)
    limits = [(stretch, limit) for stretch, limit in panel.limits if scale.low_s < limit < scale.high_s]
    _lines(axes, view, limits, color=theme.ink, lw=1.2, ls=OBJECTIVE_LINE, zorder=2.5)
    for day, text in panel.shifts:
        axes.axvline(day, color=theme.largest, lw=2.0, zorder=3.5)
        wide = text_width_in(figure, text, SMALL_PT) / _wide_in() * (view.end - view.start)
        leftwards, top = _free(axes, view, panel, day, wide)
        axes.annotate(
            text,
            (day, top),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-4 if leftwards else 4, -3 if top else 3),
            textcoords="offset points",
            ha="right" if leftwards else "left",
            va="top" if top else "bottom",
            fontsize=SMALL_PT,
            fontweight="bold",
            zorder=5,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
        )


def _free(axes: "Axes", view: Scene, panel: Panel, day: float, wide: float) -> tuple[bool, bool]:
    """Where a text beside a change point hides fewest runs: whether to the left of it, and at the top of the panel.

    wide: width of the text in days.
    """
    at_left, at_right = day - wide > view.start, day + wide < view.end
    sides = [side for side, fits in ((False, at_right), (True, at_left)) if fits] or [day > view.end - wide]
    heights = axes.transData.transform([(point.day, point.value) for point in panel.points])[:, 1]
    parts = axes.transAxes.inverted().transform([(0, height) for height in heights])[:, 1]

    def hidden(place: tuple[bool, bool]) -> int:
        leftwards, top = place
        first, last = (day - wide, day) if leftwards else (day, day + wide)
        return sum(
            first <= point.day <= last and (part > 0.8 if top else part < 0.2)
            for point, part in zip(panel.points, parts, strict=True)
        )

    return min(((side, top) for side in sides for top in (True, False)), key=hidden)


def _ends(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [point.low for point in points], [point.high for point in points]


def _lines(axes: "Axes", view: Scene, lines: Sequence[tuple[Stretch, float]], **how: Any) -> None:
    """Level lines; one of a single run is as wide as a point."""
    least = (view.end - view.start) * 0.006
    starts = [start if end - start > least else start - least / 2 for (start, end), _ in lines]
    ends = [end if end - start > least else end + least / 2 for (start, end), _ in lines]
    axes.hlines([value for _, value in lines], starts, ends, **how)


def _draw_rows(axes: "Axes", view: Scene, ticks: _Ticks, theme: Theme) -> None:
    """One row a state, a stroke a run."""
    colours = {"passed": theme.point, "failed": theme.fail, "unknown": theme.unknown}
    names = [name for name, _ in view.rows] + (["missing"] if view.gaps else [])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(ticks.places, ticks.labels)
    axes.grid(axis="y", visible=False)
    for place, (name, days) in enumerate(view.rows):
        colour = colours.get(name, theme.outage)
        axes.plot(days, [place] * len(days), ls="", marker="|", ms=9, mew=1.4, color=colour, zorder=3, clip_on=False)
    if view.gaps:
        axes.broken_barh(_widths(view.gaps), (len(names) - 1.4, 0.8), color=theme.outage, zorder=2)
    axes.set_xlabel("UTC", fontsize=SMALL_PT, loc="right", labelpad=-8)
