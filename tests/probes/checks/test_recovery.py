"""Recovery time actual of a lane: from the fault to the end of the last outage that it caused; and its objective."""

import pytest
from chaosmongo.checks import recovery
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import LanePlan, Note, Objectives, Plan
from chaosmongo.history.results import Bracket, Finding

from .histories import MS, at, fault, history, op, plan, run, stream

GOOD = "." * 30
RTO_1 = {"server": 1.0}


def lane(pattern: str, from_ms: float = -3000, every_ms: float = 100, rto: dict[str, float] | None = None, **fields):
    """The server lane's recovery and the finding; operations every 100 ms from -3000 ms on, the fault at 0."""
    objectives = Objectives(rto or {})
    record = history(stream(pattern, from_ms, every_ms), run=run(objectives=objectives), **fields)
    checked = recovery.check(Evidence(record))
    return checked.result[0], checked


def ms(lo: float, hi: float) -> Bracket:
    return Bracket(round(lo * MS), round(hi * MS))


def test_recovery_time_runs_from_the_fault_to_the_stable_end():
    found, _ = lane(GOOD + ".xxx.x" + GOOD)
    assert found.rta == ms(500, 601)
    assert found.detection == ms(0, 101)
    assert found.unavailable_ns == 500 * MS
    assert [outage.caused for outage in found.outages] == [True]
    assert (found.operations, found.ok, found.fail, found.info) == (66, 62, 4, 0)


def test_first_success_and_stable_success_are_told_apart():
    found, _ = lane(GOOD + ".xxx.x" + GOOD)
    assert found.first_success == ms(300, 401)


def test_the_last_caused_outage_ends_the_recovery():
    found, _ = lane(GOOD + ".x" + GOOD + "xx" + GOOD)
    assert found.rta == ms(3300, 3401)
    assert found.detection == ms(0, 101)
    assert [outage.caused for outage in found.outages] == [True, True]
    assert found.unavailable_ns == 300 * MS


def test_an_outage_before_the_fault_is_not_caused_by_it():
    found, _ = lane("..." + "x" + "." * 26 + ".xx" + GOOD)
    assert [outage.caused for outage in found.outages] == [False, True]
    assert found.rta == ms(200, 301)


def test_nothing_before_the_fault_counts_into_the_recovery():
    found, _ = lane(GOOD + "xx" + GOOD)
    assert found.detection == ms(0, 1)
    assert found.rta == ms(100, 201)


class TestNotRecovered:
    def test_is_censored_and_never_a_number(self):
        found, checked = lane(GOOD + ".xxxxx")
        assert (found.rta, found.censored_ns) == (None, 501 * MS)
        assert found.unavailable_ns == 450.5 * MS
        assert checked.doubts == ()

    def test_a_streak_that_the_end_of_the_record_cuts_is_not_stable(self):
        found, checked = lane(GOOD + ".xxx" + "." * 19)
        assert (found.rta, found.censored_ns) == (None, 2201 * MS)
        assert found.first_success == ms(300, 401)
        assert "not 20 in a row over 1 s" in checked.doubts[0]


class TestNoOutage:
    def test_is_shorter_than_the_widest_gap_between_two_good_operations_and_never_zero(self):
        found, _ = lane(GOOD + GOOD)
        assert (found.rta, found.detection, found.shorter_than_ns) == (None, None, 101 * MS)
        assert found.unavailable_ns == 0

    def test_a_gap_before_the_fault_does_not_count(self):
        found, _ = lane("." * 5 + "-" * 20 + "." * 20)
        assert found.shorter_than_ns == 101 * MS

    def test_a_gap_across_the_fault_does(self):
        found, _ = lane(GOOD[:28] + "----" + GOOD)
        assert found.shorter_than_ns == 501 * MS


class TestDownBefore:
    """A lane that was down already when the fault began."""

    def test_did_not_go_without_an_outage(self):
        found, checked = lane("." * 20 + "x" * 15 + GOOD, rto=RTO_1)
        assert (found.rta, found.shorter_than_ns, found.met) == (None, None, None)
        assert checked.finding.summary == "server has nothing to go by (objective 1 s: cannot be said)"

    def test_nor_where_it_never_came_back(self):
        found, _ = lane("." * 20 + "x" * 30)
        assert (found.rta, found.shorter_than_ns) == (None, None)

    def test_one_that_was_back_by_then_did(self):
        found, _ = lane("." * 5 + "x" + "." * 54)
        assert found.shorter_than_ns == 101 * MS


