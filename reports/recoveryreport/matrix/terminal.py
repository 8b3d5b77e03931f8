"""What a matrix says, for a terminal. Fits 80 columns."""

from pathlib import Path
from typing import TYPE_CHECKING

from chaosmongo.history.quantities import counted

from recoveryreport.printing import answered, where
from recoveryreport.trials.words import ANSWERS, brief_median
from recoveryreport.words import SYMBOLS, harmless

from . import words
from .records import Cell, Matrix

if TYPE_CHECKING:
    from rich.console import Console

BENEATH = "Medians. Less than x %: so probable is a run with a loss at most (95 %)."

_NARROWEST = 14
"""Of the column of labels."""


def asked(matrix: Matrix) -> str:
    """What is about to be run."""
    cells, left = counted(len(matrix.cells), "cell"), matrix.asked - matrix.made
    more = f", {f'{left:,} of them' if left else 'none of them'} still to be made" if matrix.made else ""
    return harmless(f"{matrix.name}: {cells}, {counted(matrix.asked, 'run')}{more}, in the order of seed {matrix.seed}")


def summary(console: "Console", matrix: Matrix, page: Path) -> None:
    from rich.padding import Padding
    from rich.text import Text

    answered(console, words.answer(matrix), matrix.name)
    console.print(Text(words.course(matrix)))
    if matrix.title:
        console.print(Text(harmless(matrix.title)))
    console.print()
    _tables(console, matrix)
    console.print()
    for told in (BENEATH, *words.why_left_out(matrix), *words.pooled_though_unknown(matrix), *matrix.doubts):
        console.print(Padding(Text(harmless(told)), (0, 0, 0, 2)))
    where(console, "matrix", page)


def _tables(console: "Console", matrix: Matrix) -> None:
    """One for each row of the figure, their columns beneath each other."""
    from rich.cells import cell_len
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    lanes = words.lanes(matrix)
    head = [matrix.settings[-1].name, "runs", *lanes, "writes lost"]
    rows = [(words.row_name(matrix, row), [_row(cell, lanes) for cell in row]) for row in words.rows(matrix)]
    lines = [head, *(line for _, row in rows for line in row)]
    widths = [max(cell_len(harmless(line[column])) for line in lines) for column in range(len(head))]
    # What is too long for all of it is broken at its two ends, where texts are.
    widths[0] = max(_NARROWEST, min(widths[0], console.width - sum(widths[1:]) - 2 * len(widths)))
    for place, (name, row) in enumerate([("", [head]), *rows]):
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False, pad_edge=False)
        table.add_column(width=widths[0], overflow="fold")
        for column, width in enumerate(widths[1:-1]):
            table.add_column(width=width, no_wrap=True, justify="right" if column else "left")
        table.add_column(overflow="fold")
        for line in row:
            table.add_row(*(Text(harmless(text), style="" if place else "dim") for text in line))
        if name:
            console.print(Text(f"  {harmless(name)}", style="bold"))
        console.print(Padding(table, (0, 0, 0, 2)))


def _row(cell: Cell, lanes: list[str]) -> list[str]:
    numbers = {name: sum(run.verdict == name for run in cell.runs) for name in ANSWERS}
    runs = " ".join(f"{number} {SYMBOLS[name]}" for name, number in numbers.items() if number) or "none"
    found = {lane.recovery.name: lane.recovery for lane in cell.trials.lanes} if cell.trials else {}
    medians = [brief_median(found[lane]) if lane in found else "-" for lane in lanes]
    return [cell.labels[-1], runs, *medians, words.brief(cell.trials.writes) if cell.trials else "-"]
