"""The guard's word, before the fault: with the one command that would allow it."""

from chaosmongo.config import Config

from .objects import commands, experiment, findings, node, planned, pod, remedies, seen, step, told

REFUSAL = (
    "Namespace pacman does not carry the label chaos.mongodb/allowed=true: nothing was touched. To allow it:\n"
    "    kubectl label namespace pacman chaos.mongodb/allowed=true"
)
AFTER = step("take_back_faults")


def test_a_namespace_that_carries_the_label_is_hit() -> None:
    assert told(planned("delete_pod", name="mongo-0"), seen()) == []


def test_one_that_does_not_is_refused_with_the_command() -> None:
    (found,) = findings(planned("delete_pod", name="mongo-0"), seen(refused=REFUSAL))
    assert found.level == "error"
    assert found.text.endswith("nothing was touched.")
    assert found.remedy == "kubectl label namespace pacman chaos.mongodb/allowed=true"


def test_another_namespace_than_the_experiments_is_refused() -> None:
    fault = planned("delete_pod", namespace="shop", name="mongo-0")
    assert told(fault, seen()) == ["error: this experiment may touch namespace pacman, not shop"]
    assert remedies(fault, seen()) == ["--var namespace=shop"]


def test_without_a_namespace_there_is_no_cluster() -> None:
    config = Config(namespace="", mongo_uri="mongodb://h")
    assert "there is no cluster to do it in" in told(planned("restart_control_plane"), seen(), config)[0]


def test_what_only_touches_the_database_needs_none() -> None:
    config = Config(namespace="", mongo_uri="mongodb://h")
    assert told(planned("remove_acknowledged_write"), seen(), config) == []


class TestANodeThatNobodyNamed:
    FAULT = planned("crash_node", AFTER, pod="mongo-0")
    STRANGER = pod("cart", namespace="shop", of="ReplicaSet cart")

    def test_may_carry_pods_of_the_namespace_and_of_every_node(self) -> None:
        daemon = pod("log", of="DaemonSet log", namespace="logging")
        found = findings(self.FAULT, seen(others=(daemon,)), commands())
        assert [one for one in found if one.level == "error"] == []

    def test_must_not_carry_pods_of_others(self) -> None:
        (found,) = [f for f in findings(self.FAULT, seen(others=(self.STRANGER,)), commands()) if f.level == "error"]
        assert "also carries shop/cart" in found.text
        assert found.remedy == "kubectl label node one chaos.mongodb/allowed=true"

    def test_may_carry_them_where_it_bears_the_label(self) -> None:
        nodes = (node("one", labels={"chaos.mongodb/allowed": "true"}), node("two"))
        found = findings(self.FAULT, seen(others=(self.STRANGER,), nodes=nodes), commands())
        assert [one for one in found if one.level == "error"] == []

    def test_may_carry_them_where_it_is_named(self) -> None:
        fault = planned("crash_node", AFTER, node="one")
        found = findings(fault, seen(others=(self.STRANGER,)), commands())
        assert [one for one in found if one.level == "error"] == []

    def test_is_refused_where_its_pods_cannot_be_read(self) -> None:
        there = seen(unread={"pods on node one": "HTTP 403"})
        assert "error: which pods are on node one cannot be read: it would be refused" in told(
            self.FAULT, there, commands()
        )


def test_the_step_after_a_power_cut_needs_no_name() -> None:
    *_, out = experiment(
        step("crash_node", namespace="pacman", node="one"), step("take_out_of_service", namespace="pacman"), AFTER
    ).faults
    assert told(out, seen(others=(pod("cart", namespace="shop"),))) == []


def test_a_node_that_is_ready_is_not_taken_out_of_service() -> None:
    fault = planned("take_out_of_service", AFTER, node="one")
    assert told(fault, seen()) == ["error: node one is Ready, and no fault before it cuts it off: it would be refused"]
    assert told(fault, seen(nodes=(node("one", ready=False), node("two")))) == []
