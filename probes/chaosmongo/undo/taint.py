"""A node that was declared out of service."""

from collections.abc import Mapping
from typing import Any

from .action import Done, Place, marker, named
from .nodes import node, still_ours

NAME = "return_to_service"
KEY = "node.kubernetes.io/out-of-service"


def value(run_marker: str) -> str:
    """The taint's: by it a run knows its own."""
    return run_marker.rstrip("-")


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"node": name, "uid": its UID}. Takes the taint that bears the run's marker away."""
    name, ours = named(arguments, "node"), value(marker(place.run))
    cluster = place.in_cluster()
    found = node(cluster, name)
    if not still_ours(found, arguments):
        return Done(0, f"node {name} is not the one that was taken out of service, or is there no more")
    assert found is not None
    taints = (found.get("spec") or {}).get("taints") or []
    kept = [taint for taint in taints if (taint.get("key"), taint.get("value")) != (KEY, ours)]
    if len(kept) == len(taints):
        return Done(0, f"node {name} is in service already")
    # the version it was read at: a taint that somebody sets meanwhile is not lost
    version = found["metadata"]["resourceVersion"]
    cluster.patch(f"/api/v1/nodes/{name}", {"metadata": {"resourceVersion": version}, "spec": {"taints": kept or None}})
    return Done(1, f"node {name} is in service again")
