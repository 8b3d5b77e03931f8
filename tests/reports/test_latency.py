"""Response times: what the page and the figure say of them is worked out here a second time, one operation by one."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from chaosmongo.checks import judge
from chaosmongo.history import read
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport import overtime, words
from recoveryreport.parts import PERCENTS, Part
from recoveryreport.series import LaneSeries
from recoveryreport.subject import Subject

from .recorded_runs import FAULT_NS, S
from .test_page import Page, passed, rendered

__all__ = ["passed"]  # a fixture

Operation = tuple[float, float | None]
"""Due, and how long the right answer took; None: there was none."""


def nearest_rank(times: Sequence[float], percent: int) -> float:
    """As in the textbook: the smallest value that at least so many of a hundred do not exceed."""
    return next(t for t in sorted(times) if sum(one <= t for one in times) * 100 >= percent * len(times))


def operations(run: Path, lane: str) -> list[Operation]:
    ops = [json.loads(line) for line in (run / "ops.jsonl").read_text().splitlines()]
    due = {op["op"]: op["due_ns"] for op in ops if op["type"] == "invoke" and op["lane"] == lane}
    ends = [op for op in ops if op["type"] in ("ok", "fail", "info") and op["op"] in due]
    return [
        ((due[op["op"]] - FAULT_NS) / S, (op["done_ns"] - due[op["op"]]) / S if op["type"] == "ok" else None)
        for op in ends
    ]


def series(found: Sequence[Operation]) -> LaneSeries:
    due, took = (np.array([one[place] for one in found], dtype=float) for place in (0, 1))
    return LaneSeries("server", due, took, np.where(np.isnan(took), 2, 0).astype(np.int8))


def part(times: Sequence[float]) -> Part:
    return Part("server", "after", np.sort(np.array(times, dtype=float)))


class TestThePage:
    @pytest.mark.parametrize("lane", ["server", "driver", "user"])
    def test_gives_each_part_of_a_lane_as_the_files_have_it(self, passed_run: Path, passed: Page, lane: str) -> None:
        found = operations(passed_run, lane)
        last_bad_s = max(due for due, took in found if took is None)
        chosen = {
            "before": [took for due, took in found if due < 0],
            "during": [took for due, took in found if 0 <= due <= last_bad_s + 0.0001],
            "after": [took for due, took in found if due > last_bad_s + 0.0001],
        }
        for name, times in chosen.items():
            row = passed.row(lane, name)
            answered = [took for took in times if took is not None]
            within = [nearest_rank([math.inf if t is None else t for t in times], percent) for percent in PERCENTS]
            enough = [len(times) >= fewest for fewest in (2, 10, 100)]
            assert row[2] == f"{len(times):,}"
            assert float(row[3].removesuffix(" %")) == pytest.approx(100 * len(answered) / len(times), abs=0.01)
            told = ["no answer" if math.isinf(t) else f"{t * 1e3:.2f} ms" for t in within]
            assert row[4:7] == [t if known else "too few" for t, known in zip(told, enough, strict=True)]
            assert row[7] == f"{max(answered) * 1e3:.2f} ms"

    def test_of_a_run_that_never_recovered_has_no_after(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run = make_run(lanes=("server",), up_s={"server": None}, after_s=16.0)
        shown = rendered(run, tmp_path)
        assert [row[1] for row in shown.rows if len(row) == 8 and row[0] == "server"] == ["before", "during"]

    def test_of_a_run_without_a_fault_has_one_part(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        shown = rendered(make_run(lanes=("server",), fault=False, down_s=None), tmp_path)
        assert [row[1] for row in shown.rows if len(row) == 8 and row[0] == "server"] == ["whole run"]

    def test_a_lane_without_an_outage_is_compared_over_the_same_time(self, make_run: Callable[..., Path]) -> None:
        history = read(make_run(up_s={"server": 4.0, "driver": 0.2, "user": 4.8}))
        found = {(one.lane, one.name): one for one in Subject.of(history, judge(history)).parts}
        assert found["driver", "during"].operations == pytest.approx(40 * 4.8, abs=3)
        assert found["driver", "during"].ok == found["driver", "during"].operations


class TestAPart:
    @given(st.lists(st.floats(0.001, 9) | st.just(math.inf), min_size=1, max_size=300), st.sampled_from(PERCENTS))
    def test_has_the_percentiles_of_the_textbook(self, times: list[float], percent: int) -> None:
        within = part(times).within_s(percent)
        assert within is None or within == nearest_rank(times, percent)

    @pytest.mark.parametrize(("percent", "enough"), [(50, 2), (90, 10), (99, 100)])
    def test_says_nothing_of_a_tail_that_no_operation_is_in(self, percent: int, enough: int) -> None:
        assert part([1.0] * (enough - 1)).within_s(percent) is None
        assert part([1.0] * enough).within_s(percent) == 1.0

    def test_a_fast_refusal_improves_nothing(self) -> None:
        assert part([0.01] * 50 + [math.inf] * 51).within_s(50) == math.inf
        assert part([0.01] * 51 + [math.inf] * 50).within_s(50) == 0.01

    def test_of_which_nothing_was_ok_has_no_slowest(self) -> None:
        assert part([math.inf] * 3).slowest_s is None
        assert part([0.5, math.inf]).slowest_s == 0.5


class TestOverTime:
    @given(
        st.lists(st.tuples(st.floats(0, 10), st.none() | st.floats(0.001, 9)), min_size=1, max_size=120),
        st.integers(1, 12),
    )
    def test_each_stretch_has_its_own_percentiles(self, found: list[Operation], count: int) -> None:
        ends = np.linspace(0, 10, count + 1)
        half, most = overtime.within(series(found), ends, (50, 99))
        for number in range(count):
            last = number == count - 1
            mine = [
                took
                for due, took in found
                if took is not None and ends[number] <= due and (last or due < ends[number + 1])
            ]
            for told, percent in ((half, 50), (most, 99)):
                assert np.isnan(told[number]) if not mine else told[number] == nearest_rank(mine, percent)

    def test_the_stretches_are_the_same_for_all_lanes_and_hold_enough(self) -> None:
        quick, slow = series([(n / 100, 0.01) for n in range(1000)]), series([(n / 10, 0.01) for n in range(100)])
        ends = overtime.edges([quick, slow])
        assert ends.size == 100 // overtime.ENOUGH + 1
        assert (ends[0], ends[-1]) == pytest.approx((0, 9.99))

    def test_one_operation_is_a_stretch(self) -> None:
        ends = overtime.edges([series([(3.0, 0.01)])])
        assert [list(told) for told in overtime.within(series([(3.0, 0.01)]), ends, (99,))] == [[0.01]]


class TestWords:
    @pytest.mark.parametrize(
        ("some", "total", "said"),
        [(5, 5, "100 %"), (99_999, 100_000, "99.99 %"), (0, 7, "0.00 %"), (2, 3, "66.66 %")],
    )
    def test_a_share_is_whole_only_where_nothing_is_missing(self, some: int, total: int, said: str) -> None:
        assert words.percentage(some, total) == said
