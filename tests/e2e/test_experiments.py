"""The experiments, end to end: a real lab, the real `chaos run`, and a verdict that is right."""

import itertools
import json
import re
from pathlib import Path

import pytest
from chaosmongo.history import History, read
from chaosmongo.history.results import Verdict

from tests.e2e.commands import BIN, Ended, processes_mentioning, run, run_directory, run_undisturbed

pytestmark = pytest.mark.e2e


class Experiment:
    """One experiment that was run in a lab of its own."""

    def __init__(self, place: Path, name: str, *lab_options: str) -> None:
        chaos = ["chaos", "--no-version-check", "run", f"experiments/{name}.yaml"]
        self.ended: Ended = run_undisturbed(["kubelab", "exec", *lab_options, "--", *chaos], place, name)
        self.directory = run_directory(place, name)
        self.history: History = read(self.directory)
        self.place = place

    @property
    def verdict(self) -> Verdict:
        import msgspec

        return msgspec.json.decode((self.directory / "verdict.json").read_bytes(), type=Verdict)

    def finding(self, check: str) -> str:
        (found,) = (finding for finding in self.verdict.findings if finding.check == check)
        return found.verdict


@pytest.fixture(scope="module")
def pod_delete(place: Path) -> Experiment:
    return Experiment(place, "mongo-pod-delete")


@pytest.fixture(scope="module")
def without_volume(place: Path) -> Experiment:
    return Experiment(place, "mongo-without-volume", "--apply", "manifests/variants/without-volume")


class TestDeletingThePodOfADatabaseWithAVolume:
    def test_passes_and_exits_0(self, pod_delete: Experiment) -> None:
        assert pod_delete.verdict.verdict == "passed", pod_delete.ended.output
        assert pod_delete.ended.status == 0

    def test_loses_no_acknowledged_write_and_no_seeded_score(self, pod_delete: Experiment) -> None:
        durability, seeds = pod_delete.verdict.durability, pod_delete.verdict.seeds
        assert durability is not None
        assert seeds is not None
        assert (durability.lost, durability.altered, durability.duplicated, durability.phantoms) == (0, 0, 0, 0)
        assert durability.kept > 200
        assert (seeds.count, seeds.intact) == (1000, 1000)

    def test_every_write_has_exactly_one_fate(self, pod_delete: Experiment) -> None:
        d = pod_delete.verdict.durability
        assert d is not None
        fates = (d.kept, d.lost, d.altered, d.duplicated, d.recovered, d.absent, d.rejected, d.applied)
        assert sum(fates) == d.writes == sum(op.f == "write" for op in pod_delete.history.ops)

    def test_proves_that_the_pod_was_replaced_by_another_of_the_same_name(self, pod_delete: Experiment) -> None:
        (fault,) = pod_delete.verdict.faults
        assert fault.proven is True
        (start,) = (fault.start for fault in pod_delete.history.faults)
        uids = {
            event.object["metadata"]["uid"]
            for event in pod_delete.history.cluster
            if event.resource == "pods" and event.kind == "ADDED" and event.object["metadata"]["name"] == "mongo-0"
        }
        assert uids
        assert start.hits[0].uid not in uids

    def test_measures_the_outage_of_each_lane(self, pod_delete: Experiment) -> None:
        for lane in pod_delete.verdict.recovery:
            assert lane.rta is not None, lane.lane
            assert 0.1e9 < lane.rta.lo_ns <= lane.rta.hi_ns < 30e9
        assert [lane.lane for lane in pod_delete.verdict.recovery] == ["server", "driver", "user"]

    def test_the_phases_begin_with_the_fault_follow_one_another_and_end_with_the_recovery(
        self, pod_delete: Experiment
    ) -> None:
        phases = pod_delete.verdict.phases
        assert phases[0].start_ns == pod_delete.history.faults[0].start.time_ns
        assert all(a.end_ns == b.start_ns for a, b in itertools.pairwise(phases))
        assert {"gone", "recreated", "scheduled", "started", "ready"} <= {phase.name for phase in phases}
        slowest = max(lane.rta.hi_ns for lane in pod_delete.verdict.recovery if lane.rta)
        assert phases[-1].end_ns - phases[0].start_ns <= slowest

    def test_agrees_with_an_outage_worked_out_by_hand(self, pod_delete: Experiment) -> None:
        """The server lane's hellos alone: the last good one before the gap and the first good one after it."""
        hellos = sorted((op for op in pod_delete.history.ops if op.f == "hello"), key=lambda op: op.due_ns)
        fault_ns = pod_delete.history.faults[0].start.time_ns
        bad = [op for op in hellos if op.outcome != "ok" and op.due_ns > fault_ns]
        back_ns = min(op.done_ns for op in hellos if op.outcome == "ok" and op.due_ns > bad[-1].due_ns)
        server = pod_delete.verdict.recovery[0]
        assert server.rta is not None
        assert abs((back_ns - fault_ns) - server.rta.middle_ns) < 0.2e9

    def test_ends_with_a_summary_that_names_the_report(self, pod_delete: Experiment) -> None:
        tail = pod_delete.ended.output.splitlines()[-30:]
        text = "\n".join(tail)
        assert "PASSED" in text
        assert re.search(r"[\d,]+ acknowledged, 0 lost", text)
        assert f"report    {pod_delete.directory.relative_to(pod_delete.place)}/report.html" in text
        assert all(f"{lane} " in text for lane in ("server", "driver", "user"))

    def test_leaves_figures_and_a_page(self, pod_delete: Experiment) -> None:
        for name in ("report.html", "timeline.png", "phases.png", "verdict.json"):
            assert (pod_delete.directory / name).stat().st_size > 1000

    def test_leaves_no_process(self, pod_delete: Experiment) -> None:
        assert processes_mentioning(pod_delete.place.name) == []

    def test_records_no_password(self, pod_delete: Experiment) -> None:
        secret = (pod_delete.place / "manifests/10-secret.yaml").read_text()
        passwords = re.findall(r"database(?:-admin)?-password: *\"?([^\"\n]+)", secret)
        assert passwords
        for path in [*pod_delete.directory.iterdir(), pod_delete.place / "journal.json"]:
            data = path.read_bytes()
            assert not [password for password in passwords if password.encode() in data], path
        assert not [password for password in passwords if password in pod_delete.ended.output]


