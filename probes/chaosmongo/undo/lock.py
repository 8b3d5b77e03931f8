"""The run's lock of its namespace (`chaosmongo.lock`)."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.errors import ApiRefused, CannotUndo

from .action import Done, Place
from .nodes import thing

NAME = "release_lock"
LEASE = "chaos-mongodb"
GONE, CONFLICT = 404, 409


def path(namespace: str, name: str = "") -> str:
    below = f"/{name}" if name else ""
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases{below}"


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"holder": as which the run took it}. Deleted only while the run still holds it."""
    holder, namespace = arguments.get("holder"), place.run.target.namespace
    if not isinstance(holder, str) or place.run.marker.rstrip("-") not in holder:
        raise CannotUndo(f"holder {holder!r} is not this run: refused")
    cluster, where = place.in_cluster(), path(namespace, LEASE)
    found = thing(cluster, where)
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