class TestObjective:
    @pytest.mark.parametrize(
        ("pattern", "met", "answer"),
        [
            (GOOD + ".xx" + GOOD, True, "passed"),  # [200, 301] ms
            (GOOD + "." + "x" * 8 + GOOD, True, "passed"),  # [800, 901]
            (GOOD + "." + "x" * 10 + GOOD, None, "unknown"),  # [1000, 1101]: the truth may be on either side
            (GOOD + "." + "x" * 11 + GOOD, False, "failed"),  # [1100, 1201]
            (GOOD + "." + "x" * 9, None, "unknown"),  # not recovered, watched for too short
            (GOOD + "." + "x" * 11, False, "failed"),  # not recovered, and it is too late now
            (GOOD + "." + "x" * 9 + "." * 15, None, "unknown"),  # it may have recovered in time
            (GOOD + GOOD, True, "passed"),  # no outage
            (GOOD + "-" * 12 + GOOD, None, "unknown"),  # one could have hidden
        ],
    )
    def test_is_met_only_where_the_whole_bracket_is_within_it(self, pattern, met, answer):
        found, checked = lane(pattern, rto=RTO_1)
        assert (found.met, checked.finding.verdict) == (met, answer)

    @pytest.mark.parametrize(
        ("late_ms", "pattern", "met", "answer"),
        [
            (99, GOOD + "." + "x" * 13 + GOOD, False, "failed"),
            (100, GOOD + "." + "x" * 13 + GOOD, None, "unknown"),  # a tick late: those may have failed of it
            (100, GOOD + "." + "x" * 13, None, "unknown"),  # nor is it known of one that never came back
            (100, GOOD + ".xx" + GOOD, True, "passed"),  # lateness makes outages longer, never shorter
        ],
    )
    def test_is_not_missed_where_the_prober_was_late(self, late_ms, pattern, met, answer):
        ops = stream(pattern, -3000, 100, late_ms=late_ms)
        record = history(ops, run=run(objectives=Objectives(RTO_1)), plan=plan(server={"hello": 10.0}))
        checked = recovery.check(Evidence(record))
        assert (checked.result[0].met, checked.finding.verdict) == (met, answer)

    @pytest.mark.parametrize(
        ("what", "lane", "pattern", "met", "answer"),
        [
            ("tunnel", "server", "x" * 13, None, "unknown"),  # the way may have been down, not the database
            ("tunnel", "server", "xx", True, "passed"),  # it makes outages longer, never shorter
            ("tunnel", "server", "x" * 10, None, "unknown"),
            ("tunnel", "driver", "x" * 13, False, "failed"),  # which did not go through it
            ("reach", "server", "x" * 13, False, "failed"),  # no trouble
            ("reach", "server", "xx", True, "passed"),
        ],
    )
    def test_is_not_missed_where_the_way_was_poor(self, what, lane, pattern, met, answer):
        record = history(
            stream(GOOD + "." + pattern + GOOD, -3000, 100, lane=lane),
            run=run(objectives=Objectives({lane: 1.0})),
            plan=Plan(0, {"server": LanePlan({"hello": 10.0}, 1.0, "port-forward")}, {}, False, 64),
            course=[Note(at(900), what, {"trouble": "it ended by itself"})],
        )
        checked = recovery.check(Evidence(record))
        found = {one.lane: one.met for one in checked.result}
        assert (found[lane], checked.finding.verdict) == (met, answer)

    def test_a_lane_without_one_may_take_its_time(self):
        found, checked = lane(GOOD + "." + "x" * 900 + GOOD)
        assert (found.objective_s, found.met, checked.finding.verdict) == (None, None, "passed")

    def test_a_lane_without_one_that_never_recovered_is_unknown(self):
        found, checked = lane(GOOD + ".xxxxx")
        assert (found.objective_s, found.met, checked.finding.verdict) == (None, None, "unknown")
        assert checked.finding.summary == "server had not recovered after 0.50 s"

    def test_for_a_lane_that_was_not_measured_it_cannot_be_said(self):
        _, checked = lane(GOOD + GOOD, rto={"server": 1.0, "user": 5.0})
        assert checked.finding.verdict == "unknown"
        assert "user was not measured" in checked.finding.summary


def test_without_a_fault_nothing_is_caused():
    found, _ = lane(GOOD + ".xx" + GOOD, faults=[], rto=RTO_1)
    assert (found.rta, found.censored_ns, found.shorter_than_ns, found.met) == (None, None, None, None)
    assert [outage.caused for outage in found.outages] == [False]


def test_the_first_of_several_faults_begins_the_recovery():
    found, _ = lane(GOOD + ".xx" + GOOD, faults=[fault(start_ms=150), fault(start_ms=50)])
    assert found.rta == ms(150, 251)


