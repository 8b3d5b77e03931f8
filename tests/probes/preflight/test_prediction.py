"""What the settings alone say of the recovery time."""

from typing import Any

import pytest
from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.preflight import prediction, targets
from chaosmongo.preflight.experiment import Planned
from chaosmongo.preflight.prediction import NEVER, Prediction
from chaosmongo.preflight.seen import Seen

from .objects import budget, experiment, node, planned, pod, seen, step, volume

TOLERATED = [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "tolerationSeconds": 300}]
AFTER = step("take_back_faults")


def probed(**probes: Object) -> Object:
    """The database's pod with probes, and nothing that its end takes."""
    return pod(containers=[{"name": "mongo", **probes}], terminationGracePeriodSeconds=0)


def predicted(fault: Planned, there: Seen) -> Prediction:
    (found,) = prediction.predict(fault, targets.find(fault, there), there, Config())
    return found


def span(fault: Planned, there: Seen) -> tuple[float, float]:
    found = predicted(fault, there)
    return found.least_s, found.most_s


def delete(**arguments: Any) -> Planned:
    return planned("delete_pod", name="mongo-0", **arguments)


class TestTermination:
    def test_takes_at_most_the_grace_period(self) -> None:
        assert span(delete(), seen(pod(terminationGracePeriodSeconds=12))) == (0, 12)

    def test_which_is_thirty_seconds_where_nothing_is_said(self) -> None:
        assert span(delete(), seen()) == (0, 30)

    def test_or_what_the_experiment_says(self) -> None:
        assert span(delete(grace_period_s=5), seen()) == (0, 5)

    def test_is_not_waited_for_by_force(self) -> None:
        assert span(planned("kill_pod", name="mongo-0"), seen()) == (0, 0)

    def test_nor_by_the_successor_of_a_deployments_pod(self) -> None:
        assert span(planned("delete_pod", name="pacman-a"), seen(pod("pacman-a", of="ReplicaSet p"))) == (0, 0)


class TestReadiness:
    @pytest.mark.parametrize(
        ("probe", "least", "most"),
        [
            ({}, 0, 10),
            ({"periodSeconds": 2}, 0, 2),
            ({"initialDelaySeconds": 20, "periodSeconds": 5}, 20, 25),
            ({"periodSeconds": 5, "successThreshold": 3}, 10, 15),
        ],
    )
    def test_comes_with_a_look_of_the_probe(self, probe: Object, least: float, most: float) -> None:
        assert span(delete(), seen(probed(readinessProbe=probe))) == (least, most)

    def test_waits_for_the_startup_probe(self) -> None:
        probes = {"startupProbe": {"periodSeconds": 3}, "readinessProbe": {"periodSeconds": 2}}
        assert span(delete(), seen(probed(**probes))) == (0, 5)

    def test_without_a_probe_is_said_to_tell_nothing(self) -> None:
        (_, part) = predicted(delete(), seen()).parts
        assert part.what == "readiness: no probe, Ready as soon as it runs, whether it answers or not"


class TestARestart:
    @pytest.mark.parametrize(("restarts", "most"), [(0, 0), (1, 10), (2, 20), (5, 160), (9, 300)])
    def test_waits_longer_each_time(self, restarts: int, most: float) -> None:
        status = {"containerStatuses": [{"name": "mongo", "restartCount": restarts, "state": {"running": {}}}]}
        assert span(planned("crash_container", name="mongo-0"), seen(pod(status=status))) == (0, most)


