"""All of it together: what a person reads, and whether everything could be done and taken back."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from chaosmongo.preflight import lines
from chaosmongo.preflight.ahead import Preflight, foresee, requests
from chaosmongo.preflight.permissions import Request

from .objects import experiment, node, pod, seen, service, step, workload

ROOT = Path(__file__).parents[3]
DELETION = step("delete_pod", namespace="pacman", name="mongo-0")


def text(ahead: Preflight) -> str:
    return "\n".join(lines(ahead))


class TestWhatCouldBeDone:
    AHEAD = foresee(experiment(DELETION), seen())

    def test_is_told_with_what_it_hits(self) -> None:
        assert self.AHEAD.could_be_done
        assert lines(self.AHEAD) == [
            "t",
            "namespace pacman at https://cluster.example.org; looked at, nothing changed",
            "",
            "1. delete pod: delete_pod",
            "   hits        pod pacman/mongo-0 on node one, of StatefulSet mongo",
            "   allowed     namespace pacman carries chaos.mongodb/allowed=true",
            "   recovery    pacman/mongo-0: at least 0 s, at most about 30 s, beside the database's own time; of which",
            "                   0 to 30 s  termination: the grace period, if its process takes all of it",
            "                   0 s  readiness: no probe, Ready as soon as it runs, whether it answers or not",
            "   objective   rto_s 30 s: leaves at least 0 s to the database itself",
            "",
            "Permissions: all 0 that a run needs are there",
            "",
            "It could all be done and taken back (errors: 0, warnings: 0)",
        ]

    def test_each_objective_is_told_where_lanes_differ(self) -> None:
        found = text(foresee(experiment(DELETION, rto_user_s=60), seen()))
        assert "rto_s 30 s (server, driver): leaves at least 0 s" in found
        assert "rto_s 60 s (user): leaves at least 30 s" in found

    def test_a_node_is_told_with_what_it_carries(self) -> None:
        drain = step("drain_node", namespace="pacman", pod="mongo-0")
        daemon = pod("log", of="DaemonSet log", namespace="logging")
        found = text(foresee(experiment(drain), seen(others=(daemon,))))
        assert "hits        node one (Ready) and the pods on it" in found
        assert "pod pacman/mongo-0 on node one, of StatefulSet mongo" in found
        assert "stay        pods of the node itself: logging/log" in found
        assert "the node carries only pods of namespace pacman" in found

    def test_namespaces_are_told_where_there_are_several(self) -> None:
        drain = step("drain_node", namespace="pacman", node="one")
        found = text(foresee(experiment(drain), seen(others=(pod("cart", namespace="shop"),))))
        assert "namespaces  pacman, shop" in found
        assert "the experiment names the node" in found

    @pytest.mark.parametrize(
        ("fault", "hit"),
        [
            ("restart_control_plane", "the control plane"),
            ("remove_acknowledged_write", "scores that the run itself has written, in the database"),
        ],
    )
    def test_what_is_no_object_of_the_cluster_is_told_as_well(self, fault: str, hit: str) -> None:
        assert f"hits        {hit}" in text(foresee(experiment(step(fault)), seen()))


class TestWhatCouldNot:
    def test_is_an_error_with_its_remedy(self) -> None:
        found = foresee(experiment(DELETION), seen(refused="no:\n    kubectl label x"))
        assert not found.could_be_done
        assert "error       no:\n                   kubectl label x" in text(found)
        assert "allowed     " not in text(found)
        assert text(found).endswith("It could not all be done and taken back (errors: 1, warnings: 0)")

    def test_may_be_allowed_all_the_same(self) -> None:
        crash = step("crash_container", namespace="pacman", name="mongo-0")
        found = foresee(experiment(crash), seen())
        assert not found.could_be_done
        assert "allowed     namespace pacman carries chaos.mongodb/allowed=true" in text(found)

    def test_a_permission_that_is_missing_is_told_with_its_rule(self) -> None:
        ahead = TestWhatCouldBeDone.AHEAD
        denied = [Request("pacman", "", "pods", "delete", "mongo-0", "delete_pod")]
        found = replace(ahead, asked=requests(ahead), denied=denied)
        assert not found.could_be_done
        assert "1 of" in text(found)
        assert "error       we may not delete pods mongo-0 in namespace pacman (delete_pod)" in text(found)
        assert "granted by  a Role in namespace pacman:" in text(found)
        assert "- {apiGroups: [''], resources: [pods], verbs: [delete], resourceNames: [mongo-0]}" in text(found)

    def test_where_we_may_not_ask_that_is_told(self) -> None:
        found = replace(TestWhatCouldBeDone.AHEAD, denied=None)
        assert found.could_be_done
        assert "Permissions: the API server does not let us ask for them" in text(found)


class TestTheRunAsAWhole:
    def test_a_service_that_is_not_there_is_an_error(self) -> None:
        found = foresee(experiment(DELETION), seen(services=(service("mongo"),)))
        assert [one.text for one in found.surroundings] == [
            "there is no Service pacman/pacman: the run would not begin"
        ]
        assert not found.could_be_done

    def test_one_that_is_not_looked_for_is_none(self) -> None:
        there = seen(services=())
        given = experiment(DELETION, mongo_uri="mongodb://h", app_url="http://h")
        assert foresee(given, there).surroundings == []

    def test_a_database_that_is_not_ready_is_a_warning(self) -> None:
        found = foresee(experiment(DELETION), seen(statefulsets=(workload("mongo", ready=0),)))
        assert [one.text for one in found.surroundings] == [
            "StatefulSet mongo has 0 of 1 pods Ready: no run should begin like this"
        ]
        assert found.could_be_done

    def test_an_experiment_without_a_fault_is_a_warning(self) -> None:
        found = foresee(experiment(step("read_back")), seen())
        assert [one.text for one in found.surroundings] == ["the method has no fault of ours"]

    def test_actions_of_others_are_told_to_be_unknown(self) -> None:
        theirs = step("terminate_pods")
        theirs["provider"]["module"] = "chaosk8s.pod.actions"
        found = foresee(experiment(DELETION, theirs), seen())
        assert [one.text for one in found.surroundings] == [
            (
                "'terminate pods' (chaosk8s.pod.actions.terminate_pods) is none of our actions: "
                "what it would do is not known here"
            )
        ]

    def test_without_a_cluster_no_permission_is_told(self) -> None:
        without = experiment(step("remove_acknowledged_write"), namespace="", mongo_uri="mongodb://h")
        found = foresee(without, seen(pod(), nodes=(node("one"),)))
        assert "no cluster; looked at, nothing changed" in text(found)
        assert "Permissions" not in text(found)


@pytest.mark.parametrize("file", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_faults_of_every_experiment_can_be_called(file: Path) -> None:
    from chaosmongo.preflight import load

    assert [fault.wrong for fault in load(str(file), {}, []).faults if fault.wrong] == []
    assert yaml.safe_load(file.read_text())["title"]
