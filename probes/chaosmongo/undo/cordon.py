"""A node that was closed to new pods. An annotation names the run that closed it: nobody else's cordon is lifted."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.cluster import Cluster, Object

from .action import Done, Place, marker, named
from .nodes import node, still_ours

NAME = "uncordon"
CLOSED_BY = "chaos.mongodb/closed-by"


def close(cluster: Cluster, name: str, marker: str, timeout_s: float) -> Object:
    """Closes the node to new pods in the name of the run; the node as it is then."""
    patch = {"metadata": {"annotations": {CLOSED_BY: marker}}, "spec": {"unschedulable": True}}
    return cluster.patch(f"/api/v1/nodes/{name}", patch, timeout_s)


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"node": name, "uid": its UID}. Only a node that the run closed, and nobody has opened since."""
    name, ours = named(arguments, "node"), marker(place.run)
    cluster = place.in_cluster()
    found = node(cluster, name)
    if not still_ours(found, arguments):
        return Done(0, f"node {name} is not the one that was closed, or is there no more")
    assert found is not None
    closer = (found["metadata"].get("annotations") or {}).get(CLOSED_BY)
    closed = bool((found.get("spec") or {}).get("unschedulable"))
    if closer != ours:
        return Done(0, f"node {name} was not closed by this run, and stays as it is")
    patch = {"metadata": {"annotations": {CLOSED_BY: None}}, "spec": {"unschedulable": None}}
    cluster.patch(f"/api/v1/nodes/{name}", patch)
    return Done(int(closed), f"node {name} {'takes pods again' if closed else 'had been opened by somebody else'}")
