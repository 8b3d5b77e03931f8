"""Proof of injection: the fault hit what it named, or the run is unknown."""

import pytest
from chaosmongo.checks import injection
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import Hit

from .histories import (
    IN_CLUSTER,
    MONGO_0,
    SERVER_PROCESS,
    event,
    fault,
    history,
    listing,
    node,
    pod,
    replacement,
    stream,
)

FIRST = listing(-9, pod("old"))
NODE = Hit("Node", "n1", uid="uid-n1")


def check(hits, expect, cluster, ops=(), **fields):
    faults = [fault(*hits, expect=expect, **fields)]
    return injection.check(Evidence(history(list(ops), run=IN_CLUSTER, cluster=cluster, faults=faults)))


@pytest.mark.parametrize(
    ("expect", "proven", "cluster"),
    [
        ("replaced", True, replacement()),
        ("replaced", True, [FIRST, listing(5, pod("new"))]),
        ("replaced", False, [FIRST]),
        ("replaced", False, [FIRST, event(5, "DELETED", pod("old"))]),
        ("replaced", False, [listing(-9, pod("old")), event(-5, "ADDED", pod("new"))]),
        ("replaced", False, [FIRST, event(5, "ADDED", pod("new", name="mongo-1"))]),
        ("replaced", None, []),
        ("restarted", True, [FIRST, event(5, "MODIFIED", pod("old", restarts=1))]),
        ("restarted", False, [FIRST, event(5, "MODIFIED", pod("old"))]),
        ("restarted", False, [FIRST, event(5, "ADDED", pod("new", restarts=1))]),
        ("moved", True, [FIRST, event(5, "ADDED", pod("new", node="n2"))]),
        ("moved", False, [FIRST, event(5, "ADDED", pod("new", node="n1"))]),
        ("moved", False, [FIRST, event(5, "ADDED", pod("new", node=""))]),
        ("gone", True, [FIRST, event(5, "DELETED", pod("old"))]),
        ("gone", True, [FIRST, listing(5)]),
        ("gone", False, [FIRST, event(5, "MODIFIED", pod("old", deleting=True))]),
        ("improved", None, replacement()),
    ],
)
def test_what_proves_a_hit_on_a_pod(expect, proven, cluster):
    checked = check([MONGO_0], expect, cluster)
    assert checked.result[0].proven is proven
    assert checked.finding.verdict == ("passed" if proven else "unknown")


class TestPodsWithoutAnIdentity:
    """A ReplicaSet gives its pods new names: the successor of a pod is another of the same owner."""

    WEB = Hit("Pod", "pacman-a", "pacman", "a", "n1")

    def web(self, uid: str, owner: str = "pacman"):
        return pod(uid, name=f"pacman-{uid}", owner={"kind": "ReplicaSet", "name": owner})

    @pytest.mark.parametrize(
        ("proven", "gone", "made"), [(True, "a", "c"), (False, "a", "b"), (False, "b", "c"), (False, "a", None)]
    )
    def test_are_replaced_when_they_are_gone_and_another_was_made(self, proven, gone, made):
        cluster = [listing(-9, self.web("a"), self.web("b")), event(5, "DELETED", self.web(gone))]
        cluster += [event(4, "ADDED", self.web(made))] if made else []
        assert check([self.WEB], "replaced", cluster).result[0].proven is proven

    def test_are_not_replaced_by_pods_of_another_owner(self):
        after = [event(4, "ADDED", self.web("c", owner="other")), event(5, "DELETED", self.web("a"))]
        assert check([self.WEB], "replaced", [listing(-9, self.web("a")), *after]).result[0].proven is False


@pytest.mark.parametrize(
    ("proven", "after"),
    [
        (True, event(5, "MODIFIED", node("n1", unschedulable=True), "nodes")),
        (True, event(5, "MODIFIED", node("n1", "Unknown"), "nodes")),
        (True, event(5, "DELETED", node("n1"), "nodes")),
        (False, event(5, "MODIFIED", node("n1"), "nodes")),
        (False, event(5, "MODIFIED", node("n2", "Unknown"), "nodes")),
    ],
)
def test_what_proves_a_hit_on_a_node(proven, after):
    checked = check([NODE], "moved", [listing(-9, node("n1"), node("n2"), resource="nodes"), after])
    assert checked.result[0].proven is proven


def test_a_fault_that_hit_nothing_makes_the_run_unknown():
    checked = check([], "replaced", replacement())
    assert (checked.result[0].proven, checked.finding.verdict) == (False, "unknown")
    assert checked.finding.summary == "delete_pod: it hit nothing"


def test_all_hits_must_be_proven():
    other = Hit("Pod", "mongo-1", "pacman", "one", "n2")
    cluster = [listing(-9, pod("old"), pod("one", name="mongo-1")), event(5, "ADDED", pod("new"))]
    checked = check([MONGO_0, other], "replaced", cluster)
    assert checked.result[0].hits == ["Pod pacman/mongo-0", "Pod pacman/mongo-1"]
    assert (checked.result[0].proven, checked.result[0].proof) == (
        False,
        "mongo-1 was not replaced: the fault did not hit it",
    )


def test_a_fault_that_reported_an_error_proves_nothing():
    checked = check([MONGO_0], "replaced", replacement(), error="HTTP 403")
    assert (checked.result[0].proven, checked.finding.verdict) == (None, "unknown")
    assert "HTTP 403" in checked.finding.summary


def test_one_that_was_interrupted_may_have_hit_all_the_same():
    checked = check([MONGO_0], "replaced", replacement(), end_ms=None)
    assert (checked.result[0].end_ns, checked.result[0].proven) == (None, True)


def test_without_a_fault_there_is_no_proof():
    assert injection.check(Evidence(history([], faults=[]))).finding.verdict == "unknown"


@pytest.mark.parametrize(("pattern", "proven"), [("." * 30 + ".xx" + "." * 30, True), ("." * 60, False), ("", None)])
def test_what_is_not_in_a_cluster_is_proven_by_its_outage(pattern, proven):
    checked = check([SERVER_PROCESS], "gone", [], stream(pattern, -3000, 100))
    assert checked.result[0].proven is proven
