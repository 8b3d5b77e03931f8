"""Two sets: of those that do not differ "worse" and "better" are said as seldom as it is stated, and a difference is
found; the numbers are worked out a second time, and what is not alike is named.
"""

import itertools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from chaosmongo.history.results import Seeds
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from recoveryreport import canvas
from recoveryreport.compare import figure, markdown, page, terminal, words
from recoveryreport.compare.decide import compare, overall
from recoveryreport.compare.records import Answer, Comparison
from recoveryreport.compare.scene import scene
from recoveryreport.compare.shifts import shift
from recoveryreport.errors import UnlikeRuns
from recoveryreport.report import drawn
from recoveryreport.statistics import holm, pairs_larger, shift_ranks, smallest_p
from recoveryreport.style import LIGHT
from recoveryreport.trials.recorded import Recorded
from recoveryreport.trials.records import Duration, Durations, Lane, Trials
from scipy.stats import fisher_exact, mannwhitneyu

from .browser import Browser
from .conftest import HOSTILE
from .legible import assert_legible, narrow
from .test_page import Page
from .test_trials import lane, phase, pooled, run
from .typed import typed

S = 1_000_000_000

Floats = npt.NDArray[np.float64]


class TestTheRankSum:
    @given(st.integers(1, 5), st.integers(1, 5), st.data())
    def test_counts_the_orders(self, m: int, n: int, data: st.DataObject) -> None:
        u = data.draw(st.integers(0, m * n))
        of_second = itertools.combinations(range(m + n), n)
        larger = [sum(place - number for number, place in enumerate(places)) for places in of_second]
        assert pairs_larger(u, m, n) == pytest.approx(sum(one >= u for one in larger) / len(larger))

    @pytest.mark.parametrize(("m", "n"), [(5, 5), (8, 13), (20, 20), (40, 30)])
    def test_has_the_p_of_scipys_exact_test(self, m: int, n: int) -> None:
        chance = np.random.default_rng(m * n)
        base, new = chance.normal(0, 1, m), chance.normal(0.4, 1, n)
        u = int(np.count_nonzero(np.subtract.outer(new, base) > 0))
        assert pairs_larger(u, m, n) == pytest.approx(
            mannwhitneyu(new, base, alternative="greater", method="exact").pvalue
        )

    def test_of_many_pairs_is_as_good_by_the_normal_distribution(self) -> None:
        chance = np.random.default_rng(1)
        base, new = chance.normal(0, 1, 60), chance.normal(0.35, 1, 55)
        u = int(np.count_nonzero(np.subtract.outer(new, base) > 0))
        exact = mannwhitneyu(new, base, alternative="greater", method="exact").pvalue
        assert pairs_larger(u, 60, 55) == pytest.approx(exact, rel=0.05)

    @pytest.mark.parametrize(
        ("m", "n", "critical"),
        [
            (4, 4, 0),
            (5, 5, 2),
            (5, 8, 6),
            (6, 6, 5),
            (8, 10, 17),
            (10, 10, 23),
            (12, 12, 37),
            (15, 15, 64),
            (20, 20, 127),
        ],
    )
    def test_has_the_critical_values_of_the_published_tables(self, m: int, n: int, critical: int) -> None:
        """Two-sided, 5 %: a U of that many pairs is still rejected, so that the interval begins with the next one."""
        found = shift_ranks(m, n)
        assert found is not None
        assert (found.low, found.high) == (critical + 1, m * n - critical)
        assert found.confidence >= 0.95

    @pytest.mark.parametrize(("m", "n"), [(0, 9), (1, 9), (2, 7), (3, 3), (3, 4)])
    def test_has_no_interval_of_too_few(self, m: int, n: int) -> None:
        assert shift_ranks(m, n) is None

    @given(st.integers(4, 12), st.integers(4, 12))
    def test_leaves_out_of_the_interval_what_the_test_rejects(self, m: int, n: int) -> None:
        found = shift_ranks(m, n)
        assert found is not None
        above = m * n - found.low + 1  # pairs that are larger where the whole interval is
        assert 2 * pairs_larger(above, m, n) <= 0.05 < 2 * pairs_larger(above - 1, m, n)
        assert found.confidence == pytest.approx(1 - 2 * pairs_larger(above, m, n))

    def test_of_samples_that_do_not_overlap_has_the_smallest_p_there_is(self) -> None:
        assert smallest_p(5, 5) == pytest.approx(2 / math.comb(10, 5)) == pytest.approx(2 * pairs_larger(25, 5, 5))
        assert smallest_p(0, 5) == smallest_p(1, 1) == 1


