"""Where a matrix goes, runs/<matrix>/matrix-<utc>/, and how it goes on from what is there."""

from collections import Counter
from pathlib import Path

import msgspec
from chaosmongo.history import RecordError

from recoveryreport.errors import NotAMatrix
from recoveryreport.trials.recorded import Recorded
from recoveryreport.trials.store import keep_whole, make_for, stamped

from .records import FORMAT, Matrix
from .running import Judge, Runs

FILE = "matrix.json"


def prepare(directory: Path | None) -> None:
    """Makes the directory that was asked for, if any, before anything is run. Raises CannotWrite, also where a matrix
    is kept there already.
    """
    if directory is not None:
        make_for(directory / FILE, f", or go on with it: chaos recovery matrix --resume {directory}")


def new_directory(matrix: Matrix, first: Recorded) -> Path:
    """A new one where the first run's experiment has its own. Raises CannotWrite."""
    return stamped(first.directory.parent.parent / matrix.name, "matrix")


def keep(matrix: Matrix, directory: Path) -> Path:
    """Writes matrix.json; its path comes back. Raises CannotWrite."""
    return keep_whole(matrix, directory / FILE)


def load(directory: Path) -> Matrix:
    """Raises NotAMatrix."""
    file = directory / FILE
    try:
        matrix = msgspec.json.decode(file.read_bytes(), type=Matrix)
    except OSError as error:
        raise NotAMatrix(
            f"{file} cannot be read ({error.strerror}): name the directory in which a matrix was kept"
        ) from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise NotAMatrix(f"{file} is no matrix: {error}. Begin a new one: chaos recovery matrix MATRIX.yaml") from None
    done = Counter(matrix.order[: matrix.made])
    if matrix.format != FORMAT or [len(cell.runs) for cell in matrix.cells] != [
        done[place] for place in range(len(matrix.cells))
    ]:
        raise NotAMatrix(
            f"{file} was written by another version, or was changed. Begin a new one: chaos recovery matrix MATRIX.yaml"
        )
    return matrix


def recorded(matrix: Matrix, judge: Judge) -> Runs:
    """The runs of the matrix, judged again from their records. Raises NotAMatrix where one is not there."""
    try:
        return [
            [Recorded.of(path, *judge(path)) for path in (Path(run.directory) for run in cell.runs)]
            for cell in matrix.cells
        ]
    except RecordError as error:
        raise NotAMatrix(
            f"A run of the matrix cannot be read: {error}. Go on in the directory in which the matrix was begun"
        ) from None
