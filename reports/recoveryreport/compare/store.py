"""Where a comparison goes: compare-<utc>/ beside what is NEW."""

from pathlib import Path

from recoveryreport.trials.store import is_trials, keep_whole, make_for, stamped

from .reading import is_run
from .records import Comparison

FILE = "compare.json"


def is_comparison(directory: Path) -> bool:
    """Whether a comparison was kept there."""
    return (directory / FILE).is_file()


def prepare(directory: Path | None) -> None:
    """Makes the directory that was asked for, if any, before anything is judged. Raises CannotWrite, also where a
    comparison is kept there already.
    """
    if directory is not None:
        make_for(directory / FILE)


def new_directory(new: Path) -> Path:
    """Beside a run or the directory of trials, in a directory of runs. Raises CannotWrite."""
    kept = new.parent if new.is_file() else new
    holds_runs = not (is_trials(kept) or is_run(kept))
    return stamped(kept if holds_runs else kept.parent, "compare")


def keep(comparison: Comparison, directory: Path) -> Path:
    """Writes compare.json; its path comes back. Raises CannotWrite."""
    return keep_whole(comparison, directory / FILE)
