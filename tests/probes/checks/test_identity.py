"""Identity: after the fault the same name, the same ordinal, the same claims on the same volumes."""

import pytest
from chaosmongo.checks import identity
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.results import Finding

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
    assert check([*BEFORE, listing(-8, pod("old"), other), event(10, "DELETED", other)]).verdict == "passed"


def test_a_pod_that_is_on_its_way_out_is_not_back():
    """As on a dead node, where it stays so."""
    finding = check([*BEFORE, event(10, "MODIFIED", pod("old", deleting=True))])
    assert (finding.verdict, finding.summary) == ("unknown", "mongo-0 was not back by the end of the record")


def test_a_volume_that_nobody_saw_is_not_taken_for_the_same():
    finding = check([listing(-9, pod("old")), GONE, event(20, "ADDED", pod("new"))])
    assert finding.verdict == "unknown"
    assert finding.summary == "which volume claim mongo-storage is bound to is not on record"


def test_a_claim_that_was_removed_is_another_one():
    after = [GONE, event(15, "DELETED", claim("pv-1"), CLAIMS), event(20, "ADDED", pod("new"))]
    finding = check([*BEFORE, *after])
    assert finding.verdict == "failed"
    assert "had claim mongo-storage on volume pv-1 and has claim mongo-storage on volume (none)" in finding.summary


def test_without_a_record_of_before_nobody_knows():
    assert check([event(20, "ADDED", pod("new"))]).verdict == "unknown"
    assert check([]).verdict == "unknown"
    assert check(replacement(), faults=[]).verdict == "unknown"


def test_without_a_statefulset_there_is_nothing_to_find():
    assert identity.check(Evidence(history([]))).finding is None


class TestWhatItSays:
    @pytest.mark.parametrize(
        ("after", "verdict", "summary"),
        [
            ([], "passed", "mongo-0 is still the same pod with claim mongo-storage on volume pv-1"),
            (
                [GONE, event(20, "ADDED", pod("new"))],
                "passed",
                "mongo-0 came back as the same name and ordinal with claim mongo-storage on volume pv-1",
            ),
            ([GONE], "unknown", "mongo-0 was not back by the end of the record"),
            (
                [GONE, event(20, "ADDED", pod("new", claim=None))],
                "failed",
                "mongo-0 had claim mongo-storage on volume pv-1 and has no claim",
            ),
        ],
    )
    def test_of_a_pod(self, after, verdict, summary):
        assert check([*BEFORE, *after]) == Finding("identity", verdict, summary)

    def test_of_several_pods(self):
        both = [pod("old"), pod("one", name="mongo-1", claim="second")]
        claims = [claim("pv-1"), claim("pv-2", "second")]
        finding = check([listing(-9, *both), listing(-9, *claims, resource=CLAIMS)])
        assert finding.summary == (
            "mongo-0 is still the same pod with claim mongo-storage on volume pv-1; "
            "mongo-1 is still the same pod with claim second on volume pv-2"
        )
        swapped = [pod("old", claim="second"), pod("one", name="mongo-1", claim="mongo-storage")]
        finding = check([listing(-9, *both), listing(-9, *claims, resource=CLAIMS), listing(20, *swapped)])
        assert finding.summary == (
            "mongo-0 had claim mongo-storage on volume pv-1 and has claim second on volume pv-2; "
            "mongo-1 had claim second on volume pv-2 and has claim mongo-storage on volume pv-1"
        )

    def test_of_a_pod_with_two_claims(self):
        thing = pod("old")
        thing["spec"]["volumes"].append({"name": "log", "persistentVolumeClaim": {"claimName": "a-log"}})
        finding = check([listing(-9, thing), listing(-9, claim("pv-1"), claim("pv-2", "a-log"), resource=CLAIMS)])
        assert finding.summary.endswith("with claim a-log on volume pv-2, claim mongo-storage on volume pv-1")

    def test_of_no_fault_and_of_no_pod(self):
        assert check(replacement(), faults=[]) == Finding(
            "identity", "unknown", "there was no fault to compare before and after"
        )
        assert check([]) == Finding("identity", "unknown", "no pod of StatefulSet mongo is on record before the fault")


def test_without_its_label_the_ordinal_is_in_the_name():
    """One of the two has the label: they are the same ordinal all the same."""
    before, after = pod("old", name="mongo-11", claim=None), labelled(pod("new", name="mongo-11", claim=None), "11")
    events = [listing(-9, before), event(10, "DELETED", before), event(20, "ADDED", after)]
    assert check(events).verdict == "passed"
    dashed = labelled(pod("new", name="my-mongo-11", claim=None), "11")
    bare = pod("old", name="my-mongo-11", claim=None)
    assert check([listing(-9, bare), event(10, "DELETED", bare), event(20, "ADDED", dashed)]).verdict == "passed"
    other = labelled(pod("new", name="mongo-11", claim=None), "1")
    assert check([*events[:2], event(20, "ADDED", other)]).summary == "mongo-11 had ordinal 11 and has 1"


def test_what_came_at_the_moment_of_the_fault_was_before_it():
    assert check([listing(0, pod("old")), listing(0, claim("pv-1"), resource=CLAIMS)]).verdict == "passed"


def test_a_claim_that_is_not_bound_is_on_no_volume():
    assert check([listing(-9, pod("old")), listing(-9, claim(""), resource=CLAIMS)]).verdict == "unknown"
