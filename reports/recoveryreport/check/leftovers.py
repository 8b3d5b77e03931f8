"""Takes back what earlier runs left behind, the newest first, before another one begins."""

from collections.abc import Callable
from pathlib import Path

from chaosmongo.errors import ChaosMongoError, StillRunning
from chaosmongo.history import RecordError, RunDirectory
from chaosmongo.undo import Afterwards, Leftovers, take_back

from recoveryreport.trend.finding import runs_below

FOUND_WITHIN_S = 30.0
"""How long the database of an earlier run is looked for."""


class StaysBehind(Exception):
    """Something of an earlier run is not, or cannot be, taken back; the message says what, and which command does."""


def take_back_all(runs: Path, mongo_uri: str, tell: Callable[[str], None]) -> None:
    """tell: is given one line for each thing as soon as it is taken back. Raises StaysBehind."""
    for directory in _newest_first(runs):
        if RunDirectory(directory).undo.exists():
            _take_back(directory, mongo_uri, tell)


def leaves_behind(directory: Path) -> bool:
    """Whether the run has changes that were not taken back, or still goes on, or nobody can tell."""
    if not RunDirectory(directory).undo.exists():
        return False
    try:
        with Leftovers.of(directory) as leftovers:
            return bool(leftovers.pending or leftovers.damage)
    except (ChaosMongoError, RecordError, OSError):
        return True


def _newest_first(runs: Path) -> list[Path]:
    return sorted((one for below in runs_below(runs).values() for one in below), key=lambda one: one.name, reverse=True)


def _take_back(directory: Path, mongo_uri: str, tell: Callable[[str], None]) -> None:
    name, command = f"{directory.parent.name}/{directory.name}", f"chaos recovery undo {directory}"
    try:
        with Leftovers.of(directory) as leftovers:
            if leftovers.damage:
                raise StaysBehind(f"whether run {name} left something behind cannot be read ({leftovers.damage[0]})")
            if not leftovers.pending:
                return
            place = Afterwards(leftovers.run, mongo_uri, FOUND_WITHIN_S)
            leftovers.wait_until_over(place)
            kept = []
            for taken in take_back(place, leftovers.pending, leftovers.undone):
                if taken.done is None:
                    kept.append(f"{taken.undo.action}: {taken.error}")
                else:
                    tell(f"Taken back of run {name}: {taken.done.said}")
    except StillRunning as error:
        raise StaysBehind(f"run {name} is not over: {error}") from None
    except (ChaosMongoError, RecordError) as error:
        raise StaysBehind(f"what run {name} left behind is not known: {error}. Take it back with: {command}") from None
    except OSError as error:
        raise StaysBehind(f"{error.filename} cannot be opened ({error.strerror}); when it can: {command}") from None
    if kept:
        raise StaysBehind(f"run {name} left something behind: {'; '.join(kept)}. Take it back with: {command}")
