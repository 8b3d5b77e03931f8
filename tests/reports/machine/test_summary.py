"""summary.json says what the page says, and what the lines of the record say when they are counted a second time."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chaosmongo.checks import judge
from chaosmongo.history import read, read_run, read_verdict
from chaosmongo.history import records as r
from chaosmongo.history.results import Verdict
from recoveryreport import machine, words
from recoveryreport.machine import summary
from recoveryreport.machine.records import Measured, Summary

from tests.reports.recorded_runs import FAULT_NS, S

from . import made

LANES = ("server", "driver", "user")


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(params=["passed_run", "failed_run"])
def run(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def shown(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return found


class TestTheFiles:
    def test_stand_beside_the_report(self, run: Path) -> None:
        assert {"summary.json", "junit.xml", "metrics.prom", "summary.md"} <= {file.name for file in run.iterdir()}

    def test_are_the_same_for_the_same_record(self, run: Path) -> None:
        history = read(run)
        for name, data in machine.files(history.run, judge(history)).items():
            assert (run / name).read_bytes() == data


class TestNumbers:
    def test_are_those_of_the_page_to_the_digit(
        self, run: Path, shown: dict[str, Any], text_of_page: Callable[[Path], str]
    ) -> None:
        page = text_of_page(run)
        told = [text for text in texts(shown) if text not in page]
        assert not told
        assert words.harmless(shown["sentence"]) in page

    @pytest.mark.parametrize("lane", LANES)
    def test_a_recovery_time_is_bracketed_by_two_operations(self, run: Path, shown: dict[str, Any], lane: str) -> None:
        (told,) = [one for one in shown["lanes"] if one["name"] == lane]
        ops = lines(run / "ops.jsonl")
        mine = {op["op"] for op in ops if op["type"] == "invoke" and op["lane"] == lane}
        ends = [op for op in ops if op.get("op") in mine and op["type"] != "invoke"]
        bad = [op["sent_ns"] for op in ends if op["type"] != "ok"]
        first_ok = min(op["done_ns"] for op in ends if op["type"] == "ok" and op["sent_ns"] > max(bad))
        rta = told["recovery_time"]
        assert abs(rta["value_s"] - (max(bad) + first_ok - 2 * FAULT_NS) / 2 / S) <= 1e-9
        assert abs(rta["uncertainty_s"] - (first_ok - max(bad)) / 2 / S) <= 1e-9
        counted = Counter(op["type"] for op in ends)
        assert [told[name] for name in ("operations", "ok", "failed", "unknown")] == [
            len(ends), counted["ok"], counted["fail"], counted["info"]
        ]  # fmt: skip

    def test_every_write_has_its_fate(self, run: Path, shown: dict[str, Any]) -> None:
        ops = lines(run / "ops.jsonl")
        there = {line["key"] for line in lines(run / "readback.jsonl") if line["type"] == "doc"}
        keys = {op["op"]: op["key"] for op in ops if op["type"] == "invoke" and op["f"] == "write"}
        fates = Counter((op["type"], keys[op["op"]] in there) for op in ops if op.get("op") in keys)
        writes = shown["writes"]
        assert writes["acknowledged"]["kept"] == fates["ok", True]
        assert writes["acknowledged"]["lost"] == fates["ok", False]
        assert writes["unknown"] == {"recovered": fates["info", True], "absent": fates["info", False]}
        assert writes["failed"] == {"rejected": fates["fail", False], "applied": fates["fail", True]}
        assert writes["writes"] == len(keys)

    def test_the_recovery_point_is_the_last_survivor_before_the_fault(self, failed_run: Path) -> None:
        ops = lines(failed_run / "ops.jsonl")
        there = {line["key"] for line in lines(failed_run / "readback.jsonl") if line["type"] == "doc"}
        keys = {op["op"]: op["key"] for op in ops if op["type"] == "invoke" and op["f"] == "write"}
        survived = [op["done_ns"] for op in ops if op["type"] == "ok" and keys.get(op["op"]) in there]
        writes = json.loads((failed_run / "summary.json").read_text())["writes"]
        assert writes["rpa_s"] == (FAULT_NS - max(ns for ns in survived if ns < FAULT_NS)) / S

    def test_phases_are_what_was_recorded_and_add_up(self, shown: dict[str, Any]) -> None:
        phases = {phase["name"]: phase for phase in shown["phases"]}
        assert phases["terminating"]["reached_s"] == 0.14
        assert phases["gone"]["reached_s"] == 2.3
        assert phases["gone"]["lasted"] == {
            "kind": "measured",
            "value_s": 2.16,
            "uncertainty_s": None,
            "text": "2.160 s",
        }
        assert [name for name, phase in phases.items() if phase["largest"]] == ["gone"]
        lasted = sum(phase["lasted"]["value_s"] for phase in shown["phases"])
        assert lasted == pytest.approx(shown["phases"][-1]["reached_s"], abs=1e-6)

    @made.every_verdict
    def test_are_the_verdicts_own_to_the_nanosecond(self, judged: tuple[r.Run, Verdict]) -> None:
        run, verdict = judged
        told = {lane.name: lane for lane in summary.of(run, verdict).lanes}
        for lane in verdict.recovery:
            rta = told[lane.lane].recovery_time
            assert isinstance(rta, Measured) == (lane.rta is not None)
            if lane.rta is not None:
                assert round(rta.value_s * S) == (lane.rta.lo_ns + lane.rta.hi_ns) // 2
                assert round(2 * (rta.uncertainty_s or 0) * S) - (lane.rta.hi_ns - lane.rta.lo_ns) in (0, 1)


def texts(part: Any) -> Iterator[str]:
    """Everything that is told in words of a number."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key in ("text", "objective"))
        for value in part.values():
            yield from texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from texts(value)


