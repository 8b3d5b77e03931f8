"""Runs over time: what is shown of every run, what changed, what is missing, and which links lead where."""

import json
import os
import re
import signal
import statistics
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from chaosmongo.history.results import Finding
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport import canvas, report
from recoveryreport.page import Picture
from recoveryreport.statistics.shifts import LEVEL
from recoveryreport.style import DARK, LIGHT, Theme
from recoveryreport.trend import drawing, figure, page, painting
from recoveryreport.trend.assembling import assembled
from recoveryreport.trend.finding import find
from recoveryreport.trend.reading import load
from recoveryreport.trend.records import Experiment, Trend
from recoveryreport.trend.scene import scene
from recoveryreport.trend.schedule import gaps, interval_s

from .browser import Browser
from .conftest import HOSTILE
from .legible import assert_legible
from .recorded_runs import S
from .scheduled_runs import BEGIN, EXPERIMENT, Planned, make
from .test_browser import CONTRAST
from .test_page import Page
from .typed import typed

HOUR_NS = 3600 * S
DEEP = '{"experiment":{"method":' + "[" * 100_000
NOW_NS = round(BEGIN.timestamp()) * S + 400 * 24 * HOUR_NS
"""Long after every run, unless a test says otherwise."""


def trend(root: Path, every_s: float | None = None, now_ns: int = NOW_NS) -> Trend:
    found = find(root)
    loaded = {name: [load(directory) for directory in directories] for name, directories in found.runs.items()}
    return assembled(found, loaded, every_s, now_ns)


def only(root: Path, **how: Any) -> Experiment:
    (experiment,) = trend(root, **how).experiments
    return experiment


invoke = partial(typed, "trend")


def shown(root: Path, **how: Any) -> Page:
    """The list of all runs, as a reader gets it."""
    file = root / "shown.html"
    file.write_text(page.index(trend(root, **how), "./"))
    return Page(file)


def at(hours: float) -> int:
    return Planned(hours).wall_ns


def quick(*hours: float) -> list[Planned]:
    return [Planned(hour) for hour in hours]


class TestWhatIsKnownOfARun:
    def test_is_its_verdict(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0), Planned(1, "failed"), Planned(2, "unknown"))
        assert [run.state for run in only(tmp_path).runs] == ["passed", "failed", "unknown"]

    @pytest.mark.parametrize(
        ("what", "state", "told"),
        [
            (lambda run: (run / "verdict.json").unlink(), "no verdict", "killed, or is still under way"),
            (lambda run: (run / "verdict.json").write_text('{"run": 1'), "damaged", "verdict.json is damaged"),
            (lambda run: (run / "run.json").write_bytes(b"\xff\xfe"), "damaged", "run.json is damaged"),
            (lambda run: (run / "run.json").write_text(DEEP), "damaged", "run.json"),
            (lambda run: (run / "run.json").unlink(), "damaged", "no run.json"),
            (lambda run: edit(run / "run.json", format=99), "newer format", "reads up to"),
            (lambda run: edit(run / "verdict.json", format=99), "newer format", "reads up to"),
            (lambda run: edit(run / "verdict.json", run="another/20260101T000000Z"), "damaged", "of another run"),
            (lambda run: edit(run / "verdict.json", findings=[]), "damaged", "contradicts itself"),
            (lambda run: elsewhere(run / "verdict.json"), "damaged", "no ordinary file"),
            (lambda run: pipe(run / "verdict.json"), "damaged", "no ordinary file"),
            (lambda run: impossible(run / "verdict.json", -5), "damaged", "cannot have been measured"),
            (lambda run: impossible(run / "verdict.json", 10**400), "damaged", "cannot have been measured"),
        ],
        ids=[
            "killed",
            "torn verdict",
            "no text",
            "nested too deeply",
            "no run.json",
            "newer run",
            "newer verdict",
            "another's verdict",
            "findings taken out",
            "link",
            "pipe",
            "backwards",
            "huge",
        ],
    )
    def test_without_a_verdict_it_is_never_passed(
        self, tmp_path: Path, what: Callable[[Path], object], state: str, told: str
    ) -> None:
        make(tmp_path, Planned(0))
        (run,) = make(tmp_path, Planned(1))
        what(run)
        experiment = only(tmp_path)
        assert experiment.newest.state == state
        assert told in experiment.newest.sentence
        assert str(tmp_path) not in experiment.newest.sentence
        assert (experiment.newest.answer, experiment.answer) == ("unknown", "unknown")
        assert experiment.states == {"passed": 1, state: 1}
        assert experiment.series[0].values == 1

    def test_a_copy_of_a_run_does_not_count_twice(self, tmp_path: Path) -> None:
        (first,) = make(tmp_path, Planned(0))
        copy = first.with_name("20260301T000000Z")
        copy.mkdir()
        for file in first.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        experiment = only(tmp_path)
        assert experiment.states == {"passed": 1, "damaged": 1}
        assert [run.sentence for run in experiment.runs if run.state == "damaged"] == [f"A copy of {first.name}."]

    def test_a_run_that_never_recovered_has_no_number(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0, "failed", {"server": 2.0, "user": None}))
        (user,) = [cell for cell in shown(tmp_path).row("2026-01-05 00:00:00") if "not within" in cell]
        assert user == "not within 60 s"

    def test_a_loss_is_told_with_how_far_it_reaches_back(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0, "failed", lost=7))
        assert shown(tmp_path).row("2026-01-05 00:00:00")[-1] == "7, back to 0.213 s"

    def test_times_that_the_record_does_not_vouch_for_are_shown_and_take_no_part(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0), Planned(1, "unknown", {"server": 9.0}))
        experiment = only(tmp_path)
        assert [run.vouched for run in experiment.runs] == [True, False]
        assert {series.name: series.values for series in experiment.series}["server"] == 1
        assert shown(tmp_path).row("2026-01-05 01:00:00")[4:] == ["(9.000 ± 0.010 s)", "-", "-", "?"]


