"""Asks the API server which requests it would refuse us."""

from collections.abc import Iterable

from chaosmongo.cluster import Cluster
from chaosmongo.errors import ApiRefused

from .permissions import REVIEWS, Request, allowed


def denied(cluster: Cluster, requests: Iterable[Request]) -> list[Request] | None:
    """Those that would be refused; None where we may not even ask. Raises NoCluster, ApiRefused."""
    try:
        return [request for request in requests if not allowed(cluster.post(REVIEWS, request.review()))]
    except ApiRefused as refusal:
        if refusal.status not in (403, 404):
            raise
        return None
