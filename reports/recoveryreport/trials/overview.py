"""The figure that tells most at a glance: how long the service was away in all runs, lane by lane, and what was lost.

Above: recovery times, below: all outages of a run together; both on the same axis of time, every run a point.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recoveryreport import striprow
from recoveryreport.axis import Axis, axis
from recoveryreport.sheet import EDGE_IN, KEY_IN, LINE_IN, Sheet, legend_lines, wrapped
from recoveryreport.strips import Strip, strip
from recoveryreport.style import TEXT_PT, TITLE_PT, WIDTH_IN, Theme
from recoveryreport.words import harmless

from . import words
from .records import Trials

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEFT_IN, _GUTTER_IN = 0.8, 1.95
_LEGEND_IN, _HEAD_IN = 0.68, 0.8
_NAME_IN, _TICKS_IN, _FOOT_IN = 0.3, 0.36, 0.3
_LARGER = 0.85
"""Room that a line of text has, where small text would have all of it."""
_NARROWEST_IN, _AROUND_IN = 0.5, 0.16
"""Lowest row of a lane; what is empty around its lines of text."""


@dataclass(frozen=True)
class Group:
    """Strips below each other that tell of the same."""

    name: str
    strips: list[Strip]
    empty: str
    """Why there is nothing to be seen, or ""."""

    @property
    def row_in(self) -> float:
        lines = max((len(one.told) for one in self.strips), default=0)
        return max(_NARROWEST_IN, lines * LINE_IN + _AROUND_IN)

    @property
    def tall_in(self) -> float:
        return max(len(self.strips), 1) * self.row_in


@dataclass(frozen=True)
class View:
    """All that the figure shows."""

    title: str
    course: str
    groups: list[Group]
    axis: Axis
    told: str
    bad: bool

    @property
    def strips(self) -> Iterator[Strip]:
        return (one for group in self.groups for one in group.strips)


def view(trials: Trials) -> View:
    recovery = [strip(lane.recovery, words.beside_lane(lane), lane.objective_s) for lane in trials.lanes]
    away = [strip(found, words.beside(found)) for lane in trials.lanes if (found := lane.unavailable) is not None]
    groups = [
        _group("Recovery time: from the fault until the lane was stable again", recovery),
        _group("Unavailable: all outages of a run together", away),
    ]
    return View(
        title=harmless(trials.title or trials.experiment or "No run"),
        course=harmless(f"{trials.experiment or 'no experiment'}: {words.course(trials)}"),
        groups=groups,
        axis=axis([value for group in groups for one in group.strips for value in one.shown_s]),
        told=f"Acknowledged writes {words.loss(trials.writes)}",
        bad=bool(trials.writes.runs_with_loss),
    )


def draw(figure: "Figure", shown: View, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    handles = striprow.keys(shown.strips, shown.axis, "one run", "median", theme)
    keys = legend_lines(figure, handles, WIDTH_IN)
    told = wrapped(f"✘ {shown.told}" if shown.bad else shown.told, (WIDTH_IN - 2 * EDGE_IN) * _LARGER)
    tall_in = sum(_NAME_IN + group.tall_in + _TICKS_IN for group in shown.groups)
    head_in = _HEAD_IN + len(keys) * KEY_IN
    sheet = Sheet(figure, WIDTH_IN, head_in + tall_in + _FOOT_IN + len(told) * LINE_IN)
    sheet.write(EDGE_IN, sheet.height_in - 0.16, shown.title, size=TITLE_PT, fontweight="bold")
    sheet.write(EDGE_IN, sheet.height_in - 0.44, shown.course, color=theme.faint)
    sheet.legend(sheet.height_in - _LEGEND_IN, keys)
    top_in = sheet.height_in - head_in
    for group in shown.groups:
        _group_below(sheet, shown.axis, group, top_in, theme)
        top_in -= _NAME_IN + group.tall_in + _TICKS_IN
    how = "Seconds, logarithmic" if shown.axis.logarithmic else "Seconds"
    sheet.write(_LEFT_IN, top_in + 0.12, how, size=TEXT_PT)
    for number, line in enumerate(told):
        sheet.write(
            EDGE_IN,
            top_in - 0.16 - number * LINE_IN,
            line,
            size=TEXT_PT,
            fontweight="bold",
            color=theme.fail if shown.bad else theme.ink,
        )


def _group(name: str, strips: Sequence[Strip]) -> Group:
    return Group(name, list(strips), "" if any(one.dots for one in strips) else "nothing can be pooled")


def _group_below(sheet: Sheet, time: Axis, group: Group, top_in: float, theme: Theme) -> None:
    sheet.write(EDGE_IN, top_in - 0.03, group.name, size=TEXT_PT, fontweight="bold")
    bottom_in = top_in - _NAME_IN - group.tall_in
    axes = sheet.axes(_LEFT_IN, bottom_in, WIDTH_IN - _LEFT_IN - _GUTTER_IN, group.tall_in)
    striprow.prepare(sheet, axes, time, [one.lane for one in group.strips], _LEFT_IN - EDGE_IN, theme)
    for row, one in enumerate(group.strips):
        striprow.draw_strip(sheet, axes, time, one, row, theme)
    if group.empty:
        striprow.say(axes, group.empty, theme)
