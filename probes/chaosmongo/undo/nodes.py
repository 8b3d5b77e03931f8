"""What undoing something of a node begins with: is it still the same node?"""

from collections.abc import Mapping
from typing import Any

from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused


def node(cluster: Cluster, name: str) -> Object | None:
    """None where there is no such node."""
    return thing(cluster, f"/api/v1/nodes/{name}")


def thing(cluster: Cluster, path: str) -> Object | None:
    """An object by its path; None where it is not there."""
    try:
        return cluster.get(path)
    except ApiRefused as refusal:
        if refusal.status != 404:
            raise
        return None


def still_ours(found: Object | None, arguments: Mapping[str, Any]) -> bool:
    """Whether it is the object whose UID was recorded."""
    return found is not None and found["metadata"]["uid"] == arguments.get("uid")
