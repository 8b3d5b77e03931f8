"""Statistics of repeated trials: against published tables, against scipy, and against simulated truths."""

import itertools
import math
import random
import statistics
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport.statistics import (
    P95,
    bound_for_none,
    fewest,
    kaplan_meier,
    median_ranks,
    median_survival,
    outside,
    quantile_ranks,
    relative_spread,
    share,
    survival_band,
)
from recoveryreport.trials.durations import interval
from recoveryreport.trials.records import Duration
from scipy.stats import CensoredData, binom, ecdf

Floats = npt.NDArray[np.float64]

IN_THE_WINDOW = (9, 12, 15, 17, 20, 25, 30, 50, 100)
"""Numbers of trials for which the stated confidence lies between 93 and 97 %, and not by a hair."""
SIMULATED = 20_000


class TestTheIntervalOfTheMedian:
    @pytest.mark.parametrize(
        ("n", "ranks"),
        [
            (6, (1, 6)),
            (7, (1, 7)),
            (8, (1, 8)),
            (9, (2, 8)),
            (10, (2, 9)),
            (12, (3, 10)),
            (15, (4, 12)),
            (20, (6, 15)),
            (25, (8, 18)),
            (30, (10, 21)),
            (40, (14, 27)),
            (50, (18, 33)),
            (100, (40, 61)),
        ],
    )
    def test_has_the_ranks_of_the_published_tables(self, n: int, ranks: tuple[int, int]) -> None:
        found = median_ranks(n)
        assert found is not None
        assert (found.low, found.high) == ranks

    @pytest.mark.parametrize("n", range(6))
    def test_does_not_exist_for_fewer_than_six(self, n: int) -> None:
        assert median_ranks(n) is None

    @given(st.integers(6, 1000))
    def test_states_the_binomial_confidence_and_is_the_narrowest_that_has_95_percent(self, n: int) -> None:
        found = median_ranks(n)
        assert found is not None
        assert found.low + found.high == n + 1
        tail = sum(math.comb(n, k) for k in range(found.low))
        assert found.confidence == pytest.approx(1 - 2 * tail / 2**n)
        assert 2 * tail * 20 <= 2**n < 2 * (tail + math.comb(n, found.low)) * 20


