"""The runs of all cells, one after the other, in the order of the matrix."""

from collections.abc import Callable
from pathlib import Path

from chaosmongo.history import History, RecordError
from chaosmongo.history.results import Verdict

from recoveryreport.errors import ReportError
from recoveryreport.trials.recorded import Recorded
from recoveryreport.trials.running import Runner
from recoveryreport.trials.showing import Showing

from .records import Cell, Matrix, Var

Runs = list[list[Recorded]]
"""Those of each cell, in the order in which they were made."""

Judge = Callable[[Path], tuple[History, Verdict]]


class BrokenOff(Exception):
    """Somebody stopped the run under way before it came to a result: it is to be made again. The message says so."""


def made(runs: Runs) -> int:
    return sum(map(len, runs))


def run_on(
    matrix: Matrix, runs: Runs, runner: Runner, judge: Judge, keep: Callable[[], None], shown: Showing
) -> BrokenOff | ReportError | RecordError | None:
    """Makes the runs that `runs` lacks and adds them to it, until the runner is stopped or one of them cannot be made
    or kept: why comes back, as everything before it is there. keep: called after each run.
    """
    for place in matrix.order[made(runs) :]:
        if runner.stopped:
            return None
        try:
            run = _run(matrix.cells[place], runner, judge, shown)
            runs[place].append(run)
            try:
                keep()
            except ReportError:
                runs[place].pop()
                raise
        except (BrokenOff, ReportError, RecordError) as wrong:
            return wrong
        shown.ended(run.verdict, matrix.cells[place].name)
    return None


def arguments(cell: Cell) -> list[str]:
    """Of `chaos run`, for one run of the cell."""
    return [*(word for key, var in cell.vars.items() for word in ("--var", _set(key, var))), cell.experiment]


def _run(cell: Cell, runner: Runner, judge: Judge, shown: Showing) -> Recorded:
    directory = runner.run(shown.heard, arguments(cell)).recorded()
    run = Recorded.of(directory, *judge(directory))
    if runner.stopped and run.verdict.verdict == "unknown":
        raise BrokenOff(f"The run under way, {directory}, was stopped before it came to a result: it does not count")
    return run


def _set(key: str, var: Var) -> str:
    """With its type: Chaos Toolkit takes what has none for a text."""
    if isinstance(var, bool):
        return f"{key}:bool={str(var).lower()}"
    return f"{key}:{type(var).__name__}={var}"
