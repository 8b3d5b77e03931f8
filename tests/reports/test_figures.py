"""The figures: what they are drawn from, and that they say it legibly. How they look is for eyes."""

import dataclasses
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from chaosmongo.checks import judge
from chaosmongo.history import History, read
from chaosmongo.history.results import Bracket, Outage
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from recoveryreport import canvas, report
from recoveryreport.density import opacity, thinned
from recoveryreport.labels import grouped, placed
from recoveryreport.marks import Mark
from recoveryreport.scene import scene
from recoveryreport.series import LaneSeries, lane_series, stretches
from recoveryreport.style import LIGHT
from recoveryreport.subject import Subject

from .recorded_runs import FAULT_NS, S


def subject(history: History) -> Subject:
    return Subject.of(history, judge(history))


def series(outcomes: str, step_s: float = 0.1) -> LaneSeries:
    """One operation a step: o ok, u unknown, f failed, a blank for none."""
    due = np.array([n * step_s for n, outcome in enumerate(outcomes) if outcome != " "])
    codes = np.array(["ouf".index(outcome) for outcome in outcomes if outcome != " "], dtype=np.int8)
    return LaneSeries("server", due, np.full(due.size, 0.001), codes)


class TestTheStrip:
    def test_changes_where_the_outcome_does(self) -> None:
        found = stretches(series("ooofffuooo"), 0, 1, most=100)
        assert [(round(s.start_s, 3), round(s.end_s, 3), s.shares) for s in found] == [
            (0.0, 0.3, (1, 0, 0)),
            (0.3, 0.6, (0, 0, 1)),
            (0.6, 0.7, (0, 1, 0)),
            (0.7, 1.0, (1, 0, 0)),
        ]

    def test_stays_empty_where_nothing_was_tried(self) -> None:
        found = stretches(series("ooooo" + " " * 20 + "ooooo"), 0, 3, most=100)
        assert len(found) == 2
        assert found[0].end_s < 1 < 2 < found[1].start_s

    def test_shows_shares_where_there_are_more_operations_than_places(self) -> None:
        found = stretches(series("of" * 500, step_s=0.001), -0.0005, 0.9995, most=10)
        assert [s.shares for s in found] == [(0.5, 0, 0.5)]

    def test_loses_no_operation(self) -> None:
        chance = np.random.default_rng(1)
        outcomes = "".join(chance.choice(list("ouf"), 1000))
        found = stretches(series(outcomes, step_s=0.001), 0, 1.0005, most=7)
        failed = sum(s.shares[2] * 1000 * (s.end_s - s.start_s) for s in found)
        assert failed == pytest.approx(outcomes.count("f"), rel=0.02)


class TestLabels:
    def test_moments_that_nobody_could_tell_apart_share_one(self) -> None:
        marks = [Mark(round(s * S), label) for s, label in ((2.30, "gone"), (2.33, "recreated"), (5, "Ready"))]
        assert grouped(marks, 0, span_s=10) == [(2.3, "gone · recreated  +2.3 s"), (5.0, "Ready  +5.0 s")]

    def test_none_hides_another_nor_crosses_its_line(self) -> None:
        texts = [(x, "a text of some length") for x in (0.1, 0.2, 1.0, 1.1, 4.0, 9.0)]
        labels = placed(texts, lambda text: len(text) * 0.1, 0, 12)
        for one in labels:
            for other in labels:
                if one is other:
                    continue
                reaches_over = one.x_s < other.x_s <= one.x_s + 2.1
                assert not reaches_over or one.level > other.level

    def test_one_that_would_leave_the_figure_is_written_to_the_left(self) -> None:
        (label,) = placed([(9.5, "late")], lambda _: 2.0, 0, 10)
        assert label.leftwards


class TestTheTimeline:
    def test_shows_what_matters_of_a_recovered_run(self, make_run: Callable[..., Path]) -> None:
        history = read(make_run(before_s=30.0, after_s=60.0))
        view = scene(subject(history))
        assert -5 <= view.start_s < 0
        assert 5.23 < view.end_s < 12  # the last thing that happened is Ready after 5.23 s

    def test_shows_everything_of_one_that_never_recovered(self, make_run: Callable[..., Path]) -> None:
        history = read(make_run(up_s={"server": None, "driver": None, "user": None}, after_s=20.0))
        view = scene(subject(history))
        assert (view.start_s, view.end_s) == pytest.approx((-8.0, 20.0), abs=0.2)

    def test_counts_from_the_fault(self, passed_run: Path) -> None:
        history = read(passed_run)
        server = lane_series(history)["server"]
        down = server.due_s[server.outcome > 0]
        assert (down.min(), down.max()) == pytest.approx((0.2, 4.0), abs=0.01)


