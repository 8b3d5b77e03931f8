"""The run's lock of its namespace (`chaosmongo.lock`)."""

from collections.abc import Mapping
from typing import Any

from chaosmongo import lease, process
from chaosmongo.errors import ApiRefused, CannotUndo, StillRunning
from chaosmongo.lease import CONFLICT, GONE, LEASE, path

from .action import Done, Place

NAME = "release_lock"


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"holder": as which the run took it}. Deleted only while the run still holds it."""
    holder, namespace = _holder(place, arguments), place.run.target.namespace
    cluster, where = place.in_cluster(), path(namespace, LEASE)
    found = cluster.find(where)
    if found is None:
        return Done(0, f"Lease {LEASE} is there no more")
    if (found.get("spec") or {}).get("holderIdentity") != holder:
        return Done(0, f"Lease {LEASE} is held by somebody else since, and stays")
    metadata = found["metadata"]
    preconditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    try:
        cluster.delete(where, {"preconditions": preconditions})
    except ApiRefused as refusal:
        if refusal.status not in (GONE, CONFLICT):
            raise
        return Done(0, f"Lease {LEASE} was taken over or deleted just now")
    return Done(1, f"Lease {LEASE} released")


def check_over(place: Place, arguments: Mapping[str, Any]) -> None:
    """Returns when the run does not renew its lock any more. Raises StillRunning as soon as it does.

    Only for a run of another machine: of one of ours the locks on its files have told. On a file system that machines
    share, one need not see those of another.
    """
    here = process.boot()
    if here and place.run.anchor.boot_id == here:
        return
    holder, namespace, cluster = _holder(place, arguments), place.run.target.namespace, place.in_cluster()
    seen = lease.read(cluster, namespace)
    if seen is None or seen.holder != holder:
        return
    now = lease.until_stale(cluster, namespace, seen)
    if now is not None and now is not seen and now.holder == holder:
        raise StillRunning(
            f"The run is still going on, on another machine: its lock (Lease {namespace}/{LEASE}) is renewed, as "
            f"{holder}. Nothing was taken back. Wait for its end, or end it (Ctrl-C or SIGTERM), and try again"
        )


def _holder(place: Place, arguments: Mapping[str, Any]) -> str:
    holder = arguments.get("holder")
    if not isinstance(holder, str) or place.run.marker.rstrip("-") not in holder:
        raise CannotUndo(f"holder {holder!r} is not this run: refused")
    return holder
