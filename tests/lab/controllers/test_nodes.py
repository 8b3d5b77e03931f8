"""What follows when a node is silent: conditions, taints, evictions, and who lets go of its pods."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from kubelab.controllers import nodelifecycle, podgc
from kubelab.controllers.changes import Delete, Event, Patch, Replace
from kubelab.controllers.tainteviction import tolerated_s

from .objects import NOW, meta, pod

GRACE = timedelta(seconds=40)
NO_EXECUTE = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
OUT_OF_SERVICE = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}


def node(name: str, ready: str = "True", **spec: Any) -> dict[str, Any]:
    conditions = [{"type": t, "status": "False"} for t in ("MemoryPressure", "DiskPressure", "PIDPressure")]
    conditions.append({"type": "Ready", "status": ready, "reason": "KubeletReady"})
    found = {"apiVersion": "v1", "kind": "Node", "metadata": meta(name), "spec": spec}
    return found | {"status": {"conditions": conditions}}


def keys(changes: list[Any]) -> list[list[str]]:
    """The taints that patches leave."""
    return [[t["key"] for t in c.body["spec"]["taints"] or ()] for c in changes if isinstance(c, Patch)]


class TestASilentNode:
    def test_is_unknown_after_the_grace_period_and_not_before(self) -> None:
        found = node("node-1")
        for silent_s, changed in ((39, 0), (41, 2)):
            alive_at = {"node-1": NOW - timedelta(seconds=silent_s)}
            observed = nodelifecycle.Observed(NOW, [found], alive_at=alive_at)
            assert len(nodelifecycle.unknown(observed, GRACE)) == changed

    def test_has_every_condition_unknown(self) -> None:
        observed = nodelifecycle.Observed(NOW, [node("node-1")], alive_at={"node-1": NOW - timedelta(minutes=1)})
        written, told = nodelifecycle.unknown(observed, GRACE)
        assert isinstance(written, Replace) and isinstance(told, Event)
        assert {c["status"] for c in written.obj["status"]["conditions"]} == {"Unknown"}
        again = nodelifecycle.Observed(NOW, [written.obj], alive_at=observed.alive_at)
        assert nodelifecycle.unknown(again, GRACE) == []

    def test_takes_its_pods_readiness_along(self) -> None:
        there, elsewhere = pod("there", node="node-1"), pod("elsewhere", node="node-2")
        nodes = [node("node-1", "Unknown"), node("node-2")]
        changes = nodelifecycle.consequences(nodelifecycle.Observed(NOW, nodes, [there, elsewhere]))
        assert [c.obj["metadata"]["name"] for c in changes if isinstance(c, Replace)] == ["there"]


class TestTaints:
    @pytest.mark.parametrize(
        ("ready", "spec", "wanted"),
        [
            ("Unknown", {}, ["node.kubernetes.io/unreachable"]),
            ("False", {}, ["node.kubernetes.io/not-ready"]),
            ("True", {"unschedulable": True}, ["node.kubernetes.io/unschedulable"]),
        ],
    )
    def test_keep_new_pods_away(self, ready: str, spec: dict[str, Any], wanted: list[str]) -> None:
        changes = nodelifecycle.no_schedule(node("node-1", ready, **spec), NOW)
        assert keys(changes) == [wanted]

    def test_of_others_are_left_alone(self) -> None:
        own = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        foreign = {"key": "dedicated", "effect": "NoSchedule"}
        assert keys(nodelifecycle.no_schedule(node("node-1", taints=[foreign, own]), NOW)) == [["dedicated"]]

    def test_condemn_one_node_in_ten_seconds(self) -> None:
        nodes = [node("a", "Unknown"), node("b", "Unknown"), node("c")]
        changes = nodelifecycle.consequences(nodelifecycle.Observed(NOW, nodes))
        assert [c.obj["metadata"]["name"] for c in changes if isinstance(c, Patch)] == ["a"]
        early = nodelifecycle.Observed(NOW, nodes, condemned_at=NOW - timedelta(seconds=9))
        assert nodelifecycle.consequences(early) == []

    def test_condemn_nobody_when_most_nodes_or_all_are_down(self) -> None:
        most = [*(node(name, "Unknown") for name in "abc"), node("d")]
        assert nodelifecycle.consequences(nodelifecycle.Observed(NOW, most)) == []
        all_of_them = [node("a", "Unknown", taints=[NO_EXECUTE])]
        assert keys(nodelifecycle.consequences(nodelifecycle.Observed(NOW, all_of_them))) == [[]]

    def test_go_when_the_node_is_back(self) -> None:
        back = node("a", taints=[NO_EXECUTE, OUT_OF_SERVICE])
        assert keys(nodelifecycle.consequences(nodelifecycle.Observed(NOW, [back]))) == [[OUT_OF_SERVICE["key"]]]


class TestAPodOnATaintedNode:
    @pytest.mark.parametrize(
        ("tolerations", "expected"),
        [
            ([], 0.0),
            ([{"operator": "Exists"}], None),
            ([{"key": NO_EXECUTE["key"], "operator": "Exists", "tolerationSeconds": 300}], 300.0),
            ([{"key": NO_EXECUTE["key"], "operator": "Exists", "effect": "NoSchedule"}], 0.0),
            ([{"operator": "Exists", "tolerationSeconds": 9}, {"operator": "Exists", "tolerationSeconds": 5}], 5.0),
        ],
    )
    def test_stays_as_long_as_it_tolerates(self, tolerations: list[dict[str, Any]], expected: float | None) -> None:
        assert tolerated_s(pod("p", tolerations=tolerations), [NO_EXECUTE]) == expected


class TestAPodThatNobodyLetsGoOf:
    def let_go(self, found: dict[str, Any], *nodes: dict[str, Any], lost: tuple[str, ...] = ()) -> bool:
        by_name = {n["metadata"]["name"]: n for n in nodes}
        changes = podgc.reconcile(podgc.Observed(NOW, [found], by_name, frozenset(lost)))
        return any(isinstance(c, Delete) and c.grace_s == 0 for c in changes)

    def test_stays_while_its_node_is_only_silent(self) -> None:
        assert not self.let_go(pod("p", deleted=True), node("node-1", "Unknown", taints=[NO_EXECUTE]))

    def test_goes_when_its_node_is_out_of_service(self) -> None:
        assert self.let_go(pod("p", deleted=True), node("node-1", "Unknown", taints=[OUT_OF_SERVICE]))
        assert not self.let_go(pod("p"), node("node-1", "Unknown", taints=[OUT_OF_SERVICE]))
        assert not self.let_go(pod("p", deleted=True), node("node-1", taints=[OUT_OF_SERVICE]))

    def test_goes_some_time_after_its_node(self) -> None:
        assert not self.let_go(pod("p"))
        assert self.let_go(pod("p"), lost=("node-1",))

    def test_goes_when_it_never_had_a_node(self) -> None:
        assert self.let_go(pod("p", deleted=True, node=""))
