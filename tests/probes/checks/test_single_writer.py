"""One writer at a time, as far as watch events can tell: shown, possible, or excluded.

old  ran at first    new  its successor, or another pod on the same claim
"""

import pytest
from chaosmongo.checks import single_writer
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import Note
from chaosmongo.history.results import Finding

from .histories import IN_CLUSTER, MONGO_0, at, event, fault, history, listing, node, pod, replacement

OLD = pod("old", started="2026-01-01T00:00:00Z")
STOPPED = pod("old", state="terminated", finished="2026-01-01T00:00:09Z", deleting=True)
NEW = pod("new", started="2026-01-01T00:00:10Z")
PENDING = pod("new", state="waiting")
FIRST = listing(-9, OLD)
TWIN = pod("twin", name="mongo-1", started="2026-01-01T00:00:05Z")
OUT_OF_SERVICE = node("n1", "Unknown", taints=[{"key": single_writer.OUT_OF_SERVICE, "effect": "NoExecute"}])


def check(cluster, **fields):
    fields = {"run": IN_CLUSTER, "faults": [fault(MONGO_0)]} | fields
    return single_writer.check(Evidence(history([], cluster=cluster, **fields))).finding


def changed(thing, **spec):
    return {**thing, "spec": {**thing["spec"], **spec}}


@pytest.mark.parametrize(
    ("verdict", "events"),
    [
        ("passed", [FIRST]),
        ("passed", replacement()),
        # it stopped, then the next one was made
        ("passed", [FIRST, event(1, "MODIFIED", STOPPED), event(2, "DELETED", STOPPED), event(3, "ADDED", NEW)]),
        # the next one was made before, but its container started after
        ("passed", [FIRST, event(1, "ADDED", PENDING), event(2, "MODIFIED", STOPPED), event(3, "MODIFIED", NEW)]),
        # the last word of the old one came late, and says that it had stopped in time
        ("passed", [FIRST, event(1, "ADDED", NEW), event(2, "MODIFIED", STOPPED)]),
        # a container that restarts in its pod is the same writer
        ("passed", [FIRST, event(1, "MODIFIED", STOPPED), event(2, "MODIFIED", pod("old", restarts=1))]),
        # it stopped before the next one was made, whatever the clocks of the two nodes say
        (
            "passed",
            [
                FIRST,
                event(1, "MODIFIED", STOPPED),
                event(2, "DELETED", STOPPED),
                event(3, "ADDED", pod("new", node="n2", started="2026-01-01T00:00:08Z")),
            ],
        ),
        # a pod that never ran wrote nothing
        ("passed", [FIRST, event(1, "DELETED", OLD), event(2, "ADDED", PENDING)]),
        # the operator warrants that the dead node is off
        (
            "passed",
            [FIRST, event(1, "MODIFIED", OUT_OF_SERVICE, "nodes"), event(2, "DELETED", OLD), event(3, "ADDED", NEW)],
        ),
        # force deleted: removed while it ran, and nobody knows until when
        ("unknown", [FIRST, event(1, "DELETED", OLD), event(2, "ADDED", NEW)]),
        ("unknown", [FIRST, listing(2, NEW)]),
        # both seem to run, but the old one's node is silent
        ("unknown", [FIRST, event(1, "MODIFIED", node("n1", "Unknown"), "nodes"), event(2, "ADDED", TWIN)]),
        # two pods run on one claim
        ("failed", [FIRST, event(2, "ADDED", TWIN)]),
        ("failed", [FIRST, event(1, "ADDED", node("n1"), "nodes"), event(2, "ADDED", TWIN)]),
        # it stopped, but started again in its place
        ("failed", [FIRST, event(1, "MODIFIED", STOPPED), event(2, "MODIFIED", OLD), event(3, "ADDED", TWIN)]),
        # it stopped in the end, but after the next one had started
        (
            "failed",
            [FIRST, event(1, "ADDED", pod("new", started="2026-01-01T00:00:08Z")), event(2, "MODIFIED", STOPPED)],
        ),
        # another one ran on the claim for a moment
        (
            "failed",
            [FIRST, event(1, "ADDED", pod("twin", name="mongo-1", state="terminated")), event(2, "MODIFIED", OLD)],
        ),
        # it stopped in the same second in which the next one started
        (
            "unknown",
            [FIRST, event(1, "ADDED", pod("new", started="2026-01-01T00:00:09Z")), event(2, "MODIFIED", STOPPED)],
        ),
        # the clocks of two nodes cannot be compared
        (
            "unknown",
            [
                FIRST,
                event(1, "ADDED", pod("new", node="n2", started="2026-01-01T00:00:08Z")),
                event(2, "MODIFIED", STOPPED),
            ],
        ),
        # statuses without times
        ("unknown", [FIRST, event(1, "ADDED", pod("new", started="")), event(2, "MODIFIED", STOPPED)]),
    ],
)
def test_two_writers(verdict, events):
    assert check(events).verdict == verdict


