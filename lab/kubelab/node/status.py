"""What a node says about a pod: pure functions of what its containers do.

After kubernetes/pkg/kubelet/kubelet_pods.go (getPhase) and status/generate.go.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kubelab.clock import timestamp
from kubelab.kinds import Object

OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
OVERDUE = {
    "reason": "DeadlineExceeded",
    "message": "Pod was active on the node longer than the specified deadline",
}


@dataclass(frozen=True)
class Waiting:
    reason: str
    message: str = ""


@dataclass(frozen=True)
class Started:
    at: datetime


@dataclass(frozen=True)
class Ended:
    """exit_code as container runtimes give it: 128 + the signal's number for a killed process."""

    exit_code: int
    started_at: datetime
    finished_at: datetime
    container_id: str
    reason: str = ""
    message: str = ""


@dataclass
class ContainerState:
    """What is known of one container of a pod."""

    spec: Mapping[str, Any]
    state: Waiting | Started | Ended
    last: Ended | None = None
    id: str = ""
    restarts: int = 0
    ready: bool = False
    started: bool = False

    @property
    def name(self) -> str:
        return str(self.spec["name"])


@dataclass
class PodState:
    """What is known of a pod on its node.

    ended: its containers are stopped for good. overdue: because it was active for longer than it may.
    """

    pod: Object
    host_ip: str
    started_at: datetime
    containers: list[ContainerState]
    init_containers: list[ContainerState] = field(default_factory=list)
    pod_ip: str = ""
    sandbox_ready: bool = False
    ended: bool = False
    overdue: bool = False


def phase(state: PodState) -> str:
    policy = state.pod["spec"].get("restartPolicy", "Always")
    if state.ended:
        succeeded = not state.overdue and all(_succeeded(c.state) for c in state.containers)
        return "Succeeded" if succeeded else "Failed"
    if not is_initialized(state):
        failed = [c for c in state.init_containers if isinstance(c.state, Ended) and c.state.exit_code]
        return "Failed" if failed and policy == "Never" else "Pending"
    if any(isinstance(c.state, Waiting) and c.last is None for c in state.containers):
        return "Pending"
    if any(isinstance(c.state, Started) for c in state.containers) or policy == "Always":
        return "Running"
    if all(_succeeded(c.state) for c in state.containers):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def is_initialized(state: PodState) -> bool:
    return all(_succeeded(c.state) for c in state.init_containers)


def _succeeded(state: Waiting | Started | Ended) -> bool:
    return isinstance(state, Ended) and state.exit_code == 0


def conditions(state: PodState, before: Sequence[Object], now: datetime) -> list[Object]:
    """The node's own conditions, each with the time of its last change; then those of others as they were."""
    current = phase(state)
    unready = [c.name for c in state.containers if not c.ready]
    uninitialized = [c.name for c in state.init_containers if not _succeeded(c.state)]
    initialized: tuple[str, str, str]
    if uninitialized:
        text = f"containers with incomplete status: [{' '.join(uninitialized)}]"
        initialized = "False", "ContainersNotInitialized", text
    else:
        initialized = "True", "PodCompleted" if current == "Succeeded" else "", ""
    if current in ("Succeeded", "Failed"):
        ready = "False", "PodCompleted" if current == "Succeeded" else "PodFailed", ""
    elif unready:
        ready = "False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    else:
        ready = "True", "", ""
    sandbox = str(state.sandbox_ready and not state.ended)
    known = {c["type"]: c for c in before}
    wanted = (
        ("PodReadyToStartContainers", (sandbox, "", "")),
        ("Initialized", initialized),
        ("Ready", _through_gates(ready, state.pod["spec"].get("readinessGates") or (), known)),
        ("ContainersReady", ready),
    )
    generation = state.pod["metadata"].get("generation", 1)
    own = [_condition(name, generation, *facts, known.get(name), now) for name, facts in wanted]
    return own + of_others(before, generation)


