"""Which requests a run makes, which of them are asked for, and which rules would grant what is missing."""

from collections.abc import Iterable
from typing import Any

import pytest
from chaosmongo import actions, observer
from chaosmongo.config import Config
from chaosmongo.preflight import permissions, targets
from chaosmongo.preflight.ahead import foresee, requests
from chaosmongo.preflight.permissions import Request

from .objects import experiment, pod, seen, step

FAULTS = [name for name in actions.__all__ if getattr(actions, name).__module__.startswith("chaosmongo.faults")]


def texts(asked: Iterable[Request]) -> list[str]:
    return [str(request) for request in asked]


def of_fault(function: str, there: Any = None, **arguments: Any) -> list[str]:
    (fault,) = experiment(step(function, namespace="pacman", **arguments)).faults
    return texts(permissions.of_fault(fault, targets.find(fault, there or seen())))


class TestOfARun:
    def test_the_guard_reads_the_namespace_by_its_name(self) -> None:
        assert "get namespaces pacman in namespace pacman" in texts(permissions.of_run(Config()))

    @pytest.mark.parametrize("resource", [*observer.NAMESPACED, *observer.CLUSTER_WIDE])
    @pytest.mark.parametrize("verb", ["list", "watch"])
    def test_everything_that_is_observed_is_listed_and_followed(self, resource: str, verb: str) -> None:
        asked = [one for one in permissions.of_run(Config()) if (one.resource, one.verb) == (resource, verb)]
        assert asked[0].namespace == ("" if resource in observer.CLUSTER_WIDE else "pacman")

    def test_groups_are_those_of_the_observed_paths(self) -> None:
        groups = {one.resource: one.group for one in permissions.of_run(Config()) if one.reason == "observer"}
        assert (groups["statefulsets"], groups["endpointslices"], groups["pods"]) == ("apps", "discovery.k8s.io", "")

    def test_a_run_goes_on_without_all_that_is_observed_but_pods(self) -> None:
        needed = {one.resource for one in permissions.of_run(Config()) if one.reason == "observer" and not one.without}
        assert needed == {"pods"}

    def test_services_and_the_secret_are_read_by_name(self) -> None:
        asked = texts(permissions.of_run(Config()))
        assert "get services mongo in namespace pacman" in asked
        assert "get services pacman in namespace pacman" in asked
        assert "get secrets mongodb-users-secret in namespace pacman" in asked

    def test_what_the_configuration_gives_is_not_looked_for(self) -> None:
        config = Config(mongo_uri="mongodb://h", app_url="http://h")
        asked = {request.resource for request in permissions.of_run(config)}
        assert not {"services", "secrets", "pods/portforward"} & asked

    def test_a_port_forward_is_needed_where_it_is_asked_for(self) -> None:
        def needed(reach: str) -> list[bool]:
            asked = permissions.of_run(Config(reach=reach))
            return [not one.without for one in asked if one.resource == "pods/portforward"]

        assert (needed("port-forward"), needed("auto"), needed("service")) == ([True, True], [False, False], [])

    def test_without_a_cluster_nothing_is_asked_for(self) -> None:
        assert permissions.of_run(Config(namespace="", mongo_uri="mongodb://h")) == []


