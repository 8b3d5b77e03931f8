"""Fate of every write, exactly one each, from what was recorded and what is in the database afterwards."""

import msgspec
import pytest
from chaosmongo.checks import durability
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import Scan
from chaosmongo.history.records import Document, Objectives, ScanEnd, ScanStart
from chaosmongo.history.results import Loss, StaleRead
from hypothesis import given
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


def test_phantoms_beside_writes_of_which_nobody_knows_count_together():
    checked = check([write(1, -100, "info"), write(2, -50, "info")], [document(1, "a"), document(2, "b"), document(2)])
    assert checked.result.phantom_keys == [f"{MARKER}s1", f"{MARKER}s2"]


class TestStaleReads:
    """A read that was answered without write 1, which was acknowledged at -99 ms."""

    def stale(self, due_ms: float = -50, **fields):
        return op(2, due_ms, "info", **({"f": "read", "key": f"{MARKER}s1", "stale": True} | fields))

    def test_fail_the_run_and_are_named_with_their_time(self):
        checked = check([write(1, -100), self.stale()], [document(1)])
        assert checked.result.stale_reads_seen == [StaleRead(f"{MARKER}s1", "server", at(-50))]
        assert (checked.result.stale_reads, checked.finding.verdict) == (1, "failed")
        assert f"1 read stale: without what had been acknowledged before ({MARKER}s1)" in checked.finding.summary

    def test_of_a_score_that_was_stored_twice_are_stale_too(self):
        assert check([write(1, -100), self.stale()], [document(1), document(1)]).result.stale_reads == 1

    def test_were_sent_after_the_acknowledgement(self):
        assert check([write(1, -100), self.stale(-99)], [document(1)]).result.stale_reads == 1
        checked = check([write(1, -100), self.stale(-99.001)], [document(1)])
        assert (checked.result.stale_reads, checked.finding.verdict) == (0, "passed")

    @pytest.mark.parametrize("found", [[], [document(1, "other")]])
    def test_of_a_lost_or_altered_write_only_bear_witness_to_that(self, found):
        checked = check([write(1, -100), self.stale()], found)
        assert (checked.result.stale_reads, checked.finding.verdict) == (0, "failed")

    def test_of_a_loss_that_is_allowed_do_not_fail_the_run(self):
        allowed = run(objectives=Objectives({}, rpo_writes=1))
        ops = [write(3, -200), write(1, -100), self.stale()]
        assert check(ops, [document(3)], run=allowed).finding.verdict == "passed"

    @pytest.mark.parametrize("outcome", ["fail", "info"])
    def test_of_what_was_not_acknowledged_say_nothing(self, outcome):
        ops = [write(3, -200), write(1, -100, outcome), self.stale()]
        assert check(ops, [document(3)]).result.stale_reads == 0

    def test_of_a_key_that_nobody_wrote_say_nothing(self):
        assert check([write(1, -100), self.stale(key="other")], [document(1)]).result.stale_reads == 0


def test_a_write_without_an_end_on_record_is_unknown():
    cut_off = write(2, -50, "info", sent_ns=0, done_ns=0)
    checked = check([write(1, -100), cut_off], [document(1), document(2)])
    assert (checked.result.recovered, checked.finding.verdict) == (1, "passed")


