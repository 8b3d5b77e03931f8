"""Identity: after the fault the same name, the same ordinal, the same claims on the same volumes."""

import pytest
from chaosmongo.checks import identity
from chaosmongo.checks.evidence import Evidence

from .histories import IN_CLUSTER, MONGO_0, claim, event, fault, history, listing, pod, replacement

CLAIMS = "persistentvolumeclaims"


def check(cluster, **fields):
    fields = {"run": IN_CLUSTER, "faults": [fault(MONGO_0)]} | fields
    return identity.check(Evidence(history([], cluster=cluster, **fields))).finding


def labelled(thing, index):
    thing["metadata"]["labels"] = {identity.ORDINAL: index}
    return thing


BEFORE = [listing(-9, pod("old")), listing(-9, claim("pv-1"), resource=CLAIMS)]
GONE = event(10, "DELETED", pod("old"))


@pytest.mark.parametrize(
    ("after", "verdict", "says"),
    [
        ([GONE, event(20, "ADDED", pod("new"))], "passed", "came back as the same name and ordinal with claim"),
        ([], "passed", "mongo-0 is still the same pod"),
        ([GONE], "unknown", "mongo-0 was not back"),
        ([GONE, event(20, "ADDED", pod("new", name="mongo-1"))], "unknown", "mongo-0 was not back"),
        ([GONE, event(20, "ADDED", pod("new", claim="other"))], "failed", "claim other on volume (none)"),
        ([GONE, event(20, "ADDED", pod("new", claim=None))], "failed", "and has no claim"),
        (
            [GONE, event(20, "ADDED", pod("new")), event(25, "MODIFIED", claim("pv-2"), CLAIMS)],
            "failed",
            "had claim mongo-storage on volume pv-1 and has claim mongo-storage on volume pv-2",
        ),
        ([GONE, listing(20, pod("new"))], "passed", "came back"),
        ([listing(20)], "unknown", "mongo-0 was not back"),
    ],
)
def test_before_and_after_are_compared(after, verdict, says):
    finding = check([*BEFORE, *after])
    assert finding.verdict == verdict
    assert says in finding.summary


def test_an_ordinal_that_changed_is_found():
    before, after = labelled(pod("old"), "0"), labelled(pod("new"), "1")
    finding = check([listing(-9, before), event(10, "DELETED", before), event(20, "ADDED", after)])
    assert (finding.verdict, finding.summary) == ("failed", "mongo-0 had ordinal 0 and has 1")


def test_a_database_without_a_claim_keeps_its_identity_if_not_its_data():
    finding = check([listing(-9, pod("old", claim=None)), GONE, event(20, "ADDED", pod("new", claim=None))])
    assert (finding.verdict, finding.summary) == (
        "passed",
        "mongo-0 came back as the same name and ordinal with no claim",
    )


def test_pods_of_others_do_not_matter():
    owner = {"kind": "ReplicaSet", "name": "pacman-1"}
    other = pod("p1", name="pacman-x", owner=owner)
    assert check([listing(-9, pod("old"), other), event(10, "DELETED", other)]).verdict == "passed"


def test_without_a_record_of_before_nobody_knows():
    assert check([event(20, "ADDED", pod("new"))]).verdict == "unknown"
    assert check([]).verdict == "unknown"
    assert check(replacement(), faults=[]).verdict == "unknown"


def test_without_a_statefulset_there_is_nothing_to_find():
    assert identity.check(Evidence(history([]))).finding is None