def edit(file: Path, **changes: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def impossible(file: Path, hi_ns: int) -> None:
    verdict = json.loads(file.read_text())
    verdict["recovery"][0]["rta"]["hi_ns"] = hi_ns
    file.write_text(json.dumps(verdict))


def elsewhere(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


class TestTheOrder:
    def test_is_that_of_the_clock_and_of_the_numbers_within_a_second(self, tmp_path: Path) -> None:
        names = ["20260105T000000Z-10", "20260105T000000Z-2", "20260105T000000Z"]
        make(tmp_path, Planned(5), *(Planned(0, name=name) for name in names))
        assert [run.directory for run in only(tmp_path).runs] == [*names[::-1], "20260105T050000Z"]

    def test_of_a_run_whose_record_cannot_be_read_is_by_its_name(self, tmp_path: Path) -> None:
        runs = make(tmp_path, *quick(0, 1, 2))
        (runs[1] / "run.json").write_text("")
        assert [run.state for run in only(tmp_path).runs] == ["passed", "damaged", "passed"]

    def test_a_clock_that_was_set_is_doubted(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0), Planned(30, name="20260107T000000Z"))
        assert "its clock was set" in only(tmp_path).newest.doubts[0]

    def test_a_run_in_the_future_may_not_be_the_newest_so_nobody_knows(self, tmp_path: Path) -> None:
        make(tmp_path, *quick(0, 50))
        experiment = only(tmp_path, now_ns=at(10))
        assert experiment.answer == "unknown"
        assert experiment.newest.doubts == ["it lies in the future"]

    @pytest.mark.parametrize("wall_ns", [-1, 0, 2**63 - 1], ids=["before 1970", "1970", "2262"])
    def test_an_impossible_time_is_none(self, tmp_path: Path, wall_ns: int) -> None:
        make(tmp_path, Planned(0), Planned(1, name="no-time", elsewhere={"anchor": {"time_ns": 1, "wall_ns": wall_ns}}))
        experiment = only(tmp_path)
        assert experiment.newest.wall_ns is None
        assert "at an unknown time" in shown(tmp_path).text
        assert scene(experiment).notes == ["1 run cannot be drawn: nothing tells when"]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told and how it exits does not hang on the figures, which take most of the time."""
    monkeypatch.setattr(drawing, "draw", lambda *drawn: drawn[2] / "index.html")


@pytest.mark.usefixtures("undrawn")
class TestTheExitCode:
    @pytest.mark.parametrize(
        ("newest", "code"),
        [
            (["passed", "passed"], 0),
            (["passed", "failed"], 1),
            (["passed", "unknown"], 2),
            (["failed", "unknown"], 1),
            (["passed", None], 2),
        ],
    )
    def test_is_that_of_the_newest_run_of_every_experiment(self, tmp_path: Path, newest: list[Any], code: int) -> None:
        for number, answer in enumerate(newest):
            make(tmp_path, Planned(0, "failed"), Planned(1, answer), experiment=f"experiment-{number}")
        assert invoke(tmp_path).exit_code == code

    def test_is_2_where_the_newest_is_overdue(self, tmp_path: Path) -> None:
        make(tmp_path, *quick(0, 6, 12))
        assert invoke(tmp_path).exit_code == 0
        assert invoke(tmp_path, "--every", "6h").exit_code == 2

    def test_is_2_where_something_could_not_be_looked_into(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, Planned(0))
        locked = tmp_path / "locked"
        locked.mkdir()
        scandir = os.scandir

        def refused(path: Any) -> Any:
            if Path(path) == locked:
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refused)
        result = invoke(tmp_path)
        assert result.exit_code == 2
        assert "not looked into: 1 directory" in result.stdout
        assert "locked cannot be looked into: Permission denied" in shown(tmp_path).text


class TestMissingRuns:
    @pytest.mark.parametrize(
        ("hours", "missing"),
        [
            ((0, 6, 12), []),
            ((0, 8.9, 12), []),
            ((0, 9, 12), [1]),
            ((0, 12), [1]),
            ((0, 24, 30), [3]),
            ((0, 6, 36), [4]),
        ],
    )
    def test_are_those_of_a_stretch_of_one_and_a_half_intervals_and_more(
        self, hours: tuple[float, ...], missing: list[int]
    ) -> None:
        moments = [round(hour * HOUR_NS) for hour in hours]
        assert [gap.runs for gap in gaps(moments, 6 * 3600, moments[-1])] == missing

    @given(st.lists(st.integers(0, 10**15), min_size=2, max_size=30).map(sorted), st.floats(60, 10**6))
    def test_fill_up_the_schedule_to_within_half_an_interval_a_stretch(
        self, moments: list[int], every_s: float
    ) -> None:
        every_ns = every_s * 1e9
        filled = sum(gap.runs for gap in gaps(moments, every_s, moments[-1])) + len(moments) - 1
        short = sum(later - earlier < every_ns / 2 for earlier, later in pairwise(moments))
        stretches = len(moments) - 1
        assert abs(filled - (moments[-1] - moments[0]) / every_ns) <= stretches / 2 + short / 2 + 1e-3

    def test_show_between_the_runs_and_count_as_such(self, tmp_path: Path) -> None:
        make(tmp_path, *quick(0, 24))
        found = shown(tmp_path, every_s=6 * 3600, now_ns=at(24))
        states = [re.sub(r"\W", "", row[2]) for row in found.rows if row and row[0].startswith("2026-01")]
        assert states == ["passed", "missing", "passed"]
        assert "3 runs are missing between 2026-01-05 00:00 and 2026-01-06 00:00." in found.text
        assert "2 passed, 3 missing" in found.text

    def test_after_the_last_one_are_overdue(self, tmp_path: Path) -> None:
        make(tmp_path, *quick(0, 6))
        experiment = only(tmp_path, every_s=6 * 3600, now_ns=at(18))
        assert [(gap.runs, gap.overdue) for gap in experiment.gaps] == [(1, True)]
        assert experiment.answer == "unknown"
        assert "1 run is overdue since" in shown(tmp_path, every_s=6 * 3600, now_ns=at(18)).text

    def test_a_run_that_was_killed_is_not_missing(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0), Planned(6, None), Planned(12))
        assert only(tmp_path, every_s=6 * 3600, now_ns=at(12)).gaps == []

    @pytest.mark.parametrize(
        ("text", "seconds"), [("30m", 1800), ("6h", 21_600), ("1.5d", 129_600), (" 2w ", 1_209_600)]
    )
    def test_an_interval_is_a_number_and_a_unit(self, text: str, seconds: float) -> None:
        assert interval_s(text) == seconds

    @pytest.mark.parametrize("text", ["", "6", "h", "-6h", "0h", "6 hours", "1e3h", "nan h"])
    def test_another_interval_is_refused_with_what_to_write(self, tmp_path: Path, text: str) -> None:
        result = invoke(tmp_path, "--every", text)
        assert result.exit_code == 2
        assert "like 30m, 6h or 1d" in result.stderr


class TestConditionsThatChanged:
    def test_are_named_from_what_to_what(self, tmp_path: Path) -> None:
        environment = {
            "kubernetes": "v1.36.2",
            "mongodb": "8.0.4",
            "nodes": {"node-0": "v1.36.2", "node-1": "v1.36.2"},
            "settings": {"mongo.readiness.periodSeconds": 10, "mongo.terminationGracePeriodSeconds": 30},
            "tool": {"chaostoolkit-mongodb": "0.2.0", "chaostoolkit": "1.19.0", "pymongo": "4.20.0"},
        }
        make(tmp_path, Planned(0), Planned(6, rto_s=20.0, elsewhere={"environment": environment}), Planned(12))
        changed = [[(c.name, c.before, c.after) for c in run.changes] for run in only(tmp_path).runs]
        assert changed[0] == []
        assert set(changed[1]) == {
            ("database server", "8.0.1", "8.0.4"),
            ("mongo.readiness.periodSeconds", "2", "10"),
            ("chaostoolkit-mongodb", "0.1.0", "0.2.0"),
            *((f"objectives.rto_s.{lane}", "30.0", "20.0") for lane in ("server", "driver", "user")),
        }
        assert set(changed[2]) == {(name, after, before) for name, before, after in changed[1]}

    def test_show_in_the_page_and_beneath_the_figure(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0), Planned(6, elsewhere={"horizon_s": 90.0}))
        assert scene(only(tmp_path)).notes == ["1  changed with the run of 2026-01-05 06:00: horizon_s: 60.0 → 90.0"]
        file = tmp_path / "course.html"
        file.write_text(page.course(trend(tmp_path), [Picture(b"", b"", "", 1, 1)]))
        assert Page(file).row("1")[1:] == ["2026-01-05 06:00", "horizon_s: 60.0 → 90.0"]

    def test_are_looked_for_across_a_run_that_cannot_be_read(self, tmp_path: Path) -> None:
        runs = make(tmp_path, Planned(0), Planned(6), Planned(12, elsewhere={"horizon_s": 90.0}))
        (runs[1] / "run.json").write_text("")
        assert [[change.name for change in run.changes] for run in only(tmp_path).runs] == [[], [], ["horizon_s"]]

    def test_do_not_tell_a_password(self, tmp_path: Path) -> None:
        step = {"name": "a", "provider": {"type": "process", "path": "x", "arguments": "--password hunter2"}}
        make(tmp_path, Planned(0), Planned(6, elsewhere={"experiment": {"title": "t", "method": [step]}}))
        assert "experiment.method[0].name" in {change.name for change in only(tmp_path).newest.changes}
        invoke(tmp_path)
        for file in ("index.html", "trend.html", "trend.json", f"{EXPERIMENT}/trend.svg"):
            assert "hunter2" not in (tmp_path / file).read_text()


@pytest.fixture(scope="module")
def slower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty runs; from the 21st on the user's lane takes longer, and another database server answers."""
    root = tmp_path_factory.mktemp("slower")
    wobble = [((n * 7) % 11) / 50 for n in range(30)]
    newer = {"environment": {"mongodb": "8.0.4"}}
    make(
        root,
        *(
            Planned(
                6.0 * n,
                times_s={"server": 1 + wobble[n], "user": (2 if n < 20 else 3.5) + wobble[n]},
                lost=5 * (n >= 24),
                answer="failed" if n >= 24 else "passed",
                elsewhere=newer if n >= 20 else {"environment": {"mongodb": "8.0.1"}},
            )
            for n in range(30)
        ),
    )
    invoke(root)
    return root


class TestChangePoints:
    def test_are_named_with_the_medians_of_both_sides(self, slower: Path) -> None:
        found = json.loads((slower / "trend.json").read_text())["experiments"][0]
        assert {series["name"]: [shift["run"] for shift in series["shifts"]] for series in found["series"]} == {
            "server": [],
            "user": [20],
            "writes lost": [24],
        }
        middles = [
            sum((run["lanes"]["user"]["recovery"][end]) for end in ("lo_ns", "hi_ns")) / 2 for run in found["runs"]
        ]
        (shift,) = found["series"][1]["shifts"]
        for side, values in (("before", middles[:20]), ("after", middles[20:])):
            median = shift[side]["median"]
            assert (median["lo_ns"] + median["hi_ns"]) / 2 == pytest.approx(statistics.median(values), abs=1)
            assert shift[side]["values"] == len(values)
        assert shift["upwards"]
        assert shift["p"] <= LEVEL

    def test_tell_what_changed_about_then(self, slower: Path) -> None:
        row = Page(slower / "trend.html").row("2026-01-10 00:00", "user")
        assert row[2] == "slower"
        assert (row[3], row[4]) == ("2.100 ± 0.010 s, 20 runs", "3.610 ± 0.010 s, 10 runs")
        assert row[6] == "database server: 8.0.1 → 8.0.4"

    def test_of_losses_are_told_in_writes(self, slower: Path) -> None:
        row = Page(slower / "trend.html").row("2026-01-11 00:00", "writes lost")
        assert row[2:5] == ["more writes lost", "0 lost, 24 runs", "5 lost, 6 runs"]
        assert row[6] == "nothing that is on record"

    def test_stand_in_the_figure_and_in_its_description(self, slower: Path) -> None:
        view = scene(only(slower))
        user = next(panel for panel in view.times if panel.name == "user")
        assert [text for _, text in user.shifts] == ["slower: 2.10 → 3.61 s"]
        assert [round(value, 3) for _, value in user.medians] == [2.1, 3.61]
        image = Page(slower / "trend.html").all("img")[0]
        assert "user: slower from 2026-01-10 00:00 on (2.100 ± 0.010 s → 3.610 ± 0.010 s)" in image["alt"]

    def test_are_told_in_the_terminal(self, slower: Path) -> None:
        assert "user: slower from 2026-01-10 00:00 on" in invoke(slower).stdout

    def test_are_not_denied_where_there_are_too_few_runs(self, tmp_path: Path) -> None:
        make(tmp_path, *quick(*range(9)))
        picture = Picture(b"", b"", "", 1, 1)
        assert "Too few runs to say whether anything changed" in page.course(trend(tmp_path), [picture])
        make(tmp_path, Planned(9))
        assert "No change point" in page.course(trend(tmp_path), [picture])

    def test_come_with_how_many_are_false(self, slower: Path) -> None:
        assert "3 series were looked at, with 2 change points." in Page(slower / "trend.html").text


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments, one with every kind of run, and names that attack their reader."""
    root = tmp_path_factory.mktemp("runs")
    hostile = f"{HOSTILE} \u202eesrever $x^2$ {{{{ 7 * 7 }}}}"
    runs = make(
        root,
        Planned(0, times_s={"server": 1.234, "driver": 0, "user": None}, answer="failed", sentence=hostile),
        *(Planned(6.0 * n, times_s={"server": 1.1 + n / 50, "driver": 1.5, "user": 2.0}) for n in range(1, 14)),
        Planned(84, "unknown"),
        Planned(90, None),
        Planned(96, elsewhere={"title": hostile}),
        Planned(102, elsewhere={"environment": {"mongodb": f"{HOSTILE}\n\x1b[31m"}}),
        experiment=f"a&b;'\"{HOSTILE.replace('/', '')}",
    )
    (runs[2] / "verdict.json").write_text("{")
    for run in runs[::2]:
        (run / "report.html").write_text("the report")
    make(root, Planned(1), experiment="x" * 200)
    nasty = make(root, Planned(0, name="javascript:alert(1)"), experiment="data:text,%2e%2e#?")
    (nasty[0] / "report.html").write_text("the report")
    invoke(root, "--every", "6h")
    return root


@pytest.fixture(scope="module", params=["index.html", "trend.html"])
def file(root: Path, request: pytest.FixtureRequest) -> Path:
    return root / str(request.param)


class TestThePages:
    def test_lead_to_files_below_the_directory_and_to_nothing_else(self, root: Path, file: Path) -> None:
        links = [link["href"] for link in Page(file).all("a")]
        assert links
        for link in links:
            address, _, fragment = link.partition("#")
            assert address.startswith("./") or (not address and fragment)
            target = (root / unquote(address)).resolve()
            assert target.is_relative_to(root.resolve())
            assert target.exists()

    def test_lead_to_the_report_of_every_run_that_has_one(self, root: Path) -> None:
        links = {unquote(link["href"]) for link in Page(root / "index.html").all("a")}
        reports = {f"./{report.relative_to(root)}" for report in root.glob("*/*/report.html")}
        assert len(reports) == 10
        assert reports <= links

    def test_show_names_as_text(self, file: Path) -> None:
        source = file.read_text()
        assert HOSTILE not in source
        assert "\x1b" not in source
        assert "\u202e" not in source
        assert "7 * 7" in Page(file).text or "7 * 7" not in source

    def test_allow_no_script_but_their_own(self, file: Path) -> None:
        (policy,) = [meta["content"] for meta in Page(file).all("meta") if "http-equiv" in meta]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert all(set(script) == set() for script in Page(file).all("script"))

    def test_list_the_newest_run_first(self, root: Path) -> None:
        moments = [row[0][:19] for row in Page(root / "index.html").rows if row and row[0].startswith("2026-")]
        assert len(moments) > 15
        assert moments == sorted(moments, reverse=True)

    def test_give_each_number_as_it_was_measured(self, root: Path) -> None:
        row = Page(root / "index.html").row("2026-01-05 00:00:00")
        assert row[4:] == ["1.234 ± 0.010 s", "no outage seen", "not within 60 s", "0"]

    def test_are_also_figures_in_each_experiment(self, root: Path) -> None:
        for experiment in (folder for folder in root.iterdir() if folder.is_dir()):
            assert (experiment / "trend.png").read_bytes().startswith(b"\x89PNG")
            assert (experiment / "trend.svg").read_text().startswith("<?xml")

    @pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (360, False)])
    def test_ask_nobody_and_fit_the_screen(self, browser: Browser, file: Path, width: int, dark: bool) -> None:
        tab = browser.open(file, width=width, dark=dark)
        assert tab.requests == [tab.address]
        assert tab.complaints == []
        assert tab.value("document.documentElement.scrollWidth <= innerWidth")
        assert tab.value(CONTRAST) == []
        assert not tab.told("Page.javascriptDialogOpening")

    def test_can_be_filtered_and_sorted(self, browser: Browser, root: Path) -> None:
        tab = browser.open(root / "index.html")
        rows = "[...document.querySelectorAll('#runs tbody tr')]"
        count = f"{rows}.filter(row => !row.hidden).length"
        change = "dispatchEvent(new Event('input', {bubbles: true}))"
        whole = tab.value(f"{rows}.length")
        assert tab.value(count) == whole
        tab.value(f"(e => {{ e.value = 'damaged'; e.{change}; }})(document.getElementById('filter-state'))")
        assert tab.value(count) == 1
        assert tab.value("document.getElementById('filter-shown').textContent") == f"1 of {whole} shown"
        tab.value(f"(e => {{ e.value = ''; e.{change}; }})(document.getElementById('filter-state'))")
        tab.value(f"(e => {{ e.value = 'SCRIPT  esrever'; e.{change}; }})(document.getElementById('filter-words'))")
        assert tab.value(count) == 1
        tab.value("document.querySelectorAll('#runs thead button')[0].click()")
        assert tab.value(
            f"{rows}.map(row => row.cells[0].innerText.slice(0, 19)).filter(text => text < 'a')"
        ) == sorted(tab.value(f"{rows}.map(row => row.cells[0].innerText.slice(0, 19)).filter(text => text < 'a')"))

    def test_without_a_script_show_all_runs_and_no_controls(self, root: Path) -> None:
        source = re.sub(r"<script>.*?</script>", "", (root / "index.html").read_text(), flags=re.DOTALL)
        assert re.search(r'id="filter"[^>]* hidden', source)
        assert not re.search(r"<tr[^>]* hidden", source)


class TestTheFigure:
    @pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
    @pytest.mark.parametrize("number", [1, 60])
    def test_can_be_read(self, tmp_path: Path, theme: Theme, number: int) -> None:
        make(
            tmp_path,
            *(
                Planned(
                    6.0 * n,
                    times_s={"server": 1.0, "user": 2.0 + (n > number / 2)},
                    elsewhere={"horizon_s": 60.0 + n // 9},
                )
                for n in range(number)
            ),
        )
        view = scene(only(tmp_path, every_s=6 * 3600, now_ns=at(6 * number + 30)))
        with canvas.blank(theme) as blank:
            figure.draw(blank, view, theme)
            assert_legible(blank)

    def test_draws_an_objective_only_where_it_does_not_flatten_the_values(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0, rto_s=30.0), Planned(6, rto_s=5.0))
        view = scene(only(tmp_path))
        assert view.axis.low_s < 5.0 < view.axis.high_s < 30.0
        assert view.times[0].told.endswith("objective 5 s")

    def test_shows_what_every_run_came_to(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0, "failed"), Planned(6, "unknown"), Planned(12, None))
        rows = dict(scene(only(tmp_path)).rows)
        assert {state: len(days) for state, days in rows.items()} == {
            "passed": 0,
            "failed": 1,
            "unknown": 1,
            "no verdict": 1,
        }
        (day,) = rows["unknown"]
        assert datetime.fromtimestamp(day * 86_400, UTC) == Planned(6).began


class TestWhereItIsDrawn:
    def test_elsewhere_leads_back_to_the_runs(self, tmp_path: Path) -> None:
        (run,) = make(tmp_path / "runs", Planned(0))
        (run / "report.html").write_text("the report")
        before = sorted(tmp_path.joinpath("runs").rglob("*"))
        assert invoke(tmp_path / "runs", "--out", tmp_path / "a" / "b").exit_code == 0
        assert sorted(tmp_path.joinpath("runs").rglob("*")) == before
        (link,) = [link["href"] for link in Page(tmp_path / "a/b/index.html").all("a") if "report" in link["href"]]
        assert (tmp_path / "a/b" / unquote(link)).resolve() == run / "report.html"

    def test_again_gives_the_same_pages_where_nothing_has_changed(self, tmp_path: Path) -> None:
        make(tmp_path, *quick(0, 6))
        found = trend(tmp_path)
        assert page.index(found, "./") == page.index(trend(tmp_path), "./")

    def test_two_at_once_leave_whole_files(self, tmp_path: Path) -> None:
        file, contents = tmp_path / "index.html", [bytes([letter]) * 300_000 for letter in b"ab"]
        threads = [
            threading.Thread(target=lambda data=data: [report.write_file(file, data) for _ in range(40)])
            for data in contents
        ]
        for thread in threads:
            thread.start()
        seen = set()
        while any(thread.is_alive() for thread in threads):
            if file.exists():
                seen.add(file.read_bytes())
        assert seen <= set(contents)
        assert list(tmp_path.iterdir()) == [file]


class TestDrawingInSeveralProcesses:
    def test_gives_what_one_gives(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(2):
            make(tmp_path, Planned(0, times_s={"server": 1.0 + number}), experiment=f"experiment-{number}")
        views = [scene(experiment) for experiment in trend(tmp_path).experiments]
        found = []
        for processors in ({0}, {0, 1}):
            monkeypatch.setattr(os, "sched_getaffinity", lambda _, processors=processors: processors)
            with painting.painted(views) as figures:
                found.append([drawn.light for drawn in figures])
        assert found[0] == found[1]
        assert found[0][0] != found[0][1]

    def test_one_that_is_killed_is_told_in_one_message(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(2):
            make(tmp_path, Planned(0), experiment=f"experiment-{number}")
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
        monkeypatch.setattr(painting, "_drawn", killed)
        result = invoke(tmp_path)
        assert result.exit_code == 2
        assert result.stderr.startswith("Error: A process that drew a figure was killed")


def killed(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class TestBadInput:
    @pytest.mark.parametrize(
        ("prepare", "told"),
        [
            (lambda root: root.mkdir(), "There is no run below"),
            (lambda root: root.write_text(""), "is a file: name a directory of runs"),
            (lambda _: None, "does not exist: name a directory of runs"),
            (lambda root: make(root.parent, Planned(0), experiment=root.name), "holds the runs of one experiment"),
            (
                lambda root: make(root.parent.parent, Planned(0, name=root.name), experiment=root.parent.name),
                "single run",
            ),
            (lambda root: root.symlink_to("nowhere"), "does not exist"),
        ],
        ids=["empty", "file", "nothing", "one experiment", "one run", "broken link"],
    )
    def test_is_told_in_one_message(self, tmp_path: Path, prepare: Callable[[Path], object], told: str) -> None:
        root = tmp_path / "experiments" / "runs"
        root.parent.mkdir()
        prepare(root)
        result = invoke(root)
        assert result.exit_code == 2
        (message,) = result.stderr.splitlines()
        assert message.startswith("Error: ")
        assert told in message

    def test_a_directory_that_cannot_be_written(self, tmp_path: Path) -> None:
        make(tmp_path / "runs", Planned(0))
        (tmp_path / "file").write_text("")
        result = invoke(tmp_path / "runs", "--out", tmp_path / "file" / "out")
        assert result.exit_code == 2
        (message,) = result.stderr.splitlines()
        assert "Name another place with --out DIR" in message

    def test_links_are_not_followed_and_named(self, tmp_path: Path) -> None:
        make(tmp_path / "others", Planned(0), experiment="elsewhere")
        (run,) = make(tmp_path / "runs", Planned(0))
        (tmp_path / "runs" / "linked").symlink_to(tmp_path / "others" / "elsewhere")
        (run.parent / "latest").symlink_to(run)
        (run / "report.html").symlink_to(tmp_path / "others")
        invoke(tmp_path / "runs")
        found = Page(tmp_path / "runs" / "index.html")
        assert "linked is a symbolic link, and is not followed" in found.text
        assert f"{EXPERIMENT}/latest is a symbolic link, and is not followed" in found.text
        assert not [link for link in found.all("a") if "report" in link["href"]]
        assert [len(experiment.runs) for experiment in trend(tmp_path / "runs").experiments] == [1]

    def test_what_else_lies_there_is_named_and_what_is_kept_beside_the_runs_is_not(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0))
        for name in ("notes", "trials-20260105T000000Z", "matrix-20260105T000000Z"):
            (tmp_path / EXPERIMENT / name).mkdir()
        assert trend(tmp_path).passed_over == [f"{EXPERIMENT}/notes is no run"]

    def test_a_name_that_is_no_text_and_a_huge_one(self, tmp_path: Path) -> None:
        (made,) = make(tmp_path, Planned(0, sentence="long " * 10_000))
        (made / "report.html").write_text("the report")
        run = made.parent.rename(tmp_path / (os.fsdecode(b"\xff\n") + "x" * 200)) / made.name
        assert invoke(tmp_path).exit_code == 0
        (link,) = [link["href"] for link in Page(tmp_path / "index.html").all("a") if "report" in link["href"]]
        assert os.fsdecode(run / "report.html").endswith(os.fsdecode(_bytes(link[2:])))
        assert (tmp_path / "index.html").stat().st_size < 100_000

    def test_lanes_that_somebody_made_up_by_the_hundred(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0, times_s={f"lane-{n:03}": 1.0 for n in range(300)} | {"server": 2.0}))
        view = scene(only(tmp_path))
        assert [panel.name for panel in view.times][:2] == ["server", "lane-000"]
        assert view.notes == ["293 more lanes of a name that is not known: they stand in trend.json"]
        assert len(shown(tmp_path).row("2026-01-05 00:00:00")) == 4 + 8 + 1

    def test_findings_of_any_name_are_read(self, tmp_path: Path) -> None:
        make(tmp_path, Planned(0, findings=[Finding("another", "passed", HOSTILE)]))
        assert only(tmp_path).newest.state == "passed"


def _bytes(address: str) -> bytes:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(address)
