"""Taking back what a run put into the database."""

from chaosmongo import run
from chaosmongo.activity import activity
from chaosmongo.errors import NoRun


@activity
def remove_scores() -> dict:  # type: ignore[type-arg]
    """Takes out of the database what this run put there. Doing it twice is harmless; without a run there is nothing.

    Returns {"removed": n}.
    """
    try:
        recording = run.current()
    except NoRun:
        return {"removed": 0}
    removed = 0
    with recording.scores() as collection:
        for prefix, undo in list(recording.cleanup.items()):
            removed += collection.delete_prefix(prefix)
            recording.undone(undo)
            del recording.cleanup[prefix]
    return {"removed": removed}