class TestDeletingThePodOfADatabaseWithoutAVolume:
    def test_fails_and_exits_1(self, without_volume: Experiment) -> None:
        assert without_volume.verdict.verdict == "failed", without_volume.ended.output
        assert without_volume.ended.status == 1
        assert json.loads((without_volume.place / "journal.json").read_text())["deviated"] is True

    def test_reports_every_write_acknowledged_before_the_fault_lost(self, without_volume: Experiment) -> None:
        fault_ns = without_volume.history.faults[0].start.time_ns
        before = [
            op for op in without_volume.history.ops if op.f == "write" and op.outcome == "ok" and op.done_ns < fault_ns
        ]
        durability = without_volume.verdict.durability
        assert durability is not None
        assert len(before) > 200
        assert durability.lost >= len(before)
        listed = {loss.key for loss in durability.lost_writes}
        assert listed <= {op.key for op in without_volume.history.ops}

    def test_misses_every_seeded_score(self, without_volume: Experiment) -> None:
        seeds = without_volume.verdict.seeds
        assert seeds is not None
        assert (seeds.count, seeds.missing) == (1000, 1000)

    def test_players_never_get_their_scores_back(self, without_volume: Experiment) -> None:
        (user,) = (lane for lane in without_volume.verdict.recovery if lane.lane == "user")
        assert user.rta is None
        assert user.censored_ns is not None

    def test_says_so_on_the_terminal(self, without_volume: Experiment) -> None:
        assert "FAILED" in without_volume.ended.output


class TestJudgingAgain:
    def test_gives_the_same_verdict_byte_for_byte(self, pod_delete: Experiment) -> None:
        before = (pod_delete.directory / "verdict.json").read_bytes()
        ended = run(["chaos", "--no-version-check", "recovery", "verdict", str(pod_delete.directory)], pod_delete.place)
        assert ended.status == 0
        assert (pod_delete.directory / "verdict.json").read_bytes() == before

    def test_a_failed_run_exits_1(self, without_volume: Experiment) -> None:
        command = ["chaos", "--no-version-check", "recovery", "verdict", str(without_volume.directory)]
        assert run(command, without_volume.place).status == 1

    def test_a_record_without_its_read_back_is_unknown_and_exits_2(
        self, pod_delete: Experiment, tmp_path: Path
    ) -> None:
        for path in pod_delete.directory.glob("*.json*"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "readback.jsonl").unlink()
        ended = run(["chaos", "--no-version-check", "recovery", "verdict", str(tmp_path)], tmp_path)
        assert ended.status == 2
        assert "UNKNOWN" in ended.output

    def test_draws_the_report_again_from_the_files(self, pod_delete: Experiment) -> None:
        report = pod_delete.directory / "report.html"
        report.unlink()
        ended = run(["chaos", "--no-version-check", "recovery", "report", str(pod_delete.directory)], pod_delete.place)
        assert ended.status == 0
        assert report.exists()


def test_the_commands_are_those_of_this_project() -> None:
    assert (BIN / "chaos").exists()
    assert (BIN / "kubelab").exists()