def test_who_wrote_together_is_named():
    assert check([FIRST, event(2, "ADDED", TWIN)]).summary == (
        "two writers at a time: mongo-0 (old) and mongo-1 (twin) on claim mongo-storage"
    )


def test_a_pod_that_only_reads_the_claim_is_no_writer():
    mounts = [{"name": "mongo", "volumeMounts": [{"name": "db", "mountPath": "/data/db", "readOnly": True}]}]
    reader = changed(pod("r", name="backup", owner={"kind": "Job", "name": "backup"}), containers=mounts)
    assert check([FIRST, event(2, "ADDED", reader)]).verdict == "passed"


def test_a_pod_of_somebody_else_that_writes_to_the_claim_is_one():
    assert (
        check([FIRST, event(2, "ADDED", pod("r", name="job", owner={"kind": "Job", "name": "job"}))]).verdict
        == "failed"
    )


def test_without_a_claim_the_identity_alone_counts():
    old, new, other = (pod(uid, claim=None) for uid in ("old", "new", "other"))
    other["metadata"]["name"] = "mongo-1"
    assert check([listing(-9, old), event(1, "DELETED", old), event(2, "ADDED", new)]).verdict == "unknown"
    assert check([listing(-9, old, other)]).verdict == "passed"


def test_what_was_not_watched_is_unknown():
    gap = Note(at(5), "gap", {"resource": "pods", "reason": "too old"})
    assert check(replacement(), cluster_notes=[gap]).verdict == "unknown"
    assert check([]).verdict == "unknown"


def test_without_a_statefulset_there_is_nothing_to_find():
    assert single_writer.check(Evidence(history([]))).finding is None


class TestWhatItSays:
    def test_of_one_that_stayed(self):
        assert check([FIRST]) == Finding("single_writer", "passed", "mongo-0 ran alone")

    def test_of_one_after_the_other(self):
        assert check(replacement()).summary == "mongo-0: 2 pods, one after the other"

    def test_of_several_identities(self):
        one = pod("one", name="mongo-1", claim="other")
        assert check([FIRST, event(1, "ADDED", one)]).summary == "mongo-0, mongo-1 ran alone"

    def test_of_two_that_cannot_be_excluded(self):
        finding = check([FIRST, event(1, "DELETED", OLD), event(2, "ADDED", NEW)])
        assert finding == Finding(
            "single_writer",
            "unknown",
            "two writers at a time cannot be excluded: mongo-0 (old) and mongo-0 (new) on claim mongo-storage, "
            "identity mongo-0; nothing on record shows that the first had stopped before the other began",
        )

    def test_of_two_that_were_seen(self):
        assert check([FIRST, event(2, "ADDED", TWIN)]).check == "single_writer"

    def test_of_a_long_uid_its_beginning(self):
        long = pod("0123456789abcdef", name="mongo-1")
        assert "mongo-1 (01234567) on" in check([FIRST, event(2, "ADDED", long)]).summary
        first = listing(-9, pod("fedcba9876543210"))
        assert ": mongo-0 (fedcba98) and mongo-1 (twin) on" in check([first, event(2, "ADDED", TWIN)]).summary

    def test_of_a_watch_with_a_gap(self):
        gap = Note(at(5), "gap", {"resource": "pods"})
        finding = check(replacement(), cluster_notes=[gap])
        assert finding == Finding("single_writer", "unknown", "the watch over the pods has a gap")

    def test_of_a_pod_that_never_ran(self):
        finding = check([listing(-9, PENDING)])
        assert finding == Finding("single_writer", "unknown", "no pod of mongo was seen to run")


