"""What the cells say, in a few plain words: the same in the terminal, the page and the figure."""

from collections.abc import Iterator

from chaosmongo.history.quantities import count, counted
from chaosmongo.history.results import Answer, worst

from recoveryreport.trials.records import Writes
from recoveryreport.trials.words import answers, percent, worse
from recoveryreport.words import lane_order

from .records import Cell, Matrix

NAMED = 3
"""How many runs that are not pooled are named, of each cell in the figure, and of all in the terminal."""


def answer(matrix: Matrix) -> Answer:
    return worst([trial.verdict for cell in matrix.cells for trial in cell.runs])


def course(matrix: Matrix) -> str:
    """How it was run."""
    trials = [trial for cell in matrix.cells for trial in cell.runs]
    made = f"{answers(trials)} of {counted(matrix.asked, 'run')}"
    return f"{made}; {counted(matrix.runs, 'run')} a cell, interleaved at random (seed {matrix.seed})"


def lanes(matrix: Matrix) -> list[str]:
    """Those that any cell has, from the server outwards."""
    found = {lane.recovery.name for cell in matrix.cells if cell.trials for lane in cell.trials.lanes}
    return sorted(found, key=lane_order)


def rows(matrix: Matrix) -> list[list[Cell]]:
    """The cells, the last setting's values side by side."""
    across = len(matrix.settings[-1].labels)
    return [matrix.cells[first : first + across] for first in range(0, len(matrix.cells), across)]


def row_name(matrix: Matrix, row: list[Cell]) -> str:
    """What a row has in common; "" where there is one setting only."""
    names = [setting.name for setting in matrix.settings[:-1]]
    return "   ".join(f"{name}: {label}" for name, label in zip(names, row[0].labels, strict=False))


def brief(writes: Writes) -> str:
    """All of it, where there is little room."""
    if not writes.runs:
        return "?"
    told = f"{count(writes.lost)}, less than {percent(writes.at_most, up=True)}" if writes.at_most is not None else ""
    told = told or f"{count(writes.lost)} in {counted(writes.runs_with_loss, 'run')}"
    return ", ".join(filter(None, (told, worse(writes))))


def notes(matrix: Matrix) -> Iterator[str]:
    """The runs of which not everything is pooled, by name, and those that are pooled though they are unknown."""
    for cell in matrix.cells:
        for what, why in (("all", "unknown, and not pooled"), ("times", "its times cannot be vouched for")):
            runs = [trial.run for trial in cell.runs if trial.left_out == what]
            if runs:
                more = f" and {len(runs) - NAMED:,} more" if len(runs) > NAMED else ""
                yield f"{cell.name}: {why}: {', '.join(runs[:NAMED])}{more}"
    yield from pooled_though_unknown(matrix)


def pooled_though_unknown(matrix: Matrix) -> Iterator[str]:
    """How many runs, what is not known of them, and where they are."""
    found = [
        (trial.why, cell.name)
        for cell in matrix.cells
        for trial in cell.runs
        if trial.verdict == "unknown" and not trial.left_out
    ]
    for why in dict.fromkeys(why for why, _ in found):
        cells = [cell for one, cell in found if one == why]
        yield f"{counted(len(cells), 'run')} unknown only for {why}, and pooled: {'; '.join(dict.fromkeys(cells))}"


def why_left_out(matrix: Matrix) -> Iterator[str]:
    """Why not everything is pooled, run by run; the first of them."""
    found = [(cell.name, trial) for cell in matrix.cells for trial in cell.runs if trial.left_out]
    for name, trial in found[:NAMED]:
        what = "its times are not pooled" if trial.left_out == "times" else "not pooled"
        yield f"{name}: {trial.run} is {trial.verdict}, {what}: {trial.why}"
    if len(found) > NAMED:
        yield f"and {counted(len(found) - NAMED, 'run')} more of which not everything is pooled: the page says why"
