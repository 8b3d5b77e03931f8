"""The Job whose pods send a run's load."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.errors import ApiRefused, CannotUndo
from chaosmongo.workload import job

from .action import Done, Place, marker, named

NAME = "remove_workload"


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"namespace", "job": its name, with the run's marker in it}; any other is refused, and one without the
    run's label is not the run's. Its pods go with it.
    """
    ours, namespace = marker(place.run), named(arguments, "namespace")
    if arguments.get("job") != job.name(ours):
        raise CannotUndo(f"job {arguments.get('job')!r} is not the run's own ({job.name(ours)}): refused")
    cluster, where = place.in_cluster(), job.path(namespace, job.name(ours))
    found = cluster.find(where)
    if found is None:
        return Done(0, f"Job {namespace}/{job.name(ours)} is there no more")
    metadata = found["metadata"]
    if (metadata.get("labels") or {}).get(job.RUN) != ours.rstrip("-"):
        return Done(0, f"Job {namespace}/{job.name(ours)} does not bear this run's label, and stays")
    options = {"propagationPolicy": "Background", "preconditions": {"uid": metadata["uid"]}}
    try:
        cluster.delete(where, options)
    except ApiRefused as refusal:
        if refusal.status not in (404, 409):  # it is gone, or another one is in its place by now
            raise
        return Done(0, f"Job {namespace}/{job.name(ours)} is there no more")
    return Done(1, f"Job {namespace}/{job.name(ours)} of the load removed, with its pods")
