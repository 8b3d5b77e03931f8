"""The states of containers and phases of pods. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/"""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import IMAGE, Cluster
from .objects import Object, condition_of, config_map, idle_pod, pod
from .stage import Stage, is_over, is_running, of_container, restarts, seconds_between, state

NO_IMAGE = "registry.invalid/nothing:1"


def container(name: str, script: str, **spec: Any) -> Object:
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script], **spec}


def phases(past: list[Object]) -> list[str]:
    """Each phase that the pod was in, in order."""
    return list(dict.fromkeys(one["status"]["phase"] for one in past))


def test_a_container_that_fails_again_waits_ten_seconds_before_its_next_run(stage: Stage) -> None:
    made = stage.create(pod("p", "exit 1"))
    waits = stage.until(made, lambda now: state(now, "waiting").get("reason") == "CrashLoopBackOff")
    metadata = waits["metadata"]
    assert state(waits, "waiting")["message"] == (
        f"back-off 10s restarting failed container=main pod=p_{stage.namespace}({metadata['uid']})"
    )
    assert (waits["status"]["phase"], of_container(waits)["ready"], restarts(waits)) == ("Running", False, 1)
    failed = of_container(waits)["lastState"]["terminated"]
    third = stage.until(made, lambda now: restarts(now) == 2)
    begun = state(third, "running") or state(third, "terminated") or of_container(third)["lastState"]["terminated"]
    assert 10 <= seconds_between(failed["finishedAt"], begun["startedAt"]) < 30