class TestWhatItSays:
    @pytest.mark.parametrize(
        ("pattern", "rto", "verdict", "summary"),
        [
            (GOOD + ".xx" + GOOD, 1.0, "passed", "server recovered after 0.25 ± 0.06 s (objective 1 s: met)"),
            (
                GOOD + "." + "x" * 10 + GOOD,
                1.0,
                "unknown",
                "server recovered after 1.05 ± 0.06 s (objective 1 s: cannot be said)",
            ),
            (
                GOOD + "." + "x" * 11 + GOOD,
                1.0,
                "failed",
                "server recovered after 1.15 ± 0.06 s (objective 1 s: missed)",
            ),
            (GOOD + ".xxxxx", None, "unknown", "server had not recovered after 0.50 s"),
            (
                GOOD + "." + "x" * 15,
                0.5,
                "failed",
                "server had not recovered after 1.50 s (objective 0.5 s: missed)",
            ),
            (GOOD + GOOD, None, "passed", "server showed no outage (shorter than 0.101 s)"),
            ("", None, "passed", "no lane was measured"),
        ],
    )
    def test_of_a_lane(self, pattern, rto, verdict, summary):
        objectives = Objectives({} if rto is None else {"server": rto})
        record = history(stream(pattern, -3000, 100), run=run(objectives=objectives))
        assert recovery.check(Evidence(record)).finding == Finding("recovery", verdict, summary)

    def test_of_a_lane_that_asked_nothing(self):
        record = history([], plan=plan(server={"hello": 1.0}), run=run(objectives=Objectives(RTO_1)))
        assert recovery.check(Evidence(record)).finding == Finding(
            "recovery", "unknown", "server has nothing to go by (objective 1 s: cannot be said)"
        )

    def test_of_several_lanes_and_of_one_that_was_not_measured(self):
        ops = [*stream(GOOD + GOOD, -3000, 100), *stream(GOOD + ".xx" + GOOD, -3000, 100, first=500, lane="user")]
        objectives = Objectives({"server": 1.0, "driver": 1.0, "other": 2.0})
        record = history(ops, run=run(objectives=objectives))
        assert recovery.check(Evidence(record)).finding.summary == (
            "server showed no outage (shorter than 0.101 s) (objective 1 s: met); user recovered after 0.25 ± 0.06 s; "
            "driver was not measured; other was not measured"
        )

    def test_of_a_recovery_that_the_end_of_the_record_cut_short(self):
        _, checked = lane(GOOD + ".xxx" + "." * 19)
        (doubt,) = checked.doubts
        assert doubt == (
            "server: there were successes again before the record ended, but not 20 in a row over 1 s: "
            "whether the lane had recovered is not known"
        )
        _, checked = lane(GOOD + ".xx" + GOOD)
        assert checked.doubts == ()


class TestTheLimit:
    """The outage is over between 200 and 301 ms after the fault."""

    @pytest.mark.parametrize(("rto", "met"), [(0.301, True), (0.3009, None), (0.2, None), (0.1999, False)])
    def test_is_met_where_even_the_end_of_the_bracket_is_within_it(self, rto, met):
        assert lane(GOOD + ".xx" + GOOD, rto={"server": rto})[0].met is met

    @pytest.mark.parametrize(("rto", "met"), [(0.5, None), (0.4999, False)])
    def test_is_missed_when_something_failed_later(self, rto, met):
        """The last operation that failed was sent at 500 ms."""
        assert lane(GOOD + ".xxxxx", rto={"server": rto})[0].met is met

    @pytest.mark.parametrize(("rto", "met"), [(0.101, True), (0.1009, None)])
    def test_is_met_where_no_outage_of_that_length_can_have_hidden(self, rto, met):
        assert lane(GOOD + GOOD, rto={"server": rto})[0].met is met


def test_the_numbers_of_a_lane_are_those_of_its_operations():
    found, _ = lane(GOOD + ".x?x" + GOOD, rto={"server": 7.0})
    assert (found.operations, found.ok, found.fail, found.info) == (64, 61, 2, 1)
    assert (found.lane, found.objective_s) == ("server", 7.0)


def test_a_gap_ends_when_the_answer_came_not_when_it_was_asked_for():
    """Two good operations, sent at -100 and 100 ms, the second answered at 150 ms; others after it."""
    ops = [op(1, -100), op(2, 100, took_ms=50), *stream("." * 5, 200, 100, first=3)]
    assert recovery.check(Evidence(history(ops))).result[0].shorter_than_ns == 250 * MS


def test_a_gap_that_ended_with_the_fault_does_not_count():
    ops = [op(1, -900), op(2, -1), *stream("." * 5, 50, 100, first=3)]
    assert recovery.check(Evidence(history(ops))).result[0].shorter_than_ns == 101 * MS


def test_outages_overlap_no_time_before_they_began():
    """One whose end is known better than its beginning is not counted as negative."""
    late = op(2, 0, "fail", took_ms=900)
    found = recovery.check(Evidence(history([op(1, -100), late, *stream(GOOD, 100, 100, first=3)]))).result[0]
    assert found.unavailable_ns >= 0


def test_of_a_single_good_operation_nothing_follows():
    assert recovery.check(Evidence(history([op(1, 5)]))).result[0].shorter_than_ns is None