def test_a_gap_in_another_watch_does_not_matter():
    assert check(replacement(), cluster_notes=[Note(at(5), "gap", {"resource": "events"})]).verdict == "passed"
    assert check(replacement(), cluster_notes=[Note(at(5), "not watched", {"resource": "pods"})]).verdict == "passed"


class TestWhetherItRan:
    """A pod whose container was never caught running, but left word that it had, did run."""

    def test_a_container_that_has_ended_had_begun(self):
        brief = pod("new", state="terminated", started="2026-01-01T00:00:05Z", finished="2026-01-01T00:00:06Z")
        late = event(3, "MODIFIED", pod("old", state="terminated", finished="2026-01-01T00:00:09Z"))
        assert check([FIRST, event(2, "ADDED", brief), late]).verdict == "failed"

    def test_a_container_that_waits_to_be_started_again_had_begun(self):
        waiting = pod("new", state="waiting")
        waiting["status"]["containerStatuses"][0]["lastState"] = {
            "terminated": {"startedAt": "2026-01-01T00:00:05Z", "finishedAt": "2026-01-01T00:00:06Z"}
        }
        assert check([FIRST, event(2, "ADDED", waiting)]).verdict == "failed"

    def test_the_end_of_a_pod_is_that_of_its_last_container(self):
        twice = pod("old", state="terminated", finished="2026-01-01T00:00:12Z")
        twice["status"]["containerStatuses"][0]["lastState"] = {
            "terminated": {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:04Z"}
        }
        assert check([FIRST, event(1, "ADDED", NEW), event(2, "MODIFIED", twice)]).verdict == "failed"

    def test_a_pod_that_stops_for_good_has_stopped_when_that_was_first_seen(self):
        again = pod("old", state="terminated", finished="2026-01-01T00:00:20Z", deleting=True)
        events = [FIRST, event(1, "MODIFIED", STOPPED), event(2, "ADDED", NEW), event(3, "MODIFIED", again)]
        assert check(events).verdict == "passed"


class TestTheNode:
    """Two pods seem to run; the word of a node that is not Ready is not good."""

    @pytest.mark.parametrize(
        ("verdict", "nodes"),
        [
            ("failed", []),
            ("failed", [event(0, "ADDED", node("n1"), "nodes")]),
            ("failed", [event(0, "ADDED", node("n2", "Unknown"), "nodes")]),
            ("failed", [event(3, "MODIFIED", node("n1", "Unknown"), "nodes")]),
            ("unknown", [event(2, "MODIFIED", node("n1", "False"), "nodes")]),
            ("unknown", [event(0, "ADDED", node("n1"), "nodes"), event(1, "MODIFIED", node("n1", "False"), "nodes")]),
            ("unknown", [event(0, "DELETED", node("n1"), "nodes")]),
            ("failed", [event(0, "ADDED", node("n1", "False"), "nodes"), event(1, "MODIFIED", node("n1"), "nodes")]),
        ],
    )
    def test_must_have_been_ready_when_the_other_began(self, verdict, nodes):
        assert check(sorted([FIRST, *nodes, event(2, "ADDED", TWIN)], key=lambda one: one.time_ns)).verdict == verdict

    def test_must_have_been_out_of_service_when_the_pod_went(self):
        late = [FIRST, event(1, "DELETED", OLD), event(2, "MODIFIED", OUT_OF_SERVICE, "nodes"), event(3, "ADDED", NEW)]
        assert check(late).verdict == "unknown"
        other_taint = node("n1", "Unknown", taints=[{"key": "node.kubernetes.io/unreachable"}])
        other = [FIRST, event(0, "MODIFIED", other_taint, "nodes"), event(1, "DELETED", OLD), event(3, "ADDED", NEW)]
        assert check(other).verdict == "unknown"
        known = [FIRST, event(0, "MODIFIED", node("n1"), "nodes"), event(1, "DELETED", OLD), event(3, "ADDED", NEW)]
        assert check(known).verdict == "unknown"


def test_a_pod_of_somebody_else_is_not_the_same_identity_for_its_name():
    namesake = pod("job", claim=None, owner={"kind": "Job", "name": "mongo"})
    assert check([FIRST, event(2, "ADDED", namesake)]).verdict == "passed"
