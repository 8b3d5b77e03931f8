"""From the recorded runs of the cells to matrix.json."""

from collections.abc import Sequence

import msgspec
from chaosmongo.history.quantities import listed

from recoveryreport.trials.conditions import differences
from recoveryreport.trials.pool import pool
from recoveryreport.trials.recorded import Recorded

from .records import Matrix

OF_THE_PLACE = ("environment.", "nodes ", "target.")
"""How the names of those conditions begin that no setting of an experiment's faults or load changes."""


def pooled(matrix: Matrix, runs: Sequence[Sequence[Recorded]], wall_ns: int) -> Matrix:
    """The matrix with what the runs say together, cell by cell. runs: those of each cell.

    Raises UnlikeRuns where two runs of one cell were not measured alike.
    """
    cells = [
        msgspec.structs.replace(cell, trials=pool(made, matrix.runs, wall_ns) if made else None)
        for cell, made in zip(matrix.cells, runs, strict=True)
    ]
    matrix = msgspec.structs.replace(matrix, cells=cells, wall_ns=wall_ns)
    return msgspec.structs.replace(matrix, doubts=_doubts(matrix))


def _doubts(matrix: Matrix) -> list[str]:
    """Cells answer different questions, but at the same place, or they do not compare."""
    found: list[str] = []
    measured = [(cell.name, cell.trials.conditions) for cell in matrix.cells if cell.trials and cell.trials.pooled]
    for name, conditions in measured[1:]:
        first, expected = measured[0]
        other = [field for field in differences(expected, conditions) if field.startswith(OF_THE_PLACE)]
        if other:
            found.append(f"{name} was not measured at the same place as {first}: {listed(other)} differ")
    return found
