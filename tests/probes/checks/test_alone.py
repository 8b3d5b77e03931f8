"""Two runs on the same scores: what the one cannot tell from the other's doing is unknown, and neither is blamed."""

import pytest
from chaosmongo.checks import alone, judge
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import Document, Note
from chaosmongo.history.results import Finding

from .histories import at, documents, history, op, plan, scan, seed_documents, write

ENDED = Note(at(200_000), "ended", {"status": "completed", "deviated": False})
UNMET = Note(at(150_000), "hypothesis", {"met": False, "probes": ["the seeded scores are intact"]})


def said(state: str, ms: float = 110_000, **detail: object) -> Note:
    return Note(at(ms), "company", {"state": state, **detail})


REGISTERED = said("alone", -30_000)
ALONE = said("alone")
MET = said("met", runs=["other/1"])
LOST = said("lost")
UNASKED = said("unasked", reason="MongoDB at h:1 does not answer")
REFUSED = said("refused", -30_000, reason="MongoDB at h:1 refuses: not allowed")


def finding(*notes: Note, **fields: object):
    checked = alone.check(Evidence(history([], course=[*notes], **fields)))
    return checked.finding.verdict if checked.finding else None


@pytest.mark.parametrize(
    ("notes", "verdict"),
    [
        ([], None),
        ([ENDED], None),
        ([REGISTERED, ALONE, ENDED], "passed"),
        ([REGISTERED, ALONE, ALONE, ENDED], "passed"),
        ([REGISTERED], "unknown"),
        ([REGISTERED, UNASKED], "unknown"),
        ([REGISTERED, LOST], "unknown"),
        ([REGISTERED, ALONE, LOST], "unknown"),
        ([REGISTERED, MET], "unknown"),
        ([REGISTERED, ALONE, MET], "unknown"),
        ([said("met", -30_000, runs=["other/1"]), LOST], "unknown"),
        ([REFUSED, LOST], None),
    ],
)
def test_alone_or_not(notes, verdict):
    assert finding(*notes) == verdict


def test_the_other_runs_are_named():
    checked = alone.check(Evidence(history([], course=[said("met", runs=["b/2"]), said("met", runs=["a/1", "b/2"])])))
    assert checked.finding.check == "alone"
    assert checked.finding.summary == "another run was at work on highscore at the same time: a/1, b/2"


def test_a_database_that_does_not_let_us_register_is_a_doubt():
    checked = alone.check(Evidence(history([], course=[REFUSED])))
    assert checked.doubts == (
        "whether another run was at work on highscore is not known: MongoDB at h:1 refuses: not allowed",
    )


@pytest.mark.parametrize("detail", [{}, {"state": None}, {"state": "met"}, {"state": "met", "runs": [None, 7]}])
def test_a_note_of_another_shape_is_never_alone(detail):
    assert finding(REGISTERED, Note(at(1), "company", detail)) == "unknown"


WRITES = [write(n, 100 * n) for n in range(1, 9)]
OURS = documents(WRITES)
LOAD = [op(100 + n, -3_000 + 5 * n) for n in range(1_000)]


def answers(*notes: Note, found: list[Document], course: tuple[Note, ...] = ()) -> dict[str, str]:
    record = history([*LOAD, *WRITES], plan=plan(server={"hello": 200}), scan=scan(found), course=[*notes, *course])
    return {finding.check: finding.verdict for finding in judge(record).findings}


class TestSeededScoresThatAreMissing:
    """Another run's rollback may have removed them; a loss of our own writes is nobody's doing but the database's."""

    @pytest.mark.parametrize(
        ("notes", "seeds"),
        [
            ([], "failed"),
            ([REGISTERED, ALONE], "failed"),
            ([REGISTERED, ALONE, UNASKED], "failed"),
            ([REGISTERED], "unknown"),
            ([REGISTERED, said("alone", 99_999)], "unknown"),
            ([REGISTERED, said("alone", 100_001)], "failed"),  # the moment at which all was read back
            ([REGISTERED, MET], "unknown"),
            ([REGISTERED, LOST], "unknown"),
            ([REGISTERED, UNASKED], "unknown"),
            ([REFUSED, LOST], "unknown"),
        ],
    )
    def test_are_blamed_on_the_database_only_where_nobody_else_was_there(self, notes, seeds):
        found = answers(*notes, found=OURS + seed_documents()[1:])
        assert found["seeds"] == seeds
        assert found["durability"] == "passed"

    @pytest.mark.parametrize("notes", [[REGISTERED, MET], [REGISTERED, LOST], [REFUSED, LOST]])
    def test_while_our_own_are_lost_stay_a_loss_of_our_own(self, notes):
        assert answers(*notes, found=OURS[1:] + seed_documents()[1:])["durability"] == "failed"

    def test_go_with_our_own_where_all_data_are_lost_the_registration_too(self):
        found = answers(REGISTERED, LOST, found=[])
        assert (found["durability"], found["seeds"]) == ("failed", "failed")

    def test_are_unknown_where_another_run_was_met_whatever_else_is_lost(self):
        assert answers(REGISTERED, MET, found=[])["seeds"] == "unknown"


