"""What undoing something of a node begins with: is it still the same node?"""

from collections.abc import Mapping
from typing import Any

from chaosmongo.cluster import Cluster, Object


def node(cluster: Cluster, name: str) -> Object | None:
    """None where there is no such node."""
    return cluster.find(f"/api/v1/nodes/{name}")


def still_ours(found: Object | None, arguments: Mapping[str, Any]) -> bool:
    """Whether it is the object whose UID was recorded."""
    return found is not None and found["metadata"]["uid"] == arguments.get("uid")
