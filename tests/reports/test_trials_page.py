"""What is drawn of many runs: each of them, what they say together, what is missing, and nothing else."""

import json
import re
import signal
import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chaosmongo.history.quantities import measured
from chaosmongo.history.results import Bracket, Finding, Outage, Seeds
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport import canvas
from recoveryreport.page import Picture
from recoveryreport.strips import swarm
from recoveryreport.style import LIGHT
from recoveryreport.trials import byrun, drawing, overview, page, survival, terminal
from recoveryreport.trials.records import Trials
from recoveryreport.trials.running import Ended, Runner
from scipy.stats import binom

from .browser import Browser
from .conftest import HOSTILE
from .legible import assert_legible, narrow
from .recorded_runs import FAULT_NS
from .test_browser import CONTRAST
from .test_page import Page, lines
from .test_trials import S, chaos, lane, phase, pooled, run

PHASES = ("requested", "terminating", "gone", "recreated", "started", "server answers", "ready", "driver writes")


def away(found: Any, *windows: tuple[float, float | None], half_width: float = 0.01) -> Any:
    """The lane with these outages, in seconds; None: open when the record ended, after 60."""
    outages = [
        Outage(_around(begin, half_width), None, None if end is None else _around(end, half_width), 9, 9, True)
        for begin, end in windows
    ]
    total = sum((60 if end is None else end) - begin for begin, end in windows)
    return msgspec.structs.replace(found, outages=outages, unavailable_ns=round(total * S))


def _around(seconds: float, half_width: float) -> Bracket:
    return Bracket(round((seconds - half_width) * S), round((seconds + half_width) * S))


def lanes(slow: float | None) -> list[Any]:
    """One lane each of the three, the outer ones a little later."""
    return [
        away(lane(slow and slow * factor, name=name), (0.2, slow and slow * factor))
        for name, factor in (("server", 1.0), ("driver", 1.4), ("user", 1.6))
    ]


def phases(slow: float, names: tuple[str, ...] = PHASES) -> list[Any]:
    """They take unlike times, and add up to `slow`."""
    weights = [1 + place * 5 % 7 for place in range(len(names))]
    ends = [slow * sum(weights[: place + 1]) / sum(weights) for place in range(len(names))]
    return [phase(name, begin, end) for name, begin, end in zip(names, [0, *ends], ends, strict=False)]


def made(number: int, **what: Any) -> Any:
    slow = 1.8 + 0.013 * (number * 37 % 61)
    return run(number, *lanes(slow), **{"phases": phases(slow)} | what)


def unknown(number: int, **what: Any) -> Any:
    return made(number, answer="unknown", **what)


def stuck(number: int) -> Any:
    """It had not recovered when its record ended, and nothing else is wrong with it."""
    return run(number, *lanes(None), answer="unknown", findings=[Finding("recovery", "unknown", "open")])


SETS: dict[str, Callable[[], Trials]] = {
    "none": lambda: Trials("", "", 0, 0, {}, [], {}, [], [], pooled(unknown(1)).writes, []),
    "one": lambda: pooled(made(1)),
    "twenty": lambda: pooled(*(made(n, doubts=["the prober was late"] * (n % 3)) for n in range(20))),
    "eighty": lambda: pooled(*(made(n) for n in range(80))),
    "five hundred": lambda: pooled(
        *(stuck(n) if n % 50 == 7 else unknown(n) if n % 50 == 9 else made(n, lost=3 * (n == 77)) for n in range(500))
    ),
    "all failed": lambda: pooled(*(made(n, lost=n) for n in range(1, 9))),
    "none recovered": lambda: pooled(*(stuck(n) for n in range(7))),
    "some recovered": lambda: pooled(*(stuck(n) if n % 3 else made(n) for n in range(20))),
    "none pooled": lambda: pooled(*(unknown(n) for n in range(3))),
    "hostile": lambda: pooled(
        *(
            replace(
                run(n, lane(n, name=f"\u202e{HOSTILE}" * 3), phases=[phase(HOSTILE * 3, 0, 1)], doubts=[HOSTILE]),
                title=f"{HOSTILE} $x^2$ \u202e" * 5,
            )
            for n in range(1, 4)
        )
    ),
}


