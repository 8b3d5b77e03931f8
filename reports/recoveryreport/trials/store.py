"""Where trials.json goes: runs/<experiment>/trials-<utc>/."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from chaosmongo.history import write_whole

from recoveryreport.errors import CannotWrite
from recoveryreport.report import make_directory

from .records import Trials

FILE = "trials.json"


def is_trials(directory: Path) -> bool:
    """Whether trials were kept there."""
    return (directory / FILE).is_file()


def prepare(directory: Path | None) -> None:
    """Makes the directory that was asked for, if any, before anything is run. Raises CannotWrite, also where trials are
    kept there already.
    """
    if directory is not None:
        make_for(directory / FILE)


def make_for(file: Path, instead: str = "") -> None:
    """Makes the directory of a file that is to be kept. Raises CannotWrite, also where it is kept there already, with
    what to do instead, besides naming another place.
    """
    if file.exists():
        raise CannotWrite(f"{file} is there already, and is not written over: name another place with --out{instead}")
    make_directory(file.parent)


def new_directory(beside: Path) -> Path:
    """A new directory in the one that holds the run `beside`, named by the time in UTC. Raises CannotWrite."""
    return stamped(beside.parent, "trials")


def stamped(parent: Path, kind: str) -> Path:
    """A new directory in `parent`, named by its kind and the time in UTC. Raises CannotWrite."""
    stamp = datetime.now(UTC).strftime(f"{kind}-%Y%m%dT%H%M%SZ")
    names = (stamp, *(f"{stamp}-{number}" for number in range(2, 100)))
    directory = next(path for name in names if not (path := parent / name).exists())
    make_directory(directory)
    return directory


def keep(trials: Trials, directory: Path) -> Path:
    """Writes trials.json; its path comes back. Raises CannotWrite."""
    return keep_whole(trials, directory / FILE)


def keep_whole(document: msgspec.Struct, file: Path) -> Path:
    """Writes one document whole, its directory, too, where it is not there. Raises CannotWrite."""
    make_directory(file.parent)
    try:
        write_whole(file, document)
    except OSError as error:
        raise CannotWrite(f"{file} cannot be written: {error.strerror}. Name another place with --out DIR") from None
    return file
