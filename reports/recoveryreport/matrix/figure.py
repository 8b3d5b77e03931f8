"""Small multiples: one panel a cell, all on the same axis of time.

In each panel a line a lane: every run's recovery time, the median behind them, and grey the interval of the median.
Beneath: the acknowledged writes that were lost, and what so many runs leave open.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recoveryreport import canvas, striprow
from recoveryreport.sheet import EDGE_IN, KEY_IN, LINE_IN, RIGHT_IN, Sheet, legend_lines, wrapped
from recoveryreport.style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme

from .panels import Panel, Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN = 0.8
_PITCH_IN, _GUTTER_IN, _APART_IN = 2.75, 0.62, 0.15
"""Narrowest room of a panel; within it, that of the medians behind the axis, and what stays empty."""
_LEGEND_IN = 0.68
"""Where the legend begins."""
_HEAD_IN, _FOOT_IN = 0.78, 0.5
_NAME_IN, _HEADING_IN, _LANE_IN, _TICKS_IN, _UNDER_IN = 0.3, 0.22, 0.3, 0.27, 0.16


def draw(figure: "Figure", view: Scene, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    columns = max(len(panels) for _, panels in view.rows)
    width_in = max(WIDTH_IN, _LEFT_IN + columns * _PITCH_IN + RIGHT_IN)
    notes = [line for note in view.notes for line in wrapped(note, width_in - 2 * EDGE_IN)]
    tall_in = [_row_in(view, name, panels) for name, panels in view.rows]
    handles = striprow.keys(view.strips, view.axis, "one run's recovery time", "median, also at the right", theme)
    keys = legend_lines(figure, handles, width_in)
    head_in = _HEAD_IN + len(keys) * KEY_IN
    sheet = Sheet(figure, width_in, head_in + sum(tall_in) + _FOOT_IN + len(notes) * LINE_IN)
    sheet.write(EDGE_IN, sheet.height_in - 0.16, view.title, size=TITLE_PT, fontweight="bold")
    sheet.write(EDGE_IN, sheet.height_in - 0.44, view.course, color=theme.faint)
    sheet.legend(sheet.height_in - _LEGEND_IN, keys)
    top_in = sheet.height_in - head_in
    for (name, panels), row_in in zip(view.rows, tall_in, strict=True):
        _row(sheet, view, name, panels, top_in, theme)
        top_in -= row_in
    how = ", logarithmic" if view.axis.logarithmic else ""
    sheet.write(_LEFT_IN, top_in - 0.02, f"Seconds after the fault{how}", size=TEXT_PT)
    for number, line in enumerate(notes):
        sheet.write(EDGE_IN, top_in - 0.34 - number * LINE_IN, line, color=theme.faint)


def _row_in(view: Scene, name: str, panels: Sequence[Panel]) -> float:
    told = max(len(panel.told) for panel in panels)
    return (name != "") * _NAME_IN + _HEADING_IN + _lanes_in(view) + _TICKS_IN + told * LINE_IN + _UNDER_IN


def _lanes_in(view: Scene) -> float:
    return max(len(view.lanes), 1) * _LANE_IN


def _row(sheet: Sheet, view: Scene, name: str, panels: Sequence[Panel], top_in: float, theme: Theme) -> None:
    if name:
        sheet.write(EDGE_IN, top_in - 0.04, name, size=TEXT_PT + 1, fontweight="bold")
        top_in -= _NAME_IN
    pitch_in = (sheet.width_in - _LEFT_IN - RIGHT_IN) / len(panels)
    wide_in = pitch_in - _GUTTER_IN - _APART_IN
    fits = all(canvas.text_width_in(sheet.figure, panel.heading, SMALL_PT) < pitch_in - _APART_IN for panel in panels)
    for column, panel in enumerate(panels):
        x_in = _LEFT_IN + column * pitch_in
        bottom_in = top_in - _HEADING_IN - _lanes_in(view)
        room_in = pitch_in - _APART_IN
        heading = panel.heading if fits else panel.label
        sheet.write(x_in, top_in - 0.02, heading, room_in=room_in, fontweight="bold")
        axes = sheet.axes(x_in, bottom_in, wide_in, _lanes_in(view))
        _panel(sheet, axes, view, panel, column == 0, theme)
        for number, line in enumerate(panel.told):
            loud = panel.bad and number < 2
            sheet.write(
                x_in,
                bottom_in - _TICKS_IN - number * LINE_IN,
                f"✘ {line}" if panel.bad and number == 0 else line,
                room_in=room_in,
                color=theme.fail if loud else theme.ink,
                fontweight="bold" if loud else "normal",
            )


def _panel(sheet: Sheet, axes: "Axes", view: Scene, panel: Panel, first: bool, theme: Theme) -> None:
    striprow.prepare(sheet, axes, view.axis, view.lanes if first else [""] * len(view.lanes), _LEFT_IN - EDGE_IN, theme)
    for place, lane in enumerate(view.lanes):
        if lane in panel.strips:
            striprow.draw_strip(sheet, axes, view.axis, panel.strips[lane], place, theme)
    if panel.empty:
        striprow.say(axes, panel.empty, theme)
