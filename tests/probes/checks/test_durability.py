"""Fate of every write, exactly one each, from what was recorded and what is in the database afterwards."""

import pytest
from chaosmongo.checks import durability
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import Scan
from chaosmongo.history.records import Document, Objectives, ScanEnd, ScanStart
from hypothesis import given, settings
from hypothesis import strategies as st

from .histories import MARKER, at, documents, history, op, run, scan, stream, write

FATES = ("kept", "lost", "altered", "duplicated", "recovered", "absent", "rejected", "applied")


def check(ops, found, **fields):
    return durability.check(Evidence(history(ops, scan=scan(found), **fields)))


def document(number: int, digest: str | None = None) -> Document:
    return Document(f"{MARKER}s{number}", digest or write(number, 0).digest)


@pytest.mark.parametrize(
    ("outcome", "found", "fate", "phantoms", "verdict"),
    [
        ("ok", [document(1)], "kept", 0, "passed"),
        ("ok", [], "lost", 0, "failed"),
        ("ok", [document(1, "other")], "altered", 0, "failed"),
        ("ok", [document(1), document(1)], "duplicated", 0, "failed"),
        ("ok", [document(1), document(1, "other")], "duplicated", 0, "failed"),
        ("info", [document(1)], "recovered", 0, "passed"),
        ("info", [], "absent", 0, "passed"),
        ("info", [document(1), document(1)], "recovered", 1, "failed"),
        ("info", [document(1, "other")], "absent", 1, "failed"),
        ("fail", [], "rejected", 0, "passed"),
        ("fail", [document(1)], "applied", 0, "failed"),
        ("fail", [document(1, "other")], "applied", 0, "failed"),
        ("ok", [document(1), document(7)], "kept", 1, "failed"),
    ],
)
def test_a_write_has_one_fate(outcome, found, fate, phantoms, verdict):
    """A second write (number 2) is acknowledged and kept throughout."""
    checked = check([write(1, -100, outcome), write(2, -50)], [*found, document(2)])
    expected = dict.fromkeys(FATES, 0) | {"kept": 1}
    expected[fate] += 1
    assert {name: getattr(checked.result, name) for name in FATES} == expected
    assert checked.result.phantoms == phantoms
    assert checked.finding.verdict == verdict


def test_documents_of_others_are_none_of_our_business():
    checked = check([write(1, -100)], [document(1), Document("somebody", "x"), Document("chaos-2-s1", "x")])
    assert (checked.result.phantoms, checked.finding.verdict) == (0, "passed")


def test_a_phantom_is_named():
    checked = check([write(1, -100)], [document(1), document(9)])
    assert checked.result.phantom_keys == [f"{MARKER}s9"]
    assert f"1 document that nobody wrote ({MARKER}s9)" in checked.finding.summary


def test_a_stale_read_fails_the_run():
    stale = op(2, -50, "info", f="read", key=f"{MARKER}s1", stale=True)
    checked = check([write(1, -100), stale], [document(1)])
    assert (checked.result.stale_reads, checked.finding.verdict) == (1, "failed")


def test_a_write_without_an_end_on_record_is_unknown():
    cut_off = write(2, -50, "info", sent_ns=0, done_ns=0)
    checked = check([write(1, -100), cut_off], [document(1), document(2)])
    assert (checked.result.recovered, checked.finding.verdict) == (1, "passed")


class TestWhatCannotBeSaid:
    @pytest.mark.parametrize(
        "missing",
        [None, Scan(ScanStart(at(99))), Scan(ScanStart(at(99)), [document(1)], ScanEnd(at(100), 1, "timed out"))],
    )
    def test_without_a_whole_read_back_nobody_knows_what_was_lost(self, missing):
        checked = durability.check(Evidence(history([write(1, -100)], scan=missing)))
        assert (checked.result, checked.finding.verdict) == (None, "unknown")

    def test_without_an_acknowledged_write_nothing_was_shown(self):
        assert check([write(1, -100, "fail")], []).finding.verdict == "unknown"

    def test_two_writes_of_one_key_cannot_be_told_apart(self):
        twice = [write(1, -100), op(2, -50, f="write", key=f"{MARKER}s1")]
        with pytest.raises(durability.KeyReused, match="2 writes on record have the key 'chaos-1-s1'"):
            check(twice, [document(1)])


class TestObjective:
    @pytest.mark.parametrize(("allowed", "verdict"), [(0, "failed"), (1, "failed"), (2, "passed")])
    def test_as_many_losses_as_are_allowed_pass(self, allowed, verdict):
        ops = [write(number, -100 + number) for number in range(1, 6)]
        checked = check(ops, documents(ops[:3]), run=run(objectives=Objectives({}, allowed)))
        assert checked.finding.verdict == verdict
        assert "2 of 5 acknowledged writes LOST" in checked.finding.summary


