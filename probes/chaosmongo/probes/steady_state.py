"""Is the system as it should be, now? For the steady state hypothesis. Each returns a bool and says why in the log."""

import logging
import time

from chaosmongo import readback, run
from chaosmongo.actions.workload import top_scores
from chaosmongo.activity import activity
from chaosmongo.comparison import compare
from chaosmongo.errors import ChaosMongoError, NoCluster, NotFound
from chaosmongo.history.quantities import counted
from chaosmongo.history.records import Invoke, Ok
from chaosmongo.workload.user import User

logger = logging.getLogger("chaostoolkit")


@activity
def mongo_is_available(timeout_s: float = 5) -> bool:
    """Whether MongoDB answers a read of the collection of scores, with the user's credentials, within timeout_s."""
    try:
        with run.current().scores() as collection:
            collection.check(timeout_s)
    except ChaosMongoError as error:
        return _no(error)
    return True


@activity
def seeded_scores_intact(timeout_s: float = 300) -> bool:
    """Whether every score that this run has seeded is in the database once, as it was seeded: read within timeout_s.

    True where nothing was seeded yet.
    """
    recording = run.current()
    counts = dict(recording.seeded)
    if not counts:
        return True
    try:
        with recording.scores() as collection:
            found = readback.read_seeds(collection, counts, timeout_s)
    except ChaosMongoError as error:
        return _no(error)
    wrong = sum(chunk.count - chunk.intact for seed in counts for chunk in compare(seed, counts[seed], found[seed]))
    if wrong:
        return _no(f"{wrong:,} of {counted(sum(counts.values()), 'score')} are missing, altered or there twice")
    return True


@activity
def scores_are_served(timeout_s: float = 5) -> bool:
    """Whether the application lists the high scores, within timeout_s: the seeded ones where there are any."""
    recording = run.current()
    if not recording.app_url:
        raise NotFound("There is no application to ask: set app_url (APP_URL) or app_service")
    try:
        user = User(recording.app_url, timeout_s, top_scores(recording))
        outcome = user.perform(Invoke(0, "user", "read", time.monotonic_ns()))
    except ValueError as error:  # no URL
        return _no(f"{recording.app_url}: {error}")
    return True if isinstance(outcome, Ok) else _no(f"{recording.app_url}: {outcome.error}")


@activity
def statefulset_is_ready() -> bool:
    """Whether the StatefulSet has all its pods Ready, all of its newest specification."""
    recording = run.current()
    if recording.cluster is None:
        raise NoCluster("statefulset_is_ready needs a cluster: set the configuration's namespace")
    namespace, name = recording.config.namespace, recording.config.statefulset
    thing = recording.cluster.find(f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}")
    if thing is None:
        return _no(f"there is no StatefulSet {name} in namespace {namespace}")
    wanted, status = thing["spec"].get("replicas", 1), thing.get("status") or {}
    seen = status.get("observedGeneration", 0) >= thing["metadata"].get("generation", 0)
    ready, current = status.get("readyReplicas", 0), status.get("updatedReplicas", status.get("currentReplicas", 0))
    if seen and ready == wanted and current == wanted:
        return True
    return _no(f"StatefulSet {name} has {ready} of {wanted} pods Ready")


def _no(reason: object) -> bool:
    logger.warning("    No: %s", reason)
    return False
