"""Runs in a pod of the cluster whose load is sent by the pods of a Job beside it, with the permissions that they are
said to need and no others. Of the second run one of these pods is deleted in the middle.
"""

import base64
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaosmongo.cluster import Cluster
from chaosmongo.errors import CannotUndo
from chaosmongo.history import History, read, read_verdict
from chaosmongo.history.results import Verdict
from chaosmongo.process import boot
from chaosmongo.undo import workload

from tests.e2e.commands import ATTEMPTS, ROOT, TOO_BUSY, run, running_lab

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

RATES = {"rate": 100, "writes": 10, "reads": 2}
IMAGE = "chaostoolkit-mongodb:0.1.0"
NAMESPACE = "chaos"


@dataclass(frozen=True)
class Run:
    log: str
    directory: Path
    history: History
    verdict: Verdict


class Lab:
    """The demo, and what a runner in the cluster needs: a namespace, an account, a volume, an experiment."""

    def __init__(self, place: Path, kubeconfig: str) -> None:
        self.place = place
        self.kubeconfig = kubeconfig

    def kubectl(self, *arguments: str) -> str:
        ended = run(["kubectl", *arguments], self.place, KUBECONFIG=self.kubeconfig)
        assert ended.status == 0, ended.output
        return ended.output

    def apply(self, *objects: dict[str, Any]) -> None:
        file = self.place / "objects.yaml"
        file.write_text(yaml.safe_dump_all(objects))
        self.kubectl("apply", "-f", str(file))

    def there(self, kind: str, *options: str) -> list[dict[str, Any]]:
        return list(json.loads(self.kubectl("get", kind, "-n", NAMESPACE, "-o", "json", *options))["items"])

    def load(self) -> list[dict[str, Any]]:
        """The load's pods, in their order."""
        return self.there("pods", "-l", "app.kubernetes.io/component=workload")

    def judged(self, runner: str) -> Run:
        """The run of a runner that was started, once it has its verdict."""
        _wait(lambda: [*self._results().glob(f"{runner}/*/*/verdict.json")] or self._ended(runner))
        log = self.kubectl("logs", runner, "-n", NAMESPACE)
        found = [*self._results().glob(f"{runner}/*/*")]
        assert found, log
        verdict = read_verdict(found[0])
        assert verdict is not None, log
        return Run(log, found[0], read(found[0]), verdict)

    def status(self, runner: str) -> int:
        """The runner's exit status, when it has ended."""
        (state,) = _wait(lambda: self._ended(runner))
        return int(state["exitCode"])

    def _ended(self, runner: str) -> list[dict[str, Any]]:
        pod = json.loads(self.kubectl("get", "pod", runner, "-n", NAMESPACE, "-o", "json"))
        states = [one["state"] for one in pod["status"].get("containerStatuses") or []]
        return [state["terminated"] for state in states if "terminated" in state]

    def _results(self) -> Path:
        (volume,) = [one for one in self.there("pv") if one["spec"]["claimRef"]["name"] == "results"]
        return Path(volume["spec"]["hostPath"]["path"])


def _wait(look: Callable[[], list[Any]], timeout_s: float = 90) -> list[Any]:
    end = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < end, "it was waited for in vain"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def lab(place: Path) -> Iterator[Lab]:
    experiment = _experiment()
    (place / "load-in-pods.yaml").write_text(experiment)
    with running_lab(place, "--apply", "manifests") as state:
        lab = Lab(place, str(state / "kubeconfig"))
        granted = run(["chaos", "recovery", "permissions", "load-in-pods.yaml"], place)
        assert granted.status == 0, granted.output
        in_chaos = {"namespace": NAMESPACE}
        lab.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "recovery-check"} | in_chaos},
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "results"} | in_chaos,
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            },
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "experiments"} | in_chaos,
                "data": {"load-in-pods.yaml": experiment},
            },
            *yaml.safe_load_all(granted.output),
        )
        yield lab