class TestHolm:
    def test_corrects_as_r_does(self) -> None:
        assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])

    @given(st.lists(st.floats(0, 1), max_size=8))
    def test_never_makes_a_p_smaller_nor_changes_their_order(self, ps: list[float]) -> None:
        found = holm(ps)
        assert all(p <= corrected <= 1 for p, corrected in zip(ps, found, strict=True))
        assert sorted(found) == [corrected for _, corrected in sorted(zip(ps, found, strict=True))]


def values(seconds: Sequence[float | None], half_width: float = 0.0, watched: float = 60) -> Durations:
    """Without statistics of their own. None: it had not recovered when it was no longer watched."""
    made = [
        Duration(f"run {number}", ns(watched), None, "censored")
        if one is None
        else Duration(f"run {number}", ns(max(0.0, one - half_width)), ns(one + half_width))
        for number, one in enumerate(seconds)
    ]
    return Durations("server", made, 0, 0, None, None, None, None, None)


def ns(seconds: float) -> int:
    return round(seconds * S)


class TestTheDifference:
    def test_is_the_median_of_all_pairs_with_the_interval_that_inverts_the_test(self) -> None:
        chance = np.random.default_rng(3)
        base, new = chance.normal(4, 0.3, 9), chance.normal(5, 0.4, 8)
        found = shift(values(base), values(new), 0)
        pairs = sorted(int(ns(later)) - int(ns(sooner)) for later in new for sooner in base)
        assert found.shift is not None
        assert found.shift.middle_ns == pytest.approx(np.median(pairs), abs=1)
        assert found.interval is not None
        # 9 and 8: 15 is the critical value of the published table
        assert (found.interval.low_ns, found.interval.high_ns) == (pairs[15], pairs[-16])
        assert found.p == pytest.approx(mannwhitneyu(new, base, method="exact").pvalue)

    def test_holds_whatever_the_truth_within_each_bracket_is(self) -> None:
        chance = np.random.default_rng(4)
        base, new = chance.normal(4, 0.3, 8), chance.normal(5, 0.4, 8)
        wide = shift(values(base, 0.2), values(new, 0.2), 0)
        assert wide.interval is not None
        assert wide.p is not None
        for _ in range(20):
            one, other = (values(middles + chance.uniform(-0.2, 0.2, 8)) for middles in (base, new))
            truth = shift(one, other, 0)
            assert truth.interval is not None
            assert truth.p is not None
            assert (wide.interval.low_ns or 0) <= (truth.interval.low_ns or 0)
            assert (wide.interval.high_ns or 0) >= (truth.interval.high_ns or 0)
            assert wide.p >= truth.p

    def test_of_runs_that_never_recovered_has_no_upper_end(self) -> None:
        found = shift(values([4.0 + n / 100 for n in range(8)]), values([None] * 8), 0)
        assert found.shift is None
        assert found.interval is not None
        assert found.interval.high_ns is None
        assert words.interval(found.interval) == "over +55.94 s"
        assert found.p == pytest.approx(smallest_p(8, 8))

    def test_of_two_sets_that_never_recovered_may_be_anything(self) -> None:
        found = shift(values([None] * 8), values([None] * 8), 0)
        assert words.interval(found.interval) == "anything"
        assert found.p == 1

    @given(st.lists(st.floats(0.1, 60), min_size=4, max_size=9), st.lists(st.floats(0.1, 60), min_size=4, max_size=9))
    def test_turns_its_sign_where_the_sets_change_places(self, one: list[float], other: list[float]) -> None:
        there, back = shift(values(one), values(other), 0), shift(values(other), values(one), 0)
        assert there.p == back.p
        assert there.shift is not None and back.shift is not None
        assert (there.shift.lo_ns, there.shift.hi_ns) == (-back.shift.hi_ns, -back.shift.lo_ns)


