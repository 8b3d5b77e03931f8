"""Is the system as it should be, now? For the steady state hypothesis. Each returns a bool and says why in the log."""

import http.client
import json
import logging
import urllib.error
import urllib.request

from chaosmongo import run, scores
from chaosmongo.actions.workload import top_scores
from chaosmongo.activity import activity
from chaosmongo.errors import ApiRefused, ChaosMongoError, NoCluster, NotFound
from chaosmongo.workload.user import NotServed, check_list

logger = logging.getLogger("chaostoolkit")


@activity
def mongo_is_available() -> bool:
    """Whether MongoDB answers a read of the collection of scores, with the user's credentials."""
    try:
        with run.current().scores() as collection:
            collection.check()
    except ChaosMongoError as error:
        return _no(error)
    return True


@activity
def seeded_scores_intact() -> bool:
    """Whether every score that this run has seeded is in the database once, as it was seeded.

    True where nothing was seeded yet.
    """
    recording = run.current()
    try:
        with recording.scores() as collection:
            for seed, count in recording.seeded:
                found: dict[str, list[str]] = {}
                for document in collection.with_prefix(scores.seed_prefix(seed)):
                    found.setdefault(str(document["name"]), []).append(scores.digest(document))
                wrong = sum(found.get(s["name"]) != [scores.digest(s)] for s in scores.seeded(seed, count))
                if wrong:
                    return _no(f"{wrong} of {count} scores of seed {seed} are missing, altered or there twice")
    except ChaosMongoError as error:
        return _no(error)
    return True


@activity
def scores_are_served(timeout_s: float = 5) -> bool:
    """Whether the application lists the high scores, within timeout_s: the seeded ones where there are any."""
    recording = run.current()
    if not recording.app_url:
        raise NotFound("There is no application to ask: set app_url (APP_URL) or app_service")
    try:
        with urllib.request.urlopen(f"{recording.app_url.rstrip('/')}/highscores/list", timeout=timeout_s) as answer:
            check_list(json.loads(answer.read()), top_scores(recording))
    except (OSError, ValueError, http.client.HTTPException, NotServed) as error:
        return _no(f"{recording.app_url}: {error}")
    return True


@activity
def statefulset_is_ready() -> bool:
    """Whether the StatefulSet has all its pods Ready, all of its newest specification."""
    recording = run.current()
    if recording.cluster is None:
        raise NoCluster("statefulset_is_ready needs a cluster: set the configuration's namespace")
    namespace, name = recording.config.namespace, recording.config.statefulset
    try:
        thing = recording.cluster.get(f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}")
    except ApiRefused as refusal:
        if refusal.status != 404:
            raise
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