def _experiment() -> str:
    """The first of all experiments, less the waiting, with its load in two pods."""
    experiment = yaml.safe_load((ROOT / "experiments/mongo-pod-delete.yaml").read_text())
    (load,) = (one for one in experiment["method"] if one["provider"]["func"] == "start_workload")
    load["provider"]["arguments"] |= {**RATES, "pods": 2}
    load["pauses"] = {"after": 2}
    (wait,) = (one for one in experiment["method"] if one["provider"]["func"] == "wait_for_recovery")
    wait["pauses"] = {"after": 1.5}
    experiment["configuration"]["scores"] = 100
    return yaml.safe_dump(experiment, sort_keys=False)


def _pod(name: str) -> dict[str, Any]:
    """The runner's, as the scheduled check's; it records each run in a folder of its own."""
    container = {
        "name": "check",
        "image": IMAGE,
        "args": ["run", "/experiments/load-in-pods.yaml", "--var", f"runs=/results/{name}"],
        "volumeMounts": [
            {"name": "results", "mountPath": "/results"},
            {"name": "experiments", "mountPath": "/experiments"},
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "serviceAccountName": "recovery-check",
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": [
                {"name": "results", "persistentVolumeClaim": {"claimName": "results"}},
                {"name": "experiments", "configMap": {"name": "experiments"}},
            ],
        },
    }


@pytest.fixture(scope="module")
def passed(lab: Lab) -> Run:
    """A run that is left alone; again where this machine was too busy to be believed."""
    for attempt in range(ATTEMPTS):
        runner = f"runner-{attempt}"
        lab.apply(_pod(runner))
        found = lab.judged(runner)
        status = lab.status(runner)
        if not any(words in " ".join(one.summary for one in found.verdict.findings) for words in TOO_BUSY):
            break
    assert found.verdict.verdict == "passed", found.log
    assert status == 0
    return found


class TestARunThatIsLeftAlone:
    def test_has_one_record_of_both_pods(self, passed: Run) -> None:
        history = passed.history
        assert not history.damage
        assert history.plan is not None
        assert history.plan.shards == 2
        assert {one.name for one in passed.directory.glob("ops*")} == {"ops-0.jsonl", "ops-1.jsonl"}
        assert [one.detail["reason"] for one in history.ops_notes if one.what == "stopped"] == ["told to"] * 2

    def test_was_asked_at_the_rate_that_was_asked_for(self, passed: Run) -> None:
        hellos = [op.due_ns for op in passed.history.ops if op.f == "hello"]
        inner = [due for due in hellos if due < hellos[-1] - 500_000_000]  # each pod stops at a moment of its own
        assert {b - a for a, b in itertools.pairwise(inner)} == {10_000_000}
        writes = [op.op for op in passed.history.ops if op.f == "write"]
        assert {number % 2 for number in writes} == {0, 1}
        assert passed.verdict.durability is not None
        assert passed.verdict.durability.lost == 0

    def test_says_whose_clock_it_is_of(self, passed: Run) -> None:
        headers = [json.loads(file.open().readline()) for file in sorted(passed.directory.glob("ops*"))]
        assert [header["boot_id"] for header in headers] == [passed.history.run.anchor.boot_id] * 2 == [boot()] * 2

    def test_leaves_no_job_no_pod_and_no_socket(self, lab: Lab, passed: Run) -> None:
        assert lab.there("jobs") == []
        _wait(lambda: [True] if lab.load() == [] else [], 10)
        assert not [one for one in passed.directory.iterdir() if one.is_socket()]

    def test_has_the_password_in_no_file(self, lab: Lab, passed: Run) -> None:
        secret = json.loads(lab.kubectl("get", "secret", "mongodb-users-secret", "-n", "pacman", "-o", "json"))
        password = base64.b64decode(secret["data"]["database-password"])
        assert len(password) > 3
        assert not [one for one in passed.directory.iterdir() if password in one.read_bytes()]