def runs(seconds: Sequence[float | None], first: int = 0, **what: Any) -> list[Recorded]:
    """Runs with three lanes, the outer ones a little later."""
    return [
        run(
            number,
            *(lane(one and one + more, name=name) for name, more in (("server", 0), ("driver", 0.5), ("user", 0.8))),
            **what,
        )
        for number, one in enumerate(seconds, first)
    ]


def about(seconds: float, number: int = 8) -> list[float]:
    return [seconds * (1 + 0.01 * (place * 7 % 10)) for place in range(number)]


def compared(base: Sequence[Recorded], new: Sequence[Recorded], **what: Any) -> Comparison:
    return compare((Path("base"), pooled(*base)), (Path("new"), pooled(*new)), **what)


class TestTheAnswer:
    def test_is_worse_where_new_recovers_later(self) -> None:
        found = compared(runs(about(4)), runs(about(6), 50))
        assert found.answer == "worse"
        assert [one.answer for one in found.lanes] == ["worse"] * 3
        assert found.sentence.startswith("NEW recovers later: server by 2.09 s (1.88 to 2.30 s), driver by ")

    def test_is_better_where_new_recovers_sooner(self) -> None:
        found = compared(runs(about(6)), runs(about(4), 50))
        assert found.answer == "better"
        assert found.sentence.startswith("NEW recovers sooner: server by 2.09 s (1.88 to 2.30 s), driver by ")

    def test_is_no_difference_shown_with_what_is_left_open(self) -> None:
        found = compared(runs(about(4)), runs(about(4.01), 50))
        assert found.answer == "no difference shown"
        assert found.sentence.startswith("No difference shown; what is left open: server −0.")

    @pytest.mark.parametrize("n", [1, 3, 4])
    def test_is_too_few_runs_where_none_could_be_shown(self, n: int) -> None:
        found = compared(runs(about(4, n)), runs(about(60, n), 50))
        assert found.answer == "too few runs"
        assert "5 in each could show a large difference" in found.sentence

    def test_of_five_runs_each_may_be_worse(self) -> None:
        assert compared(runs(about(4, 5)), runs(about(60, 5), 50)).answer == "worse"

    def test_of_runs_that_are_not_pooled_is_too_few_runs(self) -> None:
        found = compared(runs(about(4)), runs(about(9), 50, answer="unknown"))
        assert found.answer == "too few runs"
        assert "NEW: 0 runs (8 of 8 not pooled)" in found.doubts

    def test_counts_runs_that_never_recovered(self) -> None:
        found = compared(runs(about(4)), runs([4.1, *[None] * 7], 50))
        assert found.answer == "worse"
        assert "NEW recovers later: server by over 55." in found.sentence
        assert "not recovered while it was watched (server): 7 of 8 runs of NEW, 0 of 8 runs of BASE." in found.sentence

    def test_of_one_lane_worse_and_another_better_is_worse_and_says_both(self) -> None:
        base = [run(n, lane(one), lane(9 - one / 10, name="user")) for n, one in enumerate(about(4))]
        new = [run(n, lane(one), lane(5 - one / 10, name="user")) for n, one in enumerate(about(6), 50)]
        found = compared(base, new)
        assert found.answer == "worse"
        assert "NEW recovers later: server by 2.09 s" in found.sentence
        assert ", but sooner: user by 4." in found.sentence

    @pytest.mark.parametrize(
        ("answers", "newly_lost", "expected"),
        [
            (["worse", "too few runs", "better"], False, "worse"),
            (["better", "too few runs"], False, "too few runs"),
            (["better", "no difference shown"], False, "better"),
            (["better", "no difference shown"], True, "no difference shown"),
            (["no difference shown"], True, "no difference shown"),
        ],
    )
    def test_takes_what_nobody_could_have_seen_for_unknown(
        self, answers: list[Answer], newly_lost: bool, expected: Answer
    ) -> None:
        assert overall(answers, newly_lost) == expected