class TestWhatIsNotKnown:
    def test_a_lane_that_never_recovered_has_a_lower_bound_and_no_value(
        self, summed_up: Callable[[str], Summary]
    ) -> None:
        told = json.loads(summary.encoded(summed_up("never recovered")))
        for lane in told["lanes"]:
            assert set(lane["recovery_time"]) == {"kind", "at_least_s", "text"}
            assert 16 <= lane["recovery_time"]["at_least_s"] < 18
            assert lane["unavailable"]["kind"] == "at least"
            assert lane["first_success"] == {"kind": "not known", "text": "not seen"}

    def test_a_lane_without_an_outage_has_an_upper_bound_and_no_value(
        self, summed_up: Callable[[str], Summary]
    ) -> None:
        for lane in json.loads(summary.encoded(summed_up("no outage")))["lanes"]:
            assert set(lane["recovery_time"]) == {"kind", "below_s", "text"}
            assert lane["recovery_time"]["below_s"] > 0
            assert lane["unavailable"] == {"kind": "not known", "text": "none seen"}

    def test_a_run_of_nothing_has_no_number(self, summed_up: Callable[[str], Summary]) -> None:
        told = json.loads(summary.encoded(summed_up("nothing recorded")))
        assert told["verdict"] == "unknown"
        assert (told["lanes"], told["phases"], told["writes"], told["seeds"]) == ([], [], None, None)
        assert told["ready_gap"]["kind"] == "not known"

    @pytest.mark.parametrize("wall_ns", [2**62, -(2**62)])
    def test_a_clock_that_says_nonsense_labels_nothing(self, passed_run: Path, wall_ns: int) -> None:
        run, verdict = read_run(passed_run), read_verdict(passed_run)
        assert verdict is not None
        run = msgspec.structs.replace(run, anchor=r.Anchor(0, wall_ns * 1000))
        assert summary.of(run, verdict).began is None


def test_what_looks_like_a_secret_is_in_no_file(passed_run: Path) -> None:
    run, verdict = read_run(passed_run), read_verdict(passed_run)
    assert verdict is not None
    told = "mongodb://admin:hunter2@db failed, password=hunter2"
    finding, fault = verdict.findings[0], verdict.faults[0]
    verdict = msgspec.structs.replace(
        verdict,
        sentence=f"passed: {told}",
        findings=[msgspec.structs.replace(finding, summary=told)],
        faults=[msgspec.structs.replace(fault, proof=told)],
        doubts=[told],
    )
    for data in machine.files(msgspec.structs.replace(run, title=told), verdict).values():
        assert b"hunter2" not in data


class TestNames:
    @made.every_verdict
    def test_are_as_recorded_when_they_are_decoded(self, judged: tuple[r.Run, Verdict]) -> None:
        summed = summary.of(*judged)
        assert msgspec.json.decode(summary.encoded(summed), type=Summary) == summed

    @made.every_verdict
    def test_do_not_steer_a_terminal(self, judged: tuple[r.Run, Verdict]) -> None:
        for line in summary.encoded(summary.of(*judged)).decode().removesuffix("\n").split("\n"):
            assert words.harmless(line) == line