@pytest.fixture(scope="module")
def disturbed(lab: Lab, passed: Run) -> tuple[Run, list[dict[str, Any]], str]:  # noqa: ARG001  # one after the other
    """A run of which one pod is deleted while it sends; the pods, and the Job, as they were before."""
    lab.apply(_pod("disturbed"))
    running = _wait(lambda: [one for one in lab.load() if one["status"]["phase"] == "Running"][1:] and lab.load())
    jobs = lab.kubectl("get", "jobs", "-n", NAMESPACE, "-o", "yaml")
    _wait(lambda: [*lab.place.glob("lab/volumes/*/disturbed/*/*/ops-1.jsonl")])
    time.sleep(1)
    lab.kubectl("delete", "pod", running[1]["metadata"]["name"], "-n", NAMESPACE, "--wait=false")
    return lab.judged("disturbed"), running, jobs


class TestARunOfWhichAPodIsDeleted:
    def test_is_unknown_and_says_why(self, disturbed: tuple[Run, list[dict[str, Any]], str]) -> None:
        verdict = disturbed[0].verdict
        assert verdict.verdict == "unknown"
        (validity,) = [one for one in verdict.findings if one.check == "validity"]
        assert (
            "of the workload's 2 shards ended early (SIGTERM): their share of the load is missing" in validity.summary
        )
        (course,) = [one for one in verdict.findings if one.check == "course"]
        assert "is being deleted" in course.summary or "is there no more" in course.summary

    def test_had_its_load_on_the_runners_node_without_rights_and_password(
        self, lab: Lab, disturbed: tuple[Run, list[dict[str, Any]], str]
    ) -> None:
        _, pods, jobs = disturbed
        (runner,) = [one for one in lab.there("pods") if one["metadata"]["name"] == "disturbed"]
        assert {pod["spec"]["nodeName"] for pod in pods} == {runner["spec"]["nodeName"]}
        for pod in pods:
            mounts = [one["mountPath"] for one in pod["spec"]["containers"][0]["volumeMounts"]]
            assert mounts == ["/results"], "no token of an account is there"
        assert "mongodb://" not in jobs


class Here:
    """Where a run took place, for taking something of it back."""

    def __init__(self, record: Run, cluster: Cluster) -> None:
        self.run = record.history.run
        self._cluster = cluster

    def in_cluster(self) -> Cluster:
        return self._cluster


class TestTakingTheJobBack:
    @pytest.fixture
    def here(self, lab: Lab, passed: Run, monkeypatch: pytest.MonkeyPatch) -> Here:
        monkeypatch.setenv("KUBECONFIG", lab.kubeconfig)
        return Here(passed, Cluster())

    def test_a_second_time_finds_nothing(self, here: Here) -> None:
        done = workload.undo(here, _arguments(here))  # type: ignore[arg-type]
        assert (done.number, done.said.endswith("is there no more")) == (0, True)

    def test_leaves_one_that_is_not_the_runs(self, lab: Lab, here: Here) -> None:
        name = _arguments(here)["job"]
        container = {"name": "c", "image": IMAGE}
        lab.apply(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": {
                    "suspend": True,
                    "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
                },
            }
        )
        done = workload.undo(here, _arguments(here))  # type: ignore[arg-type]
        assert (done.number, done.said.endswith("does not bear this run's label, and stays")) == (0, True)
        with pytest.raises(CannotUndo, match="is not the run's own"):
            workload.undo(here, {"namespace": NAMESPACE, "job": "somebody-elses"})  # type: ignore[arg-type]
        lab.kubectl("label", "job", name, "-n", NAMESPACE, f"chaos.mongodb/run={here.run.marker.rstrip('-')}")
        assert workload.undo(here, _arguments(here)).number == 1  # type: ignore[arg-type]
        assert lab.there("jobs") == []


def _arguments(here: Here) -> dict[str, str]:
    return {"namespace": NAMESPACE, "job": f"{here.run.marker}workload"}