class TestTheSmallestDifferenceThatMatters:
    def test_is_none_where_the_difference_is_smaller(self) -> None:
        found = compared(runs(about(4)), runs(about(6), 50), at_least_s=3)
        assert found.answer == "no difference shown"
        assert "a difference of 3 s or more is ruled out (95 % each)" in found.sentence

    def test_is_there_where_the_whole_interval_is_larger(self) -> None:
        assert compared(runs(about(4)), runs(about(6), 50), at_least_s=1).answer == "worse"

    def test_that_is_neither_shown_nor_ruled_out_is_not_called_ruled_out(self) -> None:
        found = compared(runs(about(4)), runs(about(6), 50), at_least_s=2.1)
        assert found.answer == "no difference shown"
        assert "ruled out" not in found.sentence


class TestLosses:
    def test_in_many_more_runs_are_worse(self) -> None:
        found = compared(runs(about(4, 10)), runs(about(4, 10), 50, lost=2))
        assert found.answer == found.losses.answer == "worse"
        assert found.losses.p == pytest.approx(fisher_exact([[0, 10], [10, 0]]).pvalue)

    def test_in_many_fewer_runs_are_better(self) -> None:
        found = compared(runs(about(4, 10), lost=2), runs(about(4, 10), 50))
        assert found.answer == "better"
        assert found.sentence == "NEW loses writes in fewer runs: 0 of 10 runs, BASE in 10 of 10 runs."

    def test_that_are_new_are_named_though_one_run_shows_nothing(self) -> None:
        found = compared(runs(about(4)), [*runs(about(4, 7), 50), run(60, *two_lanes(4.1), lost=3)])
        assert found.answer == "no difference shown"
        assert (
            "NEW has a loss that BASE has not: mongo-pod-delete/60 lost 3 acknowledged writes (1 of 8 runs)"
            in found.sentence
        )

    def test_that_are_new_are_not_called_better_however_soon_it_recovers(self) -> None:
        found = compared(runs(about(6)), [*runs(about(4, 7), 50), run(60, *two_lanes(4.1), lost=3)])
        assert [one.answer for one in found.lanes] == ["better"] * 3
        assert found.answer == "no difference shown"
        assert "is not called better for what it lost" in found.sentence

    def test_of_seeded_scores_are_losses(self) -> None:
        spoilt = run(60, *two_lanes(4.1), answer="failed", seeds=Seeds(1000, 999, 1, 0, 0))
        found = compared(runs(about(4)), [*runs(about(4, 7), 50), spoilt])
        assert "in mongo-pod-delete/60 1 acknowledged score altered, duplicated or missing" in found.sentence

    def test_that_no_run_can_vouch_for_are_unknown(self) -> None:
        blind = runs(about(4), 50, answer="failed", durability=None)
        found = compared(runs(about(4)), blind)
        assert found.losses.p is None
        assert found.answer == "too few runs"
        assert "losses: no pooled run of NEW can vouch for what became of its writes" in found.doubts


def two_lanes(seconds: float) -> list[Any]:
    return [lane(seconds), lane(seconds + 0.5, name="driver"), lane(seconds + 0.8, name="user")]


class TestPhases:
    def test_show_where_a_difference_comes_from_and_decide_nothing(self) -> None:
        def with_phases(ready: float, first: int) -> list[Recorded]:
            return [
                run(
                    n,
                    *two_lanes(4 + n % 7 / 100),
                    phases=[phase("gone", 0, 1 + n % 5 / 50), phase("ready", 1, ready + n % 5 / 50)],
                )
                for n in range(first, first + 8)
            ]

        found = compared(with_phases(2, 0), with_phases(9, 50))
        by_name = {one.name: one for one in found.phases}
        assert found.answer == "no difference shown"
        assert by_name["ready"].lasted.answer == "worse"
        assert by_name["gone"].lasted.answer == "no difference shown"
        assert words.difference(by_name["ready"].lasted) == "+7.00 s"

    def test_that_one_set_lacks_are_told_as_not_seen(self) -> None:
        blocked = runs(about(4), 50, phases=[phase("blocked", 0, 9)])
        (one,) = compared(runs(about(4)), blocked).phases
        assert (one.lasted.p, one.lasted.answer) == (None, "too few runs")
        assert len(one.lasted.new.values) == 8


