"""A run, a directory of runs, or what trials said, as trials: what two sets are compared by."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from chaosmongo.history import History, RunDirectory
from chaosmongo.history.quantities import listed
from chaosmongo.history.results import Verdict

from recoveryreport.errors import NothingToCompare
from recoveryreport.trials.pool import pool
from recoveryreport.trials.recorded import Recorded
from recoveryreport.trials.records import FORMAT, Trials
from recoveryreport.trials.store import FILE

Judge = Callable[[Path], tuple[History, Verdict]]
Watched = Callable[[Sequence[Path]], Iterable[Path]]


def read(path: Path, wall_ns: int, judge: Judge, watched: Watched) -> Trials:
    """watched: gives the runs back one by one, and shows how far they are.

    Raises NothingToCompare; RecordError where a run cannot be read; UnlikeRuns where the runs of a directory were not
    measured alike.
    """
    kept = path if path.is_file() else path / FILE
    if kept.is_file():
        return _trials(kept)
    runs = [Recorded.of(run, *judge(run)) for run in watched(_runs(path))]
    return pool(runs, len(runs), wall_ns)


def check_apart(base: Trials, new: Trials) -> None:
    """Raises NothingToCompare where a run is in both: they would not be independent of each other."""
    names = {(trial.run, trial.sentence) for trial in base.runs}
    both = [trial.run for trial in new.runs if (trial.run, trial.sentence) in names]
    if both:
        raise NothingToCompare(f"BASE and NEW both hold {listed(both)}: name two sets that have no run in common")


def _runs(path: Path) -> list[Path]:
    """The run itself, else those in the directory, else those one level below."""
    if is_run(path):
        return [path]
    for pattern in ("*/run.json", "*/*/run.json"):
        if found := sorted(file.parent for file in path.glob(pattern)):
            return found
    raise NothingToCompare(
        f"{path} is no run, holds no runs, and no trials were kept there: name a run directory, a directory of runs, "
        f"or one in which `chaos recovery trials` kept {FILE}"
    )


def is_run(path: Path) -> bool:
    """Whether it is the directory of a run."""
    return RunDirectory(path).run.is_file()


def _trials(file: Path) -> Trials:
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Trials)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NothingToCompare(
            f"{file} is no result of trials: {error}. Pool the runs again: chaos recovery trials --pool RUN..."
        ) from None
    if found.format != FORMAT:
        raise NothingToCompare(
            f"{file} has format {found.format}, and this version reads {FORMAT}. "
            "Pool the runs again: chaos recovery trials --pool RUN..."
        )
    return found
