"""Sabotage, for negative controls: take scores that were acknowledged out of the database, behind everybody's back.

Nothing is taken back: they are this run's own scores, which its rollbacks remove anyway.
"""

from chaosmongo import run
from chaosmongo.activity import activity
from chaosmongo.errors import BadArgument, NothingToHit
from chaosmongo.history.records import Hit

MOST = 1000


@activity
def remove_acknowledged_write(count: int = 1, timeout_s: float = 10) -> dict:  # type: ignore[type-arg]
    """Removes `count` of the scores that this run's load has written. timeout_s: seconds for the database to answer.

    Returns {"removed": [name, ...]}. Fails where there are not as many.
    """
    if type(count) is not int or not 1 <= count <= MOST:
        raise BadArgument(f"count is {count!r}: it must be a whole number from 1 to {MOST}")
    recording = run.current()
    with recording.scores(timeout_s) as scores:
        names = scores.some(recording.marker, count)
        if len(names) < count:
            raise NothingToHit(f"The load has written {len(names)} scores so far, less than the {count} to be removed")
        hits = [Hit(kind="Score", name=name, namespace=recording.config.namespace) for name in names]
        with recording.fault("remove_acknowledged_write", hits, "gone", {"count": count}):
            scores.remove(names)
    return {"removed": names}