class TestDensePoints:
    def test_few_stay_where_they_are(self) -> None:
        few, counts = thinned(np.array([0.0, 5.0, 9.0]), np.array([1.0, 0.0, 2.0]), (10, 2), 100, 20)
        assert sorted(few) == [0, 1, 2]
        assert list(counts) == [1, 1, 1]

    @given(st.lists(st.tuples(st.floats(0, 10), st.floats(-3, 2)), max_size=200))
    def test_none_is_lost_and_none_is_farther_away_than_a_cell(self, points: list[tuple[float, float]]) -> None:
        x, y = (np.array([point[axis] for point in points], dtype=float) for axis in (0, 1))
        few, counts = thinned(x, y, (10, 5), 50, 25)
        assert counts.sum() == len(points)
        for one_x, one_y in points:
            distance = np.maximum(np.abs(x[few] - one_x) / 0.2, np.abs(y[few] - one_y) / 0.2)
            assert distance.min() <= 1.0001

    def test_no_more_than_there_are_cells(self) -> None:
        chance = np.random.default_rng(1)
        few, _ = thinned(chance.random(100_000), chance.random(100_000), (1, 1), 20, 10)
        assert few.size <= 21 * 11

    def test_many_are_as_opaque_as_so_many_on_each_other(self) -> None:
        assert opacity(np.array([1, 2, 3]), 0.5) == pytest.approx([0.5, 0.75, 0.875])


def outside(figure: Figure) -> list[str]:
    """Texts that are not wholly within a figure; ticks beyond an axis are not drawn."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width, height = figure.canvas.get_width_height()
    texts = [t for axes in figure.axes for t in (*axes.texts, axes.title, *axes.get_xticklabels())] + figure.texts
    beyond = [
        label
        for axes in figure.axes
        for label in axes.get_xticklabels()
        if not axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
    ]
    found = []
    for text in texts:
        box = text.get_window_extent(renderer)
        inside = box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height
        if text.get_text() and text.get_visible() and text not in beyond and not inside:
            found.append(text.get_text())
    return found


@pytest.mark.parametrize("name", report.FIGURES)
def test_no_text_leaves_the_figure(passed_run: Path, name: str) -> None:
    with canvas.blank(LIGHT) as figure:
        report.FIGURES[name].draw(figure, subject(read(passed_run)), LIGHT)
        assert outside(figure) == []


def test_a_lane_that_flaps_is_drawn_whole_and_stays_small(passed_run: Path) -> None:
    found = subject(read(passed_run))

    def down(number: int) -> Outage:
        begin = FAULT_NS + number * S // 50
        ends = [Bracket(begin + after, begin + after + 100_000) for after in (0, S // 100, S // 100)]
        return Outage(*ends, operations=3, not_ok=3, caused=True)

    lanes = [msgspec.structs.replace(lane, outages=list(map(down, range(300)))) for lane in found.verdict.recovery]
    verdict = msgspec.structs.replace(found.verdict, recovery=lanes)
    with canvas.blank(LIGHT) as figure:
        report.FIGURES["timeline"].draw(figure, dataclasses.replace(found, verdict=verdict), LIGHT)
        assert len(canvas.svg(figure)) < 400_000
        names = [text for axes in figure.axes for text in axes.texts if text.get_text().startswith("down")]
    assert 3 <= len(names) <= 3 * 12  # as many as have room


def test_the_same_run_gives_the_same_bytes(passed_run: Path, tmp_path: Path) -> None:
    history = read(passed_run)
    report.draw(history, judge(history), tmp_path)
    for name in (
        *(f"{name}.{kind}" for name in report.FIGURES for kind in ("png", "svg")),
        "report.html",
        "report.pdf",
    ):
        assert (tmp_path / name).read_bytes() == (passed_run / name).read_bytes(), name


def test_the_pngs_are_wide_enough_for_print(passed_run: Path) -> None:
    for name in ("timeline.png", "phases.png", "latency.png"):
        width, height = struct.unpack(">II", (passed_run / name).read_bytes()[16:24])
        assert width == 1600
        assert 300 < height < 1600


def test_a_record_of_nothing_is_drawn(make_run: Callable[..., Path], tmp_path: Path) -> None:
    history = read(make_run(workload=False, cluster=False, fault=False, readback=False))
    told: list[str] = []
    report.draw(history, judge(history), tmp_path, told.append)
    assert len(told) == report.STEPS
    assert "No operations are recorded" in (tmp_path / "timeline.svg").read_text()  # texts are comments there
    assert "No phases" in (tmp_path / "phases.svg").read_text()
    assert "No operations are recorded" in (tmp_path / "latency.svg").read_text()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["$\\frac{", "日本語-مرحبا"])
def test_names_are_neither_formulas_nor_a_matter_of_fonts(
    make_run: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    history: History = read(make_run(name=f"{name}/20260102T030405Z", lanes=("server",)))
    report.draw(history, judge(history), tmp_path)


def test_pyplot_is_never_imported() -> None:
    assert "matplotlib.pyplot" not in sys.modules