class TestWhatLastsForATime:
    def test_lasts_at_least_as_long(self) -> None:
        assert span(planned("freeze_container", name="mongo-0", for_s=7), seen()) == (7, 7)

    def test_and_until_the_next_look_where_readiness_was_lost(self) -> None:
        there = seen(probed(readinessProbe={"periodSeconds": 2}))
        assert span(planned("freeze_container", name="mongo-0", for_s=6), there) == (6, 8)
        assert span(planned("freeze_container", name="mongo-0", for_s=4), there) == (4, 4)

    def test_a_liveness_probe_may_make_a_crash_of_it(self) -> None:
        there = seen(probed(livenessProbe={"periodSeconds": 1}))
        long, short = (planned("freeze_container", name="mongo-0", for_s=seconds) for seconds in (10, 2))
        assert predicted(long, there).notes == ["its liveness probe may end it after 3 s: then it is a crash"]
        assert predicted(short, there).notes == []

    def test_a_scale_to_zero_lasts_beside_the_grace_period(self) -> None:
        assert span(planned("scale_to_zero", statefulset="mongo", for_s=5), seen()) == (5, 35)

    def test_repeated_deletions_last_until_the_last_one(self) -> None:
        fault = planned("kill_repeatedly", name="mongo-0", times=3, every_s=10, grace_period_s=5)
        assert span(fault, seen()) == (20, 25)


class TestADrain:
    def test_is_a_termination(self) -> None:
        assert span(planned("drain_node", pod="mongo-0"), seen()) == (0, 30)

    def test_waits_for_a_budget_until_it_is_lifted(self) -> None:
        fault = planned("drain_node", pod="mongo-0", lift_budgets_after_s=15)
        assert span(fault, seen(budgets=[budget()])) == (15, 45)
        assert span(fault, seen(budgets=[budget(allowed=1)])) == (0, 30)

    def test_has_no_end_where_nobody_lifts_it(self) -> None:
        assert span(planned("drain_node", pod="mongo-0"), seen(budgets=[budget()])) == (0, NEVER)

    def test_has_no_end_where_the_volume_stays(self) -> None:
        there = seen(volumes={"pv-1": volume(only_on="one", local={"path": "/x"})})
        assert span(planned("drain_node", pod="mongo-0"), there) == (0, NEVER)

    def test_says_that_a_volume_has_to_move(self) -> None:
        assert "detached and attached again" in predicted(planned("drain_node", pod="mongo-0"), seen()).notes[0]
        there = seen(volumes={"pv-1": volume(nfs={"server": "s", "path": "/"})})
        assert predicted(planned("drain_node", pod="mongo-0"), there).notes == []


