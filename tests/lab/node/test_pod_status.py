"""What a node says about a pod."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from kubelab.node.status import ContainerState, Ended, PodState, Started, Waiting, container_status, phase, status

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SPEC = {"name": "mongo", "image": "mongo:8"}
CREATING = Waiting("ContainerCreating")
RUNNING = Started(NOW)
DONE = Ended(0, NOW, NOW, "id")
KILLED = Ended(137, NOW, NOW, "id")


def state(*containers: Any, init: Any = (), policy: str = "Always", **facts: Any) -> PodState:
    pod = {"metadata": {"name": "mongo-0", "generation": 1}, "spec": {"restartPolicy": policy}}
    main = [c if isinstance(c, ContainerState) else ContainerState(SPEC, c) for c in containers]
    first = [ContainerState(SPEC | {"name": f"init-{n}"}, c) for n, c in enumerate(init)]
    return PodState(pod, "127.64.0.10", NOW, main, init_containers=first, **facts)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (state(CREATING), "Pending"),
        (state(RUNNING, CREATING), "Pending"),
        (state(RUNNING), "Running"),
        (state(ContainerState(SPEC, Waiting("CrashLoopBackOff"), last=KILLED)), "Running"),
        (state(KILLED), "Running"),
        (state(RUNNING, init=[RUNNING]), "Pending"),
        (state(CREATING, init=[KILLED], policy="Never"), "Failed"),
        (state(DONE, policy="Never"), "Succeeded"),
        (state(DONE, KILLED, policy="Never"), "Failed"),
        (state(KILLED, policy="OnFailure"), "Running"),
        (state(DONE, ended=True), "Succeeded"),
        (state(DONE, KILLED, ended=True), "Failed"),
        (state(CREATING, ended=True), "Failed"),
    ],
)
def test_phase(found: PodState, expected: str) -> None:
    assert phase(found) == expected


def summary(found: PodState, before: dict[str, Any] | None = None) -> dict[str, str]:
    conditions = status(found, before or {}, NOW)["conditions"]
    return {c["type"]: " ".join(filter(None, (c["status"], c.get("reason")))) for c in conditions}


def test_conditions_of_a_pod_that_comes_up() -> None:
    assert summary(state(CREATING)) == {
        "PodReadyToStartContainers": "False",
        "Initialized": "True",
        "Ready": "False ContainersNotReady",
        "ContainersReady": "False ContainersNotReady",
    }


def test_conditions_of_a_pod_that_serves() -> None:
    found = state(ContainerState(SPEC, RUNNING, ready=True), sandbox_ready=True)
    assert set(summary(found).values()) == {"True"}


def test_conditions_of_a_pod_that_was_stopped() -> None:
    assert summary(state(DONE, sandbox_ready=True, ended=True)) == {
        "PodReadyToStartContainers": "False",
        "Initialized": "True PodCompleted",
        "Ready": "False PodCompleted",
        "ContainersReady": "False PodCompleted",
    }


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], 'False corresponding condition of pod readiness gate "open" does not exist.'),
        (
            [{"type": "open", "status": "False"}],
            'False the status of pod readiness gate "open" is not "True", but False',
        ),
        ([{"type": "open", "status": "True"}], "True "),
    ],
)
def test_a_gate_keeps_a_pod_from_being_ready(told: list[dict[str, str]], expected: str) -> None:
    found = state(ContainerState(SPEC, RUNNING, ready=True), sandbox_ready=True)
    found.pod["spec"]["readinessGates"] = [{"conditionType": "open"}]
    conditions = {
        c["type"]: f"{c['status']} {c.get('message', '')}"
        for c in status(found, {"conditions": told}, NOW)["conditions"]
    }
    assert (conditions["Ready"], conditions["ContainersReady"]) == (expected, "True ")


def test_a_pod_that_is_overdue_has_failed_however_its_containers_ended() -> None:
    running = status(state(RUNNING, overdue=True), {}, NOW)
    assert (running["phase"], "reason" in running) == ("Running", False)
    ended = status(state(DONE, ended=True, overdue=True), {}, NOW)
    assert (ended["phase"], ended["reason"]) == ("Failed", "DeadlineExceeded")


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    earlier = "2026-11-23T11:00:00Z"
    before = {"conditions": [{"type": t, "status": "False", "lastTransitionTime": earlier} for t in ("Ready", "Other")]}
    unready = {c["type"]: c["lastTransitionTime"] for c in status(state(CREATING), before, NOW)["conditions"]}
    assert unready["Ready"] == unready["Other"] == earlier
    ready = state(ContainerState(SPEC, RUNNING, ready=True), sandbox_ready=True)
    times = {c["type"]: c["lastTransitionTime"] for c in status(ready, before, NOW)["conditions"]}
    assert (times["Ready"], times["Other"]) == ("2026-11-23T12:00:00Z", earlier)


def test_the_address_is_told_once_it_is_known() -> None:
    assert "podIP" not in status(state(CREATING), {}, NOW)
    told = status(state(RUNNING, pod_ip="127.64.1.2"), {}, NOW)
    assert (told["podIP"], told["podIPs"], told["hostIP"]) == ("127.64.1.2", [{"ip": "127.64.1.2"}], "127.64.0.10")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (CREATING, {"waiting": {"reason": "ContainerCreating"}}),
        (RUNNING, {"running": {"startedAt": "2026-11-23T12:00:00Z"}}),
        (
            KILLED,
            {
                "terminated": {
                    "exitCode": 137,
                    "reason": "Error",
                    "startedAt": "2026-11-23T12:00:00Z",
                    "finishedAt": "2026-11-23T12:00:00Z",
                    "containerID": "kubelab://id",
                }
            },
        ),
    ],
)
def test_container_states(found: Any, expected: dict[str, Any]) -> None:
    assert container_status(ContainerState(SPEC, found, id="id"))["state"] == expected