class TestDoubts:
    def test_of_sets_that_were_run_one_after_the_other(self) -> None:
        assert any(
            doubt.startswith("all of BASE was run before NEW")
            for doubt in compared(runs(about(4)), runs(about(4), 50)).doubts
        )

    def test_of_a_difference_that_is_none_among_so_many(self) -> None:
        found = compared(
            [run(n, lane(one), lane(2, name="user")) for n, one in enumerate([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7])],
            [
                run(n, lane(one), lane(2, name="user"))
                for n, one in enumerate([1.35, 1.45, 1.55, 1.65, 1.75, 1.85, 1.95, 1.68], 50)
            ],
        )
        server = found.lanes[0]
        assert server.p is not None and server.corrected is not None
        assert server.p <= 0.05 < server.corrected
        assert any("among all that is compared it does not" in doubt for doubt in found.doubts)

    def test_of_values_that_are_known_less_well_than_they_differ(self) -> None:
        base = [run(n, lane(2 + n / 100, 0.4)) for n in range(8)]
        new = [run(n, lane(2 + n / 100, 0.4)) for n in range(50, 58)]
        found = compared(base, new)
        assert found.answer == "no difference shown"
        assert any("a single run is known to ± 0.40 s only" in doubt for doubt in found.doubts)


class TestUnlikeSets:
    def elsewhere(self, made: list[Recorded], **conditions: Any) -> list[Recorded]:
        return [replace(one, conditions=one.conditions | conditions) for one in made]

    def test_are_refused_naming_what_differs(self) -> None:
        with pytest.raises(UnlikeRuns) as refused:
            compared(runs(about(4)), self.elsewhere(runs(about(4), 50), horizon_s=5.0))
        assert "horizon_s is 60.0 in BASE and 5.0 in NEW" in str(refused.value)
        assert "--allow-unlike" in str(refused.value)

    def test_that_are_allowed_say_so_in_the_result(self) -> None:
        found = compared(runs(about(4)), self.elsewhere(runs(about(4), 50), horizon_s=5.0), allow_unlike=True)
        assert words.unlikeness(found) == ["horizon_s: 60.0 in BASE, 5.0 in NEW"]
        assert found.doubts[0].startswith("BASE and NEW were not measured alike (1 condition not meant to differ)")

    def test_may_differ_in_what_was_changed_on_purpose(self) -> None:
        changed = {"probe.periodSeconds": 1, "probe.failureThreshold": 30}
        base, new = (
            self.elsewhere(runs(about(4)), **{"probe.periodSeconds": 10}),
            self.elsewhere(runs(about(4), 50), **changed),
        )
        found = compared(base, new, meant=["probe"])
        assert [one.meant for one in found.unlike] == [True, True]
        assert words.unlikeness(found)[0] == "probe.periodSeconds: 10 in BASE, 1 in NEW (changed on purpose)"
        with pytest.raises(UnlikeRuns, match=r"probe\.failureThreshold is absent in BASE and 30 in NEW"):
            compared(base, new, meant=["probe.periodSeconds"])

    def test_in_which_nothing_was_changed_under_that_name_are_refused(self) -> None:
        with pytest.raises(UnlikeRuns, match="--changed probe: BASE and NEW do not differ in it"):
            compared(runs(about(4)), runs(about(4), 50), meant=["probe"])


# --- simulation ---


def lognormal(chance: np.random.Generator, n: int) -> Floats:
    return chance.lognormal(1.4, 0.3, n)


def clusters(chance: np.random.Generator, n: int) -> Floats:
    """Equal values, as of a driver that looks every half second."""
    return chance.choice([0.5, 1.0, 1.5], n, p=[0.4, 0.35, 0.25])


def mostly_recovering(chance: np.random.Generator, n: int) -> list[float | None]:
    """About four in ten are not seen to recover."""
    return [one if one < 4.7 else None for one in lognormal(chance, n)]


NOTHING_LOST = pooled(*runs(about(4)))


def trials(
    chance: np.random.Generator,
    n: int,
    draw: Callable[[np.random.Generator, int], Any],
    more: float,
    half: float = 0.002,
) -> Trials:
    """n runs of three lanes, each drawn for itself."""
    lanes = []
    for name in ("server", "driver", "user"):
        drawn_s = [one if one is None else one + more for one in draw(chance, n)]
        found = values(drawn_s, half, watched=4.7)
        lanes.append(Lane(msgspec.structs.replace(found, name=name), 30.0, n, 0))
    writes = msgspec.structs.replace(NOTHING_LOST.writes, runs=n)
    return msgspec.structs.replace(NOTHING_LOST, lanes=lanes, writes=writes)


