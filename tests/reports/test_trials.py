"""Pooling: what many runs say together, what they do not, and which of them do not belong together."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chaosmongo.history import read
from chaosmongo.history.records import Environment
from chaosmongo.history.results import Bracket, Durability, Finding, LaneRecovery, Phase, Seeds, Verdict
from recoveryreport.errors import UnlikeRuns
from recoveryreport.trials import terminal, words
from recoveryreport.trials.conditions import conditions, differences
from recoveryreport.trials.pool import pool
from recoveryreport.trials.recorded import Recorded
from recoveryreport.trials.records import Trials

from . import recorded_runs
from .typed import typed
from .verdicts import durability, lane_recovery

S = 1_000_000_000


def lane(seconds: float | None, half_width: float = 0.01, name: str = "server", watched: float = 60) -> LaneRecovery:
    """A lane that recovered after `seconds`, or had not when its record ended; 0: no outage seen."""
    rta = Bracket(round((seconds - half_width) * S), round((seconds + half_width) * S)) if seconds else None
    return lane_recovery(
        name,
        rta,
        censored_ns=round(watched * S) if seconds is None else None,
        shorter_than_ns=5_000_000 if seconds == 0 else None,
        met=seconds is not None,
    )


def fates(lost: int = 0, kept: int = 500) -> Durability:
    return durability(kept, lost)


def run(number: int, *lanes: LaneRecovery, lost: int = 0, answer: str = "", **changes: Any) -> Recorded:
    """The run of that number. It failed where it lost something, unless `answer` says otherwise."""
    answer = answer or ("failed" if lost else "passed")
    verdict = Verdict(
        run=f"mongo-pod-delete/{number:02}",
        verdict=answer,  # type: ignore[arg-type]
        sentence=f"{answer}: as the test wants it",
        findings=[Finding("validity", "unknown" if answer == "unknown" else "passed", "as the test wants it")],
        faults=[],
        recovery=list(lanes) or [lane(1 + number / 10)],
        phases=[],
        durability=fates(lost),
        seeds=Seeds(1000, 1000, 0, 0, 0),
        ready_gap=None,
        doubts=[],
    )
    verdict = msgspec.structs.replace(verdict, **changes)
    return Recorded(Path(f"runs/{verdict.run}"), "Do the scores survive?", verdict, {"horizon_s": 60.0})


def pooled(*runs: Recorded, asked: int = 0) -> Trials:
    return pool(runs, asked or len(runs), 0)


def phase(name: str, start: float, end: float, uncertainty: float = 0) -> Phase:
    return Phase(name, round(start * S), round(end * S), round(uncertainty * S), "the test")


class TestRecoveryTimes:
    def test_have_their_median_and_its_interval(self) -> None:
        (server,) = pooled(*(run(n) for n in range(20))).lanes
        found = server.recovery
        assert found.median == Bracket(1_940_000_000, 1_960_000_000)
        assert found.interval is not None
        assert (found.interval.low, found.interval.high) == (6, 15)
        assert (found.interval.low_ns, found.interval.high_ns) == (1_490_000_000, 2_410_000_000)
        assert found.interval.confidence == pytest.approx(0.9586, abs=1e-4)
        assert (found.smallest_ns, found.largest_ns) == (1 * S, 2_900_000_000)

    def test_keep_every_value_as_it_was_measured(self) -> None:
        (server,) = pooled(run(1, lane(1.5, 0.25)), run(2, lane(None, watched=40)), run(3, lane(0))).lanes
        assert [(value.run, value.lo_ns, value.hi_ns, value.kind) for value in server.recovery.values] == [
            ("mongo-pod-delete/01", 1_250_000_000, 1_750_000_000, "recovered"),
            ("mongo-pod-delete/02", 40 * S, None, "censored"),
            ("mongo-pod-delete/03", 0, 5_000_000, "no outage"),
        ]

    def test_of_runs_that_never_recovered_are_lower_bounds_and_not_numbers(self) -> None:
        (server,) = pooled(*(run(n) for n in range(12)), *(run(n, lane(None)) for n in range(12, 20))).lanes
        found = server.recovery
        assert found.censored == 8
        assert found.median is not None
        assert found.median.middle_ns == 1_950_000_000
        assert found.interval is not None
        assert found.interval.high_ns is None
        assert found.largest_ns == 2_100_000_000
        assert found.not_yet[-1].share == pytest.approx(0.4)
        assert words.interval(found.interval) == "over 1.49 s"

    def test_have_no_median_where_fewer_than_half_recovered(self) -> None:
        (server,) = pooled(*(run(n) for n in range(3)), *(run(n, lane(None)) for n in range(3, 10))).lanes
        assert server.recovery.median is None
        assert words.median(server.recovery) == "not within 60 s"

    def test_have_no_interval_before_the_sixth_run(self) -> None:
        assert pooled(*(run(n) for n in range(5))).lanes[0].recovery.interval is None
        assert pooled(*(run(n) for n in range(6))).lanes[0].recovery.interval is not None

    def test_of_a_failed_run_count(self) -> None:
        (server,) = pooled(run(1), run(2, lost=3)).lanes
        assert len(server.recovery.values) == 2

    def test_of_an_unknown_run_do_not(self) -> None:
        found = pooled(run(1), run(2, answer="unknown"), run(3))
        assert [value.run for value in found.lanes[0].recovery.values] == ["mongo-pod-delete/01", "mongo-pod-delete/03"]
        assert found.verdicts == {"passed": 2, "unknown": 1}
        assert [trial.left_out for trial in found.runs] == ["", "all", ""]

    def test_of_a_run_that_is_unknown_only_because_it_did_not_recover_while_it_was_watched_count(self) -> None:
        """Left out, the slow ones would be missing and the median would look better than it is."""
        slow = run(2, lane(None, watched=20), answer="unknown", findings=[Finding("recovery", "unknown", "open")])
        found = pooled(run(1), slow, run(3))
        assert found.lanes[0].recovery.censored == 1
        assert found.verdicts == {"passed": 2, "unknown": 1}
        assert any("unknown only for whether it recovered in time" in doubt for doubt in found.doubts)

    def test_of_a_run_that_recovered_and_is_unknown_for_another_reason_do_not(self) -> None:
        odd = run(2, lane(2), answer="unknown", findings=[Finding("course", "unknown", "'stop the load' failed")])
        assert len(pooled(run(1), odd).lanes[0].recovery.values) == 1

    def test_of_a_run_that_is_unknown_only_for_whether_there_was_one_writer_count(self) -> None:
        """After a forced deletion nothing on record tells it: none would be measured."""
        forced = [Finding("single_writer", "unknown", "two writers at a time cannot be excluded")]
        found = pooled(*(run(n, answer="unknown", findings=forced) for n in range(6)))
        assert len(found.lanes[0].recovery.values) == found.writes.runs == 6
        assert found.verdicts == {"unknown": 6}
        (doubt,) = (doubt for doubt in found.doubts if "unknown" in doubt)
        assert doubt == (
            "unknown only for whether there was one writer at a time, and pooled with what was seen: "
            "mongo-pod-delete/00, mongo-pod-delete/01, mongo-pod-delete/02 and 3 more"
        )

    def test_of_a_run_without_any_finding_do_not(self) -> None:
        assert pooled(run(1), run(2, answer="unknown", findings=[])).pooled == 1

    @pytest.mark.parametrize("check", ["validity", "injection", "alone"])
    def test_of_a_failed_run_that_cannot_vouch_for_them_do_not(self, check: str) -> None:
        doubtful = run(2, lost=3, findings=[Finding(check, "unknown", "the prober was late")])
        found = pooled(run(1), doubtful)
        assert [value.run for value in found.lanes[0].recovery.values] == ["mongo-pod-delete/01"]
        assert found.writes.lost == 3
        assert any("its times are not pooled: the prober was late" in doubt for doubt in found.doubts)


class TestWrites:
    def test_none_lost_has_its_bound_beside_it(self) -> None:
        found = pooled(*(run(n) for n in range(20))).writes
        assert (found.runs, found.acknowledged, found.lost) == (20, 10_000, 0)
        assert found.at_most == pytest.approx(0.1391, abs=1e-4)
        told = "10,000 acknowledged in 20 runs, 0 lost; the probability that a run loses some is below 14.0 %"
        assert told in terminal.writes(found)

    def test_some_lost_have_an_interval_instead(self) -> None:
        found = pooled(*(run(n) for n in range(17)), *(run(n, lost=5) for n in range(17, 20))).writes
        assert (found.lost, found.runs_with_loss, found.at_most) == (15, 3, None)
        assert found.between is not None
        assert [round(end, 4) for end in found.between] == [0.0321, 0.3789]
        assert "3 of 20 runs" in terminal.writes(found)

    def test_a_seeded_score_that_is_missing_is_a_loss(self) -> None:
        found = pooled(run(1), run(2, answer="failed", seeds=Seeds(1000, 999, 1, 0, 0))).writes
        assert (found.runs_with_loss, found.seeded_spoilt, found.at_most) == (1, 1, None)
        assert "1 of 2,000 seeded scores not intact" in terminal.writes(found)

    def test_a_run_without_a_read_back_says_nothing_about_loss(self) -> None:
        assert pooled(run(1), run(2, answer="failed", durability=None)).writes.runs == 1

    def test_a_run_that_cannot_vouch_for_its_record_does_not_count_as_one_without_loss(self) -> None:
        doubtful = [Finding("validity", "unknown", "the record is damaged"), Finding("recovery", "failed", "late")]
        assert pooled(run(1), run(2, answer="failed", findings=doubtful)).writes.runs == 1

    def test_an_unknown_run_does_not_either(self) -> None:
        assert pooled(run(1), run(2, answer="unknown")).writes.runs == 1


class TestPhases:
    def test_are_pooled_by_name_and_told_in_the_order_in_which_they_were_reached(self) -> None:
        one = [phase("gone", 0, 1), phase("ready", 1, 1.5, 0.1)]
        other = [phase("gone", 0, 3), phase("ready", 3, 3.5, 0.1)]
        gone, ready = pooled(run(1, phases=one), run(2, phases=other)).phases
        assert (gone.name, ready.name) == ("gone", "ready")
        assert gone.lasted.median == Bracket(2 * S, 2 * S)
        assert ready.lasted.median == Bracket(400_000_000, 600_000_000)
        assert ready.reached.median == Bracket(2_400_000_000, 2_600_000_000)

    def test_one_that_did_not_apply_is_absent_and_not_zero(self) -> None:
        found = pooled(run(1, phases=[phase("gone", 0, 1)]), run(2, phases=[phase("blocked", 0, 9)])).phases
        assert {one.name: len(one.lasted.values) for one in found} == {"gone": 1, "blocked": 1}

    def test_in_unlike_orders_are_a_doubt(self) -> None:
        one = [phase("ready", 0, 1), phase("user", 1, 2)]
        other = [phase("user", 0, 1), phase("ready", 1, 2)]
        assert any("2 different orders" in doubt for doubt in pooled(run(1, phases=one), run(2, phases=other)).doubts)
        assert not any("orders" in doubt for doubt in pooled(run(1, phases=one), run(2, phases=one)).doubts)


class TestDoubts:
    def test_none_where_twenty_runs_are_close_together(self) -> None:
        assert pooled(*(run(n, lane(2 + n / 100, 0.001)) for n in range(20))).doubts == []

    @pytest.mark.parametrize(
        ("runs", "doubt"),
        [
            (
                [run(n, lane(2 + n / 100)) for n in range(5)],
                "server: 5 values give no 95 % interval of the median; 6 would",
            ),
            ([run(n, lane(1 + n)) for n in range(6)], "server: the standard deviation is 53% of the mean"),
            (
                [run(n, lane(2 + n / 100 + 9 * (n == 3))) for n in range(8)],
                "far from the others is mongo-pod-delete/03",
            ),
            ([run(n, lane(2 + n / 100, 0.5)) for n in range(8)], "known to ± 0.50 s only, more than the runs differ"),
            ([run(n, lane(0)) for n in range(8)], "server: 8 runs showed no outage at all"),
            ([run(1), run(2, answer="unknown")], "mongo-pod-delete/02 is unknown, and nothing of it is pooled"),
        ],
    )
    def test_are_said(self, runs: list[Recorded], doubt: str) -> None:
        assert any(doubt in said for said in pooled(*runs).doubts), pooled(*runs).doubts

    def test_fewer_runs_than_were_asked_for(self) -> None:
        assert "only 6 of 20 runs were made" in pooled(*(run(n) for n in range(6)), asked=20).doubts

    def test_a_lane_that_some_runs_did_not_measure(self) -> None:
        runs = [run(n, lane(1), lane(2, name="user")) for n in range(6)]
        assert "user: 2 runs did not measure it" in pooled(*runs, run(7), run(8)).doubts

    def test_a_part_of_the_environment_that_could_not_be_read(self) -> None:
        blind = replace(run(1), conditions={"environment.settings.not readable.nodes": "HTTP 403"})
        assert any("nodes could not be read (HTTP 403)" in doubt for doubt in pooled(blind, blind).doubts)


class TestUnlikeRuns:
    def test_are_refused_naming_the_field_and_both_values(self) -> None:
        other = replace(run(2), conditions={"horizon_s": 120.0})
        with pytest.raises(UnlikeRuns) as refused:
            pooled(run(1), other)
        assert "horizon_s is 60.0 in mongo-pod-delete/01 and 120.0 in mongo-pod-delete/02" in str(refused.value)

    def test_one_that_lacks_a_field_is_unlike(self) -> None:
        with pytest.raises(UnlikeRuns, match=r"plan\.x is 'y' in .*01 and absent in .*02"):
            pooled(replace(run(1), conditions={"horizon_s": 60.0, "plan.x": "y"}), run(2))

    def test_an_unknown_one_is_not_pooled_and_so_not_compared(self) -> None:
        assert pooled(run(1), replace(run(2, answer="unknown"), conditions={})).pooled == 1

    def test_are_those_whose_fault_was_given_something_else(self, make_run: Callable[..., Path]) -> None:
        """The experiment's text has only a name for it."""
        history = read(make_run(lanes=("server",)))
        (fault,) = history.faults
        given = msgspec.structs.replace(
            fault.start, arguments=fault.start.arguments | {"grace_period_s": 5, "node": "b"}
        )
        other = msgspec.structs.replace(history, faults=[msgspec.structs.replace(fault, start=given)])
        assert differences(conditions(history), conditions(other)) == ["fault.grace_period_s"]