class TestWhatItSays:
    """Writes 1 to 5 were acknowledged, one every 10 ms."""

    OPS = tuple(write(number, -100 + 10 * number) for number in range(1, 6))

    def says(self, found, *more, **fields) -> str:
        return check([*self.OPS, *more], found, **fields).finding.summary

    def test_of_a_whole_database(self):
        assert self.says(documents(self.OPS)) == "5 acknowledged writes, none lost"

    def test_of_a_lost_suffix(self):
        assert self.says(documents(self.OPS[:4])) == (
            "1 of 5 acknowledged writes LOST, the newest before the outage (chaos-1-s5)"
        )

    def test_of_a_hole(self):
        assert self.says(documents(self.OPS[4:])) == (
            "4 of 5 acknowledged writes LOST, with a HOLE: later ones survived "
            "(chaos-1-s1, chaos-1-s2, chaos-1-s3 and 1 more)"
        )

    def test_of_a_loss_that_is_allowed(self):
        assert self.says(documents(self.OPS[:4]), run=run(objectives=Objectives({}, 1000))) == (
            "1 of 5 acknowledged writes LOST, the newest before the outage (chaos-1-s5), 1,000 allowed"
        )

    def test_of_an_allowance_that_was_not_needed(self):
        allowed = run(objectives=Objectives({}, 1000))
        assert self.says(documents(self.OPS), run=allowed) == "5 acknowledged writes, none lost"

    def test_of_altered_and_duplicated_and_applied_ones_and_of_phantoms(self):
        found = [
            document(1, "other"),
            *(document(2), document(2)),
            *(document(3), document(4), document(5)),
            document(6),
            *(document(98), document(99)),
        ]
        stale = op(7, -10, "info", f="read", key="chaos-1-s3", stale=True)
        assert self.says(found, write(6, -20, "fail"), stale) == (
            "5 acknowledged writes, none lost; "
            "1 acknowledged write altered (chaos-1-s1); "
            "1 acknowledged write duplicated (chaos-1-s2); "
            "1 failed write applied all the same (chaos-1-s6); "
            "1 read stale: without what had been acknowledged before (chaos-1-s3); "
            "2 documents that nobody wrote (chaos-1-s98, chaos-1-s99)"
        )

    def test_of_many(self):
        found = [document(n, "other") for n in range(1, 6)]
        assert self.says(found).endswith(
            "; 5 acknowledged writes altered (chaos-1-s1, chaos-1-s2, chaos-1-s3 and 2 more)"
        )

    def test_of_a_database_that_acknowledged_nothing(self):
        nothing = check([write(1, -100, "fail")], []).finding.summary
        assert nothing == "no write was acknowledged, so none could be lost"

    def test_each_finding_bears_the_name_of_the_check(self):
        for checked in (
            check(self.OPS, documents(self.OPS)),
            check(self.OPS, []),
            check([write(1, 0, "fail")], []),
            check(self.OPS, [], damage=["ops.jsonl"]),
        ):
            assert checked.finding.check == "durability"


class TestWhatIsListed:
    """At most a hundred of each kind, in the order of acknowledgement, with lane and time."""

    OPS = tuple(write(number, number - 900, lane="driver") for number in range(150))

    def test_losses(self):
        found = check(self.OPS[::-1], []).result
        assert found.lost_writes == [Loss(one.key, "driver", one.done_ns) for one in self.OPS[:100]]

    def test_altered_and_duplicated_writes(self):
        altered = check(self.OPS, [Document(one.key, "other") for one in self.OPS]).result
        assert (altered.altered, [loss.key for loss in altered.altered_writes]) == (
            150,
            [o.key for o in self.OPS[:100]],
        )
        twice = check(self.OPS, documents(self.OPS) * 2).result
        assert (twice.duplicated, [loss.key for loss in twice.duplicated_writes]) == (
            150,
            [one.key for one in self.OPS[:100]],
        )

    def test_applied_writes_and_phantoms(self):
        failed = [write(number, number - 900, "fail") for number in range(150)]
        applied = check(failed, documents(self.OPS)).result
        assert (applied.applied, applied.applied_keys) == (150, [one.key for one in failed[:100]])
        phantoms = check([write(200, -900)], documents([*self.OPS, write(200, -900)])).result
        assert (phantoms.phantoms, phantoms.phantom_keys) == (150, [one.key for one in self.OPS[:100]])

    def test_stale_reads(self):
        reads = [op(1000 + n, n - 500, "info", f="read", key=self.OPS[0].key, stale=True) for n in range(150)]
        found = check([*self.OPS, *reads], documents(self.OPS)).result
        assert (found.stale_reads, len(found.stale_reads_seen)) == (150, 100)

    def test_how_many_are_not_named_is_said(self):
        summary = check([write(200, -900)], documents([*self.OPS, write(200, -900)])).finding.summary
        assert summary.endswith("150 documents that nobody wrote (chaos-1-s0, chaos-1-s1, chaos-1-s2 and 147 more)")

    def test_every_copy_of_a_phantom_counts(self):
        assert check([write(1, -100)], [document(1), document(9), document(9)]).result.phantom_keys == [
            "chaos-1-s9",
            "chaos-1-s9",
        ]
        two_more = check([write(1, -100), write(2, -90, "info")], [document(1), *[document(2)] * 3]).result
        assert two_more.phantom_keys == ["chaos-1-s2", "chaos-1-s2"]


