"""The columns of pods."""

from __future__ import annotations

from collections.abc import Iterator

from kubelab.api.clock import parse
from kubelab.api.verbs.conditions import is_true

from .base import AGE, NAME, NONE, Column, Object, at, field, since, wide

FINISHED = ("Failed", "Succeeded")


def ready(pod: Object) -> str:
    statuses = at(pod, "status.containerStatuses", [])
    running = sum(1 for status in statuses if status.get("ready") and "running" in status.get("state", {}))
    return f"{running}/{len(pod['spec'].get('containers', ()))}"


def status_text(pod: Object) -> str:
    """Why the pod is as it is: the most telling reason of its containers, or its phase."""
    status = pod.get("status", {})
    deleting = "deletionTimestamp" in pod["metadata"]
    if deleting and status.get("reason") == "NodeLost":
        return "Unknown"
    if deleting and status.get("phase") not in FINISHED:
        return "Terminating"
    init = init_text(pod)
    if init and not has(pod, "Initialized"):
        return init
    reason = containers_text(status) or status.get("reason") or status.get("phase", "")
    if reason == "Completed" and any(is_running(item) for item in status.get("containerStatuses", ())):
        return "Running" if has(pod, "Ready") else "NotReady"
    return str(reason)


def init_text(pod: Object) -> str:
    """What the first unfinished init container does; empty if all are done."""
    statuses = at(pod, "status.initContainerStatuses", [])
    for index, status in enumerate(statuses):
        state = status.get("state", {})
        terminated, waiting = state.get("terminated"), state.get("waiting", {})
        if terminated and terminated.get("exitCode") == 0:
            continue
        if terminated:
            return "Init:" + ended_text(terminated)
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(pod['spec'].get('initContainers', ()))}"
    return ""


def containers_text(status: Object) -> str:
    """The first container that waits or has ended decides."""
    for container in status.get("containerStatuses", ()):
        state = container.get("state", {})
        if reason := state.get("waiting", {}).get("reason"):
            return str(reason)
        if terminated := state.get("terminated"):
            return ended_text(terminated)
    return ""


def ended_text(terminated: Object) -> str:
    if reason := terminated.get("reason"):
        return str(reason)
    if number := terminated.get("signal"):
        return f"Signal:{number}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def is_running(status: Object) -> bool:
    return bool(status.get("ready") and "running" in status.get("state", {}))


def has(pod: Object, condition: str) -> bool:
    return is_true(pod.get("status", {}), condition)


def counted(pod: Object) -> list[Object]:
    """The statuses whose restarts are shown: those of the init containers until they are done."""
    kind = "initContainerStatuses" if init_text(pod) and not has(pod, "Initialized") else "containerStatuses"
    statuses: list[Object] = at(pod, f"status.{kind}", [])
    return statuses


def ends(statuses: list[Object]) -> Iterator[str]:
    for status in statuses:
        if finished := at(status, "lastState.terminated.finishedAt"):
            yield finished


def restarts(pod: Object) -> str:
    statuses = counted(pod)
    count = sum(status.get("restartCount", 0) for status in statuses)
    last = max(ends(statuses), key=parse, default=None)
    return f"{count} ({since(last)} ago)" if count and last else str(count)


def readiness_gates(pod: Object) -> str:
    gates = pod["spec"].get("readinessGates", [])
    fulfilled = sum(has(pod, gate["conditionType"]) for gate in gates)
    return f"{fulfilled}/{len(gates)}" if gates else NONE


def pod_ip(pod: Object) -> str:
    addresses = at(pod, "status.podIPs", [])
    return addresses[0]["ip"] if addresses else at(pod, "status.podIP") or NONE


COLUMNS = (
    NAME,
    Column("Ready", ready),
    Column("Status", status_text),
    Column("Restarts", restarts),
    AGE,
    wide("IP", pod_ip),
    wide("Node", lambda pod: at(pod, "spec.nodeName") or NONE),
    wide("Nominated Node", field("status.nominatedNodeName", NONE)),
    wide("Readiness Gates", readiness_gates),
)