class TestTheIntervalOfAQuantile:
    @given(st.integers(1, 400), st.sampled_from([P95, Fraction(1, 2), Fraction(9, 10), Fraction(1, 4)]))
    def test_has_the_innermost_ranks_that_each_fail_in_at_most_2_5_percent(self, n: int, share: Fraction) -> None:
        ranks = np.arange(1, n + 1)
        fewer, as_many = binom.cdf(ranks - 1, n, float(share)), binom.sf(ranks - 1, n, float(share))
        low, high = ranks[fewer <= 0.025], ranks[as_many <= 0.025]
        found = quantile_ranks(n, share)
        if not low.size or not high.size:
            assert found is None
        else:
            assert found is not None
            assert (found.low, found.high) == (low[-1], high[0])
            assert found.confidence == pytest.approx(1 - fewer[low[-1] - 1] - as_many[high[0] - 1])

    def test_of_the_p95_needs_72_values(self) -> None:
        assert fewest(P95) == 72
        assert fewest(Fraction(1, 2)) == 6

    @pytest.mark.parametrize("n", [72, 100, 200])
    def test_of_the_p95_covers_what_it_states(self, n: int) -> None:
        ranks = quantile_ranks(n, P95)
        assert ranks is not None
        values = np.sort(np.random.default_rng(n).random((SIMULATED // 4, n)), axis=1)
        covered = np.mean((values[:, ranks.low - 1] <= 0.95) & (values[:, ranks.high - 1] >= 0.95))
        assert ranks.confidence >= 0.95
        assert covered == pytest.approx(ranks.confidence, abs=0.01)


def lognormal(chance: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return chance.lognormal(0.5, 0.6, shape)


def exponential(chance: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return chance.exponential(1.5, shape)


def clusters(chance: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """What a driver sees that looks again every half second; two in five of its values lie below the second cluster."""
    return chance.choice([0.511, 1.018, 1.518], shape, p=[0.4, 0.35, 0.25]) + chance.uniform(-0.004, 0.004, shape)


MEDIANS: dict[Callable[..., Floats], float] = {
    lognormal: math.exp(0.5),
    exponential: 1.5 * math.log(2),
    clusters: 1.018 - 0.004 + 0.008 * 0.1 / 0.35,
}


class TestSimulation:
    """How often the interval that is stated holds the median of the distribution that the values are drawn from."""

    @pytest.mark.parametrize("draw", MEDIANS)
    @pytest.mark.parametrize("n", IN_THE_WINDOW)
    def test_covers_93_to_97_percent(self, draw: Callable[..., Floats], n: int) -> None:
        stated, covered = coverage(draw, n)
        assert 0.93 <= stated <= 0.97
        assert 0.93 <= covered <= 0.97

    @pytest.mark.parametrize("draw", MEDIANS)
    @pytest.mark.parametrize("n", range(6, 20))
    def test_covers_what_it_states_for_any_number_of_trials(self, draw: Callable[..., Floats], n: int) -> None:
        stated, covered = coverage(draw, n)
        assert stated >= 0.95
        assert covered == pytest.approx(stated, abs=0.005)

    def test_covers_at_least_what_it_states_where_values_are_equal(self) -> None:
        chance = np.random.default_rng(3)
        values = np.sort(chance.choice([0.5, 1.0, 1.5], (SIMULATED, 20), p=[0.4, 0.35, 0.25]), axis=1)
        assert np.mean((values[:, 5] <= 1.0) & (values[:, 14] >= 1.0)) > 0.95

    @pytest.mark.parametrize("n", [12, 20])
    def test_of_trials_of_which_some_never_recovered_covers_93_to_97_percent(self, n: int) -> None:
        """All watched for the same time, as by one experiment: three in ten had not recovered by then."""
        covered = [held(values, watched) for values, watched in recovering(n, lambda _: 2.258)]
        assert 0.93 <= statistics.fmean(covered) <= 0.97

    def test_of_trials_that_were_watched_for_unlike_times_covers_at_least_95_percent(self) -> None:
        chance = random.Random(9)
        covered = [held(values, watched) for values, watched in recovering(20, lambda _: chance.uniform(0.5, 6))]
        assert statistics.fmean(covered) >= 0.95

    @pytest.mark.parametrize("half_width", [0.01, 0.3])
    def test_of_values_known_to_lie_between_two_ends_covers_at_least_93_percent(self, half_width: float) -> None:
        """The truth anywhere in its bracket, even always at the same end of it."""
        chance = np.random.default_rng(4)
        found = 0
        for values in lognormal(chance, (2_000, 20)):
            brackets = [Duration("", ns(max(0, v - 2 * half_width)), ns(v)) for v in values]
            stated = interval(brackets)
            assert stated is not None
            assert stated.high_ns is not None
            found += stated.low_ns <= ns(math.exp(0.5)) <= stated.high_ns
        assert found / 2_000 >= 0.93

    @pytest.mark.parametrize("n", [12, 59, 299])
    def test_an_event_as_probable_as_the_bound_is_missed_in_5_percent_of_the_cases(self, n: int) -> None:
        chance = np.random.default_rng(5)
        missed = np.mean(chance.binomial(n, bound_for_none(n), SIMULATED) == 0)
        assert missed == pytest.approx(0.05, abs=0.006)

    @pytest.mark.parametrize(("n", "probability"), [(20, 0.1), (20, 0.5), (60, 0.8)])
    def test_the_share_holds_its_probability_in_at_least_95_percent(self, n: int, probability: float) -> None:
        chance = np.random.default_rng(6)
        holds = [low <= probability <= high for low, high in (share(k, n) for k in range(n + 1))]
        assert np.mean([holds[k] for k in chance.binomial(n, probability, SIMULATED)]) >= 0.95


def coverage(draw: Callable[..., Floats], n: int) -> tuple[float, float]:
    """The stated confidence for n values, and the part of simulated samples whose interval holds the median."""
    ranks = median_ranks(n)
    assert ranks is not None
    values = np.sort(draw(np.random.default_rng(n), (SIMULATED, n)), axis=1)
    truth = MEDIANS[draw]
    return ranks.confidence, float(np.mean((values[:, ranks.low - 1] <= truth) & (truth <= values[:, ranks.high - 1])))


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


def recovering(n: int, watched: Callable[[int], float], samples: int = 1_500) -> list[tuple[Floats, list[float]]]:
    drawn = lognormal(np.random.default_rng(n), (samples, n))
    return [(values, [watched(place) for place in range(n)]) for values in drawn]


def held(values: Floats, watched: list[float]) -> bool:
    """Whether the interval of these recovery times, none of them seen beyond its watched time, holds the median."""
    seen = [
        Duration("", ns(value), ns(value)) if value <= limit else Duration("", ns(limit), None, "censored")
        for value, limit in zip(values, watched, strict=True)
    ]
    stated = interval(seen)
    assert stated is not None
    return stated.low_ns <= ns(math.exp(0.5)) <= (math.inf if stated.high_ns is None else stated.high_ns)


class TestKaplanMeier:
    def test_has_the_steps_of_a_published_example(self) -> None:
        """Remission of 21 leukaemia patients on 6-MP (Freireich 1963), as every textbook has it."""
        remitted = [6, 6, 6, 7, 10, 13, 16, 22, 23]
        censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
        steps = kaplan_meier(remitted, censored)
        assert [step.time for step in steps] == [6, 7, 10, 13, 16, 22, 23]
        assert [round(float(step.surviving), 3) for step in steps] == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
        assert median_survival(remitted, censored) == 23

    def test_is_scipys(self) -> None:
        chance = random.Random(1)
        values = [chance.expovariate(1) for _ in range(40)]
        flags = [chance.random() < 0.3 for _ in values]
        curve = ecdf(CensoredData.right_censored(values, flags)).sf
        recovered = [v for v, censored in zip(values, flags, strict=True) if not censored]
        censored = [v for v, is_censored in zip(values, flags, strict=True) if is_censored]
        for step in kaplan_meier(recovered, censored):
            assert float(step.surviving) == pytest.approx(float(curve.evaluate(step.time)), abs=1e-9)

    @given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30))
    def test_without_censoring_its_median_is_the_median(self, values: list[float]) -> None:
        assert median_survival(values, []) == pytest.approx(statistics.median(values))

    @pytest.mark.parametrize(
        ("recovered", "censored"),
        [([], [60, 60]), ([1.0, 2.0], [60, 60, 60]), ([1.0, 2.0], [60, 60])],
        ids=["none recovered", "fewer than half", "exactly half, and nobody knows when the next would have"],
    )
    def test_says_that_the_median_was_not_reached(self, recovered: list[float], censored: list[float]) -> None:
        assert median_survival(recovered, censored) is None

    def test_a_censored_trial_is_no_recovery(self) -> None:
        assert median_survival([1, 2, 3], [3, 3]) == 3
        assert median_survival([1, 2, 3], []) == 2

    @given(
        st.lists(st.floats(0.1, 100), min_size=1, max_size=15, unique=True),
        st.lists(st.floats(0.1, 100), min_size=1, max_size=15),
    )
    def test_never_rises_and_a_trial_that_never_recovers_never_lowers_it(
        self, recovered: list[float], censored: list[float]
    ) -> None:
        steps = kaplan_meier(recovered, censored)
        assert all(one.surviving >= other.surviving for one, other in itertools.pairwise(steps))
        more = {step.time: step.surviving for step in kaplan_meier(recovered, [*censored, 1000])}
        assert all(more[step.time] >= step.surviving for step in steps)


class TestTheBand:
    def test_is_exponential_greenwood(self) -> None:
        """Of Freireich's patients, worked out by hand: 3 of 21 at 6 weeks, 1 of 17 at 7."""
        remitted, censored = [6, 6, 6, 7], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35, 10, 13, 16, 22, 23]
        found = survival_band(remitted, censored)
        terms = [3 / (21 * 18), 1 / (17 * 16)]
        for place, left in enumerate((18 / 21, 18 / 21 * 16 / 17)):
            reach = 1.959964 * math.sqrt(sum(terms[: place + 1])) / abs(math.log(left))
            assert found[place] == pytest.approx((left ** math.exp(reach), left ** math.exp(-reach)), abs=1e-6)

    def test_ends_between_nothing_and_what_it_was_before_where_all_have_recovered(self) -> None:
        first, last = survival_band([1.0, 2.0], [1.5])
        assert last == (0.0, first[1])

    @pytest.mark.parametrize("recovered", [[], [1.0]])
    def test_of_one_step_or_none(self, recovered: list[float]) -> None:
        assert survival_band(recovered, [0.5]) == [(0.0, 1.0)] * len(recovered)

    @given(
        st.lists(st.integers(1, 50), min_size=1, max_size=15),
        st.lists(st.integers(1, 50), min_size=1, max_size=15),
    )
    def test_holds_the_share_at_each_step(self, recovered: list[int], censored: list[int]) -> None:
        steps, band = kaplan_meier(recovered, censored), survival_band(recovered, censored)
        assert len(steps) == len(band)
        assert all(0 <= low <= step.surviving <= high <= 1 for step, (low, high) in zip(steps, band, strict=True))


class TestWhatZeroEventsAllow:
    @pytest.mark.parametrize(("n", "percent"), [(1, 95.0), (12, 22.1), (20, 13.9), (59, 5.0), (299, 1.0)])
    def test_is_bounded_by_the_number_of_trials(self, n: int, percent: float) -> None:
        assert round(100 * bound_for_none(n), 1) == percent

    def test_is_everything_without_a_trial(self) -> None:
        assert bound_for_none(0) == 1

    @given(st.integers(1, 10_000))
    def test_is_just_below_the_rule_of_three(self, n: int) -> None:
        assert bound_for_none(n) < 3 / n
        assert (1 - bound_for_none(n)) ** n == pytest.approx(0.05)

    def test_some_events_have_two_bounds(self) -> None:
        low, high = share(3, 20)
        assert (round(low, 4), round(high, 4)) == (0.0321, 0.3789)
        assert share(20, 20)[1] == 1


class TestSpread:
    def test_is_the_standard_deviation_over_the_mean(self) -> None:
        assert relative_spread([9, 10, 11]) == pytest.approx(0.1)

    @pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0]])
    def test_is_not_there_without_values_that_differ_from_zero(self, values: list[float]) -> None:
        assert relative_spread(values) is None

    def test_finds_the_one_that_lies_outside(self) -> None:
        assert outside([1.0, 1.1, 0.9, 1.05, 5.0, 0.95, 1.0]) == [4]

    @pytest.mark.parametrize("values", [[1.0, 1.1, 0.9, 1.05, 0.95, 1.0], [1.0] * 6, [1.0, 1.0, 1.0, 1.0, 9.0]])
    def test_finds_none_where_there_is_none_or_too_few(self, values: list[float]) -> None:
        assert outside(values) == []
