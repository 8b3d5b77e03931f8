"""What a drain must not evict, what refuses it, and where the pods could go."""

from typing import Any

from .objects import budget, findings, node, planned, pod, remedies, seen, step, told, volume

AFTER = step("take_back_faults")
ROOM = (node("one"), node("two"), node("three"))


def drain(**arguments: Any) -> Any:
    return planned("drain_node", AFTER, **({"pod": "mongo-0"} | arguments))


def test_a_node_whose_pods_can_go_elsewhere_is_drained() -> None:
    assert told(drain(), seen(nodes=ROOM)) == []


def test_one_that_is_closed_already_is_refused() -> None:
    there = seen(nodes=(node("one", unschedulable=True), *ROOM[1:]))
    assert "closed to new pods already" in told(drain(), there)[0]
    assert remedies(drain(), there) == ["kubectl uncordon one"]


def test_one_with_nothing_to_evict_is_hit_in_vain() -> None:
    daemon = pod("log", "two", of="DaemonSet log")
    (found, *_) = told(drain(pod="", node="two"), seen(pod(), daemon, nodes=ROOM))
    assert found == "error: there is no pod on node two that could be evicted: it hits nothing"


class TestEmptyDirs:
    THERE = seen(pod("cache", of="ReplicaSet c", volumes=[{"name": "x", "emptyDir": {}}]), nodes=ROOM)

    def test_are_not_thrown_away(self) -> None:
        (found,) = findings(drain(node="one", pod=""), self.THERE)
        assert (found.level, found.remedy) == ("error", "delete_emptydir_data: true")
        assert "the data of pacman/cache are on an emptyDir" in found.text

    def test_are_where_the_experiment_says_so(self) -> None:
        (found,) = findings(drain(node="one", pod="", delete_emptydir_data=True), self.THERE)
        assert found.level == "warning"


class TestPodsOfNobody:
    THERE = seen(pod("alone", of=""), nodes=ROOM)

    def test_are_not_ended(self) -> None:
        (found,) = findings(drain(pod="alone"), self.THERE)
        assert (found.level, found.text, found.remedy) == (
            "error",
            "nobody would make pacman/alone again: it would be refused",
            "force: true",
        )

    def test_are_where_the_experiment_says_so(self) -> None:
        (found,) = findings(drain(pod="alone", force=True), self.THERE)
        assert found.level == "warning"


class TestBudgets:
    def test_one_that_allows_nothing_is_a_warning(self) -> None:
        assert told(drain(), seen(nodes=ROOM, budgets=[budget()])) == [
            (
                "warning: PodDisruptionBudget mongo lets nobody evict pacman/mongo-0 now: "
                "the drain asks again for 120 s, then fails and opens the node again"
            )
        ]

    def test_one_that_the_drain_lifts_is_a_warning(self) -> None:
        (found,) = told(drain(lift_budgets_after_s=15), seen(nodes=ROOM, budgets=[budget()]))
        assert found.endswith("the drain lifts it after 15 s, until it is taken back")

    def test_one_that_allows_it_is_none(self) -> None:
        assert told(drain(), seen(nodes=ROOM, budgets=[budget(allowed=1)])) == []

    def test_one_of_other_pods_is_none(self) -> None:
        assert told(drain(), seen(nodes=ROOM, budgets=[budget(app="web")])) == []

    def test_one_that_no_eviction_asks_is_none(self) -> None:
        assert told(planned("delete_pod", name="mongo-0"), seen(budgets=[budget()])) == []

    def test_two_of_one_pod_are_an_error(self) -> None:
        (found,) = told(drain(), seen(nodes=ROOM, budgets=[budget("a", 1), budget("b", 1)]))
        assert found == ("error: pacman/mongo-0 has more than one PodDisruptionBudget (a, b): no eviction is possible")

    def test_an_expression_selects_as_well(self) -> None:
        by_expression = budget()
        by_expression["spec"]["selector"] = {
            "matchExpressions": [{"key": "name", "operator": "In", "values": ["mongo", "web"]}]
        }
        assert len(told(drain(), seen(nodes=ROOM, budgets=[by_expression]))) == 1


class TestPlaces:
    def test_one_node_that_is_left_is_told(self) -> None:
        assert told(drain(), seen()) == ["warning: only node two could take pacman/mongo-0 then, if it has room"]

    def test_a_volume_of_the_node_keeps_the_pod_pending(self) -> None:
        there = seen(volumes={"pv-1": volume(only_on="one", local={"path": "/x"})})
        assert told(drain(), there) == [
            (
                "warning: pacman/mongo-0 would stay Pending, until node one takes pods again: "
                "its volume pv-1 cannot be used on any other node"
            )
        ]

    def test_no_other_node_keeps_it_pending(self) -> None:
        assert told(drain(), seen(nodes=(node("one"),))) == [
            "warning: pacman/mongo-0 would stay Pending, until node one takes pods again: no other node could take it"
        ]

    def test_nodes_that_are_not_ready_closed_tainted_or_of_another_kind_do_not_count(self) -> None:
        others = (
            node("dead", ready=False),
            node("closed", unschedulable=True),
            node("control", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]),
        )
        assert "no other node could take it" in told(drain(), seen(nodes=(node("one"), *others)))[0]
        picky = pod(nodeSelector={"disk": "ssd"})
        assert "no other node could take it" in told(drain(), seen(picky, nodes=ROOM))[0]
        affinity = {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
                }
            }
        }
        assert "no other node could take it" in told(drain(), seen(pod(affinity=affinity), nodes=ROOM))[0]

    def test_a_tolerated_taint_is_none(self) -> None:
        taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
        tolerant = pod(tolerations=[{"key": "dedicated", "operator": "Equal", "value": "db"}])
        assert "only node two" in told(drain(), seen(tolerant, nodes=(node("one"), node("two", taints=[taint]))))[0]

    def test_a_pod_that_is_deleted_may_come_back_to_its_node(self) -> None:
        there = seen(volumes={"pv-1": volume(only_on="one", local={"path": "/x"})})
        assert told(planned("delete_pod", name="mongo-0"), there) == []

    def test_but_not_to_one_that_is_closed(self) -> None:
        there = seen(nodes=(node("one", unschedulable=True), node("two")), volumes={"pv-1": volume(only_on="one")})
        assert (
            "pacman/mongo-0 would stay Pending: its volume pv-1"
            in told(planned("delete_pod", name="mongo-0"), there)[0]
        )

    def test_nothing_is_said_where_nodes_cannot_be_read(self) -> None:
        there = seen(nodes=(), unread={"nodes": "HTTP 403"})
        assert told(planned("delete_pod", name="mongo-0"), there) == []