def answers(number: int, n: int, draw: Callable[..., Any], more: float, half: float = 0.002) -> list[Answer]:
    chance = np.random.default_rng(n)
    return [
        compare(
            (Path("base"), trials(chance, n, draw, 0, half)), (Path("new"), trials(chance, n, draw, more, half))
        ).answer
        for _ in range(number)
    ]


class TestSimulation:
    @pytest.mark.parametrize("draw", [lognormal, clusters, mostly_recovering])
    @pytest.mark.parametrize("n", [6, 15])
    def test_of_sets_that_do_not_differ_at_most_the_stated_share_is_called_worse_or_better(
        self, draw: Callable[..., Any], n: int
    ) -> None:
        found = answers(200, n, draw, 0)
        assert sum(one in ("worse", "better") for one in found) / len(found) <= 0.05
        assert "too few runs" not in found

    def test_a_difference_as_large_as_the_spread_is_found_with_twenty_runs(self) -> None:
        assert answers(40, 20, lognormal, 1.8).count("worse") / 40 >= 0.95
        assert answers(40, 20, lognormal, -1.8).count("better") / 40 >= 0.95

    @pytest.mark.parametrize("draw", [lognormal, clusters])
    @pytest.mark.parametrize(("m", "n"), [(5, 5), (8, 12), (20, 20)])
    def test_the_interval_holds_the_shift_as_often_as_it_states(
        self, draw: Callable[..., Floats], m: int, n: int
    ) -> None:
        chance = np.random.default_rng(m + n)
        held, stated = 0, 1.0
        for _ in range(400):
            found = shift(values(draw(chance, m)), values(draw(chance, n) + 1.25), 0)
            assert (
                found.interval is not None and found.interval.low_ns is not None and found.interval.high_ns is not None
            )
            held += found.interval.low_ns <= ns(1.25) + 2 and ns(1.25) - 2 <= found.interval.high_ns
            stated = found.interval.confidence
        assert held / 400 >= stated - 2 * math.sqrt(stated * (1 - stated) / 400)


# --- what is shown ---

