"""A PodDisruptionBudget that was lifted for a drain."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.cluster import Object
from chaosmongo.errors import CannotUndo

from .action import Done, Place, named
from .nodes import still_ours

NAME = "restore_budget"
LIFTED = {"maxUnavailable": "100%"}


def path(namespace: str, name: str) -> str:
    return f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/{name}"


def limits(spec: Object) -> Object:
    """What a budget allows: of minAvailable and maxUnavailable, the one that it has."""
    return {key: spec[key] for key in ("minAvailable", "maxUnavailable") if spec.get(key) is not None}


def change(before: Object, after: Object) -> Object:
    """The merge patch from one's limits to the other's."""
    return {"spec": {key: after.get(key) for key in {*before, *after}}}


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"name", "uid", "before"}: only where it still is as the run lifted it."""
    name, limits_before = named(arguments, "name"), arguments.get("before")
    if not isinstance(limits_before, dict) or limits(limits_before) != limits_before or not limits_before:
        raise CannotUndo(f"before {limits_before!r} is no limit of a PodDisruptionBudget: refused")
    cluster = place.in_cluster()
    where = path(place.run.target.namespace, name)
    found = cluster.find(where)
    if not still_ours(found, arguments):
        return Done(0, f"PodDisruptionBudget {name} is not the one that was lifted, or is there no more")
    assert found is not None
    now = limits(found["spec"])
    if now == limits_before:
        return Done(0, f"PodDisruptionBudget {name} is as before the run")
    if now != LIFTED:
        return Done(0, f"PodDisruptionBudget {name} was changed by somebody since, and stays so")
    cluster.patch(where, change(now, limits_before))
    return Done(1, f"PodDisruptionBudget {name} holds again")