class TestShapeOfALoss:
    """Writes 1 to 5 are acknowledged before the fault, 11 to 15 after the outage from 10 to 500 ms."""

    BEFORE = tuple(write(number, -60 + 10 * number) for number in range(1, 6))
    AFTER = tuple(write(number, 500 + 10 * number) for number in range(11, 16))
    PULSE = (*stream("." * 30, -1500, 50, first=100), *stream("x" * 9 + "." * 30, 10, 50, first=200))

    @pytest.mark.parametrize(
        ("lost", "shape"),
        [
            ([], "none"),
            ([5], "suffix"),
            ([3, 4, 5], "suffix"),
            ([1, 2, 3, 4, 5], "suffix"),
            ([15], "suffix"),
            ([4, 5, 14, 15], "suffix"),
            ([4], "hole"),
            ([1], "hole"),
            ([3, 5], "hole"),
            ([11], "hole"),
            ([1, 2, 3, 4, 5, 11], "hole"),
        ],
    )
    def test_a_suffix_took_the_newest_before_an_outage_and_no_others(self, lost, shape):
        ops = [*self.BEFORE, *self.AFTER, *self.PULSE]
        checked = check(ops, [d for d in documents(ops) if d.key not in {f"{MARKER}s{number}" for number in lost}])
        assert checked.result.shape == shape
        assert checked.result.lost == len(lost)
        assert ("HOLE" in checked.finding.summary) == (shape == "hole")

    def test_of_overlapping_writes_nobody_can_tell_which_one_came_first(self):
        slow, quick = write(1, -100, took_ms=50), write(2, -90, took_ms=1)
        assert check([slow, quick], [document(1)]).result.shape == "suffix"
        assert check([slow, quick], [document(2)]).result.shape == "suffix"


class TestRecoveryPoint:
    def test_is_the_time_from_the_last_surviving_acknowledgement_to_the_fault(self):
        ops = [write(number, -100 * number) for number in (1, 2, 3)]
        assert check(ops, documents(ops[1:])).result.rpa_ns == 199_000_000

    def test_is_none_where_nothing_was_lost(self):
        ops = [write(1, -100)]
        assert check(ops, documents(ops)).result.rpa_ns is None

    def test_lies_before_the_first_write_where_none_survived(self):
        ops = [write(1, -100), write(2, -300)]
        assert check(ops, []).result.rpa_ns == 300_000_000

    def test_does_not_look_at_what_was_acknowledged_after_the_fault(self):
        ops = [write(1, -100), write(2, 5), write(3, 700)]
        assert check(ops, documents([ops[0], ops[2]])).result.rpa_ns == 99_000_000


# --- properties ---

OUTCOMES = st.lists(st.sampled_from(["ok", "fail", "info"]), min_size=1, max_size=40)
COPIES = st.lists(st.lists(st.booleans(), max_size=3), min_size=40, max_size=40)


@settings(deadline=None)
@given(OUTCOMES, COPIES)
def test_fates_partition_the_writes(outcomes, copies):
    """Whatever is found: copies[n] says of each document with the n-th key whether it is as it was written."""
    ops = [write(number, 10 * number - 500, outcome) for number, outcome in enumerate(outcomes)]
    found = [document(n, None if right else "other") for n, _ in enumerate(outcomes) for right in copies[n]]
    result = check(ops, found).result
    assert sum(getattr(result, name) for name in FATES) == result.writes == len(ops)
    assert result.kept + result.lost + result.altered + result.duplicated == outcomes.count("ok")
    assert result.recovered + result.absent == outcomes.count("info")
    assert result.rejected + result.applied == outcomes.count("fail")


@settings(deadline=None)
@given(st.integers(1, 60), st.data())
def test_what_was_done_behind_the_databases_back_is_found_and_nothing_else(count, data):
    ops = [write(number, 10 * number - 700) for number in range(count)]
    kinds = data.draw(st.lists(st.sampled_from(["keep", "remove", "alter", "double"]), min_size=count, max_size=count))
    times = {"keep": 1, "remove": 0, "alter": 1, "double": 2}
    found = [
        document(n, "other" if kind == "alter" else None) for n, kind in enumerate(kinds) for _ in range(times[kind])
    ]
    checked = check(ops, found)
    planted = {kind: [f"{MARKER}s{n}" for n, one in enumerate(kinds) if one == kind] for kind in times}
    assert [loss.key for loss in checked.result.lost_writes] == planted["remove"]
    assert [loss.key for loss in checked.result.altered_writes] == planted["alter"]
    assert [loss.key for loss in checked.result.duplicated_writes] == planted["double"]
    assert checked.result.kept == len(planted["keep"])
    assert checked.finding.verdict == ("passed" if set(kinds) == {"keep"} else "failed")


def test_only_the_first_hundred_are_named_but_all_are_counted():
    ops = [write(number, number - 500) for number in range(250)]
    checked = check(ops, [])
    assert (checked.result.lost, len(checked.result.lost_writes)) == (250, 100)
    assert f"({MARKER}s0, {MARKER}s1, {MARKER}s2 and 247 more)" in checked.finding.summary