FEW = compared(runs(about(4, 2)), runs(about(5, 2), 50))
VIEWS = {
    "worse": compared(
        runs(about(4, 20), phases=[phase("gone", 0, 1), phase("ready", 1, 4)]),
        runs([*about(6, 17), None, None, None], 50, phases=[phase("gone", 0, 1.5), phase("ready", 1.5, 6)]),
    ),
    "few": FEW,
    "nothing pooled": compared(runs(about(4, 2), answer="unknown"), runs(about(5, 2), 50, answer="unknown")),
    "hostile": msgspec.structs.replace(
        compared(
            [run(n, lane(1_000.0 + n, name=f"{HOSTILE} $x^2$ \u202e lane")) for n in range(8)],
            [run(n, lane(0.002 + n / 1e5, 0.0001, name=f"{HOSTILE} $x^2$ \u202e lane")) for n in range(50, 58)],
        ),
        unlike=[],
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_no_text_leaves_the_figure_nor_hides_another(name: str) -> None:
    with canvas.blank(LIGHT) as blank:
        figure.draw(blank, scene(VIEWS[name]), LIGHT)
        assert_legible(blank)


def test_every_run_is_drawn_once_in_each_set() -> None:
    view = scene(VIEWS["worse"])
    (_, lanes), (_, phases) = view.groups
    assert [pair.name for pair in lanes] == ["server", "driver", "user"]
    assert [(len(pair.base.dots), len(pair.new.dots)) for pair in lanes] == [(20, 20)] * 3
    assert [pair.name for pair in phases] == ["gone", "ready"]


@pytest.mark.parametrize("name", VIEWS)
def test_the_summary_fits_eighty_columns(name: str) -> None:
    told = narrow(lambda console: terminal.summary(console, VIEWS[name], Path("runs/which/compare.html")))
    assert VIEWS[name].answer.upper() in told


class TestThePage:
    def made(self, found: Comparison, tmp_path: Path) -> Page:
        file = tmp_path / "compare.html"
        file.write_text(page.render(found, drawn(lambda blank, _: blank.set_size_inches(1, 1)).picture("x")))
        return Page(file)

    def test_has_the_sentence_for_its_heading_and_a_row_a_lane(self, tmp_path: Path) -> None:
        found = VIEWS["worse"]
        told = self.made(found, tmp_path)
        assert found.sentence in told.text
        row = told.row("server")
        assert row[1] == "✘ worse"
        assert row[2].startswith("4.18") and row[2].endswith("n = 20")
        assert row[4:6] == [words.difference(found.lanes[0]), words.interval(found.lanes[0].interval)]
        assert "4 comparisons (lanes and losses), corrected together (Holm)" in told.text

    def test_of_unlike_sets_says_so_above_everything_else(self, tmp_path: Path) -> None:
        new = [replace(one, conditions={"horizon_s": 5.0}) for one in runs(about(6), 50)]
        told = self.made(compared(runs(about(4)), new, allow_unlike=True), tmp_path).text
        assert "BASE and NEW were not measured alike, and are compared all the same" in told
        assert "horizon_s: 60.0 in BASE, 5.0 in NEW" in told
        told = self.made(compared(runs(about(4)), new, meant=["horizon_s"]), tmp_path).text
        assert "What was changed on purpose: horizon_s." in told

    def test_shows_what_comes_from_elsewhere_as_text_and_loads_nothing(self, tmp_path: Path) -> None:
        told = self.made(VIEWS["hostile"], tmp_path)
        assert told.all("script") == [{}]  # our own
        assert HOSTILE in told.text
        addresses = [
            value for _, attrs in told.tags for name, value in attrs.items() if name in ("src", "href", "srcset")
        ]
        assert all(address.startswith(("data:", "#")) for address in addresses)

    def test_asks_nobody_for_anything_and_complains_of_nothing(self, tmp_path: Path, browser: Browser) -> None:
        self.made(VIEWS["hostile"], tmp_path)
        file = tmp_path / "compare.html"
        tab = browser.open(file, width=400)
        assert tab.complaints == []
        assert tab.requests == [file.as_uri()]
        assert tab.value("document.documentElement.scrollWidth") <= 400


class TestTheMarkdown:
    def read(self, name: str) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(markdown.written(VIEWS[name]).decode())

    def test_says_the_answer_and_a_row_a_lane(self) -> None:
        found, told = VIEWS["worse"], markdown.written(VIEWS["worse"]).decode()
        assert told.startswith("### ✘ worse: mongo-pod-delete\n")
        (row,) = (line for line in told.splitlines() if line.startswith("| server |"))
        assert words.difference(found.lanes[0]) in row
        assert row.endswith("| worse |")
        assert "- NEW: lost: 0 of 10,000 writes" in told

    @pytest.mark.parametrize("name", VIEWS)
    def test_holds_no_markup_but_its_own(self, name: str) -> None:
        kinds = {one.type for token in self.read(name) for one in token.children or [token]}
        assert not {kind for kind in kinds if "link" in kind or "html" in kind or "image" in kind or "fence" in kind}
        assert {token.type for token in self.read(name)} >= {"heading_open", "paragraph_open", "bullet_list_open"}


# --- the command ---


chaos = partial(typed, "compare")


def kept(directory: Path, made: list[Recorded]) -> Path:
    """What trials keep of these runs."""
    directory.mkdir(parents=True)
    (directory / "trials.json").write_bytes(msgspec.json.encode(pooled(*made)))
    return directory


class TestTheCommand:
    def test_says_and_exits_with_the_answer(self, tmp_path: Path) -> None:
        """Of sets that are worse, and of those that do not differ: tests/ci."""
        before, after = kept(tmp_path / "x/before", runs(about(6))), kept(tmp_path / "x/after", runs(about(4), 50))
        result = chaos(before, after)
        assert result.exit_code == 0, result.output
        assert "BETTER" in result.stdout
        (directory,) = (tmp_path / "x").glob("compare-*")
        assert {file.name for file in directory.iterdir()} == {
            "compare.json",
            "compare.html",
            "compare.md",
            "compare.png",
            "compare.svg",
        }
        assert str(directory / "compare.html") in result.stdout
        found = msgspec.json.decode((directory / "compare.json").read_bytes(), type=Comparison)
        assert found.answer == "better"
        assert [value.run for value in found.lanes[0].base.values] == [f"mongo-pod-delete/{n:02}" for n in range(8)]

    def test_takes_a_run_a_directory_of_runs_and_the_file_of_trials(
        self, make_run: Callable[..., Path], tmp_path: Path
    ) -> None:
        first = make_run(name="mongo-pod-delete/20260101T000000Z", lanes=("server",))
        other = make_run(name="later/20260103T000000Z", lanes=("server",), up_s={"server": 5.0})
        result = chaos(first, other.parent, "--allow-unlike", "--out", tmp_path / "out")
        assert result.exit_code == 2, result.output
        assert "TOO FEW RUNS" in result.stdout
        found = json.loads((tmp_path / "out/compare.json").read_text())
        assert [found[side]["runs"][0]["run"] for side in ("base", "new")] == [
            "mongo-pod-delete/20260101T000000Z",
            "later/20260103T000000Z",
        ]
        file = kept(tmp_path / "trials", runs(about(4))) / "trials.json"
        assert chaos(file, kept(tmp_path / "more", runs(about(6), 50))).exit_code == 1

    def test_refuses_unlike_sets_and_writes_nothing(self, tmp_path: Path) -> None:
        unlike = [replace(one, conditions={"horizon_s": 5.0}) for one in runs(about(4), 50)]
        base, new = kept(tmp_path / "before", runs(about(4))), kept(tmp_path / "after", unlike)
        result = chaos(base, new)
        assert result.exit_code == 2
        assert "horizon_s is 60.0 in BASE and 5.0 in NEW" in result.stderr
        assert not list(tmp_path.glob("compare-*"))
        assert "not meant to differ" in " ".join(chaos(base, new, "--allow-unlike").stdout.split())
        assert chaos(base, new, "--changed", "horizon_s").exit_code == 0

    def test_refuses_sets_that_share_a_run(self, tmp_path: Path) -> None:
        base, new = kept(tmp_path / "before", runs(about(4))), kept(tmp_path / "after", runs(about(4)))
        result = chaos(base, new)
        assert result.exit_code == 2
        assert "BASE and NEW both hold mongo-pod-delete/00" in result.stderr

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (None, "is no run, holds no runs"),
            ("{", "is no result of trials"),
            ('{"format": 99}', "is no result of trials"),
        ],
    )
    def test_names_what_is_no_set_of_runs(self, tmp_path: Path, content: str | None, told: str) -> None:
        other = tmp_path / "other"
        other.mkdir()
        if content is not None:
            (other / "trials.json").write_text(content)
        result = chaos(kept(tmp_path / "before", runs(about(4))), other)
        assert result.exit_code == 2
        assert told in result.stderr
        assert str(other) in result.stderr

    def test_refuses_what_a_newer_version_kept(self, tmp_path: Path) -> None:
        other = kept(tmp_path / "other", runs(about(6), 50))
        newer = json.loads((other / "trials.json").read_text()) | {"format": 99}
        (other / "trials.json").write_text(json.dumps(newer))
        result = chaos(kept(tmp_path / "before", runs(about(4))), other)
        assert result.exit_code == 2
        assert "has format 99" in result.stderr

    def test_does_not_write_over_an_earlier_one(self, tmp_path: Path) -> None:
        base, new = kept(tmp_path / "before", runs(about(4))), kept(tmp_path / "after", runs(about(6), 50))
        assert chaos(base, new, "--out", tmp_path / "out").exit_code == 1
        result = chaos(base, new, "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert "is there already" in result.stderr

    def test_leaves_what_pooling_all_of_a_directory_passes_over(self, make_run: Callable[..., Path]) -> None:
        base, new = (make_run(name=f"x/2026010{number}T000000Z", lanes=("server",)) for number in (1, 2))
        assert chaos(base, new).exit_code == 2
        everything = sorted(map(str, base.parent.iterdir()))
        assert len(everything) == 3
        result = typed("trials", "--pool", *everything)
        assert "of 2 runs" in result.output
