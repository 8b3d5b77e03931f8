"""Two rows a lane and a phase, all on one axis of time: every run a point, the medians, grey their intervals."""

from typing import TYPE_CHECKING

from recoveryreport import striprow
from recoveryreport.sheet import EDGE_IN, KEY_IN, LINE_IN, RIGHT_IN, Sheet, legend_lines, wrapped
from recoveryreport.style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme

from .scene import Pair, Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _SIDE_IN, _BEHIND_IN = 2.35, 0.55, 1.95
"""Room of the names, of that the names of the sets, and that of medians and differences behind the axis."""
_MEDIAN_PT, _DIFFERENCE_PT = 5, 62
"""How far behind the axis they are told."""
_TITLE_LINE_IN, _HEADING_IN, _ROW_IN, _TICKS_IN = 0.24, 0.3, 0.27, 0.34


def draw(figure: "Figure", view: Scene, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    room_in = WIDTH_IN - 2 * EDGE_IN
    title = wrapped(view.title, room_in * SMALL_PT / TITLE_PT)
    notes = [line for note in view.notes for line in wrapped(note, room_in)]
    keys = legend_lines(figure, striprow.keys(view.strips, view.axis, "one run", "median", theme), WIDTH_IN)
    rows_in = sum(_HEADING_IN + 2 * len(pairs) * _ROW_IN + _TICKS_IN for _, pairs in view.groups)
    head_in = 0.16 + len(title) * _TITLE_LINE_IN + 0.06 + LINE_IN + 0.12 + len(keys) * KEY_IN + 0.1
    sheet = Sheet(figure, WIDTH_IN, head_in + rows_in + 0.3 + len(notes) * LINE_IN + 0.15)
    top_in = sheet.height_in - 0.16
    for line in title:
        sheet.write(EDGE_IN, top_in, line, size=TITLE_PT, fontweight="bold")
        top_in -= _TITLE_LINE_IN
    sheet.write(EDGE_IN, top_in - 0.06, view.course, color=theme.faint)
    sheet.legend(top_in - 0.06 - LINE_IN - 0.12, keys)
    top_in = sheet.height_in - head_in
    for heading, pairs in view.groups:
        top_in = _group(sheet, view, heading, pairs, top_in, theme)
    how = ", logarithmic" if view.axis.logarithmic else ""
    sheet.write(_LEFT_IN, top_in + 0.05, f"Seconds{how}", size=TEXT_PT)
    for number, line in enumerate(notes):
        sheet.write(EDGE_IN, top_in - 0.25 - number * LINE_IN, line, color=theme.faint)


def _group(sheet: Sheet, view: Scene, heading: str, pairs: list[Pair], top_in: float, theme: Theme) -> float:
    """Where the next one begins comes back."""
    sheet.write(EDGE_IN, top_in - 0.02, heading, size=TEXT_PT, fontweight="bold")
    behind_in = sheet.width_in - _BEHIND_IN - RIGHT_IN
    for name, behind_pt in (("median", _MEDIAN_PT), ("NEW less BASE", _DIFFERENCE_PT)):
        sheet.write(behind_in + behind_pt / 72, top_in - 0.04, name, color=theme.faint)
    tall_in = 2 * len(pairs) * _ROW_IN
    bottom_in = top_in - _HEADING_IN - tall_in
    axes = sheet.axes(_LEFT_IN, bottom_in, behind_in - _LEFT_IN, tall_in)
    striprow.prepare(sheet, axes, view.axis, ["BASE", "NEW"] * len(pairs), _SIDE_IN, theme)
    for place, pair in enumerate(pairs):
        striprow.draw_strip(sheet, axes, view.axis, pair.base, 2 * place, theme)
        striprow.draw_strip(sheet, axes, view.axis, pair.new, 2 * place + 1, theme)
        if place:
            axes.axhline(2 * place - 0.5, color=theme.rule, lw=0.6)
        middle_in = bottom_in + tall_in - (2 * place + 1) * _ROW_IN + SMALL_PT / 72 / 2
        sheet.write(EDGE_IN, middle_in, pair.name, room_in=_LEFT_IN - EDGE_IN - _SIDE_IN, fontweight="bold")
        _tell(axes, pair, 2 * place + 0.5, theme)
    return bottom_in - _TICKS_IN


def _tell(axes: "Axes", pair: Pair, y: float, theme: Theme) -> None:
    """The difference, behind the medians."""
    axes.annotate(
        pair.told,
        (1, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(_DIFFERENCE_PT, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=SMALL_PT,
        fontweight="bold" if pair.moved else "normal",
        color=theme.ink if pair.moved else theme.faint,
        annotation_clip=False,
    )