def test_a_container_starts_when_what_it_misses_is_there(stage: Stage) -> None:
    wanted = pod("p", "echo $level; sleep 1000")
    wanted["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    made = stage.create(wanted)
    stage.until(made, lambda now: state(now, "waiting").get("reason") == "CreateContainerConfigError")
    stage.create(config_map("settings", {"level": "3"}), "configmaps")
    stage.until(made, is_running)
    stage.written("3\n")


@pytest.mark.parametrize(
    ("exit_code", "phase", "reason"),
    [(0, "Succeeded", "Completed"), (3, "Failed", "Error"), (137, "Failed", "Error")],
)
def test_a_pod_that_is_never_restarted_ends_as_its_container_did(
    stage: Stage, exit_code: int, phase: str, reason: str
) -> None:
    made = stage.create(pod("p", f"exit {exit_code}", restartPolicy="Never"))
    ended = stage.until(made, is_over)
    terminated = state(ended, "terminated")
    assert ended["status"]["phase"] == phase
    assert (terminated["exitCode"], terminated["reason"], restarts(ended)) == (exit_code, reason, 0)


def test_a_container_that_has_ended_says_when_it_ran(stage: Stage) -> None:
    made = stage.create(pod("p", "sleep 1", restartPolicy="Never"))
    ended = stage.until(made, is_over)
    terminated = state(ended, "terminated")
    assert 1 <= seconds_between(terminated["startedAt"], terminated["finishedAt"]) < 30
    assert terminated["containerID"] == of_container(ended)["containerID"]


def test_a_pod_goes_from_pending_to_running_to_its_end(stage: Stage) -> None:
    made = stage.create(pod("p", "sleep 3", restartPolicy="Never"))
    assert phases(stage.history(made, is_over)) == ["Pending", "Running", "Succeeded"]


def test_on_failure_means_that_a_success_is_the_end(stage: Stage) -> None:
    made = stage.create(pod("p", "exit 0", restartPolicy="OnFailure"))
    ended = stage.until(made, is_over)
    assert (ended["status"]["phase"], restarts(ended)) == ("Succeeded", 0)


def test_on_failure_means_that_a_failure_is_followed_by_another_run(stage: Stage) -> None:
    made = stage.create(pod("p", "exit 3", restartPolicy="OnFailure"))
    again = stage.until(made, restarts)
    assert again["status"]["phase"] == "Running"
    assert of_container(again)["lastState"]["terminated"]["exitCode"] == 3


def test_always_means_after_a_success_as_well(stage: Stage) -> None:
    made = stage.create(pod("p", "exit 0"))
    again = stage.until(made, restarts)
    assert again["status"]["phase"] == "Running"
    assert of_container(again)["lastState"]["terminated"]["reason"] == "Completed"


def test_another_run_is_another_container_of_the_same_pod(stage: Stage) -> None:
    made = stage.create(pod("p", "sleep 1; exit 1"))
    first = stage.until(made, is_running)
    second = stage.until(made, lambda now: restarts(now) and is_running(now))
    assert first["metadata"]["uid"] == second["metadata"]["uid"]
    assert of_container(first)["containerID"] != of_container(second)["containerID"]
    assert of_container(first)["containerID"] == of_container(second)["lastState"]["terminated"]["containerID"]


def test_a_program_that_is_not_there_fails_the_container(stage: Stage) -> None:
    wanted = pod("p", restartPolicy="Never")
    wanted["spec"]["containers"][0]["command"] = ["no-such-program"]
    ended = stage.until(stage.create(wanted), is_over)
    assert ended["status"]["phase"] == "Failed"
    assert state(ended, "terminated")["exitCode"] in (127, 128)


def test_a_pod_runs_until_all_of_its_containers_have_ended(stage: Stage) -> None:
    wanted = pod("p", restartPolicy="Never")
    wanted["spec"]["containers"] = [container("short", "exit 0"), container("long", "sleep 3")]
    past = stage.history(stage.create(wanted), is_over)
    half = [now for now in past if state(now, "terminated", "short") and state(now, "running", "long")]
    assert half[0]["status"]["phase"] == "Running"
    ready = condition_of(half[0], "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [short]"
    assert past[-1]["status"]["phase"] == "Succeeded"


def test_a_pod_has_failed_if_one_of_its_containers_has(stage: Stage) -> None:
    wanted = pod("p", restartPolicy="Never")
    wanted["spec"]["containers"] = [container("good", "exit 0"), container("bad", "exit 1")]
    ended = stage.until(stage.create(wanted), is_over)
    assert ended["status"]["phase"] == "Failed"
    assert state(ended, "terminated", "good")["exitCode"] == 0


def test_a_restart_leaves_the_other_containers_alone(stage: Stage) -> None:
    wanted = pod("p")
    wanted["spec"]["containers"] = [container("good", "sleep 1000"), container("bad", "exit 1")]
    again = stage.until(stage.create(wanted), lambda now: restarts(now, "bad"))
    assert (restarts(again, "good"), bool(state(again, "running", "good"))) == (0, True)


def test_init_containers_run_one_after_the_other_before_the_others(stage: Stage) -> None:
    first = [container(name, "sleep 1") for name in ("one", "two")]
    past = stage.history(stage.create(pod("p", initContainers=first)), is_running)
    one, two = (state(past[-1], "terminated", name) for name in ("one", "two"))
    main = state(past[-1], "running")
    assert one["finishedAt"] <= two["startedAt"] <= two["finishedAt"] <= main["startedAt"]
    told = [now for now in past if of_container(now)]
    assert told
    for now in told:
        assert state(now, "waiting", "two") or state(now, "terminated", "one")
        assert state(now, "waiting") or state(now, "terminated", "two")


def test_a_pod_is_pending_while_an_init_container_runs(stage: Stage) -> None:
    made = stage.create(pod("p", initContainers=[container("first", "sleep 1000")]))
    begun = stage.until(made, lambda now: state(now, "running", "first"))
    assert begun["status"]["phase"] == "Pending"
    assert state(begun, "waiting")["reason"] == "PodInitializing"
    initialized = condition_of(begun, "Initialized")
    assert (initialized["status"], initialized["reason"]) == ("False", "ContainersNotInitialized")
    assert initialized["message"] == "containers with incomplete status: [first]"


def test_a_failing_init_container_is_run_again_and_holds_the_others_back(stage: Stage) -> None:
    made = stage.create(pod("p", initContainers=[container("first", "exit 1")]))
    again = stage.until(made, lambda now: restarts(now, "first"))
    assert (again["status"]["phase"], state(again, "waiting")["reason"]) == ("Pending", "PodInitializing")
    assert of_container(again, "first")["lastState"]["terminated"]["exitCode"] == 1


def test_a_failing_init_container_is_run_until_it_succeeds(stage: Stage) -> None:
    code = {"name": "CODE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['code']"}}}
    wanted = pod("p", initContainers=[container("first", "sleep 5; exit $CODE", env=[code])])
    wanted["metadata"]["annotations"] = {"code": "1"}
    made = stage.create(wanted)
    stage.until(made, lambda now: state(now, "running", "first"))
    stage.cluster.patch(f"{stage.path}/pods/p", {"metadata": {"annotations": {"code": "0"}}})
    running = stage.until(made, is_running)
    assert of_container(running, "first")["lastState"]["terminated"]["exitCode"] == 1
    assert state(running, "terminated", "first")["exitCode"] == 0
    assert (restarts(running, "first"), restarts(running)) == (1, 0)


def test_a_failing_init_container_fails_a_pod_that_is_never_restarted(stage: Stage) -> None:
    made = stage.create(pod("p", initContainers=[container("first", "exit 4")], restartPolicy="Never"))
    ended = stage.until(made, is_over)
    assert (ended["status"]["phase"], restarts(ended, "first")) == ("Failed", 0)
    assert state(ended, "terminated", "first")["exitCode"] == 4
    assert not is_running(ended)
    assert condition_of(ended, "Initialized")["status"] == "False"


def test_a_running_pod_has_all_of_its_conditions(stage: Stage) -> None:
    made = stage.create(pod("p"))
    ready = stage.until(made, lambda now: condition_of(now, "Ready").get("status") == "True")
    for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready"):
        found = condition_of(ready, kind)
        assert found["status"] == "True"
        assert found["lastTransitionTime"] >= made["metadata"]["creationTimestamp"]
        assert not found.get("reason")


def test_a_container_that_runs_is_told_in_full(stage: Stage) -> None:
    stage.until(stage.create(pod("p")), is_running)
    (found,) = stage.cluster.core.read_namespaced_pod("p", stage.namespace).status.container_statuses
    assert (found.name, found.ready, found.started, found.restart_count) == ("main", True, True, 0)
    assert found.image_id
    assert re.fullmatch(r"[a-z-]+://[0-9a-f]{64}", found.container_id)
    assert found.last_state.terminated is None


