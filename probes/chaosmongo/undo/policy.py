"""A NetworkPolicy that cut pods off."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.errors import ApiRefused, CannotUndo

from .action import Done, Place, marker

NAME = "remove_policy"


def path(namespace: str, name: str = "") -> str:
    below = f"/{name}" if name else ""
    return f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies{below}"


def name(run_marker: str) -> str:
    """How a run names its policy."""
    return f"{run_marker}cut-off"


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"policy": its name, with the run's marker in it}; any other is refused."""
    policy = name(marker(place.run))
    if arguments.get("policy") != policy:
        raise CannotUndo(f"policy {arguments.get('policy')!r} is not the run's own ({policy}): refused")
    try:
        place.in_cluster().delete(path(place.run.target.namespace, policy), {})
    except ApiRefused as refusal:
        if refusal.status != 404:
            raise
        return Done(0, f"NetworkPolicy {policy} is there no more")
    return Done(1, f"NetworkPolicy {policy} removed")
