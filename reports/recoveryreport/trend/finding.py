"""Which runs there are below a directory: <directory>/<experiment>/<run>.

A symbolic link is not followed: a run would count twice, or its report lie elsewhere. Everything else that is no run is
passed over and named, except what the commands of this package keep beside the runs.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recoveryreport.errors import NoRuns
from recoveryreport.words import harmless

NAME = re.compile(r"(\d{8}T\d{6}Z)(?:-(\d{1,3}))?")
"""What runs are called: the time in UTC, and a number where several began in the same second."""

RUN = "run.json"

_KEPT_BESIDE = re.compile(r"(?:trials|matrix|compare)-\d{8}T\d{6}Z(?:-\d{1,3})?")


@dataclass
class Found:
    """runs: by experiment. passed_over: what is no run. unread: what could not be looked into; both as sentences."""

    runs: dict[str, list[Path]] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.runs.values()))


def find(root: Path) -> Found:
    """Raises NoRuns where there is none, with what is there instead."""
    name = harmless(str(root))
    if not root.is_dir():
        there = "is a file" if root.exists() else "does not exist"
        raise NoRuns(f"{name} {there}: name a directory of runs, like runs, which holds runs/<experiment>/<time>")
    if (root / RUN).exists():
        raise NoRuns(f"{name} is a single run: name the directory that holds all experiments")
    found, alone = Found(), False
    for experiment in _folders(root, root, found):
        if is_run(experiment):
            alone = True
            found.passed_over.append(f"{_told(experiment, root)} is a run that lies in no experiment's directory")
            continue
        runs = [folder for folder in _folders(experiment, root, found) if _keeps(folder, root, found)]
        if runs:
            found.runs[experiment.name] = runs
    if alone and not found.runs:
        raise NoRuns(f"{name} holds the runs of one experiment: name the directory above it")
    if not found.runs:
        more = f" ({'; '.join(found.unread[:3])})" if found.unread else ""
        raise NoRuns(f"There is no run below {name}{more}: record one with `chaos run`, or name another directory")
    return found


def runs_below(root: Path) -> dict[str, list[Path]]:
    """The runs of each experiment; none where there are none, or no directory."""
    try:
        return find(root).runs
    except NoRuns:
        return {}


def is_run(directory: Path) -> bool:
    """By its name or by what is in it: a run that was killed at once has a name and no run.json."""
    return bool(NAME.fullmatch(directory.name)) or os.path.lexists(directory / RUN)


def _keeps(folder: Path, root: Path, found: Found) -> bool:
    if is_run(folder):
        return True
    if not _KEPT_BESIDE.fullmatch(folder.name):
        found.passed_over.append(f"{_told(folder, root)} is no run")
    return False


def _folders(directory: Path, root: Path, found: Found) -> Iterator[Path]:
    """The directories in a directory, by name. Files are no runs and no experiments, and need no word."""
    try:
        with os.scandir(directory) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        found.unread.append(f"{_told(directory, root)} cannot be looked into: {error.strerror}")
        return
    for entry in inside:
        if entry.is_symlink():
            found.passed_over.append(f"{_told(Path(entry.path), root)} is a symbolic link, and is not followed")
        elif entry.is_dir(follow_symlinks=False):
            yield directory / entry.name


def _told(path: Path, root: Path) -> str:
    return harmless(str(path.relative_to(root) if path != root else path))
