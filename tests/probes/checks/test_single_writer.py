"""One writer at a time, as far as watch events can tell: shown, possible, or excluded.

old  ran at first    new  its successor, or another pod on the same claim
"""

import pytest
from chaosmongo.checks import single_writer
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import Note

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
