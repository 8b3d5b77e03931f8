"""Run by run, in the order in which they were made: where the seconds of each went, and what each lost.

At the left the phases of a run, one after the other; a phase that a run did not have is not there. At the right how
much of what was acknowledged is not as it was. The phases that took longest altogether have a colour of their own, as
light or dark as no other, and a pattern where rows are tall enough; the others are grey.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaosmongo.history.quantities import count, listed

from recoveryreport import striprow
from recoveryreport.sheet import EDGE_IN, KEY_IN, LINE_IN, RIGHT_IN, Sheet, legend_lines, quiet, wrapped
from recoveryreport.style import SMALL_PT, TEXT_PT, TITLE_PT, WIDTH_IN, Theme
from recoveryreport.words import SYMBOLS, harmless

from . import words
from .records import PhaseSpan, Trial, Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_IN, _LOST_IN, _APART_IN = 0.8, 1.7, 0.3
_HEAD_IN, _FOOT_IN, _NAME_IN = 0.5, 0.62, 0.28
_ROW_IN, _MOST_IN, _LEAST_IN = 0.2, 8.0, 0.6
"""Height of a row; of all rows, at most and at least."""
_SINGLE = 40
"""Runs up to which each has a name and a number; of more, some have a name."""
_THICK = 0.78
_LOOKS: tuple[tuple[str, str, str], ...] = (
    ("#d55e00", "", ""),
    ("#8fcdf2", "///", "#1b1f24"),
    ("#005b8f", "", ""),
    ("#cc79a7", "\\\\\\", "#1b1f24"),
    ("#008f66", "xxx", "#ffffff"),
)
"""Colour (after Okabe and Ito, each of another lightness), pattern, and the colour of the pattern."""

NOT_POOLED, NOT_DIVIDED, NOT_KNOWN = "not pooled", "no recovery to divide into phases", "loss not known"


@dataclass(frozen=True)
class Row:
    """One run. symbol: of its verdict. spans: its phases. note: why there are none, "" where there are some. lost: None
    where not known.
    """

    name: str
    symbol: str
    spans: list[PhaseSpan]
    note: str
    lost: int | None


@dataclass(frozen=True)
class View:
    """All that the figure shows. own: the phases that have a look of their own, the longest first. names: of all, in
    the order in which they were reached, with their medians.
    """

    rows: list[Row]
    own: list[str]
    names: dict[str, str]
    told: str
    bad: bool

    @property
    def single(self) -> bool:
        """Whether there is room for each run's name and number."""
        return len(self.rows) <= _SINGLE

    @property
    def end_s(self) -> float:
        return max((span.end_ns / 1e9 for row in self.rows for span in row.spans), default=0.0)


def view(trials: Trials) -> View:
    took = Counter[str]()
    for trial in trials.runs:
        for span in trial.phases:
            took[span.name] += span.end_ns - span.start_ns
    medians = {one.name: words.brief_median(one.lasted) for one in trials.phases}
    return View(
        rows=[_row(number, trial) for number, trial in enumerate(trials.runs, 1)],
        own=[name for name, _ in took.most_common(len(_LOOKS))],
        names=medians,
        told=f"Acknowledged writes {words.loss(trials.writes)}",
        bad=bool(trials.writes.runs_with_loss),
    )


def draw(figure: "Figure", shown: View, theme: Theme) -> None:
    """Draws on `figure`, whose size it sets."""
    keys = legend_lines(figure, _keys(shown, theme), WIDTH_IN)
    told = wrapped(shown.told, WIDTH_IN - 2 * EDGE_IN)
    rows_in = max(_LEAST_IN, min(_MOST_IN, len(shown.rows) * _ROW_IN))
    height_in = _HEAD_IN + len(keys) * KEY_IN + _NAME_IN + rows_in + _FOOT_IN + len(told) * LINE_IN
    sheet = Sheet(figure, WIDTH_IN, height_in)
    sheet.write(EDGE_IN, height_in - 0.16, "Run by run, in the order made", size=TITLE_PT, fontweight="bold")
    sheet.legend(height_in - _HEAD_IN, keys)
    bottom_in = _FOOT_IN + len(told) * LINE_IN
    phases_in = WIDTH_IN - _LEFT_IN - _LOST_IN - _APART_IN - RIGHT_IN
    x_in = _LEFT_IN + phases_in + _APART_IN
    heading_in = bottom_in + rows_in + 0.22
    sheet.write(_LEFT_IN, heading_in, "Phases", room_in=phases_in, fontweight="bold")
    sheet.write(x_in, heading_in, "Lost or spoilt", room_in=_LOST_IN, fontweight="bold")
    _phases(sheet.axes(_LEFT_IN, bottom_in, phases_in, rows_in), shown, theme)
    _losses(sheet.axes(x_in, bottom_in, _LOST_IN, rows_in), shown, theme)
    sheet.write(_LEFT_IN, bottom_in - 0.28, "Seconds after the fault", size=TEXT_PT)
    sheet.write(x_in, bottom_in - 0.28, "Writes and seeds", size=TEXT_PT)
    for number, line in enumerate(told):
        sheet.write(EDGE_IN, bottom_in - 0.52 - number * LINE_IN, line, color=theme.fail if shown.bad else theme.faint)


