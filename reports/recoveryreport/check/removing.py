"""Removes runs, and keeps of each one line: so that the trend can tell what was removed from what never was.

A run is renamed before its files go, so that nobody reads half of one; what a check that was killed left of it goes
with the next.
"""

import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from chaosmongo.history import RecordError, read_run

from recoveryreport.trend.finding import NAME, runs_below
from recoveryreport.trend.reading import Loaded, load
from recoveryreport.trend.removed import FILE as FILE
from recoveryreport.trend.removed import Removed

from .pruning import Kept

GOING = ".removing-"
_GOING = re.compile(rf"{re.escape(GOING)}{NAME.pattern}")


def there(runs: Path) -> list[Loaded]:
    """All runs below a directory."""
    return [load(directory) for below in runs_below(runs).values() for directory in below]


def kept(loaded: Loaded, leaves_behind: Callable[[Path], bool]) -> Kept:
    """A run as pruning sees it."""
    directory = loaded.directory
    held = _foreign(directory) or ("it left something behind, or goes on" if leaves_behind(directory) else "")
    return Kept(directory.parent.name, directory.name, loaded.wall_ns, size(directory), loaded.state, held)


def remove(runs: Path, going: Sequence[Kept], now_ns: int) -> None:
    """Raises OSError where that cannot be done, or not be noted: then no other one goes."""
    for run in going:
        directory = runs / run.experiment / run.name
        line = Removed(run.experiment, run.name, run.wall_ns, run.state, run.size, now_ns)
        _note(runs / FILE, line)
        away = directory.with_name(f"{GOING}{run.name}")
        directory.rename(away)
        shutil.rmtree(away)


def sweep(runs: Path) -> None:
    """Removes what is left of runs that were being removed. Raises OSError."""
    for away in runs.glob(f"*/{GOING}*"):
        if _GOING.fullmatch(away.name) and not away.is_symlink() and not away.parent.is_symlink():
            shutil.rmtree(away)


def size(directory: Path) -> int:
    """Bytes on disk of all files below; what goes away meanwhile counts nothing."""
    total = 0
    for folder, _, files in os.walk(directory):
        for file in files:
            try:
                total += os.lstat(os.path.join(folder, file)).st_blocks * 512  # noqa: PTH118
            except OSError:
                continue
    return total


def _foreign(directory: Path) -> str:
    """Why it is not to be taken for a run of ours."""
    if not NAME.fullmatch(directory.name):
        return "it is not called as a run is"
    try:
        recorded = read_run(directory).run
    except RecordError:
        return "its run.json cannot be read"
    return "" if recorded == f"{directory.parent.name}/{directory.name}" else f"it was recorded as {recorded}"


def _note(file: Path, line: Removed) -> None:
    with file.open("ab+") as noted:
        if noted.tell() and os.pread(noted.fileno(), 1, noted.tell() - 1) != b"\n":
            noted.write(b"\n")  # the machine stopped in the middle of a line
        noted.write(msgspec.json.encode(line) + b"\n")
        noted.flush()
        os.fsync(noted.fileno())
