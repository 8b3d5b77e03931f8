"""The scheduled check in a lab, and what becomes of one that is disturbed, by witnesses of their own.

The cluster is asked by kubectl, the database by plain pymongo, the pages are fetched over HTTP as a reader does.
"""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import remains
from tests.e2e.commands import ROOT, Ended, run
from tests.e2e.killed import Site, site

EXPERIMENT = "mongo-pod-delete"
BEGINS_WITHIN_S = 60
ENDS_WITHIN_S = 240
LOAD_BYTES = 20_000
"""Of its record: the load is well under way."""


@dataclass(frozen=True)
class Begun:
    """A check whose load is under way."""

    job: str
    pod: str
    node: str
    directory: Path

    @property
    def run(self) -> str:
        return f"{EXPERIMENT}/{self.directory.name}"


@dataclass(frozen=True)
class Result:
    """A check that has ended: how its Job did, what it said, and its run's verdict; "" where there is none."""

    job: str
    complete: bool
    said: str
    verdict: str


@dataclass(frozen=True)
class Checks:
    """A lab with the demo and the scheduled check. results: the directory behind the claim of that name."""

    site: Site
    results: Path
    before: dict[str, Any]

    def kubectl(self, *arguments: str) -> str:
        ended = self.try_kubectl(*arguments)
        assert ended.status == 0, ended.output
        return ended.output

    def try_kubectl(self, *arguments: str) -> Ended:
        return run(["kubectl", "-n", "chaos", *arguments], self.site.place, KUBECONFIG=self.site.kubeconfig)

    def apply(self, kustomization: Path) -> None:
        command = ["kubectl", "apply", "-k", str(kustomization)]
        ended = run(command, self.site.place, KUBECONFIG=self.site.kubeconfig)
        assert ended.status == 0, ended.output
        self._calm()

    def kubelab(self, *arguments: str) -> str:
        ended = run(["kubelab", *arguments, "--state", str(self.site.place / "lab")], self.site.place)
        assert ended.status == 0, ended.output
        return ended.output

    def start(self, job: str) -> None:
        self.kubectl("create", "job", job, "--from=cronjob/recovery-check")

    def begin(self, job: str) -> Begun:
        """Starts one, and waits until its load is under way."""
        known = set(self.runs())
        self.start(job)

        def under_way() -> Path | None:
            new = [one for one in self.runs() if one not in known]
            loaded = [one for one in new if (one / "ops.jsonl").exists()]
            return loaded[0] if loaded and (loaded[0] / "ops.jsonl").stat().st_size > LOAD_BYTES else None

        directory = until(under_way, BEGINS_WITHIN_S, f"load of job {job}")
        where = "jsonpath={.items[0].metadata.name} {.items[0].spec.nodeName}"
        pod, node = self.kubectl("get", "pods", "-l", f"job-name={job}", "-o", where).split()
        return Begun(job, pod, node, directory)

    def finish(self, job: str, directory: Path | None = None) -> Result:
        """Waits for its end. directory: of its run, else the newest."""

        def ended() -> dict[str, str] | None:
            found = json.loads(self.kubectl("get", "job", job, "-o", "json"))["status"].get("conditions") or []
            over = {one["type"]: one.get("reason", "") for one in found if one["status"] == "True"}
            return over if {"Complete", "Failed"} & over.keys() else None

        over = until(ended, ENDS_WITHIN_S, f"end of job {job}", lambda: self.said(job))
        said = self.said(job)
        found = [directory] if directory else self.runs()[-1:]
        return Result(job, "Complete" in over, said, verdict_of(found[0]) if found else "")

    def said(self, job: str) -> str:
        """Nothing, where the pod is gone."""
        return self.kubectl("logs", "-l", f"job-name={job}", "--tail=-1")

    def runs(self) -> list[Path]:
        return sorted(path.parent for path in self.results.glob(f"runs/{EXPERIMENT}/*/run.json"))

    def kill(self, begun: Begun) -> None:
        """SIGKILL to the first process of its container, as the kernel does where memory is short."""
        (first,) = [pid for pid in _processes(f"HOSTNAME={begun.pod}") if b"recovery\0check\0" in _file(pid, "cmdline")]
        os.kill(first, signal.SIGKILL)

    def fetch(self, path: str) -> bytes:
        """From the pages' Service."""
        address = self.kubectl("get", "service", "recovery-trend", "-o", "jsonpath={.spec.clusterIP}")
        with urllib.request.urlopen(f"http://{address}:8080{path}", timeout=10) as answer:
            content: bytes = answer.read()
        return content

    def _calm(self) -> None:
        """Nothing is measured finely here: on a busy machine a load as usual would be late, and answers too."""
        self.change(EXPERIMENT, "start_workload", {"rate": 20, "writes": 10, "deadline_s": 5})

    def change(self, name: str, function: str, arguments: dict[str, Any]) -> None:
        """Arguments of an activity, in the experiment as the checks find it."""
        file = f"{name}.yaml"
        config = json.loads(self.kubectl("get", "configmap", "experiments", "-o", "json"))
        experiment = yaml.safe_load(config["data"][file])
        for activity in experiment["method"]:
            if activity["provider"]["func"] == function:
                activity["provider"]["arguments"] |= arguments
        patch = {"data": {file: yaml.safe_dump(experiment, sort_keys=False)}}
        self.kubectl("patch", "configmap", "experiments", "--type=merge", "-p", json.dumps(patch))

    def wrong(self) -> list[str]:
        """What is not as it was before the first check."""
        self.site.pods()
        found = remains.changes(self.before, remains.cluster(self.site.place, self.site.kubeconfig, "pacman"))
        if lease := self.kubectl("get", "leases", "-n", "pacman", "-o", "name").strip():
            found.append(f"{lease} is still there")
        if (left := self.site.documents()) != {"highscore": self.site.theirs}:
            found.append(f"the database is not as it was: {str(left)[:300]}")
        if left_running := [pid for pid in _processes(str(self.results)) if b"chaosmongo" in _file(pid, "cmdline")]:
            found.append(f"{len(left_running)} processes of a run are left")
        return found


def verdict_of(directory: Path) -> str:
    file = directory / "verdict.json"
    return str(json.loads(file.read_text())["verdict"]) if file.exists() else ""


def until(condition: Callable[[], Any], timeout_s: float, what: str, said: Callable[[], str] = str) -> Any:
    """said: what is told where it does not come."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"no {what} within {timeout_s} s\n{said()}"
        time.sleep(0.5)
    return found


@contextmanager
def scheduled(place: Path) -> Iterator[Checks]:
    """A lab with both, and a database in which somebody else's documents stand."""
    with site(place) as found:
        checks = Checks(found, place, remains.cluster(place, found.kubeconfig, "pacman"))
        checks.apply(ROOT / "manifests" / "scheduled")
        checks.kubectl("wait", "--for=condition=Available", "deployment/recovery-trend", "--timeout=60s")
        volume = checks.kubectl("get", "pvc", "results", "-o", "jsonpath={.spec.volumeName}")
        path = checks.kubectl("get", "pv", volume, "-o", "jsonpath={.spec.hostPath.path}{.spec.local.path}")
        yield Checks(found, Path(path), checks.before)


def _processes(variable: str) -> list[int]:
    """Those in whose environment this occurs."""
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in found if variable.encode() in _file(pid, "environ")]


def _file(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