@cache
def of(name: str) -> Trials:
    return SETS[name]()


def shown(trials: Trials, tmp_path: Path, links: dict[str, str] | None = None) -> Page:
    names = ["trials", "trials-runs", *(["trials-survival"] if survival.view(trials) else [])]
    pictures = {name: Picture(b"<svg/>", b"<svg/>", page.alt(name, trials), 10, 10) for name in names}
    file = tmp_path / "trials.html"
    file.write_text(page.render(trials, pictures, links or {}))
    return Page(file)


@pytest.mark.parametrize("name", SETS)
class TestAnySet:
    def test_has_figures_in_which_no_text_leaves_them_nor_hides_another(self, name: str) -> None:
        curves = survival.view(of(name))
        with canvas.blank(LIGHT) as blank:
            overview.draw(blank, overview.view(of(name)), LIGHT)
            assert_legible(blank)
        with canvas.blank(LIGHT) as blank:
            byrun.draw(blank, byrun.view(of(name)), LIGHT)
            assert_legible(blank)
        if curves is not None:
            with canvas.blank(LIGHT) as blank:
                survival.draw(blank, curves, LIGHT)
                assert_legible(blank)

    def test_has_a_page_with_a_row_a_run_and_a_row_a_lane(self, name: str, tmp_path: Path) -> None:
        told = shown(of(name), tmp_path)
        begin = next(place for place, row in enumerate(told.rows) if row[:3] == ["No.", "Run", "Verdict"])
        rows = told.rows[begin + 1 : begin + 1 + len(of(name).runs)]
        assert [row[0] for row in rows] == [f"{number:,}" for number in range(1, len(rows) + 1)]
        by_lane = [row for row in told.rows if len(row) == 6 and " met in " in row[-1]]
        assert len(by_lane) == len(of(name).lanes)

    def test_shows_what_comes_from_elsewhere_as_text_and_loads_nothing(self, name: str, tmp_path: Path) -> None:
        told = shown(of(name), tmp_path)
        assert len(told.all("script")) == 1
        assert not [key for _, attributes in told.tags for key in attributes if key.startswith("on")]
        addresses = [value for _, tag in told.tags for key, value in tag.items() if key in ("src", "href", "srcset")]
        assert all(address.startswith(("data:", "#")) for address in addresses)
        assert "\u202e" not in told.source


def test_hostile_names_are_text(tmp_path: Path) -> None:
    assert shown(of("hostile"), tmp_path).text.count(HOSTILE) >= 9


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("none", ["No run was made: there is nothing to say."]),
            ("one", ["One run is no distribution: how far runs differ is not known."]),
            (
                "none recovered",
                [
                    "server: no run recovered while it was watched, each for 60 s or longer.",
                    "user: no run recovered while it was watched, each for 60 s or longer.",
                    "There are no phases: no run shows a recovery to divide.",
                ],
            ),
            ("none pooled", ["No run can be pooled: none of them vouches for what it measured."]),
        ],
    )
    def test_is_said(self, name: str, told: list[str], tmp_path: Path) -> None:
        text = shown(of(name), tmp_path).text
        assert "What is missing" in text
        assert [one for one in told if one not in text] == []

    @pytest.mark.parametrize("name", ["twenty", "all failed", "some recovered"])
    def test_is_nothing_where_the_runs_tell_everything(self, name: str, tmp_path: Path) -> None:
        assert "What is missing" not in shown(of(name), tmp_path).text

    def test_runs_that_were_asked_for_and_not_made(self, tmp_path: Path) -> None:
        assert "Only 2 of 20 runs were made." in shown(pooled(made(1), made(2), asked=20), tmp_path).text


