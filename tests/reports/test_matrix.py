"""A matrix: what its file may say, in which order its runs are made, and what is shown of its cells."""

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from chaoslib import convert_vars
from chaosmongo.history.results import Finding, Seeds
from recoveryreport import canvas
from recoveryreport.axis import axis
from recoveryreport.errors import BadMatrix, UnlikeRuns
from recoveryreport.matrix import figure, page, panels, terminal, words
from recoveryreport.matrix.order import interleaved
from recoveryreport.matrix.pool import pooled
from recoveryreport.matrix.reading import read
from recoveryreport.matrix.records import Cell, Matrix, Setting
from recoveryreport.matrix.running import arguments
from recoveryreport.report import drawn
from recoveryreport.style import LIGHT
from recoveryreport.trials.recorded import Recorded

from .conftest import HOSTILE
from .legible import assert_legible, narrow
from .test_page import Page
from .test_trials import lane, run
from .typed import typed

ROOT = Path(__file__).parents[2]

GOOD: dict[str, Any] = {
    "title": "What do the two decide?",
    "experiment": "delete.yaml",
    "runs": 2,
    "seed": 7,
    "settings": {
        "grace period": [
            {"label": "30 s", "vars": {"grace_period_s": 30}},
            {"label": "0 s (forced)", "experiment": "kill.yaml"},
        ],
        "write_w": [1, "majority"],
    },
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two experiments, in which the test is."""
    monkeypatch.chdir(tmp_path)
    configuration = {"write_w": "majority", "write_j": True, "rto_s": 30}
    for name, keys in {"delete": configuration | {"grace_period_s": -1}, "kill": configuration}.items():
        experiment = {"title": name, "description": name, "configuration": keys, "method": []}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(experiment))
    return tmp_path


def matrix_file(place: Path, changes: dict[str, Any] | None = None, *less: str) -> Path:
    file = place / "matrix.yaml"
    document = {key: value for key, value in (GOOD | (changes or {})).items() if key not in less}
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


class TestTheFile:
    def test_names_an_experiment_and_settings_whose_combinations_are_the_cells(self, place: Path) -> None:
        matrix = read(matrix_file(place))
        assert (matrix.name, matrix.title, matrix.runs, matrix.seed) == ("matrix", "What do the two decide?", 2, 7)
        assert matrix.settings == [
            Setting("grace period", ["30 s", "0 s (forced)"]),
            Setting("write_w", ["1", "majority"]),
        ]
        assert matrix.cells == [
            Cell(["30 s", "1"], "delete.yaml", {"grace_period_s": 30, "write_w": 1}),
            Cell(["30 s", "majority"], "delete.yaml", {"grace_period_s": 30, "write_w": "majority"}),
            Cell(["0 s (forced)", "1"], "kill.yaml", {"write_w": 1}),
            Cell(["0 s (forced)", "majority"], "kill.yaml", {"write_w": "majority"}),
        ]

    def test_names_experiments_relative_to_itself(self, place: Path) -> None:
        (place / "matrices").mkdir()
        file = matrix_file(place, {"experiment": "../delete.yaml", "settings": {"write_w": [1, 2]}})
        moved = file.rename(place / "matrices" / "m.yaml")
        assert [cell.experiment for cell in read(moved).cells] == ["delete.yaml"] * 2

    def test_needs_no_title_and_no_seed(self, place: Path) -> None:
        seeds = {read(matrix_file(place, {}, "title", "seed")).seed for _ in range(3)}
        assert len(seeds) == 3

    def test_gives_way_to_what_the_command_says(self, place: Path) -> None:
        matrix = read(matrix_file(place), runs=5, seed=9)
        assert (matrix.runs, matrix.seed, matrix.asked) == (5, 9, 20)

    def test_of_ours_asks_for_nine_cells(self) -> None:
        matrix = read(ROOT / "experiments/matrices/grace-and-write-concern.yaml")
        assert len(matrix.cells) == 9
        assert {Path(cell.experiment).name for cell in matrix.cells} == {"mongo-pod-delete.yaml", "mongo-pod-kill.yaml"}

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"setings": {}}, "setings: there is no such key: did you mean settings?"),
            ({"note": "x"}, "note: there is no such key: take it out (there are experiment, runs, seed,"),
            ({"title": 5}, "title: 5 is no text: put it in quotes, or leave it out"),
            ({"runs": 0}, "runs: 0 does not say how many runs each cell is to have: write a whole number from 1 to"),
            ({"runs": None}, "runs: nothing does not say how many runs"),
            ({"runs": True}, "runs: True does not say how many runs"),
            ({"runs": 2.5}, "runs: 2.5 does not say how many runs"),
            ({"runs": 9_000}, "runs: 4 cells with 9,000 runs each: ask for 10,000 at most altogether"),
            ({"seed": -1}, "seed: -1 does not say which order the runs are to have: write a whole number from 0 to"),
            ({"experiment": "away.yaml"}, "experiment: away.yaml cannot be read (No such file or directory): name the"),
            ({"experiment": 5}, "experiment: 5 is no path: name the experiment's file, relative to the matrix file"),
            ({"experiment": ""}, "experiment: name the experiment's file, relative to the matrix file"),
            ({"experiment": "matrix.yaml"}, "experiment: matrix.yaml is no experiment, it has no method: name another"),
            ({"experiment": "notes.txt"}, "experiment: notes.txt is no experiment: name a file that ends in .yaml"),
            ({"experiment": "broken.yaml"}, "experiment: broken.yaml is no experiment (line 1: "),
            ({"settings": None}, "settings: say what is varied, and its values, like {"),
            ({"settings": {}}, "settings: say what is varied, and its values, like {"),
            ({"settings": ["write_w"]}, "settings: say what is varied, and its values, like {"),
            ({"settings": {"write_w": list(range(200))}}, "settings: these are 200 cells: name fewer values, for 144"),
        ],
    )
    def test_is_refused_by_key_and_with_what_to_do(self, place: Path, changes: dict[str, Any], told: str) -> None:
        (place / "broken.yaml").write_text("method: [")
        with pytest.raises(BadMatrix) as refused:
            read(matrix_file(place, changes))
        assert str(refused.value).startswith(f"{place}/matrix.yaml is no matrix that can be run: {told}")

    @pytest.mark.parametrize(
        ("values", "told"),
        [
            ([], "settings.x: there are no values: give a list of them, or take the setting out"),
            (5, "settings.x: there are no values"),
            ([[1]], "settings.x[0]: [1] cannot be set: write a text, a number, true or false"),
            ([None], "settings.x[0]: nothing cannot be set"),
            ([float("nan")], "settings.x[0]: nan cannot be set"),
            ([1], "settings.x[0]: delete.yaml has no x in its configuration, so that it would change nothing: add it"),
            ([{"vars": {}}], "settings.x[0].label: say what the value is called, as a text in quotes"),
            ([{"label": " "}], "settings.x[0].label: say what the value is called"),
            ([{"label": {"w": 1}}], "settings.x[0].label: say what the value is called"),
            ([{"label": "a", "var": {}}], "settings.x[0].var: there is no such key: did you mean vars?"),
            ([{"label": "a", "vars": [1]}], "settings.x[0].vars: [1] is no mapping: write {key: value}, or leave it"),
            ([{"label": "a", "vars": {"rto_s": None}}], "settings.x[0].vars.rto_s: nothing cannot be set"),
            (
                [{"label": "a", "vars": {"rto": 5}}],
                "settings.x[0].vars.rto: delete.yaml has no rto in its configuration",
            ),
            ([{"label": "a", "experiment": "x.yaml"}], "settings.x[0].experiment: x.yaml cannot be read"),
            ([{"label": "a", "experiment": 1}], "settings.x[0].experiment: 1 is no path"),
            (
                [{"label": "a", "vars": {"rto_s": "mongodb://me:secret@host"}}],
                "settings.x[0].vars.rto_s: it holds a password, and a matrix is recorded: set it in the environment",
            ),
            (
                [{"label": "a", "vars": {"rto_s": 1}}, {"label": "a", "vars": {"rto_s": 2}}],
                "settings.x[1].label: 'a' is also the label of settings.x[0]: give each its own",
            ),
            (
                [{"label": "a", "vars": {"rto_s": 1}}, {"label": "b", "vars": {"rto_s": 1}}],
                "settings.x[1]: it stands for the same as settings.x[0]: take one of them out, or set another value",
            ),
            (
                [{"label": "a", "vars": {"write_w": 1}}],
                "settings.x[0].vars.write_w: settings.write_w[0] sets it, too: let one setting decide it",
            ),
        ],
    )
    def test_is_refused_for_a_setting_by_its_key(self, place: Path, values: Any, told: str) -> None:
        with pytest.raises(BadMatrix) as refused:
            read(matrix_file(place, {"settings": {"write_w": [1, 2], "x": values}}))
        assert told in str(refused.value)
        assert "secret" not in str(refused.value)

    def test_in_which_two_settings_choose_the_experiment_is_refused(self, place: Path) -> None:
        choosing = [{"label": "a", "experiment": "kill.yaml"}]
        with pytest.raises(
            BadMatrix, match=r"settings\.b\[0\]\.experiment: settings\.a\[0\] names one already: let one"
        ):
            read(matrix_file(place, {"settings": {"a": choosing, "b": choosing}}))

    def test_with_several_things_wrong_is_told_all_of_them_at_once(self, place: Path) -> None:
        with pytest.raises(BadMatrix) as refused:
            read(matrix_file(place, {"runs": 0, "experiment": "away.yaml", "settings": {"a": [], "write_w": [[1]]}}))
        lines = str(refused.value).splitlines()
        assert [line.strip().partition(":")[0] for line in lines[1:]] == [
            "runs",
            "settings.a",
            "settings.write_w[0]",
            "experiment",
        ]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("runs: 1\nruns: 2\n", "it is no YAML: line 2: runs stands there twice"),
            ("settings: [", "it is no YAML: line 1: "),
            ("- 1", "write a mapping with title, experiment, runs, seed, settings"),
            ("", "write a mapping with"),
        ],
    )
    def test_that_is_no_mapping_is_refused(self, place: Path, text: str, told: str) -> None:
        (place / "matrix.yaml").write_text(text)
        with pytest.raises(BadMatrix, match=re.escape(told)):
            read(place / "matrix.yaml")


class TestTheOrder:
    def test_has_every_cell_once_in_every_round(self) -> None:
        order = interleaved(9, 5, seed=1)
        assert [sorted(order[first : first + 9]) for first in range(0, 45, 9)] == [list(range(9))] * 5

    def test_follows_from_the_seed(self) -> None:
        assert interleaved(9, 5, seed=1) == interleaved(9, 5, seed=1) != interleaved(9, 5, seed=2)

    def test_is_another_one_in_every_round(self) -> None:
        order = interleaved(9, 5, seed=1)
        assert len({tuple(order[first : first + 9]) for first in range(0, 45, 9)}) == 5


def test_vars_reach_chaos_run_with_their_types() -> None:
    given = {"a": 1, "b": 0.5, "c": True, "d": False, "e": "majority", "f": "x=y:int=3", "g": 1e-7, "h": ""}
    *options, experiment = arguments(Cell(["x"], "delete.yaml", given))
    assert experiment == "delete.yaml"
    assert options[::2] == ["--var"] * len(given)
    found = convert_vars(options[1::2])
    assert found == given
    assert [type(value) for value in found.values()] == [type(value) for value in given.values()]


def matrix(*cells: list[Recorded], across: int = 2, runs: int = 0, title: str = "Which one?") -> Matrix:
    """A matrix whose cells have these runs."""
    down = len(cells) // across
    settings = [
        Setting("grace period", [f"{number} s" for number in range(down)]),
        Setting("write concern", [f"w: {number}" for number in range(across)]),
    ]
    found = [Cell([row, column], "delete.yaml", {}) for row in settings[0].labels for column in settings[1].labels]
    runs = runs or max(map(len, cells))
    planned = Matrix("which", title, runs, 7, settings, found, interleaved(len(cells), runs, 7))
    return pooled(planned, cells, 1_767_323_045_000_000_000)


def lanes(seconds: float | None, watched: float = 60) -> list[Any]:
    """One lane each of the three, the outer ones a little later."""
    return [
        lane(seconds and seconds * factor, name=name, watched=watched)
        for name, factor in (("server", 1), ("driver", 1.4), ("user", 1.6))
    ]


def cell_of(number: int, slow: float = 1.0, **what: Any) -> list[Recorded]:
    return [run(n, *lanes(slow * (1 + 0.013 * (n * 7 % 20))), **what) for n in range(1, number + 1)]


class TestTheCells:
    def test_are_pooled_each_for_itself(self) -> None:
        found = matrix(cell_of(6), cell_of(6, 3.0, lost=2))
        first, second = (cell.trials for cell in found.cells)
        assert first is not None
        assert second is not None
        assert (first.writes.lost, second.writes.lost) == (0, 12)
        assert [trials.lanes[0].recovery.median.middle_ns // 10**8 for trials in (first, second)] == [10, 32]  # type: ignore[union-attr]

    def test_without_a_run_have_nothing(self) -> None:
        found = matrix(cell_of(2), [])
        assert found.cells[1].trials is None
        assert (found.made, found.asked) == (2, 4)

    def test_hold_runs_that_were_measured_alike(self) -> None:
        one, other = cell_of(2)
        unlike = Recorded(other.directory, other.title, other.verdict, {"horizon_s": 5.0})
        with pytest.raises(UnlikeRuns, match="horizon_s is 60"):
            matrix([one, unlike], across=1)

    def test_at_different_places_are_doubted(self) -> None:
        there = [
            Recorded(made.directory, made.title, made.verdict, {"environment.mongodb": "9", "plan.write_concern.w": 2})
            for made in cell_of(1)
        ]
        (doubt,) = matrix(cell_of(1), there).doubts
        assert doubt == "0 s · w: 1 was not measured at the same place as 0 s · w: 0: environment.mongodb differ"

    @pytest.mark.parametrize(
        ("cell", "told"),
        [
            (cell_of(5), ["lost: 0 of 2,500 writes", "in 0 of 5 runs, less than 45.1 %"]),
            (cell_of(1), ["lost: 0 of 500 writes", "in 0 of 1 run, less than 95.0 %"]),
            (cell_of(59), ["lost: 0 of 29,500 writes", "in 0 of 59 runs, less than 5.0 %"]),
            (cell_of(5, lost=3), ["lost: 15 of 2,515 writes", "in 5 of 5 runs, 47.8 to 100.0 %"]),
            (
                cell_of(2, answer="unknown"),
                ["lost: unknown", "no run vouches for its writes", "2 of 2 runs not pooled"],
            ),
        ],
    )
    def test_tell_what_was_lost_and_what_so_many_runs_leave_open(self, cell: list[Recorded], told: list[str]) -> None:
        ((_, (panel, _)),) = panels.scene(matrix(cell, [])).rows
        assert panel.told == told

    def test_name_the_runs_that_are_not_pooled(self) -> None:
        _, note = panels.scene(matrix([*cell_of(2), *cell_of(5, answer="unknown")], [])).notes
        assert note == (
            "0 s · w: 0: unknown, and not pooled: "
            "mongo-pod-delete/01, mongo-pod-delete/02, mongo-pod-delete/03 and 2 more"
        )

    def test_say_that_runs_are_pooled_though_unknown(self) -> None:
        forced = [Finding("single_writer", "unknown", "two writers at a time cannot be excluded")]
        _, note = panels.scene(matrix(cell_of(3, answer="unknown", findings=forced), [])).notes
        assert note == "3 runs unknown only for whether there was one writer at a time, and pooled: 0 s · w: 0"

    def test_where_only_a_seeded_score_is_missing_do_not_speak_of_lost_writes(self) -> None:
        spoilt = run(1, answer="failed", seeds=Seeds(1000, 999, 1, 0, 0))
        ((_, (panel, _)),) = panels.scene(matrix([spoilt, run(2)], [])).rows
        assert panel.bad
        assert panel.told == [
            "lost: 0 of 1,000 writes",
            "something spoilt in 1 of 2 runs, 1.2 to 98.8 %",
            "seeds spoilt: 1",
        ]


class TestThePanels:
    def test_stand_in_rows_of_the_last_setting(self) -> None:
        view = panels.scene(matrix(*([cell_of(1)] * 6), across=3))
        assert [name for name, _ in view.rows] == ["grace period: 0 s", "grace period: 1 s"]
        assert [panel.heading for panel in view.rows[1][1]] == [f"write concern: w: {number}" for number in range(3)]

    def test_show_every_run_that_is_pooled_once_in_each_lane(self) -> None:
        view = panels.scene(matrix([*cell_of(7), *cell_of(2, answer="unknown")], []))
        strips = view.rows[0][1][0].strips
        assert list(strips) == view.lanes == ["server", "driver", "user"]
        assert [len(strip.dots) for strip in strips.values()] == [7, 7, 7]
        assert view.rows[0][1][1].empty == "not run yet"

    def test_draw_the_interval_from_the_sixth_run_on(self) -> None:
        few, many = (panels.scene(matrix(cell_of(n), [])).rows[0][1][0].strips["server"] for n in (5, 6))
        assert few.interval_s is None
        assert many.interval_s is not None
        assert many.interval_s[1] is not None
        assert many.interval_s[0] < (many.median_s or 0) < many.interval_s[1]

    def test_show_what_did_not_recover_at_the_end_of_what_was_watched(self) -> None:
        runs = [run(1, lane(None, watched=40)), run(2, lane(None, watched=60)), run(3, lane(2))]
        strip = panels.scene(matrix(runs, [])).rows[0][1][0].strips["server"]
        assert [(dot.time_s, dot.kind) for dot in strip.dots] == [
            (2.0, "recovered"),
            (40.0, "censored"),
            (60.0, "censored"),
        ]
        assert strip.median_s is None
        assert strip.told == ["> 40 s"]

    def test_where_none_recovered_have_no_recovery_time_to_show(self) -> None:
        view = panels.scene(matrix(cell_of(2, answer="unknown"), []))
        assert view.rows[0][1][0].empty == "no recovery time can be pooled"


class TestTheAxis:
    @pytest.mark.parametrize(
        ("values", "logarithmic", "ticks"),
        [
            ([0.7, 3.1], False, (0, 1, 2, 3)),
            ([0.004, 0.09], False, (0, 0.02, 0.04, 0.06, 0.08)),
            ([0.7, 120], True, (1, 3, 10, 30, 100)),
            ([0.5, 13], True, (0.5, 1, 2, 5, 10)),
            ([0.5, 40], True, (1, 3, 10, 30)),
            ([0.001, 10_000], True, (0.001, 0.1, 10, 1000)),
            ([], False, (0, 0.5, 1)),
            ([2.0], False, (0, 0.5, 1, 1.5, 2)),
        ],
    )
    def test_is_logarithmic_where_a_linear_one_would_hide_the_small(
        self, values: list[float], logarithmic: bool, ticks: tuple[float, ...]
    ) -> None:
        found = axis(values)
        assert found.logarithmic == logarithmic
        assert found.ticks_s == pytest.approx(ticks)
        assert all(found.low_s <= value <= found.high_s for value in values)


EXTREME = [
    [run(1, lane(None, watched=3600)), run(2, lane(0.002, 0.001)), run(3, lane(0))],
    cell_of(3, answer="unknown"),
    [],
    [run(n, *lanes(1_000.0 * n), lost=1_234_567) for n in range(1, 9)],
]
VIEWS = {
    "one run a cell": matrix(*([cell_of(1)] * 3), across=3),
    "five": matrix(cell_of(5), cell_of(5, 2.0, lost=7), cell_of(5), across=3),
    "twenty": matrix(*([cell_of(20), cell_of(20, 2.0, lost=7), [*cell_of(17), run(18, *lanes(None))]] * 2), across=3),
    "extremes": matrix(*EXTREME, title=f"{HOSTILE} $x^2$ \u202e " + "a title that goes on and on " * 9),
}


@pytest.mark.parametrize("name", VIEWS)
def test_no_text_leaves_the_figure_nor_hides_another(name: str) -> None:
    with canvas.blank(LIGHT) as blank:
        figure.draw(blank, panels.scene(VIEWS[name]), LIGHT)
        assert_legible(blank)


def test_the_same_runs_give_the_same_figure() -> None:
    view = panels.scene(matrix(cell_of(6), across=1))
    one, other = (drawn(lambda blank, theme: figure.draw(blank, view, theme)) for _ in range(2))
    assert one == other


class TestThePage:
    def test_has_a_row_a_cell(self, tmp_path: Path) -> None:
        found = matrix(cell_of(20), cell_of(5, 2.0, lost=7))
        file = tmp_path / "matrix.html"
        file.write_text(page.render(found, picture()))
        told = Page(file)
        row = told.row("0 s", "w: 0")
        assert row[2:5] == ["20 passed", "0 of 10,000", "0 of 20 runs, less than 14.0 %"]
        assert row[5] == "1.124 ± 0.011 s1.05 to 1.20 s"
        assert told.row("0 s", "w: 1")[3:5] == ["✘ 35 of 2,535", "5 of 5 runs, 47.8 to 100.0 %"]
        assert "server, driver, user: 5 values give no 95 % interval of the median; 6 would" in told.text

    def test_shows_what_comes_from_elsewhere_as_text_and_loads_nothing(self, tmp_path: Path) -> None:
        found = msgspec.structs.replace(matrix(cell_of(1), []), title=HOSTILE, name=HOSTILE)
        file = tmp_path / "matrix.html"
        file.write_text(page.render(found, picture()))
        told = Page(file)
        assert len(told.all("script")) == 1  # ours
        assert HOSTILE in told.text
        addresses = [
            value for _, attrs in told.tags for name, value in attrs.items() if name in ("src", "href", "srcset")
        ]
        assert all(address.startswith(("data:", "#")) for address in addresses)


def picture() -> Any:
    return drawn(lambda blank, _: blank.set_size_inches(1, 1)).picture("x")


@pytest.mark.parametrize("name", VIEWS)
def test_the_summary_fits_eighty_columns(name: str) -> None:
    told = narrow(lambda console: terminal.summary(console, VIEWS[name], Path("runs/which/matrix.html")))
    assert words.answer(VIEWS[name]).upper() in told


chaos = partial(typed, "matrix")


EXPERIMENT = {
    "title": "known",
    "description": "known",
    "configuration": {"lost": 0, "up_s": 2, "broken": False, "pause": "0.1"},
    "controls": [{"name": "r", "provider": {"type": "python", "module": "tests.reports.recording_control"}}],
    "method": [
        {
            "name": "nothing",
            "type": "action",
            "provider": {"type": "process", "path": "sleep", "arguments": "${pause}"},
        }
    ],
}
KNOWN = {"experiment": "known.yaml", "runs": 1, "seed": 3, "settings": {"up_s": [2, 3], "lost": [0]}}


@pytest.fixture
def known(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A matrix file whose experiment leaves runs that are known beforehand: the real `chaos run`, without a cluster."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (place / "known.yaml").write_text(yaml.safe_dump(EXPERIMENT))

    def made(**changes: Any) -> Path:
        file = place / "which.yaml"
        file.write_text(yaml.safe_dump(KNOWN | changes, sort_keys=False))
        return file

    return made


def kept(directory: Path) -> Matrix:
    return msgspec.json.decode((directory / "matrix.json").read_bytes(), type=Matrix)


class TestTheCommand:
    def test_runs_every_cell_and_says_what_became_of_it(self, known: Callable[..., Path], place: Path) -> None:
        result = chaos(known(runs=2))
        assert result.exit_code == 0, result.output
        (directory,) = place.glob("runs/which/matrix-*")
        found = kept(directory)
        assert [len(cell.runs) for cell in found.cells] == [2, 2]
        medians = [cell.trials.lanes[0].recovery.median.middle_ns for cell in found.cells]  # type: ignore[union-attr]
        assert [round(median / 1e9) for median in medians] == [2, 3]
        ran = sorted((run.run, place) for place, cell in enumerate(found.cells) for run in cell.runs)
        assert [place for _, place in ran] == found.order
        assert {path.name for path in directory.iterdir()} == {"matrix.json", "matrix.html", "matrix.png", "matrix.svg"}
        assert re.search(r"^   4 of 4  ✔ passed .*\([23] · 0\)$", result.stdout, re.MULTILINE)
        assert "4 passed of 4 runs; 2 runs a cell, interleaved at random (seed 3)" in result.stdout

    def test_that_was_stopped_goes_on_where_it_was(self, known: Callable[..., Path], place: Path) -> None:
        known(settings={"up_s": [2, 3]})
        command = [sys.executable, "-m", "chaostoolkit", "--no-version-check", "recovery", "matrix", "which.yaml"]
        process = subprocess.Popen(
            [*command, "--out", "out", "--var", "pause=1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            end = time.monotonic() + 60
            while not (place / "out/matrix.json").exists() and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.7)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 2, output
        assert "Stopped after 1 of 2 runs." in output
        assert "chaos recovery matrix --resume out" in output
        first = kept(place / "out")
        assert first.made == 1
        result = chaos("--resume", place / "out")
        assert result.exit_code == 0, result.output
        assert "   2 of 2  ✔ passed" in result.stdout
        assert kept(place / "out").made == 2

    def test_exits_1_where_a_run_failed_and_draws_again_what_is_whole(
        self, known: Callable[..., Path], place: Path
    ) -> None:
        assert chaos(known(settings={"lost": [4]}), "--out", "out").exit_code == 1
        (place / "out/matrix.png").unlink()
        again = chaos("--resume", "out")
        assert again.exit_code == 1
        assert "✘ FAILED" in again.stdout
        assert (place / "out/matrix.png").exists()

    def test_exits_2_where_a_run_is_unknown_and_names_it(self, known: Callable[..., Path]) -> None:
        result = chaos(known(settings={"broken": [True]}))
        assert result.exit_code == 2
        assert "true: known/20260101T000000Z is unknown, not pooled: " in " ".join(result.stdout.split())

    def test_ends_with_the_first_run_that_leaves_no_record(self, place: Path) -> None:
        result = chaos(matrix_file(place))
        assert result.exit_code == 2
        assert "without a record of a run" in result.stderr or "recorded no run" in result.stderr
        assert not list(place.glob("**/matrix.json"))

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([], "name a matrix file, or with --resume the directory of one that was begun"),
            (["matrix.yaml", "--resume", "out"], "name a matrix file, or with --resume"),
            (["--resume", "out", "-n", "3"], "-n, --seed and --out say nothing"),
            (["--resume", "out", "--seed", "3"], "-n, --seed and --out say nothing"),
            (["matrix.yaml", "-n", "0"], "0 is not in the range"),
            (["matrix.yaml", "--var", "write_w:int=3"], "--var write_w: a setting of the matrix decides it"),
            (["away.yaml"], "away.yaml cannot be read: No such file or directory"),
            (["--resume", "out"], "out/matrix.json cannot be read (No such file or directory): name the directory in"),
            (["--resume", "bad"], "bad/matrix.json is no matrix"),
            (["matrix.yaml", "--out", "bad"], "bad/matrix.json is there already, and is not written over"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, place: Path, arguments: list[str], told: str) -> None:
        matrix_file(place)
        (place / "bad").mkdir()
        (place / "bad/matrix.json").write_text("{}")
        result = chaos(*arguments)
        assert result.exit_code == 2
        assert told in " ".join(result.output.split())

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"format": 99}, "was written by another version, or was changed"),
            ({"order": [1, 1, 1, 1]}, "was written by another version, or was changed"),
            ({}, "A run of the matrix cannot be read: "),
        ],
    )
    def test_does_not_go_on_with_what_was_changed_or_moved(
        self, place: Path, changes: dict[str, Any], told: str
    ) -> None:
        document = msgspec.to_builtins(matrix(cell_of(2), []))
        (place / "matrix.json").write_text(json.dumps(document | {"order": [0, 0, 1, 1]} | changes))
        result = chaos("--resume", place)
        assert result.exit_code == 2
        assert told in result.stderr


def test_the_cells_of_a_stopped_matrix_have_as_many_runs_each_give_or_take_one() -> None:
    done = Counter(interleaved(9, 5, seed=3)[:23])
    assert set(done.values()) == {2, 3}
