"""`chaos recovery trials` as a person would type it, in a real lab: what it runs and keeps, and how it is stopped."""

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import yaml
from chaosmongo.history import read, read_run, read_verdict
from chaosmongo.history.results import worst
from recoveryreport.trials.records import Trials

from tests.e2e.commands import Ended, processes_mentioning, run, running_lab, start

pytestmark = pytest.mark.e2e

NAME = "short"
TRIALS = ["chaos", "--no-version-check", "recovery", "trials"]
CODES = {"passed": 0, "failed": 1, "unknown": 2}
LATENESS_FORGIVEN = {"rate": 25, "writes": 15, "reads": 2}
"""Rates whose tick is so long that a busy machine does not make a short run unknown."""


@dataclass(frozen=True)
class Lab:
    place: Path
    kubeconfig: str

    def trials(self, *arguments: str) -> Ended:
        return run([*TRIALS, *arguments], self.place, KUBECONFIG=self.kubeconfig)


def short_experiment(place: Path) -> Path:
    """mongo-pod-delete with less load, and less time before and after."""
    experiment = yaml.safe_load((place / "experiments/mongo-pod-delete.yaml").read_text())
    for activity in experiment["method"]:
        provider = activity["provider"]
        if provider["func"] == "start_workload":
            provider["arguments"] |= LATENESS_FORGIVEN
            activity["pauses"] = {"after": 2}
        if provider["func"] == "wait_for_recovery":
            activity["pauses"] = {"after": 1}
    path = place / f"{NAME}.yaml"
    path.write_text(yaml.safe_dump(experiment))
    return path


@pytest.fixture(scope="module")
def lab(place: Path) -> Iterator[Lab]:
    short_experiment(place)
    with running_lab(place, "--apply", "manifests") as state:
        yield Lab(place, run(["kubelab", "kubeconfig", "--state", str(state)], place).output.strip())


@dataclass(frozen=True)
class Made:
    """Two trials, and what came of them."""

    ended: Ended
    file: Path
    trials: Trials


@pytest.fixture(scope="module")
def two(lab: Lab) -> Made:
    ended = lab.trials(f"{NAME}.yaml", "-n", "2", "--var", "scores:int=50")
    (file,) = lab.place.glob(f"runs/{NAME}/trials-*/trials.json")
    return Made(ended, file, msgspec.json.decode(file.read_bytes(), type=Trials))


class TestTrials:
    def test_are_runs_of_their_own_with_records_and_reports(self, two: Made, lab: Lab) -> None:
        assert len(two.trials.runs) == 2
        for trial in two.trials.runs:
            directory = lab.place / trial.directory
            assert (directory / "report.html").stat().st_size > 1000
            verdict = read_verdict(directory)
            assert verdict is not None
            assert (verdict.run, verdict.verdict) == (trial.run, trial.verdict)

    def test_came_one_after_the_other(self, two: Made, lab: Lab) -> None:
        first, second = (lab.place / trial.directory for trial in two.trials.runs)
        assert (first / "verdict.json").stat().st_mtime_ns < read_run(second).anchor.wall_ns

    def test_exit_with_the_worst_of_their_verdicts(self, two: Made) -> None:
        assert two.ended.status == CODES[worst([trial.verdict for trial in two.trials.runs])]

    def test_keep_what_each_run_measured(self, two: Made, lab: Lab) -> None:
        pooled = [trial for trial in two.trials.runs if not trial.left_out]
        assert pooled, "is this machine too busy to measure anything?"
        for trial in pooled:
            verdict = read_verdict(lab.place / trial.directory)
            assert verdict is not None
            measured = {lane.lane: lane.rta for lane in verdict.recovery}
            for lane in two.trials.lanes:
                (value,) = (value for value in lane.recovery.values if value.run == trial.run)
                rta = measured[lane.recovery.name]
                assert rta is not None
                assert (value.lo_ns, value.hi_ns) == (rta.lo_ns, rta.hi_ns)

    def test_say_one_line_a_run_and_one_summary(self, two: Made) -> None:
        lines = two.ended.output.splitlines()
        assert [line.split()[:3] for line in lines[:2]] == [["1", "of", "2"], ["2", "of", "2"]]
        assert str(two.file.with_name("trials.html").relative_to(two.file.parents[3])) in two.ended.output
        assert "\x1b" not in two.ended.output

    def test_pass_options_of_chaos_run_on(self, two: Made, lab: Lab) -> None:
        for trial in two.trials.runs:
            assert read(lab.place / trial.directory).seeded[0].count == 50

    def test_pooled_again_from_their_records_say_the_same(self, two: Made, lab: Lab, tmp_path: Path) -> None:
        runs = [trial.directory for trial in two.trials.runs]
        ended = lab.trials("--pool", *runs, "--out", str(tmp_path))
        assert ended.status == two.ended.status
        again = msgspec.json.decode((tmp_path / "trials.json").read_bytes(), type=Trials)
        assert msgspec.structs.replace(again, wall_ns=0) == msgspec.structs.replace(two.trials, wall_ns=0)


