"""A file that filled a volume."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.containers import run_inside

from .action import Done, Place, marker, named

NAME = "remove_filler"
TIMEOUT_S = 30


def path(directory: str, run_marker: str) -> str:
    """Where a run puts its file."""
    return f"{directory.rstrip('/')}/{run_marker}filler"


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"pod", "container", "directory"}. The volume outlives the pod: any pod of the name will do."""
    namespace, pod = place.run.target.namespace, named(arguments, "pod")
    cluster, file = place.in_cluster(), path(str(arguments.get("directory")), marker(place.run))
    if cluster.find(f"/api/v1/namespaces/{namespace}/pods/{pod}") is None:
        return Done(0, f"pod {pod} is there no more, and with it nothing that could reach {file}")
    run_inside(cluster, namespace, pod, str(arguments.get("container") or ""), ["rm", "-f", file], TIMEOUT_S)
    return Done(1, f"{file} removed in pod {pod}")
