"""One lab with the demo in it: kubectl's view of it, and runs that must be refused or must not be believed."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from chaosmongo.history import read, read_verdict

from tests.e2e.commands import Ended, processes_mentioning, run, running_lab, start

pytestmark = pytest.mark.e2e

CHAOS = ["chaos", "--no-version-check", "run", "experiments/mongo-pod-delete.yaml"]


@dataclass(frozen=True)
class Lab:
    place: Path
    kubeconfig: str

    def kubectl(self, *arguments: str) -> Ended:
        return run(["kubectl", *arguments], self.place, KUBECONFIG=self.kubeconfig)

    def chaos(self, *options: str) -> Ended:
        return run([*CHAOS, *options], self.place, KUBECONFIG=self.kubeconfig)

    def uid(self) -> str:
        return self.kubectl("get", "pod", "mongo-0", "-n", "pacman", "-o", "jsonpath={.metadata.uid}").output

    def runs(self) -> list[Path]:
        return sorted(self.place.glob("runs/*/*"))


@pytest.fixture(scope="module")
def lab(place: Path) -> Iterator[Lab]:
    with running_lab(place, "--apply", "manifests") as state:
        kubeconfig = run(["kubelab", "kubeconfig", "--state", str(state)], place).output.strip()
        yield Lab(place, kubeconfig)
    assert not state.exists() or not list(state.iterdir())


def test_kubectl_shows_the_pods(lab: Lab) -> None:
    ended = run(["kubectl", "--kubeconfig", lab.kubeconfig, "get", "pods", "-n", "pacman"], lab.place)
    assert ended.status == 0
    header, *rows = ended.output.splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert rows[0].split()[:3] == ["mongo-0", "1/1", "Running"]


def test_the_kubeconfig_is_readable_by_its_owner_alone(lab: Lab) -> None:
    assert Path(lab.kubeconfig).stat().st_mode & 0o777 == 0o600


class TestRefusing:
    """Nothing is touched: no run is recorded, and the pod is the same one as before."""

    @pytest.fixture(autouse=True)
    def untouched(self, lab: Lab) -> Iterator[None]:
        uid, runs = lab.uid(), lab.runs()
        yield
        assert lab.uid() == uid
        assert lab.runs() == runs

    def test_a_namespace_without_the_label_and_says_how_to_allow_it(self, lab: Lab) -> None:
        lab.kubectl("label", "namespace", "pacman", "chaos.mongodb/allowed-")
        try:
            ended = lab.chaos()
        finally:
            lab.kubectl("label", "namespace", "pacman", "chaos.mongodb/allowed=true")
        assert ended.status == 1
        assert "kubectl label namespace pacman chaos.mongodb/allowed=true" in ended.output
        assert "Traceback" not in ended.output

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            (["namespace=kube-system"], "kube-system belongs to Kubernetes itself"),
            (["namespace=nowhere"], "There is no namespace nowhere"),
            (["mongo_service=none"], "There is no Service none in namespace pacman"),
            (["mongo_secret=none"], "Secret none in namespace pacman cannot be read (HTTP 404)"),
            (["app_service=none"], "There is no Service none in namespace pacman"),
            (["runs=/proc/runs"], "The run cannot be recorded"),
        ],
    )
    def test_what_is_not_there(self, lab: Lab, options: list[str], told: str) -> None:
        ended = lab.chaos(*(word for option in options for word in ("--var", option)))
        assert ended.status == 1
        assert told in ended.output
        assert "Traceback" not in ended.output

    def test_a_wrong_password_which_is_not_shown(self, lab: Lab) -> None:
        address = lab.kubectl("get", "svc", "mongo", "-n", "pacman", "-o", "jsonpath={.spec.clusterIP}").output
        ended = lab.chaos("--var", f"mongo_uri=mongodb://demo-pacman:wr0ng-one@{address}:27017/pacman")
        assert ended.status == 1
        assert "refuses user and password" in ended.output
        assert "wr0ng-one" not in ended.output
        assert "wr0ng-one" not in (lab.place / "chaostoolkit.log").read_text()


class TestNotBelieving:
    """Chaos Toolkit alone would exit 0."""

    @pytest.fixture(autouse=True)
    def ready(self, lab: Lab) -> None:
        """What the test before this one did to the database is over."""
        ended = lab.kubectl("wait", "--for=condition=Ready", "pod/mongo-0", "-n", "pacman", "--timeout=30s")
        assert ended.status == 0, ended.output

    def test_a_method_that_never_ran_because_the_steady_state_was_not_met(self, lab: Lab) -> None:
        uid = lab.uid()
        ended = lab.chaos("--var", "statefulset=none")
        assert json.loads((lab.place / "journal.json").read_text())["run"] == []
        assert ended.status == 1
        assert "UNKNOWN" in ended.output
        assert lab.uid() == uid

    def test_a_workload_that_was_killed_in_the_middle(self, lab: Lab) -> None:
        process = start(CHAOS, lab.place, KUBECONFIG=lab.kubeconfig)
        directory = _begun(lab, process)
        os.kill(_workload(process.pid), signal.SIGKILL)
        output, _ = process.communicate(timeout=90)
        assert process.returncode == 1
        verdict = read_verdict(directory)
        assert verdict is not None
        assert verdict.verdict == "unknown", verdict.sentence
        assert "Traceback" not in output
        assert not read(directory).damage

    def test_an_objective_that_was_missed(self, lab: Lab) -> None:
        ended = lab.chaos("--var", "rto_s=0.05")
        assert ended.status == 1
        assert "FAILED" in ended.output


def test_what_a_run_wrote_is_gone_from_the_database_afterwards(lab: Lab) -> None:
    address = lab.kubectl(
        "get", "svc", "pacman", "-n", "pacman", "-o", "jsonpath={.spec.clusterIP} {.spec.ports[0].nodePort}"
    ).output.split()
    node = lab.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}").output
    with urllib.request.urlopen(f"http://{node}:{address[1]}/highscores/list", timeout=5) as answer:
        assert json.loads(answer.read()) == []


def _begun(lab: Lab, process: subprocess.Popen[str]) -> Path:
    known = set(lab.runs())
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None
        for path in set(lab.runs()) - known:
            if (path / "ops.jsonl").exists() and (path / "ops.jsonl").stat().st_size > 50_000:
                return path
        time.sleep(0.1)
    raise AssertionError("no load within 60 s")


def _workload(runner: int) -> int:
    (pid,) = (
        int(child)
        for child in Path(f"/proc/{runner}/task/{runner}/children").read_text().split()
        if b"chaosmongo.workload" in Path(f"/proc/{child}/cmdline").read_bytes()
    )
    return pid


def test_no_process_of_a_run_is_left(lab: Lab) -> None:
    assert not [line for line in processes_mentioning(lab.place.name) if "chaosmongo" in line]
