"""How late a lane's operations were sent, and whether that is too late."""

import pytest
from chaosmongo.checks.lateness import Lateness, measure
from chaosmongo.history.records import LanePlan

from .histories import MS, op, stream


def plan(**rates: float) -> LanePlan:
    return LanePlan(rates, 1.0, "uri")


def test_the_tick_is_that_of_the_most_frequent_function():
    assert measure([op(1, 0, late_ms=3)], plan(hello=200.0, write=20.0)) == Lateness(3 * MS, 5 * MS)


@pytest.mark.parametrize(("late_ms", "late"), [(4.999, False), (5.0, True), (5.001, True)])
def test_late_is_what_is_not_below_the_tick(late_ms, late):
    found = measure([op(1, 0, late_ms=late_ms)], plan(hello=200.0))
    assert found is not None
    assert found.late is late


@pytest.mark.parametrize(("number", "p99_ms"), [(1, 0.0), (2, 7.0)])
def test_one_in_a_hundred_may_be_later(number, p99_ms):
    ops = [*stream("." * (200 - number), 0, 10), *stream("." * number, 5000, 10, first=900, late_ms=7)]
    assert measure(ops, None) == Lateness(round(p99_ms * MS), float("inf"))


@pytest.mark.parametrize("planned", [None, plan(), plan(hello=0.0)])
def test_a_lane_for_which_nothing_is_planned_is_never_late(planned):
    found = measure([op(1, 0, late_ms=60_000)], planned)
    assert found is not None
    assert not found.late


def test_what_was_not_sent_was_not_late():
    assert measure(stream("---", 0, 10), plan(hello=200.0)) is None
