"""Which requests a run makes, which of them are asked for, and which rules would grant what is missing."""

from collections.abc import Iterable
from typing import Any

import pytest
from chaosmongo import actions, observer
from chaosmongo.config import Config
from chaosmongo.preflight import permissions, targets
from chaosmongo.preflight.ahead import foresee, requests
from chaosmongo.preflight.experiment import parse
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

    def test_the_lock_is_made_and_then_only_ours_is_touched(self) -> None:
        assert [one for one in texts(permissions.of_run(Config())) if "leases" in one] == [
            "create leases.coordination.k8s.io in namespace pacman",
            "get leases.coordination.k8s.io chaos-mongodb in namespace pacman",
            "patch leases.coordination.k8s.io chaos-mongodb in namespace pacman",
            "delete leases.coordination.k8s.io chaos-mongodb in namespace pacman",
        ]

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

    def test_in_a_pod_a_port_forward_is_asked_for_only_where_the_configuration_says_so(self) -> None:
        def asked(reach: str) -> list[str]:
            return [one.verb for one in permissions.of_run(Config(reach=reach), in_pod=True) if "/" in one.resource]

        assert (asked("port-forward"), asked("auto"), asked("service")) == (["get", "create"], [], [])

    def test_an_application_that_is_not_there_is_not_asked_for(self) -> None:
        asked = permissions.of_run(Config(mongo_uri="mongodb://h", app_service=""))
        assert not [one for one in asked if one.resource == "deployments" and one.verb == "get"]

    def test_without_a_cluster_nothing_is_asked_for(self) -> None:
        assert permissions.of_run(Config(namespace="", mongo_uri="mongodb://h")) == []


class TestOfALoad:
    NEEDED = (
        "create jobs.batch in namespace chaos",
        "get jobs.batch in namespace chaos",
        "delete jobs.batch in namespace chaos",
        "get pods in namespace chaos",
        "list pods in namespace chaos",
    )

    @pytest.mark.parametrize("pods", [2, "2"])
    def test_in_pods_makes_a_job_beside_the_runner(self, pods: Any) -> None:
        asked = texts(requests(foresee(experiment(step("start_workload", pods=pods)), seen())))
        assert {*self.NEEDED} <= {*asked}

    @pytest.mark.parametrize("arguments", [{}, {"pods": 0}, {"shards": 3}])
    def test_of_processes_asks_for_none_of_it(self, arguments: dict[str, Any]) -> None:
        asked = texts(requests(foresee(experiment(step("start_workload", **arguments)), seen())))
        assert not {*self.NEEDED} & {*asked}

    def test_asks_in_the_runners_namespace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POD_NAMESPACE", "elsewhere")
        asked = texts(requests(foresee(experiment(step("start_workload", pods=1)), seen())))
        assert "create jobs.batch in namespace elsewhere" in asked


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

    @pytest.mark.parametrize("name", ["@primary", "${statefulset}-0"])
    def test_a_name_that_only_the_run_knows_is_none(self, name: str) -> None:
        assert of_fault("kill_pod", name=name) == ["get pods in namespace pacman", "delete pods in namespace pacman"]

    def test_a_node_that_is_named_is_known_without_a_cluster(self) -> None:
        (fault,) = experiment(step("drain_node", namespace="pacman", node="two")).faults
        assert "patch nodes two in the whole cluster" in texts(permissions.of_fault(fault, targets.Target()))


class TestOfAnExperiment:
    def test_without_a_cluster_the_node_of_a_pod_is_any(self) -> None:
        drain = experiment(step("drain_node", namespace="pacman", pod="mongo-0"))
        asked = texts(permissions.of_experiment(drain))
        assert "patch nodes in the whole cluster" in asked
        assert "create pods/eviction in namespace pacman" in asked

    def test_each_fault_has_its_own_target(self) -> None:
        drains = experiment(*(step("drain_node", namespace="pacman", node=name) for name in ("one", "two")))
        found = [targets.find(fault, seen()) for fault in drains.faults]
        asked = texts(permissions.of_experiment(drains, found))
        assert {"patch nodes one in the whole cluster", "patch nodes two in the whole cluster"} <= set(asked)

    def test_a_statefulset_whose_readiness_is_probed_must_be_readable(self) -> None:
        def needed(document: dict[str, Any]) -> list[bool]:
            asked = permissions.of_experiment(parse({"title": "t", "method": []} | document, {}))
            return [not one.without for one in asked if str(one) == "get statefulsets.apps mongo in namespace pacman"]

        probe = step("statefulset_is_ready")
        probe["provider"]["module"] = "chaosmongo.probes"
        assert needed({}) == [False]
        assert needed({"method": [probe]}) == [True]
        assert needed({"steady-state-hypothesis": {"title": "s", "probes": [probe]}}) == [True]


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