@pytest.mark.parametrize(("exit_code", "reason"), [(0, "PodCompleted"), (1, "PodFailed")])
def test_a_pod_that_is_over_is_not_ready_and_says_why(stage: Stage, exit_code: int, reason: str) -> None:
    made = stage.create(pod("p", f"exit {exit_code}", restartPolicy="Never"))
    ended = stage.until(made, is_over)
    for kind in ("Ready", "ContainersReady"):
        found = condition_of(ended, kind)
        assert (found["status"], found["reason"]) == ("False", reason)
    assert condition_of(ended, "Initialized")["status"] == "True"


def test_a_pod_has_an_address_of_its_own_and_that_of_its_node(stage: Stage) -> None:
    addresses = set()
    for name in ("one", "two"):
        stage.until(stage.create(pod(name)), is_running)
        found = stage.cluster.core.read_namespaced_pod(name, stage.namespace)
        node = stage.cluster.core.read_node(found.spec.node_name)
        internal = {address.address for address in node.status.addresses if address.type == "InternalIP"}
        assert found.status.host_ip in internal
        status = stage.cluster.read(f"{stage.path}/pods/{name}")["status"]
        assert (status["podIPs"], status["hostIPs"]) == ([{"ip": status["podIP"]}], [{"ip": status["hostIP"]}])
        addresses.add(found.status.pod_ip)
    assert len(addresses) == 2
    assert not addresses & internal


def test_an_address_is_kept_over_a_restart(stage: Stage) -> None:
    made = stage.create(pod("p", "sleep 1; exit 1"))
    first = stage.until(made, is_running)
    again = stage.until(made, restarts)
    assert first["status"]["podIP"] == again["status"]["podIP"]
    assert first["status"]["startTime"] == again["status"]["startTime"]


def test_an_image_that_cannot_be_had_holds_the_pod(stage: Stage) -> None:
    wanted = pod("p")
    wanted["spec"]["containers"][0]["image"] = NO_IMAGE
    past = stage.history(stage.create(wanted), lambda now: state(now, "waiting").get("reason") == "ImagePullBackOff")
    assert "ErrImagePull" in [state(now, "waiting").get("reason") for now in past]
    assert past[-1]["status"]["phase"] == "Pending"
    assert state(past[-1], "waiting")["message"].startswith(f'Back-off pulling image "{NO_IMAGE}"')


def test_an_image_that_is_never_to_be_pulled_has_to_be_there(stage: Stage) -> None:
    wanted = pod("p")
    wanted["spec"]["containers"][0] |= {"image": NO_IMAGE, "imagePullPolicy": "Never"}
    held = stage.until(stage.create(wanted), lambda now: state(now, "waiting").get("reason") == "ErrImageNeverPull")
    assert state(held, "waiting")["message"] == f'Container image "{NO_IMAGE}" is not present with pull policy of Never'


def test_one_image_that_cannot_be_had_leaves_the_other_containers_alone(stage: Stage) -> None:
    wanted = pod("p")
    wanted["spec"]["containers"].append({"name": "other", "image": NO_IMAGE})
    running = stage.until(stage.create(wanted), lambda now: is_running(now) and state(now, "waiting", "other"))
    assert running["status"]["phase"] == "Pending"


@pytest.mark.usefixtures("lab")
def test_an_image_without_a_recipe_is_named_with_those_that_have_one(stage: Stage) -> None:
    wanted = pod("p")
    wanted["spec"]["containers"][0]["image"] = NO_IMAGE
    held = stage.until(stage.create(wanted), lambda now: state(now, "waiting").get("reason") == "ErrImagePull")
    assert "known images: mongo, bitnami/mongodb" in state(held, "waiting")["message"]


def test_a_deadline_ends_a_pod_that_would_go_on(stage: Stage) -> None:
    made = stage.create(pod("p", "trap 'exit 0' TERM; sleep 1000 & wait", activeDeadlineSeconds=2))
    ended = stage.until(made, is_over)
    assert (ended["status"]["phase"], ended["status"]["reason"]) == ("Failed", "DeadlineExceeded")
    assert not state(ended, "running")
    assert stage.cluster.read(f"{stage.path}/pods/p")["metadata"].get("deletionTimestamp") is None


BURSTABLE = {"requests": {"cpu": "10m"}}
GUARANTEED = {"limits": {"cpu": "100m", "memory": "64Mi"}}


@pytest.mark.parametrize(
    ("resources", "expected"), [({}, "BestEffort"), (BURSTABLE, "Burstable"), (GUARANTEED, "Guaranteed")]
)
def test_a_quality_of_service_follows_from_requests_and_limits(
    cluster: Cluster, namespace: str, resources: Object, expected: str
) -> None:
    wanted = idle_pod("p")
    wanted["spec"]["containers"][0]["resources"] = resources
    assert cluster.core.create_namespaced_pod(namespace, wanted).status.qos_class == expected
