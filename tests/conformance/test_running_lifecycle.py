"""How pods end, and what their containers are asked before. .../docs/concepts/workloads/pods/pod-lifecycle/

https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from .conftest import IMAGE
from .objects import Object, condition_of, pod
from .stage import Stage, is_over, is_running, of_container, restarts, seconds_between, state

ENDS = "trap 'exit 7' TERM; echo up; sleep 1000 & wait"
DEAF = "trap '' TERM; echo up; while :; do sleep 1; done"
LONG_S = 300


def ending(script: str = ENDS, grace_s: int = LONG_S, hook: Object | None = None, **spec: Any) -> Object:
    """A pod whose container says `up` when it is ready to be ended; hook: its preStop."""
    made = pod("p", script, terminationGracePeriodSeconds=grace_s, **spec)
    if hook:
        made["spec"]["containers"][0]["lifecycle"] = {"preStop": hook}
    return made


def up(stage: Stage, wanted: Object) -> Object:
    made = stage.create(wanted)
    stage.until(made, is_running)
    stage.written("up\n")
    return made


def shell(script: str) -> Object:
    return {"exec": {"command": ["sh", "-c", script]}}


def ended(stage: Stage, made: Object, **options: Any) -> Object:
    """The pod as it was last; it is deleted with these options."""
    stage.delete(**options)
    return stage.gone(made)


def code(pod: Object, name: str = "main") -> int:
    return int(state(pod, "terminated", name)["exitCode"])


def test_a_container_that_is_asked_to_end_may_do_so_before_its_grace_period_is_over(stage: Stage) -> None:
    began = time.monotonic()
    assert code(ended(stage, up(stage, ending()))) == 7
    assert time.monotonic() - began < LONG_S / 2


@pytest.mark.parametrize(("exit_code", "phase"), [(0, "Succeeded"), (7, "Failed")])
def test_a_deleted_pod_ends_as_its_containers_did(stage: Stage, exit_code: int, phase: str) -> None:
    last = ended(stage, up(stage, ending(f"trap 'exit {exit_code}' TERM; echo up; sleep 1000 & wait")))
    assert (last["status"]["phase"], code(last), restarts(last)) == (phase, exit_code, 0)


def test_a_container_that_is_deaf_is_killed_after_its_grace_period(stage: Stage) -> None:
    made = up(stage, ending(DEAF, grace_s=3))
    last = ended(stage, made)
    assert (code(last), state(last, "terminated")["reason"]) == (137, "Error")
    leaving = stage.until(made, lambda now: now["metadata"].get("deletionTimestamp"))
    end_of_grace = leaving["metadata"]["deletionTimestamp"]
    assert seconds_between(end_of_grace, state(last, "terminated")["finishedAt"]) >= 0


def test_a_deletion_may_ask_for_a_shorter_grace_period(stage: Stage) -> None:
    last = ended(stage, up(stage, ending(DEAF)), gracePeriodSeconds=1)
    assert (code(last), last["metadata"]["deletionGracePeriodSeconds"]) == (137, 0)


def test_a_second_deletion_shortens_the_grace_period_of_the_first(stage: Stage) -> None:
    made = up(stage, ending(DEAF))
    stage.delete()
    leaving = stage.until(made, lambda now: now["metadata"].get("deletionTimestamp"))
    assert leaving["metadata"]["deletionGracePeriodSeconds"] == LONG_S
    assert code(ended(stage, made, gracePeriodSeconds=1)) == 137


def test_a_pod_that_is_being_deleted_goes_on_until_its_containers_have_ended(stage: Stage) -> None:
    made = up(stage, ending("trap 'sleep 1; exit 0' TERM; echo up; sleep 1000 & wait"))
    stage.delete()
    leaving = stage.until(made, lambda now: now["metadata"].get("deletionTimestamp"))
    assert (leaving["status"]["phase"], is_running(leaving)) == ("Running", True)
    assert stage.gone(made)


def test_a_pod_that_is_deleted_by_force_is_gone_at_once(stage: Stage) -> None:
    up(stage, ending(DEAF))
    stage.delete(gracePeriodSeconds=0)
    assert stage.cluster.is_gone(f"{stage.path}/pods/p")


def test_all_containers_are_asked_to_end_at_once(stage: Stage) -> None:
    wanted = ending("trap 'sleep 3; exit 7' TERM; echo up; sleep 1000 & wait")
    other = {**wanted["spec"]["containers"][0], "name": "other"}
    wanted["spec"]["containers"].append(other)
    made = stage.create(wanted)
    stage.until(made, lambda now: is_running(now) and state(now, "running", "other"))
    for name in ("main", "other"):
        stage.written("up\n", container=name)
    last = ended(stage, made)
    assert (code(last), code(last, "other")) == (7, 7)
    times = [state(last, "terminated", name)["finishedAt"] for name in ("main", "other")]
    assert seconds_between(min(times), max(times)) < 3


def test_a_pod_in_its_init_container_can_be_deleted(stage: Stage) -> None:
    first = {"name": "first", "image": IMAGE, "command": ["sh", "-c", ENDS]}
    made = stage.create(pod("p", initContainers=[first]))
    stage.until(made, lambda now: state(now, "running", "first"))
    stage.written("up\n", container="first")
    last = ended(stage, made)
    assert code(last, "first") == 7
    assert not [now for _, now in stage.changes(made) if is_running(now)]


def test_a_pod_that_is_held_by_a_finalizer_stays_as_it_ended(stage: Stage) -> None:
    wanted = ending()
    wanted["metadata"]["finalizers"] = ["example.org/held"]
    made = up(stage, wanted)
    stage.delete()
    try:
        over = stage.until(made, lambda now: is_over(now) and now["metadata"].get("deletionGracePeriodSeconds") == 0)
        assert (over["status"]["phase"], code(over)) == ("Failed", 7)
    finally:
        stage.cluster.patch(f"{stage.path}/pods/p", {"metadata": {"finalizers": None}})
    last = stage.gone(made)
    assert (last["status"]["phase"], code(last), restarts(last)) == ("Failed", 7, 0)


def test_a_hook_before_the_end_is_done_when_the_container_is_asked_to_end(stage: Stage) -> None:
    wanted = ending("trap 'exit $(cat code)' TERM; echo up; sleep 1000 & wait", hook=shell("sleep 1; echo 9 > code"))
    assert code(ended(stage, up(stage, wanted))) == 9


def test_a_hook_before_the_end_and_the_end_share_the_grace_period(stage: Stage) -> None:
    wanted = ending(grace_s=2, hook=shell("sleep 100"))
    began = time.monotonic()
    assert code(ended(stage, up(stage, wanted))) == 7
    assert time.monotonic() - began < 90


def test_a_hook_before_the_end_may_sleep(stage: Stage) -> None:
    made = up(stage, ending(hook={"sleep": {"seconds": 2}}))
    began = time.monotonic()
    assert code(ended(stage, made)) == 7
    assert 2 <= time.monotonic() - began < LONG_S / 2


def test_a_hook_before_the_end_that_fails_is_told_and_changes_nothing(stage: Stage) -> None:
    assert code(ended(stage, up(stage, ending(hook=shell("exit 3"))))) == 7
    assert stage.told("FailedPreStopHook")["type"] == "Warning"


def test_a_hook_before_the_end_is_not_run_when_a_container_ends_by_itself(stage: Stage) -> None:
    wanted = ending("sleep 1; exit 0", hook=shell("exit 3"), restartPolicy="Never")
    assert stage.until(stage.create(wanted), is_over)["status"]["phase"] == "Succeeded"
    assert not stage.events_of("FailedPreStopHook")


def starting(script: str, hook: Object, **spec: Any) -> Object:
    made = pod("p", script, **spec)
    made["spec"]["containers"][0]["lifecycle"] = {"postStart": hook}
    return made


def test_a_hook_after_the_start_is_run_in_the_container(stage: Stage) -> None:
    script = "until [ -s note ]; do sleep 0.1; done; cat note; sleep 1000"
    stage.create(starting(script, shell('echo "from $HOSTNAME" > note')))
    stage.written("from p\n")


def test_a_container_is_not_said_to_run_before_its_hook_is_done(stage: Stage) -> None:
    made = stage.create(starting("sleep 1000", shell("sleep 2")))
    ready = stage.until(made, lambda now: condition_of(now, "Ready").get("status") == "True")
    begun = state(ready, "running")["startedAt"]
    assert seconds_between(begun, condition_of(ready, "Ready")["lastTransitionTime"]) >= 2
    before = [now for now in stage.history(made, is_running) if of_container(now)][:-1]
    assert {state(now, "waiting")["reason"] for now in before} == {"ContainerCreating"}


def test_a_hook_after_the_start_that_fails_ends_the_container(stage: Stage) -> None:
    made = stage.create(starting(ENDS, shell("sleep 1; exit 3"), restartPolicy="Never"))
    over = stage.until(made, is_over)
    assert (over["status"]["phase"], code(over)) == ("Failed", 7)
    assert stage.told("FailedPostStartHook")["type"] == "Warning"


def test_a_hook_after_the_start_that_fails_is_followed_by_another_run(stage: Stage) -> None:
    made = stage.create(starting(ENDS, shell("exit 3")))
    assert stage.until(made, restarts)["metadata"]["uid"] == made["metadata"]["uid"]
