"""Taking back what a run put into the database, or its faults changed in the cluster."""

from collections.abc import Iterable

from chaosmongo import run, undo
from chaosmongo.activity import activity
from chaosmongo.errors import CannotUndo, NoRun
from chaosmongo.run import Recording
from chaosmongo.undo import scores, seeds


@activity
def remove_scores() -> dict:  # type: ignore[type-arg]
    """Takes out of the database what this run put there. Doing it twice is harmless; without a run there is nothing.

    Scores that were there before, or that somebody has changed since, stay. Returns {"removed": n}. Fails where the
    database does not answer; `chaos recovery undo` does the same later.
    """
    try:
        recording = run.current()
    except NoRun:
        return {"removed": 0}
    return {"removed": _taken_back(recording, (scores.NAME, seeds.NAME))}


@activity
def take_back_faults() -> dict:  # type: ignore[type-arg]
    """Takes back what the faults of this run have changed in the cluster and nobody has changed since: a node is opened
    or started again, a frozen process goes on. Doing it twice is harmless; without a run there is nothing.

    Returns {"taken_back": n}. Fails where something cannot be taken back; `chaos recovery undo` does the same later.
    """
    try:
        recording = run.current()
    except NoRun:
        return {"taken_back": 0}
    number = _taken_back(recording, undo.FAULTS)
    if number:
        recording.mark("taken back")
    return {"taken_back": number}


def _taken_back(recording: Recording, actions: Iterable[str]) -> int:
    """Takes back pending changes of these kinds; how many things. Raises CannotUndo."""
    ours = [one for one in recording.pending.values() if one.action in actions]
    taken = list(undo.take_back(recording, ours, recording.undone))
    errors = {str(one.error) for one in taken if one.error}
    if errors:
        raise CannotUndo(f"{'; '.join(sorted(errors))}. Later: chaos recovery undo {recording.directory.path}")
    return sum(one.done.number for one in taken if one.done)
