"""The matrix as one HTML file that needs nothing else: its figure, the table of cells, the doubts and the runs."""

from dataclasses import dataclass

from recoveryreport import page
from recoveryreport.trials.words import answers, interval, lost, median, runs_with_loss
from recoveryreport.words import SYMBOLS

from . import words
from .records import Cell, Matrix

TEMPLATE = "matrix.html.j2"


@dataclass(frozen=True)
class Row:
    """A cell in the table; medians and intervals by lane."""

    labels: list[str]
    answers: str
    medians: dict[str, str]
    intervals: dict[str, str]
    lost: str
    with_loss: str
    bad: bool


def render(matrix: Matrix, picture: page.Picture) -> str:
    lanes = words.lanes(matrix)
    return page.rendered(
        TEMPLATE,
        matrix=matrix,
        words=words,
        answer=words.answer(matrix),
        symbols=SYMBOLS,
        when=page.moment(matrix.wall_ns),
        lanes=lanes,
        cells=[_row(cell, lanes) for cell in matrix.cells],
        figure=page.embedded(picture),
    )


def alt(matrix: Matrix) -> str:
    """What the figure shows, for those who do not see it."""
    return f"Recovery times of each cell, one panel a cell. {words.course(matrix)}. The table below has the numbers."


def _row(cell: Cell, lanes: list[str]) -> Row:
    found = {lane.recovery.name: lane.recovery for lane in cell.trials.lanes} if cell.trials else {}
    writes = cell.trials.writes if cell.trials else None
    return Row(
        labels=cell.labels,
        answers=answers(cell.runs),
        medians={lane: median(found[lane]) if lane in found else "-" for lane in lanes},
        intervals={lane: interval(found[lane].interval) if lane in found else "-" for lane in lanes},
        lost=lost(writes).removeprefix("lost: ").removesuffix(" writes") if writes else "-",
        with_loss=runs_with_loss(writes).removeprefix("in ").replace(" %", "\u00a0%") if writes else "-",
        bad=bool(writes and writes.runs_with_loss),
    )