class TestTheFingerprint:
    def test_says_where_it_was_measured(self, two: Made, lab: Lab) -> None:
        found = read_run(lab.place / two.trials.runs[0].directory).environment
        assert "secantusVersion" in found.mongodb
        assert found.settings["mongo.mongo.readinessProbe.periodSeconds"] == 2
        assert found.settings["claim.mongo-storage.provisioner"] == "kubelab.local/shared"
        assert found.settings["mongo.tolerationSeconds.unreachable"] == 300
        assert not [name for name in found.settings if name.startswith("not readable")]

    def test_stands_in_the_report(self, two: Made, lab: Lab) -> None:
        page = (lab.place / two.trials.runs[0].directory / "report.html").read_text()
        for told in (
            "secantusVersion",
            "claim.mongo-storage.provisioner",
            "mongo.mongo.limits.memory",
            "retryable writes off",
            'w: "majority"',
            "j: true",
        ):
            assert told in page, told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_stops_the_run_under_way_in_order_and_says_what_was_done(
    lab: Lab, number: int, tmp_path: Path
) -> None:
    known = set(lab.place.glob(f"runs/{NAME}/*/ops*.jsonl"))
    process = start([*TRIALS, f"{NAME}.yaml", "-n", "9", "--out", str(tmp_path)], lab.place, KUBECONFIG=lab.kubeconfig)
    directory = under_load(lab.place, known)
    process.send_signal(number)
    time.sleep(0.1)  # the same once more, as from a terminal and from a parent that passes it on
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert "Stopped after 1 of 9 runs." in output
    assert "Traceback" not in output
    trials = msgspec.json.decode((tmp_path / "trials.json").read_bytes(), type=Trials)
    assert [trial.verdict for trial in trials.runs] == ["unknown"]
    assert (lab.place / trials.runs[0].directory) == directory
    undo = [json.loads(line) for line in (directory / "undo.jsonl").read_text().splitlines()]
    assert {u["undo"] for u in undo if u["type"] == "undo"} == {u["undo"] for u in undo if u["type"] == "undone"}
    assert not [line for line in processes_mentioning(lab.place.name) if "chaosmongo" in line or "chaostoolkit" in line]


def under_load(place: Path, known: set[Path]) -> Path:
    """The directory of a run that was not there before, as soon as its load has recorded operations."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for ops in set(place.glob(f"runs/{NAME}/*/ops*.jsonl")) - known:
            if ops.stat().st_size > 5_000:
                return ops.parent
        time.sleep(0.1)
    raise AssertionError("no load within 60 s")


class TestWithoutARecord:
    """What cannot be recorded once cannot be recorded twenty times."""

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([f"{NAME}.yaml"], "No Kubernetes cluster is configured"),
            (["nowhere.yaml"], "nowhere.yaml"),
            (["bare.yaml"], "the experiment lacks the control"),
        ],
        ids=["no cluster", "no such experiment", "an experiment without the control"],
    )
    def test_the_first_attempt_is_the_last_and_says_why(self, lab: Lab, arguments: list[str], told: str) -> None:
        action = {"name": "n", "type": "action", "provider": {"type": "process", "path": "true"}}
        (lab.place / "bare.yaml").write_text(yaml.safe_dump({"title": "t", "description": "d", "method": [action]}))
        ended = run([*TRIALS, *arguments, "-n", "9"], lab.place)
        assert ended.status == 2
        assert told in ended.output
        assert ended.output.count("Error: ") == 1
        assert "Traceback" not in ended.output
        assert " of 9 " not in ended.output