def _row(number: int, trial: Trial) -> Row:
    note = NOT_POOLED if trial.left_out else "" if trial.phases else NOT_DIVIDED
    return Row(str(number), SYMBOLS[trial.verdict], trial.phases, note, trial.spoilt)


def _keys(shown: View, theme: Theme) -> list[Any]:
    from matplotlib.patches import Patch

    keys: list[Any] = [
        Patch(label=f"{harmless(name)} {median}", **_look(shown.own.index(name), shown.single))
        for name, median in shown.names.items()
        if name in shown.own
    ]
    others = [name for name in shown.names if name not in shown.own]
    if others:
        keys.append(Patch(label=f"others: {harmless(listed(others))}", facecolor=theme.rule))
    keys += [_mark(note, theme) for note in (NOT_POOLED, NOT_DIVIDED) if any(row.note == note for row in shown.rows)]
    if any(row.lost is None for row in shown.rows):
        keys.append(_mark(NOT_KNOWN, theme))
    return keys


def _mark(what: str, theme: Theme) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], ls="", label=what, **_marker(what, theme))


def _marker(what: str, theme: Theme) -> dict[str, Any]:
    return {
        NOT_POOLED: {"marker": "x", "ms": 5, "mew": 1.1, "color": theme.faint},
        NOT_DIVIDED: {"marker": ">", "ms": 5, "mew": 1.1, "mfc": theme.paper, "mec": theme.fail},
        NOT_KNOWN: {"marker": "D", "ms": 4, "mew": 1.1, "mfc": theme.paper, "mec": theme.unknown},
    }[what]


def _look(place: int, single: bool) -> dict[str, Any]:
    """single: whether rows are tall enough for a pattern."""
    colour, pattern, of_pattern = _LOOKS[place]
    return {"facecolor": colour, "linewidth": 0} | (
        {"hatch": pattern, "edgecolor": of_pattern} if single and pattern else {}
    )


def _phases(axes: "Axes", shown: View, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    _rows(axes, shown, theme)
    axes.set_xlim(0, shown.end_s * 1.02 or 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    axes.set_yticks(*_names(shown))
    for name in shown.names:
        look = _look(shown.own.index(name), shown.single) if name in shown.own else {"facecolor": theme.rule, "lw": 0}
        found = [(y, span) for y, row in enumerate(shown.rows) for span in row.spans if span.name == name]
        axes.add_artist(_bars([(y, span.start_ns / 1e9, span.end_ns / 1e9) for y, span in found], shown, **look))
    for note in (NOT_POOLED, NOT_DIVIDED):
        at = [y for y, row in enumerate(shown.rows) if row.note == note]
        axes.plot([0.0] * len(at), at, ls="", clip_on=False, zorder=3, **_marker(note, theme))
    if not shown.end_s:
        axes.set_xticks([])
        striprow.say(axes, "no run has phases to show" if shown.rows else "no run was made", theme)


def _losses(axes: "Axes", shown: View, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    _rows(axes, shown, theme)
    most = max([1, *(row.lost or 0 for row in shown.rows)])
    axes.set_xlim(0, most * (1.3 if shown.single else 1.05))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    axes.set_yticks([])
    bars = [(y, 0.0, float(row.lost)) for y, row in enumerate(shown.rows) if row.lost]
    axes.add_artist(_bars(bars, shown, facecolor=theme.fail, lw=0))
    unknown = [y for y, row in enumerate(shown.rows) if row.lost is None]
    axes.plot([0.0] * len(unknown), unknown, ls="", clip_on=False, zorder=3, **_marker(NOT_KNOWN, theme))
    for y, row in enumerate(shown.rows if shown.single else []):
        if row.lost is not None:
            axes.annotate(
                count(row.lost), (row.lost, y), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=SMALL_PT, fontweight="bold" if row.lost else "normal",
                color=theme.fail if row.lost else theme.ink, annotation_clip=False,
            )  # fmt: skip


def _rows(axes: "Axes", shown: View, theme: Theme) -> None:
    """The first run at the top."""
    axes.set_ylim(max(len(shown.rows), 1) - 0.5, -0.5)
    quiet(axes, theme, "x")
    axes.spines["left"].set_visible(True)


def _names(shown: View) -> tuple[list[int], list[str]]:
    """Which rows have a name, and the names: with the verdict, where each has one."""
    rows = shown.rows
    if shown.single:
        return list(range(len(rows))), [f"{row.name}  {row.symbol}" for row in rows]
    steps = (m * 10**power for power in itertools.count() for m in (1, 2, 5))
    step = next(step for step in steps if len(rows) <= _SINGLE * step)
    places = range(step - 1, len(rows), step)
    return list(places), [rows[place].name for place in places]


def _bars(bars: Sequence[tuple[int, float, float]], shown: View, **look: Any) -> Any:
    """Row, begin and end of each; all of them one path, as there may be thousands.

    To be added as an artist: add_patch would look at every corner for limits that are set already.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    thick = _THICK if shown.single else 1.0
    corners = [
        corner
        for y, begin, end in bars
        for corner in (
            (begin, y - thick / 2),
            (end, y - thick / 2),
            (end, y + thick / 2),
            (begin, y + thick / 2),
            (begin, y - thick / 2),
        )
    ]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(bars)
    return PathPatch(Path(corners or [(0.0, 0.0)], codes or [Path.MOVETO]), zorder=2, **look)
