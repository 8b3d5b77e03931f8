"""What a fault would hit, and what it would not."""

import pytest
from chaosmongo.faults.selection import PRIMARY
from chaosmongo.preflight import targets
from chaosmongo.preflight.experiment import Planned

from .objects import experiment, node, planned, pod, seen, step, told, workload

GOING = {"metadata": pod()["metadata"] | {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": pod()["spec"]}


class TestPods:
    def test_one_is_found_by_its_name(self) -> None:
        found = targets.find(planned("delete_pod", name="mongo-0"), seen(pod(), pod("mongo-1")))
        assert [one["metadata"]["name"] for one in found.pods] == ["mongo-0"]

    def test_many_are_found_by_their_labels(self) -> None:
        both = [pod("pacman-a"), pod("pacman-b")]
        found = targets.find(planned("kill_pod", label_selector="a=b"), seen(selected={"a=b": both}))
        assert found.pods == both

    def test_none_is_an_error(self) -> None:
        assert told(planned("delete_pod", name="mongo-7"), seen()) == [
            "error: there is no pod mongo-7 in namespace pacman: it hits nothing"
        ]

    def test_no_label_that_matches_is_an_error(self) -> None:
        (found,) = told(planned("kill_pod", label_selector="a=b"), seen(selected={"a=b": []}))
        assert found == "error: there is no pod with a=b in namespace pacman: it hits nothing"

    def test_one_that_is_going_is_not_hit(self) -> None:
        (found,) = told(planned("delete_pod", name="mongo-0"), seen(GOING))
        assert "what there is, is being deleted" in found

    def test_what_cannot_be_read_is_not_said_to_be_missing(self) -> None:
        (found,) = told(planned("delete_pod", name="mongo-7"), seen(unread={"pods": "HTTP 403"}))
        assert found == "error: whether there is a pod mongo-7 cannot be read (HTTP 403)"

    def test_neither_name_nor_labels_is_an_error(self) -> None:
        assert "to hit nothing by accident" in told(planned("delete_pod"), seen())[0]


class TestThePrimary:
    """Of a replica set, by the name that faults know it by."""

    @pytest.mark.parametrize("fault", [planned("kill_pod", name=PRIMARY), planned("drain_node", pod=PRIMARY)])
    def test_is_only_known_when_it_runs(self, fault: Planned) -> None:
        found = targets.find(fault, seen())
        assert (found.pods, found.node) == ((), None)
        (missing,) = found.missing
        assert missing.level == "warning"
        assert missing.text.startswith("which pod is the primary is only known when it runs")

    def test_is_a_pod_of_that_name_nowhere(self) -> None:
        assert targets.find(planned("kill_pod", name=PRIMARY), seen(pod(PRIMARY))).pods == ()
        assert targets.PRIMARY == PRIMARY


class TestNodes:
    def test_the_one_of_a_pod_is_found_with_all_its_pods(self) -> None:
        daemon = pod("log", of="DaemonSet log", namespace="logging")
        found = targets.find(planned("drain_node", pod="mongo-0"), seen(pod(), pod("b", "two"), others=(daemon,)))
        assert found.node_name == "one"
        assert ([p["metadata"]["name"] for p in found.pods], found.staying) == (["mongo-0"], [daemon])

    def test_one_that_is_named_need_not_carry_anything(self) -> None:
        found = targets.find(planned("crash_node", node="two"), seen())
        assert (found.node_name, found.pods, found.missing) == ("two", [], [])

    def test_one_that_is_not_there_is_an_error(self) -> None:
        assert "error: there is no node nine: it hits nothing" in told(planned("drain_node", node="nine"), seen())

    def test_one_that_cannot_be_read_is_not_said_to_be_missing(self) -> None:
        (found,) = told(planned("take_out_of_service", node="nine"), seen(unread={"nodes": "HTTP 403"}))[:1]
        assert found == "error: whether there is a node nine cannot be read (HTTP 403)"

    def test_a_pod_without_a_node_is_an_error(self) -> None:
        assert (
            "pod mongo-0 is on no node: it hits nothing"
            in told(planned("drain_node", pod="mongo-0"), seen(pod(node="")))[0]
        )

    def test_the_step_after_a_power_cut_is_aimed_at_the_same_node(self) -> None:
        cut, out = experiment(
            step("crash_node", namespace="pacman", pod="mongo-0"), step("take_out_of_service", namespace="pacman")
        ).faults
        assert targets.find(out, seen()).node_name == targets.find(cut, seen()).node_name == "one"

    def test_without_a_fault_before_it_that_step_has_no_node(self) -> None:
        assert "no fault before it hits a node" in told(planned("take_out_of_service"), seen())[0]


class TestWorkloads:
    def test_their_pods_are_those_that_the_selector_matches(self) -> None:
        there = seen(pod(), pod("pacman-a", of="ReplicaSet p", labels={"name": "pacman"}))
        found = targets.find(planned("scale_to_zero", statefulset="mongo"), there)
        assert [one["metadata"]["name"] for one in found.pods] == ["mongo-0"]

    def test_one_that_is_not_there_is_an_error(self) -> None:
        assert "there is no StatefulSet redis" in told(planned("restart_rollout", statefulset="redis"), seen())[0]

    def test_one_without_pods_is_an_error(self) -> None:
        there = seen(statefulsets=(workload("empty", 0, 0),))
        assert told(planned("scale_to_zero", statefulset="empty"), there) == [
            "error: StatefulSet empty has no pods: it hits nothing"
        ]

    def test_as_many_replicas_as_there_are_is_an_error(self) -> None:
        after = step("take_back_faults")
        assert "1 replicas already" in told(planned("scale_deployment", after, name="pacman", replicas=1), seen())[0]
        assert told(planned("scale_deployment", after, name="pacman", replicas=10), seen()) == []


def test_in_another_namespace_nothing_is_looked_for() -> None:
    found = targets.find(planned("delete_pod", namespace="shop", name="mongo-0"), seen())
    assert (found.pods, found.missing) == ((), [])


def test_arguments_that_the_fault_does_not_take_are_an_error() -> None:
    (found,) = told(planned("delete_pod", nam="mongo-0"), seen())
    assert found == "error: it cannot be called like this: got an unexpected keyword argument 'nam'"


def test_a_node_with_nothing_but_its_own_pods_can_be_cut_off_by_name() -> None:
    found = targets.find(planned("crash_node", node="two"), seen(nodes=(node("one"), node("two"))))
    assert found.missing == []