chaos = partial(typed, "trials")


@pytest.fixture
def three(make_run: Callable[..., Path]) -> list[Path]:
    ups = ({"server": 4.0 + n / 10, "driver": 4.5, "user": 4.8} for n in range(3))
    return [make_run(name=f"mongo-pod-delete/2026010{n}T000000Z", up_s=up) for n, up in enumerate(ups, 1)]


def changed(path: Path, **fields: Any) -> None:
    """Records a run again as if it had been made elsewhere."""
    shutil.rmtree(path)
    recorded_runs.record(path, recorded_runs.Recorded(name=f"{path.parent.name}/{path.name}", elsewhere=fields))


class TestPoolingRecordedRuns:
    @pytest.fixture(autouse=True)
    def undrawn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is drawn of them has tests of its own."""
        monkeypatch.setattr("recoveryreport.trials.drawing.draw", lambda _, directory: directory / "trials.html")

    def test_writes_and_tells_what_they_say_together(self, three: list[Path]) -> None:
        result = chaos("--pool", *three)
        assert result.exit_code == 0, result.output
        (file,) = three[0].parent.glob("trials-*/trials.json")
        assert str(file.with_name("trials.html")) in result.output
        assert "3 passed of 3 runs" in result.output
        assert re.search(r"^  server +4\.(09|10)\d ± 0\.00\d s ", result.stdout, re.MULTILINE)
        assert "below 63.2 %" in " ".join(result.output.split())
        found = msgspec.json.decode(file.read_bytes(), type=Trials)
        assert [lane.recovery.name for lane in found.lanes] == ["server", "driver", "user"]
        assert found.writes.runs == 3
        assert found.conditions["environment.mongodb"] == "8.0.1"
        assert found.conditions["plan.retry_writes"] is False
        assert found.conditions["plan.write_concern.j"] is True

    def test_fits_eighty_columns(self, three: list[Path], tmp_path: Path) -> None:
        told = chaos("--pool", *three, "--out", tmp_path / "x").stdout.splitlines()
        assert max(len(line) for line in told if "trials.html" not in line) <= 80

    def test_exits_1_where_one_failed(self, three: list[Path], make_run: Callable[..., Path]) -> None:
        lossy = make_run(name="mongo-pod-delete/20260109T000000Z", lost=4)
        result = chaos("--pool", *three, lossy)
        assert result.exit_code == 1
        assert "3 passed, 1 failed of 4 runs" in result.output

    def test_exits_2_where_one_is_unknown(self, three: list[Path], make_run: Callable[..., Path]) -> None:
        broken = make_run(name="mongo-pod-delete/20260109T000000Z", stopped=False)
        result = chaos("--pool", *three, broken)
        assert result.exit_code == 2
        assert "3 passed, 1 unknown of 4 runs" in result.output

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"horizon_s": 5.0}, "horizon_s is 60.0 in"),
            ({"environment": msgspec.to_builtins(Environment(mongodb="9"))}, "environment.kubernetes is 'v1.36.2' in"),
            ({"objectives": {"rto_s": {"server": 1.0}, "rpo_writes": 0}}, "objectives.rto_s.server is 15.0 in"),
            ({"experiment": {"method": [{"func": "crash_node"}]}}, "experiment.method[0].func is absent in"),
        ],
    )
    def test_refuses_what_was_not_measured_alike(self, three: list[Path], fields: dict[str, Any], told: str) -> None:
        changed(three[2], **fields)
        result = chaos("--pool", *three)
        assert result.exit_code == 2
        assert told in result.stderr
        assert "mongo-pod-delete/20260103T000000Z" in result.stderr
        assert not list(three[0].parent.glob("trials-*"))

    def test_nodes_of_other_names_are_alike(self, three: list[Path]) -> None:
        document = json.loads((three[2] / "run.json").read_text())
        nodes = {"spot-7": "v1.36.2", "spot-9": "v1.36.2"}
        changed(three[2], environment=document["environment"] | {"nodes": nodes})
        assert chaos("--pool", *three).exit_code == 0

    def test_another_title_is_alike(self, three: list[Path]) -> None:
        document = json.loads((three[2] / "run.json").read_text())
        changed(three[2], experiment=document["experiment"] | {"title": "worded better"})
        assert chaos("--pool", *three).exit_code == 0

    def test_the_same_run_twice_is_refused(self, three: list[Path]) -> None:
        result = chaos("--pool", three[0], three[0].parent / ".." / three[0].parent.name / three[0].name)
        assert result.exit_code == 2
        assert "are the same run" in result.stderr

    def test_a_directory_that_is_no_run_is_named(self, tmp_path: Path) -> None:
        result = chaos("--pool", tmp_path / "nowhere")
        assert result.exit_code == 2
        assert "nowhere is no run directory" in result.stderr

    def test_a_place_that_cannot_be_written_is_named(self, three: list[Path]) -> None:
        result = chaos("--pool", *three, "--out", "/proc/trials")
        assert result.exit_code == 2
        assert "/proc/trials cannot be made" in result.stderr

    def test_directories_of_earlier_trials_are_passed_over(self, three: list[Path]) -> None:
        chaos("--pool", *three)
        everything = sorted(three[0].parent.iterdir())
        assert len(everything) == 4
        result = chaos("--pool", *everything)
        assert result.exit_code == 0, result.output
        assert "3 passed of 3 runs" in result.output

    def test_only_directories_of_trials_are_no_runs(self, three: list[Path]) -> None:
        chaos("--pool", *three)
        result = chaos("--pool", *three[0].parent.glob("trials-*"))
        assert result.exit_code == 2
        assert "There is no run among what was named" in result.stderr

    def test_earlier_trials_are_not_written_over(self, three: list[Path], tmp_path: Path) -> None:
        assert chaos("--pool", *three, "--out", tmp_path / "x").exit_code == 0
        before = (tmp_path / "x" / "trials.json").read_bytes()
        result = chaos("--pool", *three, "--out", tmp_path / "x")
        assert result.exit_code == 2
        assert "is there already" in result.stderr
        assert (tmp_path / "x" / "trials.json").read_bytes() == before


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([], "Missing argument"),
            (["a.yaml", "b.yaml"], "chaos recovery trials --pool a.yaml b.yaml"),
            (["a.yaml", "-n", "0"], "0 is not in the range"),
            (["--pool", "a", "-n", "3"], "-n and options of `chaos run` say nothing"),
            (["--pool", "a", "--var", "x=y"], "-n and options of `chaos run` say nothing"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, arguments: list[str], told: str) -> None:
        result = chaos(*arguments)
        assert result.exit_code == 2
        assert told in " ".join(result.output.split())