def test_a_failure_that_becomes_unknown_keeps_its_details():
    failed = Finding("seeds", "failed", "1 is missing", {"missing": ["seed-1"]})
    (tempered,) = alone.tempered([failed], Evidence(history([], course=[REGISTERED, MET])))
    assert (tempered.check, tempered.verdict, tempered.details) == ("seeds", "unknown", failed.details)


class TestASteadyStateThatIsNotMetAfterwards:
    @pytest.mark.parametrize(
        ("notes", "course"),
        [
            ([REGISTERED, ALONE], "failed"),
            ([REGISTERED, ALONE, said("met", 190_000, runs=["o/1"])], "unknown"),
            ([REGISTERED, LOST], "unknown"),
        ],
    )
    def test_is_blamed_on_the_fault_only_where_nobody_else_was_there(self, notes, course):
        missing = seed_documents()[1:]
        assert answers(*notes, found=OURS + missing, course=(UNMET, ENDED))["course"] == course

    def test_for_another_reason_than_seeds_stays_failed_where_nobody_knows_of_others(self):
        assert answers(REFUSED, LOST, found=OURS + seed_documents(), course=(UNMET, ENDED))["course"] == "failed"


def test_no_run_passes_that_met_another():
    answer = judge(history([*LOAD, *WRITES], course=[REGISTERED, MET, ENDED])).verdict
    assert answer == "unknown"


def lock(state: str, ms: float = 0, **detail: object) -> Note:
    return Note(at(ms), "lock", {"state": state, **detail})


class TestTheLockOfTheNamespace:
    TAKEN = lock("taken", -30_000, holder="h/a/1/chaos-1")
    GONE = lock("lost", 150_000, reason="the lock is lost: somebody holds it now")
    OVER = lock("taken", -30_000, holder="h/a/1/chaos-1", before="b/2")

    @pytest.mark.parametrize(
        ("notes", "verdict"),
        [
            ([TAKEN, REGISTERED, ALONE], "passed"),
            ([OVER, REGISTERED, ALONE], "passed"),
            ([TAKEN, REGISTERED, ALONE, GONE], "unknown"),
            ([TAKEN, GONE], "unknown"),
            ([TAKEN, REGISTERED, MET], "unknown"),
        ],
    )
    def test_that_was_lost_makes_it_unknown(self, notes, verdict):
        assert finding(*notes) == verdict

    def test_is_told_how_it_was_lost(self):
        checked = alone.check(Evidence(history([], course=[self.TAKEN, REGISTERED, ALONE, self.GONE])))
        assert checked.finding.summary == (
            "another run may have been at work in the namespace: the lock is lost: somebody holds it now"
        )

    def test_that_was_taken_over_is_a_doubt_that_names_the_run_before(self):
        for notes in ([self.OVER, REGISTERED, ALONE], [self.OVER]):
            checked = alone.check(Evidence(history([], course=notes)))
            assert checked.doubts == (
                "the run b/2 before it was killed or cut off (its lock was taken over): what did it leave?",
            )
        assert alone.check(Evidence(history([], course=[self.TAKEN, REGISTERED, ALONE]))).doubts == ()

    def test_makes_failures_that_another_run_may_be_the_cause_of_unknown_where_it_was_lost(self):
        notes = [self.TAKEN, REGISTERED, ALONE, self.GONE]
        found = answers(*notes, found=OURS + seed_documents()[1:])
        assert (found["seeds"], found["durability"]) == ("unknown", "passed")
        assert answers(*notes, found=OURS[1:] + seed_documents())["durability"] == "failed"