class TestOfFaults:
    def test_every_fault_is_known(self) -> None:
        assert {*permissions._OF_FAULT, *targets.NODE_FAULTS} == set(FAULTS)

    def test_deleting_a_pod_by_name(self) -> None:
        assert of_fault("delete_pod", name="mongo-0") == [
            "get pods mongo-0 in namespace pacman",
            "delete pods mongo-0 in namespace pacman",
        ]

    def test_deleting_pods_by_their_labels(self) -> None:
        assert of_fault("kill_pod", label_selector="a=b") == [
            "list pods in namespace pacman",
            "delete pods in namespace pacman",
        ]

    @pytest.mark.parametrize("fault", ["crash_container", "freeze_container", "fill_disk"])
    def test_a_command_in_a_container(self, fault: str) -> None:
        assert of_fault(fault, name="mongo-0") == [
            "get pods mongo-0 in namespace pacman",
            "get pods/exec mongo-0 in namespace pacman",
            "create pods/exec mongo-0 in namespace pacman",
        ]

    def test_a_drain(self) -> None:
        others = (pod("cart", namespace="shop"),)
        assert of_fault("drain_node", seen(others=others), pod="mongo-0") == [
            "get pods mongo-0 in namespace pacman",
            "get nodes one in the whole cluster",
            "patch nodes one in the whole cluster",
            "list pods in the whole cluster",
            "watch pods in the whole cluster",
            "create pods/eviction in namespace pacman",
            "create pods/eviction in namespace shop",
        ]

    def test_a_drain_that_lifts_budgets(self) -> None:
        without, asked = of_fault("drain_node", node="one"), of_fault("drain_node", node="one", lift_budgets_after_s=9)
        assert asked[len(without) :] == [
            f"{verb} poddisruptionbudgets.policy in namespace pacman" for verb in ("list", "get", "patch")
        ]

    def test_a_power_cut_changes_nothing_through_the_api(self) -> None:
        assert {text.split()[0] for text in of_fault("crash_node", pod="mongo-0")} == {"get", "list"}

    def test_scaling(self) -> None:
        assert of_fault("scale_deployment", name="pacman", replicas=3) == [
            "get deployments.apps pacman in namespace pacman",
            "patch deployments/scale.apps pacman in namespace pacman",
        ]

    def test_a_policy_is_made_and_removed(self) -> None:
        asked = of_fault("cut_off", label_selector="a=b")
        assert "create networkpolicies.networking.k8s.io in namespace pacman" in asked
        assert "delete networkpolicies.networking.k8s.io in namespace pacman" in asked


class TestAsking:
    def test_a_review_asks_for_exactly_the_request(self) -> None:
        review = Request("pacman", "apps", "statefulsets/scale", "patch", "mongo").review()
        assert review["spec"]["resourceAttributes"] == {
            "namespace": "pacman",
            "group": "apps",
            "resource": "statefulsets",
            "subresource": "scale",
            "verb": "patch",
            "name": "mongo",
        }

    def test_the_whole_cluster_is_no_namespace(self) -> None:
        assert "namespace" not in Request("", "", "nodes", "patch").review()["spec"]["resourceAttributes"]

    def test_only_a_yes_is_one(self) -> None:
        assert permissions.allowed({"status": {"allowed": True}})
        assert not permissions.allowed({"status": {"allowed": False, "reason": "no"}})
        assert not permissions.allowed({"status": {"evaluationError": "?"}})
        assert not permissions.allowed({})

    def test_what_two_ask_for_is_asked_once_and_needed_where_one_needs_it(self) -> None:
        ahead = foresee(experiment(step("delete_pod", namespace="pacman", name="mongo-0")), seen())
        (found,) = [one for one in requests(ahead) if str(one) == "get pods mongo-0 in namespace pacman"]
        assert (found.reason, found.without) == ("delete_pod", "")


class TestWhatIsMissing:
    def test_of_what_is_needed_is_an_error(self) -> None:
        (found,) = permissions.missing([Request("pacman", "", "pods", "delete", "mongo-0", "delete_pod")])
        assert (found.level, found.text) == (
            "error",
            "we may not delete pods mongo-0 in namespace pacman (delete_pod)",
        )

    def test_of_what_the_run_can_do_without_is_a_warning(self) -> None:
        (found,) = permissions.missing([Request("", "", "nodes", "watch", "", "observer", "the record has none")])
        assert (found.level, found.text) == (
            "warning",
            "we may not watch nodes in the whole cluster (observer): the record has none",
        )

    def test_nothing_is_no_finding(self) -> None:
        assert permissions.missing([]) == []

    def test_would_be_granted_by_these_rules(self) -> None:
        denied = [
            Request("pacman", "", "pods/exec", "get", "mongo-0"),
            Request("pacman", "", "pods/exec", "create", "mongo-0"),
            Request("pacman", "", "pods", "delete", "mongo-0"),
            Request("pacman", "", "pods", "delete", "mongo-1"),
            Request("", "", "nodes", "patch", "one"),
        ]
        assert permissions.rules(denied) == [
            "a ClusterRole:",
            '- {apiGroups: [""], resources: [nodes], verbs: [patch]}',
            "a Role in namespace pacman:",
            '- {apiGroups: [""], resources: [pods], verbs: [delete]}',
            '- {apiGroups: [""], resources: [pods/exec], verbs: [create, get]}',
        ]
