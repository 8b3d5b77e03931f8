"""Where a series changed its level: how often that is wrong, what is found, and what it is worked out from."""

import math
import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport.statistics.shifts import FEWEST, LEVEL, Shift, shifts
from scipy.stats import mannwhitneyu

Floats = npt.NDArray[np.float64]

SERIES = 400
"""Simulated for each rate. Of so many, LEVEL is 4; more than 10 come of it in fewer than 3 of 1,000 simulations."""
MOST_FALSE = 10


def exact(values: "Floats | list[float]") -> list[Shift]:
    return shifts(list(values), list(values))


def censored(times: Floats, watched: float) -> tuple[list[float], list[float]]:
    """Lower and upper ends, of runs that were watched for so long and no longer."""
    return list(np.minimum(times, watched)), [time if time <= watched else math.inf for time in times]


class TestFalseAlarms:
    @pytest.mark.parametrize("number", [12, 40, 120])
    @pytest.mark.parametrize(
        "drawn",
        [
            lambda chance, n: chance.normal(2, 0.2, n),
            lambda chance, n: chance.lognormal(0, 1.5, n),
            lambda chance, n: chance.integers(1, 4, n) / 2,
        ],
        ids=["normal", "heavy tail", "steps of half a second"],
    )
    def test_are_as_rare_as_stated_whatever_the_distribution(
        self, drawn: Callable[[np.random.Generator, int], Floats], number: int
    ) -> None:
        chance = np.random.default_rng(number)
        assert sum(bool(exact(drawn(chance, number))) for _ in range(SERIES)) <= MOST_FALSE

    def test_are_as_rare_where_some_runs_never_recovered(self) -> None:
        chance = np.random.default_rng(3)
        found = [shifts(*censored(chance.exponential(2, 40), watched=2.0)) for _ in range(SERIES)]
        assert sum(map(bool, found)) <= MOST_FALSE

    def test_there_are_some_so_that_the_rate_is_not_met_by_finding_nothing(self) -> None:
        chance = np.random.default_rng(5)
        assert sum(bool(exact(chance.normal(2, 0.2, 40))) for _ in range(SERIES)) > 0


class TestARealShift:
    @pytest.mark.parametrize(
        ("size", "beside", "number"), [(0.4, 2, 42), (2.0, 0, 50)], ids=["two standard deviations", "ten"]
    )
    def test_is_found_where_it_is(self, size: float, beside: int, number: int) -> None:
        chance = np.random.default_rng(1)
        found = [exact(np.append(chance.normal(2, 0.2, 25), chance.normal(2 + size, 0.2, 15))) for _ in range(50)]
        assert sum(map(bool, found)) >= 48
        assert sum(any(shift.upwards and abs(shift.place - 25) <= beside for shift in one) for one in found) >= number

    def test_is_found_five_runs_after_it_began(self) -> None:
        values = np.append(np.random.default_rng(2).normal(2, 0.2, 60), np.full(5, 9.0))
        assert [shift.place for shift in exact(values)] == [60]

    def test_is_not_outdone_by_a_single_run_however_far_it_lies(self) -> None:
        values = np.random.default_rng(4).normal(2, 0.2, 40)
        values[20] = 1e6
        assert exact(values) == []

    def test_is_found_where_runs_stopped_to_recover_at_all(self) -> None:
        times = np.append(np.random.default_rng(6).normal(2, 0.2, 20), np.full(10, 1e9))
        (shift,) = shifts(*censored(times, watched=60.0))
        assert (shift.place, shift.upwards) == (20, True)

    def test_back_again_is_another_one(self) -> None:
        chance = np.random.default_rng(7)
        values = np.concatenate([chance.normal(level, 0.1, 20) for level in (2, 3, 2)])
        assert [(shift.place, shift.upwards) for shift in exact(values)] == [(20, True), (40, False)]

    def test_is_where_the_values_deviate_least_from_both_medians(self) -> None:
        values = np.append(np.random.default_rng(8).normal(2, 0.2, 11), np.random.default_rng(9).normal(3, 0.2, 8))

        def deviation(place: int) -> float:
            sides = (list(values[:place]), list(values[place:]))
            return sum(abs(value - statistics.median(side)) for side in sides for value in side)

        (shift,) = exact(values)
        assert shift.place == min(range(FEWEST, 19 - FEWEST + 1), key=deviation)

    def test_has_the_probability_of_the_strongest_rank_test_in_any_order(self) -> None:
        chance = np.random.default_rng(11)
        values = np.append(chance.normal(2, 0.5, 6), chance.normal(2.4, 0.5, 6))

        def strongest(order: Floats) -> float:
            found = []
            for place in range(FEWEST, 12 - FEWEST + 1):
                middle = place * (12 - place) / 2
                statistic = mannwhitneyu(order[:place], order[place:], method="asymptotic").statistic
                found.append(abs(float(statistic) - middle) / math.sqrt(middle * 13 / 6))
            return max(found)

        asked = strongest(values)
        reached = sum(strongest(chance.permutation(values)) >= asked - 1e-9 for _ in range(500))
        (shift,) = shifts(list(values), list(values), level=1.0)
        assert 0.02 < shift.p < 0.98
        assert shift.p == pytest.approx(reached / 500, abs=0.08)


class TestTheAnswer:
    @given(st.lists(st.integers(0, 30), max_size=19))
    def test_whether_there_is_one_depends_on_the_order_of_the_values_alone(self, values: list[int]) -> None:
        plain, bent = exact([float(value) for value in values]), exact([math.exp(value / 3) for value in values])
        assert [(shift.p, shift.upwards) for shift in plain] == [(shift.p, shift.upwards) for shift in bent]

    @given(st.lists(st.floats(0, 100), max_size=40))
    def test_leaves_enough_values_on_either_side_and_states_its_probability(self, values: list[float]) -> None:
        found = exact(values)
        edges = [0, *(shift.place for shift in found), len(values)]
        assert all(b - a >= FEWEST for a, b in pairwise(edges)) or not found
        assert all(0 < shift.p <= LEVEL for shift in found)

    @given(st.floats(0, 1e9), st.integers(0, 60))
    def test_is_no_where_all_values_are_equal(self, value: float, number: int) -> None:
        assert exact([value] * number) == []

    def test_is_no_where_nothing_is_known_but_that_the_ends_overlap(self) -> None:
        assert shifts([n / 100 for n in range(40)], [10 + n / 100 for n in range(40)]) == []

    def test_needs_more_than_nine_values(self) -> None:
        assert exact([1.0, 1.1, 1.2, 1.3, 2.0, 2.1, 2.2, 2.3, 2.4]) == []
        assert [shift.place for shift in exact([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5])] == [6]

    def test_is_the_same_each_time(self) -> None:
        values = np.random.default_rng(10).normal(2, 1, 60)
        values[30:] += 1
        assert exact(values) == exact(values)
