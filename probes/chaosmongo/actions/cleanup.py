"""Taking back what a run put into the database."""

from chaosmongo import run, undo
from chaosmongo.activity import activity
from chaosmongo.errors import CannotUndo, NoRun
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
    ours = [one for one in recording.pending.values() if one.action in (scores.NAME, seeds.NAME)]
    taken = list(undo.take_back(recording, ours, recording.undone))
    errors = {str(one.error) for one in taken if one.error}
    if errors:
        raise CannotUndo(f"{'; '.join(sorted(errors))}. Later: chaos recovery undo {recording.directory.path}")
    return {"removed": sum(one.done.number for one in taken if one.done)}
