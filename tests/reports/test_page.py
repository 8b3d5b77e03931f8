"""The page says what the files say: its numbers are worked out here a second time, from the lines of the files."""

import base64
import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from chaosmongo.checks import judge
from chaosmongo.history import read
from chaosmongo.history import records as r
from chaosmongo.history.results import Bracket
from recoveryreport import page, report, words
from recoveryreport.subject import Subject

from .conftest import HOSTILE
from .recorded_runs import FAULT_NS, S, at

TARGET = {"database": "pacman", "collection": "highscore"}


class Page(HTMLParser):
    """Text and structure of a page, as a reader would get them."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self._cell = False
        self.source = file.read_text()
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        data = data.replace("\u00a0", " ")
        self.texts.append(data)
        if self._cell:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def row(self, *begin: str) -> list[str]:
        (found,) = [row for row in self.rows if row[: len(begin)] == list(begin)]
        return found

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def passed(passed_run: Path) -> Page:
    return Page(passed_run / "report.html")


@pytest.fixture(scope="module")
def failed(failed_run: Path) -> Page:
    return Page(failed_run / "report.html")


@functools.cache
def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def writes(run: Path) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
    """Every write: its beginning and its end."""
    ops = lines(run / "ops.jsonl")
    begun = {op["op"]: op for op in ops if op["type"] == "invoke" and op["f"] == "write"}
    return {op["op"]: (begun[op["op"]], op) for op in ops if op.get("op") in begun and op["type"] != "invoke"}


def present(run: Path) -> set[str]:
    return {line["key"] for line in lines(run / "readback.jsonl") if line["type"] == "doc"}


class TestNumbers:
    @pytest.mark.parametrize("kind", ["passed", "failed"])
    def test_the_fates_are_those_of_the_files(self, kind: str, request: pytest.FixtureRequest) -> None:
        run: Path = request.getfixturevalue(f"{kind}_run")
        shown: Page = request.getfixturevalue(kind)
        there = present(run)
        counts = Counter((end["type"], begin["key"] in there) for begin, end in writes(run).values())
        expected = {
            ("acknowledged", "kept"): counts["ok", True],
            ("acknowledged", "LOST"): counts["ok", False],
            ("unknown", "recovered"): counts["info", True],
            ("unknown", "absent"): counts["info", False],
            ("failed", "rejected"): counts["fail", False],
            ("failed", "APPLIED"): counts["fail", True],
        }
        rows = {(row[0], row[1].removeprefix("✘ ")): row[2] for row in shown.rows if len(row) == 4}
        assert {fate: rows[fate] for fate in expected} == {fate: f"{n:,}" for fate, n in expected.items()}
        assert shown.row("", "All writes")[2] == f"{sum(counts.values()):,}"

    @pytest.mark.parametrize("lane", ["server", "driver", "user"])
    def test_the_recovery_time_holds_the_moment_at_which_the_lane_came_back(
        self, passed_run: Path, passed: Page, lane: str
    ) -> None:
        ops = lines(passed_run / "ops.jsonl")
        mine = {op["op"] for op in ops if op["type"] == "invoke" and op["lane"] == lane}
        ends = [op for op in ops if op.get("op") in mine and op["type"] != "invoke"]
        last_sent = max(op["sent_ns"] for op in ends if op["type"] != "ok")
        first_ok = min(op["done_ns"] for op in ends if op["type"] == "ok" and op["sent_ns"] > last_sent)
        shown = next(row for row in passed.rows if row[0] == lane and "±" in row[1])[1]
        value, uncertainty = (float(text) for text in shown.removesuffix(" s").split(" ± "))
        assert (value - uncertainty) * S <= last_sent - FAULT_NS
        assert first_ok - FAULT_NS <= (value + uncertainty) * S
        assert uncertainty * S <= (first_ok - last_sent)  # and it is no wider than it has to be

    def test_the_phases_add_up(self, passed: Page) -> None:
        begin = next(i for i, row in enumerate(passed.rows) if row[0] == "Phase ends with")
        end = next(i for i, row in enumerate(passed.rows) if row[0] == "Sum")
        lasted = [float(row[1].split(" ")[0]) for row in passed.rows[begin + 1 : end]]
        ended = [float(row[2].removesuffix(" s")) for row in passed.rows[begin + 1 : end]]
        total = float(passed.rows[end][1].removesuffix(" s"))
        assert sum(lasted) == pytest.approx(total, abs=0.02)
        assert ended[-1] == pytest.approx(total, abs=0.001)
        assert passed.row("gone")[1] == "2.160 s (largest)"  # recorded: terminating at 0.14 s, gone at 2.30 s

    def test_every_lost_write_is_counted_and_the_first_hundred_are_listed(self, failed_run: Path, failed: Page) -> None:
        there = present(failed_run)
        lost = sorted(
            (end["done_ns"], words.harmless(begin["key"]))
            for begin, end in writes(failed_run).values()
            if end["type"] == "ok" and begin["key"] not in there
        )
        assert len(lost) == 130
        begin = next(i for i, row in enumerate(failed.rows) if row == ["Key", "Lane", "Acknowledged"])
        listed = failed.rows[begin + 1 : begin + 101]
        assert [row[0] for row in listed] == [key for _, key in lost[:100]]
        assert listed[0][2] == f"{(lost[0][0] - FAULT_NS) / S:+.3f} s".replace("-", "−")
        assert "Lost writes: the first 100 of 130" in failed.text

    def test_zero_lost_says_what_one_run_can_show(self, passed: Page) -> None:
        assert "This is one run (n = 1)" in passed.text

    def test_operations_by_lane(self, passed_run: Path, passed: Page) -> None:
        ops = lines(passed_run / "ops.jsonl")
        begun = {op["op"] for op in ops if op["type"] == "invoke" and op["lane"] == "driver"}
        ends = Counter(op["type"] for op in ops if op.get("op") in begun)
        row = next(row for row in passed.rows if row[0] == "driver" and len(row) == 6)
        assert row[1:5] == [f"{ends[kind]:,}" for kind in ("invoke", "ok", "info", "fail")]


class TestTheVerdict:
    def test_is_a_word_and_a_symbol_and_a_colour(self, passed: Page, failed: Page) -> None:
        assert "✔ Passed" in passed.text
        assert "✘ Failed" in failed.text
        assert any(tag.get("class") == "verdict failed" for tag in failed.all("p"))

    def test_is_the_judges_own_sentence(self, failed_run: Path, failed: Page) -> None:
        verdict = json.loads((failed_run / "verdict.json").read_text())
        assert words.harmless(verdict["sentence"].removeprefix("failed: ")) in failed.text

    def test_gives_every_finding_with_its_sentence(self, passed_run: Path, passed: Page) -> None:
        for finding in json.loads((passed_run / "verdict.json").read_text())["findings"]:
            assert passed.row(finding["check"])[1:] == ["✔ passed", finding["summary"]]

    def test_names_what_was_hit_and_the_proof(self, passed: Page) -> None:
        row = passed.row("delete_pod")
        assert row[1] == "Pod pacman/mongo-0"
        assert row[2] == "✔ yes"
        assert "uid-after" in row[3]


class TestSafety:
    def test_hostile_names_are_text(self, failed: Page) -> None:
        assert failed.text.count(HOSTILE) >= 3
        assert "{{ 7 * 7 }}" in failed.text
        assert failed.all("script") == [{}]  # our own
        assert not [name for _, attributes in failed.tags for name in attributes if name.startswith("on")]
        assert [tag["src"][:9] for tag in failed.all("img")] == ["data:imag"] * 3

    def test_characters_that_steer_show_as_their_code(self, failed: Page) -> None:
        assert "\u202e" not in failed.source and "\\u202e" in failed.source
        assert "\x1b" not in failed.source and "\\u001b[31m" in failed.source

    def test_the_policy_allows_nothing_but_what_is_inside(self, passed: Page) -> None:
        policy = next(tag["content"] for tag in passed.all("meta") if "http-equiv" in tag)
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert "unsafe" not in policy
        for kind in ("style", "script"):
            (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", passed.source, re.S)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{kind}-src 'sha256-{digest}'" in policy

    def test_no_address_leads_outside(self, passed: Page) -> None:
        links = [value for _, tag in passed.tags for name, value in tag.items() if name in ("src", "srcset", "href")]
        assert links
        assert all(link.startswith(("data:", "#")) for link in links)

    def test_it_is_small_enough_to_send(self, passed_run: Path) -> None:
        assert (passed_run / "report.html").stat().st_size < 3_000_000


class TestAccess:
    def test_landmarks_language_and_one_heading_of_the_first_level(self, passed: Page) -> None:
        names = [name for name, _ in passed.tags]
        assert [names.count(name) for name in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
        assert passed.all("html")[0]["lang"] == "en"

    def test_figures_are_told_in_words(self, passed: Page) -> None:
        timeline, phases, latency = passed.all("img")
        assert "server: recovered after 3.99" in timeline["alt"]
        assert "The largest is gone." in phases["alt"]
        assert re.search(r"server: before 0\.\d\d ms, during no answer, after 0\.\d\d ms", latency["alt"])

    def test_its_parts_can_be_reached_by_keyboard(self, passed: Page) -> None:
        ids = {tag["id"] for _, tag in passed.tags if "id" in tag}
        links = [tag["href"].removeprefix("#") for tag in passed.all("a")]
        assert len(links) > 5
        assert set(links) <= ids

    def test_every_header_cell_has_a_scope(self, passed: Page) -> None:
        assert all(tag.get("scope") in ("row", "col") for tag in passed.all("th"))

    def test_every_section_has_a_heading_that_names_it(self, passed: Page) -> None:
        ids = [tag["id"] for _, tag in passed.tags if "id" in tag]
        assert len(ids) == len(set(ids))
        assert all(tag["aria-labelledby"] in ids for tag in passed.all("section"))


def rendered(run: Path, tmp_path: Path) -> Page:
    history = read(run)
    picture = page.Picture(b"<svg/>", b"<svg/>", "a figure", 10, 10)
    file = tmp_path / "page.html"
    file.write_text(page.render(Subject.of(history, judge(history)), dict.fromkeys(report.FIGURES, picture)))
    return Page(file)


class TestWhatIsMissing:
    def test_a_run_that_never_recovered_has_no_number(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run = make_run(up_s={"server": None, "driver": None, "user": None}, after_s=16.0)
        shown = rendered(run, tmp_path)
        row = next(row for row in shown.rows if row[0] == "server" and len(row) == 7)
        assert re.fullmatch(r"not recovered within 1[67]\.\d s", row[1])
        assert row[3] == "✘ missed"
        assert row[4] == "not seen"
        assert re.fullmatch(r"at least 1[567]\.\d s", row[6])

    def test_a_run_without_an_outage_is_never_zero(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        shown = rendered(make_run(down_s=None), tmp_path)
        row = next(row for row in shown.rows if row[0] == "server" and len(row) == 7)
        assert re.fullmatch(r"no outage seen \(shorter than 0\.0\d+ s\)", row[1])

    def test_a_run_of_nothing_says_what_is_missing(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        shown = rendered(make_run(workload=False, cluster=False, fault=False, readback=False), tmp_path)
        for sentence in (
            "? Unknown",
            "No operation was recorded",
            "No fault was recorded",
            "There was no read-back",
            "No events of the cluster were recorded",
            "Unknown: no lane has operations in the record.",
        ):
            assert sentence in shown.text
        assert "0.00" not in shown.text

    def test_a_run_whose_runner_crashed_says_so(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        shown = rendered(make_run(stopped=False, scanned=False, torn=True, after_s=3.0), tmp_path)
        assert "The workload was not stopped in order" in shown.text
        assert "The read-back broke off" in shown.text
        assert "ops.jsonl: its last line was cut off" in shown.text

    def test_a_run_with_one_lane_shows_that_one(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        shown = rendered(make_run(lanes=("server",)), tmp_path)
        assert "Recovery time, server" in shown.text
        assert "Recovery time, driver" not in shown.text

    def test_a_run_without_a_cluster_has_no_phases_of_kubernetes(
        self, make_run: Callable[..., Path], tmp_path: Path
    ) -> None:
        run = make_run(cluster=False, elsewhere={"target": {**TARGET, "namespace": "", "statefulset": ""}})
        shown = rendered(run, tmp_path)
        assert "No events of the cluster were recorded" not in shown.text  # there was none to watch
        assert "Not known: Ready" in shown.text
        assert not [row for row in shown.rows if row[0] in ("scheduled", "Ready", "gone")]

    def test_two_runs_in_one_file_are_told_apart(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run, other = make_run(lanes=("server",)), make_run(lanes=("server",), name="other/20260102T030405Z")
        with (run / "ops.jsonl").open("ab") as file:
            file.write((other / "ops.jsonl").read_bytes())
        shown = rendered(run, tmp_path)
        assert "? Unknown" in shown.text
        assert "records of another run (other/20260102T030405Z)" in shown.text

    def test_a_clock_that_jumped_is_named(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run = make_run(lanes=("server",))
        content = (run / "ops.jsonl").read_text().splitlines()
        begun = json.loads(content[2002])
        assert begun["type"] == "invoke"
        content[2002] = json.dumps(begun | {"due_ns": begun["due_ns"] - 3600 * S})
        (run / "ops.jsonl").write_text("\n".join(content) + "\n")
        shown = rendered(run, tmp_path)
        assert "? Unknown" in shown.text
        assert "was due before the one that was begun before it" in shown.text

    def test_a_runner_that_was_killed_left_no_end(self, make_run: Callable[..., Path], tmp_path: Path) -> None:
        run = make_run(lanes=("server",), notes=(r.Note(at(-2), "hypothesis", {"met": True}),))
        assert "chaos run was gone before it" in rendered(run, tmp_path).text

    def test_a_run_without_a_title_has_a_heading_all_the_same(
        self, make_run: Callable[..., Path], tmp_path: Path
    ) -> None:
        shown = rendered(make_run(lanes=("server",), title="", description=" "), tmp_path)
        assert "The experiment has no title on record" in shown.text
        assert "The experiment has no description on record." in shown.text

    def test_a_whole_record_lacks_nothing(self, passed: Page) -> None:
        assert "What is missing" not in passed.text


class TestTheReadyGap:
    @pytest.mark.parametrize(
        ("lo_s", "hi_s", "said"),
        [
            (1.2, 1.26, "Ready came 1.23 ± 0.03 s after the first acknowledged write"),
            (-1.26, -1.2, "Ready lied by 1.23 ± 0.03 s: it came that long before the first acknowledged write"),
            (-0.01, 0.02, "Ready came with the first acknowledged write (within 0.020 s)"),
        ],
    )
    def test_has_a_direction(self, lo_s: float, hi_s: float, said: str) -> None:
        assert words.ready_gap(Bracket(round(lo_s * S), round(hi_s * S))).startswith(said)

    @pytest.mark.parametrize(
        ("lo_s", "hi_s", "said"), [(-1.26, -1.2, "1.23 ± 0.03 s"), (-0.01, 0.02, ""), (1.2, 1.26, "")]
    )
    def test_is_a_lie_only_where_ready_came_first_for_certain(self, lo_s: float, hi_s: float, said: str) -> None:
        assert words.ready_lied(Bracket(round(lo_s * S), round(hi_s * S))) == said

    def test_is_not_known_where_it_was_not_seen(self) -> None:
        assert words.ready_gap(None).startswith("Not known")
