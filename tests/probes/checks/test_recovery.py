"""Recovery time actual of a lane: from the fault to the end of the last outage that it caused; and its objective."""

import pytest
from chaosmongo.checks import recovery
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import Objectives
from chaosmongo.history.results import Bracket

from .histories import MS, fault, history, run, stream

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

    def test_a_lane_without_one_has_no_influence(self):
        found, checked = lane(GOOD + ".xxxxx")
        assert (found.objective_s, found.met, checked.finding.verdict) == (None, None, "passed")

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
