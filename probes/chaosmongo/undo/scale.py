"""A StatefulSet or Deployment whose number of replicas was changed."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.errors import CannotUndo

from .action import Done, Place, named
from .nodes import still_ours

NAME = "scale_back"
RESOURCES = {"StatefulSet": "statefulsets", "Deployment": "deployments"}


def path(kind: str, namespace: str, name: str) -> str:
    """Raises CannotUndo for a kind that is not scaled here."""
    if kind not in RESOURCES:
        raise CannotUndo(f"there are no replicas of a {kind} to be scaled back")
    return f"/apis/apps/v1/namespaces/{namespace}/{RESOURCES[kind]}/{name}"


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"kind", "name", "uid", "before", "set"}: only where it still is what the run set."""
    kind, name, before = str(arguments.get("kind")), named(arguments, "name"), arguments.get("before")
    if type(before) is not int or before < 0:
        raise CannotUndo(f"before {before!r} is no number of replicas: refused")
    where, cluster = path(kind, place.run.target.namespace, name), place.in_cluster()
    found = cluster.find(where)
    if not still_ours(found, arguments):
        return Done(0, f"{kind} {name} is not the one that was scaled, or is there no more")
    assert found is not None
    now = found["spec"].get("replicas", 1)
    if now == before:
        return Done(0, f"{kind} {name} has {now} replicas, as before the run")
    if now != arguments.get("set"):
        return Done(0, f"{kind} {name} was scaled to {now} by somebody since, and stays so")
    cluster.patch(f"{where}/scale", {"spec": {"replicas": before}})
    return Done(1, f"{kind} {name} scaled from {now} back to {before}")