class TestP95:
    def test_is_bounded_by_order_statistics_from_72_runs_on(self) -> None:
        few, many = (pooled(*(made(n) for n in range(number))).lanes[0].recovery for number in (71, 72))
        assert (few.p95, few.p95_interval) == (None, None)
        assert many.p95_interval is not None
        assert many.p95_interval.confidence >= 0.95

    def test_and_its_interval_are_those_of_the_sorted_values(self) -> None:
        found = of("eighty").lanes[0].recovery
        low, high = sorted(value.lo_ns for value in found.values), sorted(value.hi_ns or 0 for value in found.values)
        # 4 of 80 are 5 %: the middle between the 76th and the 77th.
        assert found.p95 == Bracket((low[75] + low[76]) // 2, (high[75] + high[76]) // 2)
        first = max(k for k in range(1, 81) if binom.cdf(k - 1, 80, 0.95) <= 0.025)
        last = min(k for k in range(1, 81) if binom.sf(k - 1, 80, 0.95) <= 0.025)
        assert found.p95_interval is not None
        assert (found.p95_interval.low_ns, found.p95_interval.high_ns) == (low[first - 1], high[last - 1])

    def test_is_told_at_the_terminal(self) -> None:
        told = narrow(lambda console: terminal.summary(console, of("eighty"), Path("runs/trials.html")))
        assert re.search(r"^  p95 +server 2\.\d+ ± 0\.0\d+ s \(96\.\d %: 2\.\d+ to 2\.\d+ s\)", told, re.MULTILINE)

    def test_has_no_upper_end_where_too_many_did_not_recover(self) -> None:
        found = pooled(*(made(n) for n in range(78)), stuck(78), stuck(79)).lanes[0].recovery
        assert found.p95 is not None
        assert found.p95_interval is not None
        assert found.p95_interval.high_ns is None

    def test_says_from_how_many_runs_on_it_is_there(self, tmp_path: Path) -> None:
        (row, _) = (row for row in shown(of("twenty"), tmp_path).rows if row[0] == "server" and len(row) in (5, 6))
        assert row[1].endswith(" s95.8 %: 1.98 to 2.35 s")
        assert row[2] == "-no interval before 72 runs"


class TestUnavailability:
    def test_is_all_outages_of_a_run_together_with_what_each_is_uncertain_by(self) -> None:
        one = run(1, away(lane(3.0), (0.5, 1.0), (2.0, 3.0)))
        (value,) = _unavailable(pooled(one))
        assert (value.lo_ns, value.hi_ns, value.kind) == (1_460_000_000, 1_540_000_000, "recovered")

    def test_of_an_outage_that_was_open_when_the_record_ended_is_at_least_that(self) -> None:
        one = run(
            1,
            away(lane(None), (0.5, 1.0), (2.0, None)),
            answer="unknown",
            findings=[Finding("recovery", "unknown", "")],
        )
        (value,) = _unavailable(pooled(one))
        assert (value.lo_ns, value.hi_ns, value.kind) == (58_470_000_000, None, "censored")

    def test_of_a_run_without_an_outage_is_less_than_what_may_have_been_overlooked(self) -> None:
        (value,) = _unavailable(pooled(run(1, lane(0))))
        assert (value.lo_ns, value.hi_ns, value.kind) == (0, 5_000_000, "no outage")


def _unavailable(trials: Trials) -> list[Any]:
    found = trials.lanes[0].unavailable
    assert found is not None
    return found.values


class TestTheStrips:
    def test_show_every_pooled_run_once_in_each_lane(self) -> None:
        for group in overview.view(of("five hundred")).groups:
            assert [len(one.dots) for one in group.strips] == [of("five hundred").pooled] * 3

    def test_share_one_axis(self) -> None:
        time_s = overview.view(of("twenty")).axis
        values = [value for lane in of("twenty").lanes for value in lane.recovery.values]
        assert time_s.low_s == 0
        assert time_s.high_s > max(value.middle_ns for value in values) / S

    @given(st.lists(st.floats(0, 10), max_size=60), st.integers(0, 8))
    def test_have_no_dot_on_another_while_there_is_room(self, places: list[float], most: int) -> None:
        places.sort()
        levels = swarm(places, 0.5, most)
        assert all(-most <= level <= most for level in levels)
        for n, (place, level) in enumerate(zip(places, levels, strict=True)):
            near = {one for at, one in zip(places[:n], levels[:n], strict=True) if place - at < 0.5}
            assert level not in near or len(near) == 2 * most + 1


class TestRunByRun:
    def test_has_a_row_a_run_in_the_order_made(self) -> None:
        runs = [made(3), unknown(1), stuck(2)]
        rows = byrun.view(pooled(*runs)).rows
        assert [(row.name, row.symbol) for row in rows] == [("1", "✔"), ("2", "?"), ("3", "?")]
        assert [row.note for row in rows] == ["", byrun.NOT_POOLED, byrun.NOT_DIVIDED]

    def test_stacks_the_phases_as_they_followed_each_other_in_that_run(self) -> None:
        one, other = phases(2.0), phases(3.0, PHASES[::-1])
        rows = byrun.view(pooled(run(1, phases=one), run(2, phases=other))).rows
        for row, expected in zip(rows, (one, other), strict=True):
            assert [(span.name, span.start_ns, span.end_ns) for span in row.spans] == [
                (phase.name, phase.start_ns, phase.end_ns) for phase in expected
            ]

    def test_a_phase_that_a_run_did_not_have_is_absent(self) -> None:
        first, second = byrun.view(pooled(made(1), made(2, phases=phases(2.0, PHASES[:3])))).rows
        assert [span.name for span in first.spans] == list(PHASES)
        assert [span.name for span in second.spans] == list(PHASES[:3])

    def test_shows_what_each_run_lost_and_what_is_not_known(self) -> None:
        runs = [made(1), made(2, lost=7), made(3, answer="failed", seeds=Seeds(1000, 998, 2, 0, 0)), unknown(4)]
        assert [row.lost for row in byrun.view(pooled(*runs)).rows] == [0, 7, 2, None]

    def test_gives_the_longest_phases_a_look_of_their_own(self) -> None:
        view = byrun.view(pooled(made(1)))
        lasted = {one.name: one.lasted.values[0].middle_ns for one in pooled(made(1)).phases}
        assert view.own == sorted(lasted, key=lambda name: -lasted[name])[:5]


class TestSurvival:
    def test_is_shown_where_some_runs_were_not_seen_to_recover(self) -> None:
        assert survival.view(of("twenty")) is None
        view = survival.view(of("some recovered"))
        assert view is not None
        assert [(curve.lane, len(curve.watched_s), curve.runs) for curve in view.curves] == [
            ("server", 13, 20),
            ("driver", 13, 20),
            ("user", 13, 20),
        ]

    def test_has_a_band_that_holds_the_curve(self) -> None:
        steps = of("some recovered").lanes[0].recovery.not_yet
        assert all(0 <= step.low < step.share < step.high <= 1 for step in steps)


class TestTheTable:
    def test_tells_of_each_run_what_it_measured_lost_and_doubts(self, tmp_path: Path) -> None:
        runs = [made(1, doubts=["the prober was late", "few samples"]), made(2, lost=7), stuck(3), unknown(4)]
        told = shown(pooled(*runs), tmp_path)
        assert told.row("1", "01")[2:] == [
            "✔ passed",
            measured(runs[0].verdict.recovery[0].rta),
            measured(runs[0].verdict.recovery[1].rta),
            measured(runs[0].verdict.recovery[2].rta),
            "0 of 500",
            "2the prober was latefew samples",
        ]
        assert told.row("2", "02")[6:] == ["✘ 7 of 507", "nothing"]
        assert told.row("3", "03")[3:6] == ["not within 60 s"] * 3
        assert told.row("4", "04")[3:] == ["-", "-", "-", "0 of 500, not vouched for", "nothing"]

    def test_of_what_is_not_pooled_says_why_and_what_was_unlike(self, tmp_path: Path) -> None:
        other = replace(unknown(2), conditions={"horizon_s": 5.0})
        doubtful = made(3, lost=1, findings=[Finding("validity", "unknown", "the prober was late")])
        told = shown(pooled(made(1), other, doubtful), tmp_path)
        assert told.row("02", "all of it") == [
            "02",
            "all of it",
            "As the test wants it.",
            "horizon_s is 60.0, here 5.0",
        ]
        assert told.row("03", "its times")[2:] == ["the prober was late", "nothing"]
        assert told.text.count("the prober was late") == 1

    def test_leads_to_the_reports_that_are_there(self, tmp_path: Path) -> None:
        place = tmp_path / "runs" / 'java"script:x'
        place.mkdir(parents=True)
        (place / "report.html").write_text("")
        there, away_ = (replace(made(n), directory=path) for n, path in enumerate((place, tmp_path / "gone")))
        trials = pooled(there, away_)
        links = drawing.links(trials, tmp_path / "trials")
        assert links == {str(place): "../runs/java%22script%3Ax/report.html"}
        told = shown(trials, tmp_path, links)
        assert [tag["href"] for tag in told.all("a")][1:] == list(links.values())


class TestNumbers:
    """Of recorded runs, worked out a second time from the lines of their files."""

    UPS = (4.0, 4.3, 4.1)

    @pytest.fixture
    def three(self, make_run: Callable[..., Path], tmp_path: Path) -> tuple[list[Path], Page, dict[str, Any]]:
        runs = [
            make_run(
                name=f"mongo-pod-delete/2026010{n}T000000Z", up_s={"server": up, "driver": up + 0.5, "user": up + 0.8}
            )
            for n, up in enumerate(self.UPS, 1)
        ]
        assert chaos("--pool", *runs, "--out", tmp_path / "out").exit_code == 0
        return runs, Page(tmp_path / "out/trials.html"), json.loads((tmp_path / "out/trials.json").read_bytes())

    def test_on_the_page_are_those_of_trials_json_and_of_the_records(
        self, three: tuple[list[Path], Page, dict[str, Any]], tmp_path: Path
    ) -> None:
        runs, told, document = three
        for place, name in enumerate(("server", "driver", "user")):
            ends = [_end(run, name) for run in runs]
            middle = Bracket(*(statistics.median(end) for end in zip(*ends, strict=True)))
            kept = document["lanes"][place]["recovery"]
            assert [(value["lo_ns"], value["hi_ns"]) for value in kept["values"]] == ends
            assert kept["median"] == {"lo_ns": middle.lo_ns, "hi_ns": middle.hi_ns}
            (recovery, _) = (row for row in told.rows if row[0] == name and len(row) in (5, 6))
            assert recovery[1:3] == [f"{measured(middle)}no interval before 6 runs", "-no interval before 72 runs"]
            away = document["lanes"][place]["unavailable"]["values"]
            assert [(value["lo_ns"], value["hi_ns"]) for value in away] == [_away(run, name) for run in runs]
            for number, (run_, end) in enumerate(zip(runs, ends, strict=True), 1):
                row = told.row(f"{number}", run_.name)
                assert row[3 + place] == measured(Bracket(*end))
        assert told.row("gone")[1] == "2.160 s"  # recorded: terminating at 0.14 s, gone at 2.30 s
        acknowledged = sum(_acknowledged(run_) for run_ in runs)
        assert document["writes"]["acknowledged"] == acknowledged
        assert (
            f"Acknowledged writes lost: 0 of {acknowledged:,}, in none of 3 runs: "
            "the probability of a run with a loss lies below 63.2 % (95 %)." in told.text
        )
        assert {path.name for path in (tmp_path / "out").iterdir()} == {
            "trials.json", "trials.html", "trials.png", "trials.svg", "trials-runs.png", "trials-runs.svg",
        }  # fmt: skip


def _end(path: Path, name: str) -> tuple[int, int]:
    """Between which moments after the fault the lane came back."""
    ops = lines(path / "ops.jsonl")
    mine = {op["op"] for op in ops if op["type"] == "invoke" and op["lane"] == name}
    ends = [op for op in ops if op.get("op") in mine and op["type"] != "invoke"]
    last_sent = max(op["sent_ns"] for op in ends if op["type"] != "ok")
    first_ok = min(op["done_ns"] for op in ends if op["type"] == "ok" and op["sent_ns"] > last_sent)
    return last_sent - FAULT_NS, first_ok - FAULT_NS


def _away(path: Path, name: str) -> tuple[int, int]:
    """Between which lengths its only outage lies: from middle to middle, give or take half the width of both."""
    ops = lines(path / "ops.jsonl")
    due = {op["op"]: op["due_ns"] for op in ops if op["type"] == "invoke" and op["lane"] == name}
    ends = sorted((op for op in ops if op.get("op") in due and op["type"] != "invoke"), key=lambda op: due[op["op"]])
    first_bad = next(place for place, op in enumerate(ends) if op["type"] != "ok")
    start = Bracket(ends[first_bad - 1]["sent_ns"] - FAULT_NS, ends[first_bad]["done_ns"] - FAULT_NS)
    end = Bracket(*_end(path, name))
    length, doubt = end.middle_ns - start.middle_ns, start.uncertainty_ns + end.uncertainty_ns
    return length - doubt, length + doubt


def _acknowledged(path: Path) -> int:
    ops = lines(path / "ops.jsonl")
    begun = {op["op"] for op in ops if op["type"] == "invoke" and op["f"] == "write"}
    return sum(op["type"] == "ok" and op["op"] in begun for op in ops)


class TestDrawing:
    def test_five_hundred_runs_makes_a_page_of_less_than_three_megabytes(self, tmp_path: Path) -> None:
        file = drawing.draw(of("five hundred"), tmp_path)
        assert file.stat().st_size < 3_000_000
        assert (tmp_path / "trials-survival.png").exists()

    def test_trials_that_were_stopped_keeps_and_draws_what_is_done(
        self, make_run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        directories = [make_run(name=f"mongo-pod-delete/2026010{n}T000000Z") for n in (1, 2)]

        class Stopping(Runner):
            """Two runs, and a Ctrl-C while the second is being made."""

            def run(self, heard: Callable[[str], None], more: Any = ()) -> Ended:  # noqa: ARG002
                directory = directories.pop(0)
                if not directories:
                    signal.raise_signal(signal.SIGINT)
                return Ended(0, directory, [])

        monkeypatch.setattr("recoveryreport.trials.running.Runner", Stopping)
        result = chaos("delete.yaml", "-n", "9", "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert "Stopped after 2 of 9 runs." in result.stderr
        told = Page(tmp_path / "out/trials.html")
        assert "Only 2 of 9 runs were made." in told.text
        assert str(tmp_path / "out/trials.html") in result.output


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawing.draw(of("hostile"), tmp_path_factory.mktemp("trials"))


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (360, True)], ids=["desktop", "dark phone"])
def test_the_page_in_a_browser(browser: Browser, drawn: Path, width: int, dark: bool) -> None:
    tab = browser.open(drawn, width=width, dark=dark)
    assert tab.requests == [tab.address]
    assert tab.complaints == []
    assert tab.value("document.documentElement.scrollWidth <= innerWidth")
    assert tab.value("[...document.images].filter(i => i.currentSrc).every(i => i.complete && i.naturalWidth > 500)")
    assert tab.value(CONTRAST) == []
