"""Proof of injection: the fault hit what it named, or the run is unknown."""

import pytest
from chaosmongo.checks import injection
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import Fault
from chaosmongo.history.records import Document, FaultStart, Hit, Note
from chaosmongo.history.results import FaultSummary, Finding

from .histories import (
    IN_CLUSTER,
    MONGO_0,
    SERVER_PROCESS,
    at,
    event,
    fault,
    history,
    listing,
    node,
    pod,
    replacement,
    scan,
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


def test_a_node_that_was_like_this_before_proves_nothing():
    before = listing(-9, node("n1", unschedulable=True), resource="nodes")
    checked = check([NODE], "moved", [before, event(5, "MODIFIED", node("n1", unschedulable=True), "nodes")])
    assert checked.result[0].proven is False
    assert checked.finding.summary == (
        "delete_pod: n1 was closed to new pods before the fault: nothing shows that the fault hit it"
    )


class TestTwoFaultsOnOnePod:
    """mongo-0 is deleted at 0 and again at 1,000 ms."""

    def check(self, *cluster, second=MONGO_0):
        later = Fault(FaultStart(2, "again", at(1000), [second], "replaced"), None)
        record = history([], run=IN_CLUSTER, cluster=[FIRST, *cluster], faults=[fault(MONGO_0), later])
        return [summary.proven for summary in injection.check(Evidence(record)).result]

    def test_each_has_an_effect_of_its_own(self):
        again = Hit("Pod", "mongo-0", "pacman", "new", "n1")
        assert self.check(event(500, "ADDED", pod("new")), event(1500, "ADDED", pod("newer")), second=again) == [
            True,
            True,
        ]

    def test_an_effect_that_shows_when_the_second_had_begun_may_be_that_ones(self):
        assert self.check(event(1500, "ADDED", pod("new"))) == [None, True]

    def test_a_fault_on_another_pod_does_not_matter(self):
        other = Hit("Pod", "mongo-1", "pacman", "one", "n2")
        assert self.check(event(1500, "ADDED", pod("new")), second=other)[0] is True


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
        "mongo-1 was not replaced: nothing shows that the fault hit it",
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


@pytest.mark.parametrize(
    ("pattern", "proven"),
    [
        ("." * 30 + ".xx" + "." * 30, True),
        ("." * 60, False),
        ("." * 10 + "x" + "." * 50, False),
        ("." * 28 + "xxxxx" + "." * 30, None),
        ("." * 28 + "x" * 20, None),
        ("", None),
    ],
)
def test_what_is_not_in_a_cluster_is_proven_by_its_outage(pattern, proven):
    checked = check([SERVER_PROCESS], "gone", [], stream(pattern, -3000, 100))
    assert checked.result[0].proven is proven


class TestWhatItSays:
    def says(self, hit, expect, *after, **fields) -> str:
        first = [FIRST, listing(-9, node("n1"), resource="nodes")]
        return check([hit], expect, [*first, *after], **fields).finding.summary

    @pytest.mark.parametrize(
        ("expect", "after", "proof"),
        [
            ("replaced", pod("new"), "mongo-0 came back with UID new after 0.50 s"),
            ("restarted", pod("old", restarts=7), "mongo-0 restarted (restart 7) after 0.50 s"),
            ("restarted", pod("old", state="terminated"), "mongo-0 was seen without a running container after 0.50 s"),
            ("moved", pod("new", node="n2"), "mongo-0 moved from n1 to n2 after 0.50 s"),
            ("moved", pod("old"), "mongo-0 was not moved: nothing shows that the fault hit it"),
            ("improved", pod("old"), "nobody knows what proves that mongo-0 is 'improved'"),
        ],
    )
    def test_of_a_pod(self, expect, after, proof):
        assert self.says(MONGO_0, expect, event(500, "MODIFIED", after)) == f"delete_pod: {proof}"

    @pytest.mark.parametrize(
        ("kind", "after", "proof"),
        [
            ("MODIFIED", node("n1", unschedulable=True), "n1 was closed to new pods after 0.50 s"),
            ("MODIFIED", node("n1", "False"), "n1 was not Ready after 0.50 s"),
            ("DELETED", node("n1"), "n1 was removed after 0.50 s"),
            ("MODIFIED", node("n1", ""), "n1 was not moved: nothing shows that the fault hit it"),
            ("MODIFIED", {"metadata": {"name": "n1"}}, "n1 was not moved: nothing shows that the fault hit it"),
        ],
    )
    def test_of_a_node(self, kind, after, proof):
        assert self.says(NODE, "moved", event(500, kind, after, "nodes")) == f"delete_pod: {proof}"

    def test_of_a_pod_that_was_removed(self):
        assert self.says(MONGO_0, "gone", event(500, "DELETED", pod("old"))) == (
            "delete_pod: mongo-0 was removed after 0.50 s"
        )

    def test_of_a_pod_of_a_replica_set(self):
        web = TestPodsWithoutAnIdentity
        cluster = [
            listing(-9, web().web("a")),
            event(400, "ADDED", web().web("c")),
            event(500, "DELETED", web().web("a")),
        ]
        assert check([web.WEB], "replaced", cluster).finding.summary == (
            "delete_pod: pacman-a was replaced by pacman-c after 0.50 s"
        )
        assert check([web.WEB], "replaced", cluster[:2]).finding.summary == (
            "delete_pod: pacman-a was not replaced: nothing shows that the fault hit it"
        )

    def test_of_what_is_not_in_the_record(self):
        assert check([MONGO_0], "replaced", []).finding.summary == "delete_pod: Pod pacman/mongo-0 is not in the record"
        assert check([NODE], "moved", []).finding.summary == "delete_pod: Node n1 is not in the record"

    @pytest.mark.parametrize(
        ("pattern", "proof"),
        [
            ("." * 30 + ".xx" + "." * 30, "mongod no longer answered the server lane after 0.10 s"),
            ("." * 60, "mongod answered the server lane throughout: nothing shows that the fault hit it"),
            ("." * 28 + "x" * 20, "mongod did not answer the server lane when the fault began"),
            ("", "no lane asked Process mongod"),
        ],
    )
    def test_of_what_is_not_in_a_cluster(self, pattern, proof):
        ops = stream(pattern, -3000, 100)
        assert check([SERVER_PROCESS], "gone", [], ops).finding.summary == f"delete_pod: {proof}"

    def test_of_a_lane_further_away_where_the_nearest_asked_nothing(self):
        ops = stream("." * 30 + ".xx" + "." * 30, -3000, 100, lane="user")
        assert "no longer answered the user lane" in check([SERVER_PROCESS], "gone", [], ops).finding.summary

    def test_of_several_hits(self):
        other = Hit("Pod", "mongo-1", "pacman", "one", "n2")
        both = [listing(-9, pod("old"), pod("one", name="mongo-1")), event(500, "ADDED", pod("new"))]
        assert check(
            [MONGO_0, other], "replaced", [*both, event(600, "ADDED", pod("two", name="mongo-1"))]
        ).finding == (
            Finding(
                "injection",
                "passed",
                "delete_pod: mongo-0 came back with UID new after 0.50 s, mongo-1 came back with UID two after 0.60 s",
            )
        )
        assert check([MONGO_0, other], "replaced", both).finding.summary == (
            "delete_pod: mongo-1 was not replaced: nothing shows that the fault hit it"
        )

    def test_of_an_error(self):
        summary = check([MONGO_0], "replaced", replacement(), error="HTTP 403").finding.summary
        assert summary == "delete_pod: it reported an error: HTTP 403"

    def test_of_the_effect_of_another_fault(self):
        later = Fault(FaultStart(2, "again", at(1000), [MONGO_0], "replaced"), None)
        record = history([], run=IN_CLUSTER, cluster=[FIRST, event(1500, "ADDED", pod("new"))])
        record.faults = [fault(MONGO_0), later]
        assert injection.check(Evidence(record)).finding == Finding(
            "injection",
            "unknown",
            "delete_pod: mongo-0 came back with UID new after 1.50 s, but the next fault on it had begun by then: "
            "it may be that one's effect; again: mongo-0 came back with UID new after 0.50 s",
        )

    def test_of_no_fault(self):
        assert injection.check(Evidence(history([], faults=[]))).finding == Finding(
            "injection", "unknown", "there was no fault"
        )


def test_each_of_two_replaced_pods_has_a_successor_of_its_own():
    a, b = (Hit("Pod", f"pacman-{uid}", "pacman", uid, "n1") for uid in "ab")
    web = TestPodsWithoutAnIdentity().web
    gone = [listing(-9, web("a"), web("b")), event(5, "DELETED", web("a")), event(6, "DELETED", web("b"))]
    one_made = [*gone, event(7, "ADDED", web("c")), event(8, "MODIFIED", web("c"))]
    checked = check([a, b], "replaced", one_made)
    assert (checked.result[0].proven, checked.result[0].proof) == (
        False,
        "pacman-b was not replaced: nothing shows that the fault hit it",
    )
    assert check([a, b], "replaced", [*one_made, event(9, "ADDED", web("d"))]).result[0].proven is True


class TestTheEffect:
    """effect_ns: when all of it had shown."""

    def effect_ms(self, *after, hits=(MONGO_0,), end_ms=50.0) -> float:
        one = fault(*hits, end_ms=end_ms)
        record = history([], run=IN_CLUSTER, cluster=[FIRST, *after], faults=[one])
        return (injection.effect_ns(Evidence(record), one) - at(0)) / 1e6

    def test_is_there_when_the_last_hit_was_seen(self):
        assert self.effect_ms(event(320, "ADDED", pod("new"))) == 320

    def test_is_not_there_before_the_work_of_the_fault_is_done(self):
        assert self.effect_ms(event(20, "ADDED", pod("new"))) == 50

    def test_of_what_was_not_proven_is_the_end_or_the_beginning_of_the_fault(self):
        assert self.effect_ms() == 50
        assert self.effect_ms(end_ms=None) == 0


def test_a_sighting_at_the_moment_of_the_fault_was_before_it():
    assert check([MONGO_0], "replaced", [FIRST, event(0, "ADDED", pod("new"))]).result[0].proven is False


def test_of_a_fault_everything_that_is_known_is_told():
    (summary,) = check([MONGO_0], "replaced", replacement()).result
    assert summary == FaultSummary(
        name="delete_pod",
        start_ns=at(0),
        end_ns=at(50),
        hits=["Pod pacman/mongo-0"],
        proven=True,
        proof="mongo-0 came back with UID new after 0.32 s",
    )


def test_what_a_replica_set_did_at_the_moment_of_the_fault_was_before_it():
    web, hit = TestPodsWithoutAnIdentity().web, TestPodsWithoutAnIdentity.WEB
    first, gone, made = listing(-9, web("a")), event(5, "DELETED", web("a")), event(5, "ADDED", web("c"))
    assert check([hit], "replaced", [first, gone, made]).result[0].proven is True
    assert check([hit], "replaced", [first, event(0, "DELETED", web("a")), made]).result[0].proven is False
    assert check([hit], "replaced", [first, event(0, "ADDED", web("c")), gone]).result[0].proven is False


@pytest.mark.parametrize("going", [{"kind": "MODIFIED", "deleting": True}, {"kind": "DELETED", "deleting": False}])
def test_a_container_that_ended_with_its_pod_was_not_the_one_that_was_killed(going):
    ended = pod("old", state="terminated", deleting=going["deleting"])
    assert check([MONGO_0], "restarted", [FIRST, event(5, going["kind"], ended)]).result[0].proven is False


def test_a_pod_without_statuses_says_nothing_of_its_container():
    assert (
        check([MONGO_0], "restarted", [FIRST, event(5, "MODIFIED", pod("old", state=None))]).result[0].proven is False
    )


class TestWhatOnlyTheLanesShow:
    """A process that is frozen, cut off, or has no room: Kubernetes may notice nothing."""

    @pytest.mark.parametrize("expect", injection.SEEN_BY_LANES)
    @pytest.mark.parametrize("lane", ["server", "user"])
    def test_is_proven_by_an_outage_of_any_lane(self, expect, lane):
        ops = stream("." * 100 + "x" * 20 + "." * 100, -1000, 10, lane=lane)
        checked = check([MONGO_0], expect, [FIRST], ops)
        assert checked.result[0].proven is True
        assert f"no longer answered the {lane} lane" in checked.result[0].proof

    @pytest.mark.parametrize("expect", injection.SEEN_BY_LANES)
    def test_is_not_proven_where_all_was_answered(self, expect):
        checked = check([MONGO_0], expect, [FIRST], stream("." * 200, -1000, 10))
        assert checked.result[0].proven is False
        assert checked.finding.verdict == "unknown"

    def test_is_not_proven_by_an_outage_that_was_there_before(self):
        ops = stream("." * 50 + "x" * 100 + "." * 100, -1000, 10)
        assert check([MONGO_0], "frozen", [FIRST], ops).result[0].proven is False


class TestAScaledDeployment:
    HIT = Hit("Deployment", "pacman", "pacman", uid="d")

    def deployment(self, ready: int, uid: str = "d"):
        return {
            "metadata": {"name": "pacman", "namespace": "pacman", "uid": uid},
            "status": {"readyReplicas": ready} if ready else {},
        }

    def proven(self, *events, replicas: int = 10):
        start = FaultStart(1, "scale_deployment", at(0), [self.HIT], "scaled", {"replicas": replicas})
        return (
            injection.check(Evidence(history([], run=IN_CLUSTER, cluster=list(events), faults=[Fault(start, None)])))
            .result[0]
            .proven
        )

    def test_has_as_many_pods_ready_as_it_was_scaled_to(self):
        assert self.proven(event(500, "MODIFIED", self.deployment(10), "deployments")) is True
        assert self.proven(event(500, "MODIFIED", self.deployment(0), "deployments"), replicas=0) is True

    def test_is_not_proven_by_fewer_by_another_or_by_what_was_so_before(self):
        assert self.proven(event(500, "MODIFIED", self.deployment(9), "deployments")) is False
        assert self.proven(event(500, "MODIFIED", self.deployment(10, uid="other"), "deployments")) is False
        assert self.proven(event(-500, "MODIFIED", self.deployment(10), "deployments")) is False
        assert self.proven() is False


class TestARestartedControlPlane:
    HIT = Hit("ControlPlane", "https://cluster")

    def proven(self, *notes):
        faults = [fault(self.HIT, expect="unwatchable")]
        record = history([], run=IN_CLUSTER, cluster=[FIRST], cluster_notes=list(notes), faults=faults)
        return injection.check(Evidence(record)).result[0].proven

    @pytest.mark.parametrize("what", ["gap", "broken"])
    def test_is_proven_by_a_watch_that_ended(self, what):
        assert self.proven(Note(at(20), what, {"resource": "pods"})) is True

    def test_is_not_proven_by_a_watch_that_ended_before_or_was_never_allowed(self):
        assert self.proven(Note(at(-20), "gap", {"resource": "pods"})) is False
        assert self.proven(Note(at(20), "not watched", {"resource": "pods"})) is False
        assert self.proven() is False


class TestAScoreThatWasTakenOut:
    HIT = Hit("Score", "chaos-1-s1")

    def proven(self, found, **fields):
        faults = [fault(self.HIT, expect="gone")]
        return injection.check(Evidence(history([], scan=found, faults=faults, **fields))).result[0].proven

    def test_is_not_in_the_database_any_more(self):
        assert self.proven(scan([])) is True

    def test_is_not_proven_where_it_is_there_still(self):
        assert self.proven(scan([Document("chaos-1-s1", "0" * 16)])) is False

    def test_cannot_be_told_without_a_read_back(self):
        assert self.proven(None) is None