class TestWhatCannotBeSaid:
    @pytest.mark.parametrize(
        ("missing", "says"),
        [
            (None, "the database was not read back"),
            (Scan(ScanStart(at(99))), "the read-back broke off: its end is not on record"),
            (Scan(ScanStart(at(99)), [document(1)], end=ScanEnd(at(100), 1, "gone")), "the read-back broke off: gone"),
            (Scan(ScanStart(at(99)), [], end=ScanEnd(at(100), 1)), "counted 1 documents, and 0 are on record"),
            (Scan(ScanStart(at(99)), [document(1)] * 2, end=ScanEnd(at(100), 1)), "counted 1 documents, and 2 are"),
        ],
    )
    def test_without_a_whole_read_back_nobody_knows_what_was_lost(self, missing, says):
        checked = durability.check(Evidence(history([write(1, -100)], scan=missing)))
        assert (checked.result, checked.finding.verdict) == (None, "unknown")
        assert checked.finding.summary.startswith("nobody can say what was lost: ")
        assert says in checked.finding.summary

    @pytest.mark.parametrize(
        ("file", "says"),
        [("ops.jsonl", "the record of the operations is damaged"), ("readback.jsonl", "of the read-back is damaged")],
    )
    def test_of_a_damaged_record_no_loss_is_believed(self, file, says):
        checked = check([write(1, -100)], [], damage=[f"{file} line 7: bad"])
        assert (checked.result, checked.finding.verdict) == (None, "unknown")
        assert says in checked.finding.summary

    def test_damage_elsewhere_does_not_matter(self):
        assert check([write(1, -100)], [], damage=["cluster.jsonl line 7: bad"]).finding.verdict == "failed"

    def test_where_the_record_was_cut_off_a_document_too_many_may_have_been_written_by_an_operation_that_is_not_on_it(
        self,
    ):
        cut_off = {"unclosed": ["ops.jsonl"]}
        checked = check([write(1, -100)], [document(1), document(9)], **cut_off)
        assert (checked.result, checked.finding.verdict) == (None, "unknown")
        assert checked.finding.summary == (
            "nobody can say what was lost: 1 document that nobody wrote (chaos-1-s9), "
            "but the record of the operations is not whole"
        )
        assert check([], [document(9)]).finding.verdict == "unknown"
        assert check([write(1, -100), write(2, -90)], [document(1)], **cut_off).finding.verdict == "failed"
        assert check([write(1, -100)], [document(1)], **cut_off).finding.verdict == "passed"

    def test_without_an_acknowledged_write_nothing_was_shown(self):
        assert check([write(1, -100, "fail")], []).finding.verdict == "unknown"

    def test_two_writes_of_one_key_cannot_be_told_apart(self):
        twice = [write(1, -100), op(2, -50, f="write", key=f"{MARKER}s1")]
        checked = check(twice, [document(1)])
        assert (checked.result, checked.finding.verdict) == (None, "unknown")
        assert "2 writes on record have the key 'chaos-1-s1'" in checked.finding.summary


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

    def test_a_lane_that_did_not_notice_does_not_tell_when_the_outage_was(self):
        """The server lane saw none; the driver lane did."""
        unmoved = stream("." * 60, -1500, 50, first=300)
        pulse = [msgspec.structs.replace(one, lane="driver") for one in self.PULSE]
        ops = [*self.BEFORE, *self.AFTER, *unmoved, *pulse]
        lost = {f"{MARKER}s{number}" for number in (5, 15)}
        assert check(ops, [d for d in documents(ops) if d.key not in lost]).result.shape == "suffix"

    def test_what_was_acknowledged_after_a_short_outage_of_a_silent_host_was_not_before_it(self):
        """Down from 0 to 300 ms; the first operation that failed gave up at 1,000 ms only."""
        silent = [op(100 + n, 10 + 50 * n, "info", took_ms=1000) for n in range(6)]
        pulse = [*stream("." * 30, -1500, 50, first=300), *silent, *stream("." * 60, 310, 50, first=400)]
        before, after = self.BEFORE, [write(20 + n, 400 + 100 * n) for n in range(20)]
        ops = [*before, *after, *pulse]
        assert check(ops, documents([*before[:-1], *after])).result.shape == "suffix"
        assert check(ops, documents([*before[1:], *after])).result.shape == "hole"
        assert check(ops, documents([*before, *after[:-1]])).result.shape == "suffix"
        assert check(ops, documents([*before, *after[:-2], after[-1]])).result.shape == "hole"

    def test_what_was_sent_before_an_outage_had_shown_itself_belongs_to_what_was_before_it(self):
        ops = [*self.BEFORE, write(9, 5), *stream("." * 30, -1500, 50, first=100), *stream("x" * 9, 10, 50, first=200)]
        assert check(ops, documents([*self.BEFORE[:-1], ops[5]])).result.shape == "hole"

    def test_of_what_was_acknowledged_within_an_outage_nobody_can_tell_on_which_side_of_the_loss_it_was(self):
        flicker = [write(6, 30), write(7, 40)]
        ops = [*self.BEFORE, *flicker, *self.AFTER, *self.PULSE]
        driver = [msgspec.structs.replace(one, lane="driver") if one in flicker else one for one in ops]
        assert check(driver, documents(self.AFTER)).result.shape == "suffix"
        assert check(driver, documents([*self.BEFORE, *self.AFTER])).result.shape == "suffix"
        assert check(driver, documents([*self.BEFORE[1:], *self.AFTER])).result.shape == "hole"

    @pytest.mark.parametrize(
        ("answered_ms", "shape"),
        [
            (409, "hole"),  # something failed afterwards, so that the next server was not yet there
            (410, "hole"),
            (411, "suffix"),  # from here on it may have been the next one
            (470, "suffix"),
            (900, "suffix"),
        ],
    )
    def test_a_write_whose_client_waited_through_the_outage_does_not_tell_what_was_kept(self, answered_ms, shape):
        """Sent at -5 ms, when 1 to 5 had been acknowledged; the last one of these is lost."""
        waited = write(9, -5, took_ms=answered_ms + 5)
        ops = [*self.BEFORE, *self.AFTER, waited, *self.PULSE]
        assert check(ops, documents([*self.BEFORE[:-1], waited, *self.AFTER])).result.shape == shape

    @pytest.mark.parametrize(("answered_ms", "shape"), [(900, "suffix"), (5, "hole")])
    def test_nor_one_that_is_lost(self, answered_ms, shape):
        waited = write(9, -5, took_ms=answered_ms + 5)
        late = write(21, 950)
        ops = [*self.BEFORE, write(10, 6), waited, *self.AFTER, late, *self.PULSE]
        assert check(ops, documents([one for one in ops if one is not waited])).result.shape == shape

    def test_of_overlapping_writes_nobody_can_tell_which_one_came_first(self):
        slow, quick = write(1, -100, took_ms=50), write(2, -90, took_ms=1)
        assert check([slow, quick], [document(1)]).result.shape == "suffix"
        assert check([slow, quick], [document(2)]).result.shape == "suffix"

    def test_a_write_that_was_sent_when_a_lost_one_was_acknowledged_makes_no_hole(self):
        first, second = write(1, -100, took_ms=10), write(2, -90)
        assert check([first, second], [document(2)]).result.shape == "suffix"
        assert check([first, write(2, -89.9)], [document(2)]).result.shape == "hole"


class TestRecoveryPoint:
    def test_counts_what_was_acknowledged_when_the_fault_began(self):
        ops = [write(1, -100), write(2, -1)]
        assert check(ops, documents(ops[1:])).result.rpa_ns == 0

    def test_is_not_known_without_a_fault(self):
        assert check([write(1, -100)], [], faults=[]).result.rpa_ns is None

    def test_is_nothing_where_nothing_had_been_acknowledged_before(self):
        assert check([write(1, 100)], []).result.rpa_ns == 0

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