def _through_gates(
    ready: tuple[str, str, str], gates: Sequence[Mapping[str, Any]], known: Mapping[str, Object]
) -> tuple[str, str, str]:
    """Ready, if the pod's containers are and those others say so whose conditions it waits for."""
    closed = []
    for gate in gates:
        found = known.get(gate["conditionType"])
        if found is None:
            closed.append(f'corresponding condition of pod readiness gate "{gate["conditionType"]}" does not exist.')
        elif found["status"] != "True":
            what = f'the status of pod readiness gate "{gate["conditionType"]}"'
            closed.append(f'{what} is not "True", but {found["status"]}')
    return ("False", "ReadinessGatesNotReady", ", ".join(closed)) if closed and ready[0] == "True" else ready


def of_others(known: Sequence[Object], generation: int) -> list[Object]:
    """The conditions that others keep. That the pod is scheduled is confirmed for the generation that the node sees."""
    confirmed = {"observedGeneration": generation}
    others = [c for c in known if c["type"] not in OWN_CONDITIONS]
    return [c | confirmed if c["type"] == "PodScheduled" else c for c in others]


def _condition(
    name: str, generation: int, status: str, reason: str, message: str, before: Object | None, now: datetime
) -> Object:
    since = before["lastTransitionTime"] if before and before["status"] == status else timestamp(now)
    found: Object = {
        "type": name,
        "observedGeneration": generation,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since,
    }
    return found | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})


def status(state: PodState, before: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The pod's whole status. before: the status as it was; what the node does not know of is kept."""
    kept = {k: before[k] for k in ("qosClass", "nominatedNodeName", "reason", "message") if k in before}
    result: dict[str, Any] = {
        "observedGeneration": state.pod["metadata"].get("generation", 1),
        "phase": phase(state),
        "conditions": conditions(state, before.get("conditions") or (), now),
        "hostIP": state.host_ip,
        "hostIPs": [{"ip": state.host_ip}],
        "startTime": timestamp(state.started_at),
    }
    if state.pod_ip:
        result |= {"podIP": state.pod_ip, "podIPs": [{"ip": state.pod_ip}]}
    if state.init_containers:
        result["initContainerStatuses"] = [container_status(c, is_init=True) for c in state.init_containers]
    result["containerStatuses"] = [container_status(c) for c in state.containers]
    return result | kept | (OVERDUE if state.ended and state.overdue else {})


def container_status(container: ContainerState, *, is_init: bool = False) -> dict[str, Any]:
    image = container.spec["image"]
    mounts = container.spec.get("volumeMounts") or ()
    result: dict[str, Any] = {
        "name": container.name,
        "state": _state(container.state),
        "lastState": _state(container.last) if container.last else {},
        "ready": _succeeded(container.state) if is_init else container.ready,
        "restartCount": container.restarts,
        "image": image,
        "imageID": f"sha256:{hashlib.sha256(image.encode()).hexdigest()}" if container.id else "",
        "started": container.started,
    }
    if container.id:
        result |= {"containerID": f"kubelab://{container.id}", "user": {"linux": _user()}}
    if mounts:
        result["volumeMounts"] = [
            {k: m[k] for k in ("name", "mountPath", "readOnly") if k in m}
            | ({"recursiveReadOnly": "Disabled"} if m.get("readOnly") else {})
            for m in mounts
        ]
    return result


def _user() -> dict[str, Any]:
    return {"uid": os.getuid(), "gid": os.getgid(), "supplementalGroups": [os.getgid()]}


def _state(state: Waiting | Started | Ended) -> dict[str, Any]:
    match state:
        case Waiting(reason, message):
            return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
        case Started(at):
            return {"running": {"startedAt": timestamp(at)}}
        case Ended():
            told: dict[str, Any] = {
                "exitCode": state.exit_code,
                "reason": state.reason or ("Error" if state.exit_code else "Completed"),
                "startedAt": timestamp(state.started_at),
                "finishedAt": timestamp(state.finished_at),
                "containerID": f"kubelab://{state.container_id}",
            }
            return {"terminated": told | ({"message": state.message} if state.message else {})}