class TestADeadNode:
    THERE = seen(pod(tolerations=TOLERATED))

    def test_is_missed_tolerated_and_then_never_given_up(self) -> None:
        found = predicted(planned("crash_node", pod="mongo-0"), self.THERE)
        assert (found.least_s, found.most_s) == (340, NEVER)
        assert "stays Terminating until the node is back" in found.notes[0]
        assert "pv-1 is detached by force 360 s after the pod is gone" in found.notes[1]

    def test_has_no_volume_to_detach_where_it_is_reached_from_everywhere(self) -> None:
        there = seen(pod(tolerations=TOLERATED), volumes={"pv-1": volume(nfs={"server": "s"})})
        assert len(predicted(planned("crash_node", pod="mongo-0"), there).notes) == 1

    def test_says_that_the_monitors_grace_cannot_be_read(self) -> None:
        first = predicted(planned("crash_node", pod="mongo-0"), self.THERE).parts[0]
        assert str(first).startswith("40 to 50 s  until the node is missed: node monitor grace period, by default")
        assert str(first).endswith("it cannot be read")

    def test_may_end_earlier_where_the_node_comes_back(self) -> None:
        found = predicted(planned("crash_node", pod="mongo-0"), self.THERE)
        assert found.total == "at least 340 s, with no end of its own, unless the node is back before"
        assert found.judged(60) == "missed, whatever the database does, unless the node is back before"

    def test_says_who_brings_the_node_back(self) -> None:
        found = predicted(planned("crash_node", AFTER, pod="mongo-0"), self.THERE)
        assert "take_back_faults of this experiment starts it" in found.parts[-1].what

    def test_serves_until_it_is_missed_where_only_its_kubelet_stopped(self) -> None:
        assert "(served meanwhile)" in predicted(planned("stop_kubelet", pod="mongo-0"), self.THERE).parts[0].what

    def test_out_of_service_ends_it(self) -> None:
        cut, _ = experiment(
            step("crash_node", namespace="pacman", pod="mongo-0"), step("take_out_of_service", namespace="pacman")
        ).faults
        assert span(cut, self.THERE) == (40, 50)
        held = seen(volumes={"pv-1": volume(only_on="one", local={"path": "/x"})})
        assert span(cut, held) == (40, NEVER)

    def test_a_deployments_pod_is_made_anew_elsewhere(self) -> None:
        there = seen(pod("pacman-a", of="ReplicaSet p", tolerations=TOLERATED, volumes=[]))
        assert span(planned("crash_node", node="one"), there) == (340, 350)

    def test_its_volume_may_take_six_minutes(self) -> None:
        there = seen(pod("pacman-a", of="ReplicaSet p", tolerations=TOLERATED))
        assert span(planned("crash_node", node="one"), there) == (340, 710)

    @pytest.mark.parametrize(
        ("tolerations", "seconds"),
        [
            ([], 0),
            (TOLERATED, 300),
            ([{"key": "node.kubernetes.io/unreachable", "operator": "Exists"}], NEVER),
            ([{"operator": "Exists"}], NEVER),
            ([{"key": "node.kubernetes.io/not-ready", "tolerationSeconds": 7}], 0),
        ],
    )
    def test_is_tolerated_as_the_pod_says(self, tolerations: list[Object], seconds: float) -> None:
        assert prediction.toleration_s(pod(tolerations=tolerations)) == seconds

    def test_is_tolerated_for_ever(self) -> None:
        there = seen(pod(tolerations=[{"operator": "Exists"}]))
        assert span(planned("crash_node", pod="mongo-0"), there) == (40, NEVER)


class TestObjectives:
    def judged(self, fault: Planned, there: Seen, rto_s: float) -> str:
        return predicted(fault, there).judged(rto_s)

    def test_can_be_out_of_reach(self) -> None:
        fault = planned("freeze_container", name="mongo-0", for_s=40)
        assert self.judged(fault, seen(), 30) == "missed, whatever the database does"
        (found,) = prediction.findings([predicted(fault, seen())], Config(rto_s=30))
        assert found.text.startswith("no objective of 30 s can be met for pacman/mongo-0: at least 40 s")
        assert prediction.findings([predicted(fault, seen())], Config(rto_s=30, rto_user_s=60)) == []

    def test_can_leave_time_to_the_database(self) -> None:
        assert self.judged(delete(grace_period_s=5), seen(), 30) == "leaves at least 25 s to the database itself"

    def test_can_be_undecided(self) -> None:
        there = seen(pod(terminationGracePeriodSeconds=60))
        assert self.judged(delete(), there, 30) == "may be missed by the settings alone"


def test_pods_that_recover_alike_are_told_once() -> None:
    there = seen(*(pod(f"pacman-{n}", of="ReplicaSet p") for n in range(3)), pod())
    fault = planned("crash_node", node="one")
    found = prediction.predict(fault, targets.find(fault, there), there, Config())
    assert [one.pod for one in found] == ["pacman/pacman-0", "pacman/mongo-0"]


def test_nothing_is_said_of_a_fault_that_hits_nothing() -> None:
    fault = delete()
    assert prediction.predict(fault, targets.find(fault, seen(pod("mongo-1"))), seen(pod("mongo-1")), Config()) == []


def test_nor_of_pods_of_others() -> None:
    there = seen(nodes=(node("one"),), others=(pod("cart", namespace="shop"),))
    fault = planned("crash_node", node="one")
    found = prediction.predict(fault, targets.find(fault, there), there, Config())
    assert [one.pod for one in found] == ["pacman/mongo-0"]
