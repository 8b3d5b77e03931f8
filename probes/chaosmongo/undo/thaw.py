"""A process that was stopped in its container."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.containers import run_inside

from .action import Done, Place, named
from .nodes import still_ours

NAME = "thaw"
TIMEOUT_S = 10


def signalling(process: str, signal: str) -> list[str]:
    """The command that sends a signal to a container's processes of this name.

    The first process of a container does not heed KILL and STOP from within (pid_namespaces(7)), and `kill` would not
    say so.
    """
    script = (
        'pids=$(pidof "$1") || { echo "there is no process $1"; exit 3; }; '
        'case "$2 $pids" in "KILL 1" | "STOP 1") echo "$1 is process 1 of its container, which heeds no $2 '
        "from within: set shareProcessNamespace: true in the pod's spec\"; exit 4;; esac; "
        'kill -s "$2" $pids'
    )
    return ["sh", "-c", script, "sh", process, signal]


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"pod", "uid", "container", "process"}. Another pod of the name was never frozen."""
    namespace, pod, process = place.run.target.namespace, named(arguments, "pod"), str(arguments.get("process"))
    cluster = place.in_cluster()
    found = cluster.find(f"/api/v1/namespaces/{namespace}/pods/{pod}")
    if not still_ours(found, arguments):
        return Done(0, f"pod {pod} was replaced since: nothing is frozen")
    container = str(arguments.get("container") or "")
    run_inside(cluster, namespace, pod, container, signalling(process, "CONT"), TIMEOUT_S)
    return Done(1, f"{process} in pod {pod} goes on")
