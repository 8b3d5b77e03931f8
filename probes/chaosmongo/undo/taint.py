"""A node that was declared out of service."""

from collections.abc import Callable, Mapping
from typing import Any

from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused

from .action import Done, Place, marker, named
from .nodes import node, still_ours

NAME = "return_to_service"
CONFLICT = 409
KEY = "node.kubernetes.io/out-of-service"
ATTEMPTS = 20


def retaint(
    read: Callable[[], Object | None], cluster: Cluster, change: Callable[[list[Object]], list[Object]]
) -> bool:
    """Changes the taints of the node that `read` gives; whether that changed anything. Somebody else's changes since it
    was read are not lost: it is read and changed again.
    """
    for left in reversed(range(ATTEMPTS)):
        found = read()
        if found is None:
            return False
        before = (found.get("spec") or {}).get("taints") or []
        after = change(before)
        if after == before:
            return False
        name, metadata = found["metadata"]["name"], {"resourceVersion": found["metadata"]["resourceVersion"]}
        try:
            cluster.patch(f"/api/v1/nodes/{name}", {"metadata": metadata, "spec": {"taints": after or None}})
        except ApiRefused as refusal:
            if refusal.status != CONFLICT or not left:
                raise
        else:
            return True
    return False


def value(run_marker: str) -> str:
    """The taint's: by it a run knows its own."""
    return run_marker.rstrip("-")


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"node": name, "uid": its UID}. Takes the taint that bears the run's marker away."""
    name, ours = named(arguments, "node"), value(marker(place.run))
    cluster = place.in_cluster()

    def ours_to_change() -> Object | None:
        found = node(cluster, name)
        return found if still_ours(found, arguments) else None

    def without(taints: list[Object]) -> list[Object]:
        return [taint for taint in taints if (taint.get("key"), taint.get("value")) != (KEY, ours)]

    if ours_to_change() is None:
        return Done(0, f"node {name} is not the one that was taken out of service, or is there no more")
    if retaint(ours_to_change, cluster, without):
        return Done(1, f"node {name} is in service again")
    return Done(0, f"node {name} is in service already")
