"""A run whose runner is killed, and what must hold of it afterwards, by the word of independent witnesses.

The database is asked by plain pymongo, the cluster by kubectl, the record is read as plain JSON.
"""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymongo
import yaml
from chaosmongo.history import read, read_verdict

from tests.e2e.commands import ROOT, Ended, processes_mentioning, run, running_lab, start

EXPERIMENT = ROOT / "experiments" / "mongo-pod-delete.yaml"
WORKLOAD_GONE_WITHIN_S = 5
RECOVERY_TIMEOUT_S = 20
"""Nothing is measured here: on a busy machine a run goes on without a stable recovery."""
RUNS_WITHIN_S = 150
PODS = 2
PODS_READY_WITHIN_S = 60
SEED = 42
REMOVES = "before 'remove the scores that this run wrote'"


def derived(directory: Path, settle_s: float) -> Path:
    """The experiment with the killer's control, and with shorter pauses: nothing is measured here."""
    experiment = yaml.safe_load(EXPERIMENT.read_text())
    experiment["controls"].append({"name": "killer", "provider": {"type": "python", "module": "tests.e2e.killer"}})
    for activity in experiment["method"]:
        if "pauses" in activity:
            activity["pauses"] = {"after": settle_s}
    file = directory / EXPERIMENT.name
    file.write_text(yaml.safe_dump(experiment, sort_keys=False))
    return file


@dataclass
class Site:
    """A lab with the demo in it, in whose database somebody else's documents stand."""

    place: Path
    kubeconfig: str
    experiment: Path
    uri: str = ""
    theirs: list[dict[str, Any]] = field(default_factory=list)

    def kubectl(self, *arguments: str) -> str:
        ended = run(["kubectl", *arguments, "-n", "pacman"], self.place, KUBECONFIG=self.kubeconfig)
        assert ended.status == 0, ended.output
        return ended.output

    def pods(self) -> list[str]:
        """Names of all pods, once every one that must be there is Ready, and no other is left."""
        end = time.monotonic() + PODS_READY_WITHIN_S
        while True:
            rows = self.kubectl("get", "pods", "--no-headers").splitlines()
            if len(rows) == PODS and all(row.split()[1:3] == ["1/1", "Running"] for row in rows):
                return sorted(row.split()[0] for row in rows)
            assert time.monotonic() < end, rows
            time.sleep(0.3)

    def documents(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in the database, by collection."""
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=30_000)
        with client:
            database = client.get_default_database()
            found = {name: list(database[name].find()) for name in database.list_collection_names()}
        return {name: sorted(documents, key=lambda d: str(d["_id"])) for name, documents in found.items() if documents}

    def recovery(self, command: str, *arguments: str) -> Ended:
        command_line = ["chaos", "--no-version-check", "recovery", command, *arguments]
        return run(command_line, self.place, KUBECONFIG=self.kubeconfig)


@contextmanager
def site(place: Path, settle_s: float = 1.0) -> Iterator[Site]:
    with running_lab(place, "--apply", str(ROOT / "manifests")) as state:
        kubeconfig = run(["kubelab", "kubeconfig", "--state", str(state)], place).output.strip()
        found = Site(place, kubeconfig, derived(place, settle_s))
        _plant(found)
        yield found


def _plant(site: Site) -> None:
    """A player's score, and seeded scores that were there before: nobody may take them away."""
    secret = json.loads(site.kubectl("get", "secret", "mongodb-users-secret", "-o", "json"))["data"]
    user, password = (base64.b64decode(secret[f"database-{key}"]).decode() for key in ("user", "password"))
    address = site.kubectl("get", "service", "mongo", "-o", "jsonpath={.spec.clusterIP}")
    site.uri = f"mongodb://{user}:{password}@{address}:27017/pacman?directConnection=true"
    site.pods()
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(site.uri)
    from chaosmongo import scores

    found = [{"_id": score["name"], **score} for score in scores.seeded(SEED, 3)]
    with client:
        client.get_default_database()["highscore"].insert_many(
            [{"_id": "a player", "name": "Alice", "score": 10, "level": 1}, *found]
        )
    site.theirs = site.documents()["highscore"]


@dataclass(frozen=True)
class Killed:
    """What became of one killed run: the step at which it died, and each thing that does not hold."""

    step: str
    verdict: str
    documents: int
    """Of this run, in the database, just after the kill and the end of its workload."""
    workload_gone_s: float
    wrong: list[str]


def kill_at(site: Site, step: int | str, after_s: float = 0) -> Killed | None:
    """Kills a run at a step, by its number or name; None where it has no such step."""
    steps = site.place / "steps"
    steps.write_text("")
    before = site.pods()
    known = set(_runs(site))
    changes = {"KILL_AT": str(step), "KILL_AFTER_S": str(after_s), "KILL_STEPS": str(steps)}
    process = start(
        ["chaos", "--no-version-check", "run", str(site.experiment)],
        site.place,
        KUBECONFIG=site.kubeconfig,
        PYTHONPATH=str(ROOT),
        RECOVERY_TIMEOUT_S=str(RECOVERY_TIMEOUT_S),
        **changes,
    )
    try:
        output, _ = process.communicate(timeout=RUNS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    died = steps.read_text().splitlines()
    name = step if isinstance(step, str) else died[step - 1] if step <= len(died) else ""
    if name not in died:
        return None
    wrong = []
    if process.returncode != -9:
        wrong.append(f"the runner ended with {process.returncode}, and was not killed: {output[-300:]}")
    gone_s = _workload_gone(site, wrong)
    new = [path for path in _runs(site) if path not in known]
    verdict, documents = "no run", 0
    if new:
        verdict, documents = _examine(site, new[0], process, REMOVES in died, wrong)
    _undo(site, new, wrong)
    if (after := site.pods()) != before:
        wrong.append(f"pods {before} became {after}")
    left = site.documents()
    if left != {"highscore": site.theirs}:
        wrong.append(f"the database is not as it was: {str(left)[:300]}")
    return Killed(f"{name}{f' + {after_s} s' if after_s else ''}", verdict, documents, gone_s, wrong)


def _runs(site: Site) -> list[Path]:
    return sorted(path.parent for path in site.place.glob("runs/*/*/run.json"))


def _workload_gone(site: Site, wrong: list[str]) -> float:
    begin = time.monotonic()
    while any("chaosmongo.workload" in line for line in processes_mentioning(site.place.name)):
        if time.monotonic() - begin > WORKLOAD_GONE_WITHIN_S:
            wrong.append(f"the workload is still there after {WORKLOAD_GONE_WITHIN_S} s")
            break
        time.sleep(0.02)
    return time.monotonic() - begin


def _examine(
    site: Site, directory: Path, process: subprocess.Popen[str], taken_out: bool, wrong: list[str]
) -> tuple[str, int]:
    """taken_out: whether the rollback had begun to take the run's documents out of the database."""
    history = read(directory)
    wrong += [f"damaged: {damage}" for damage in history.damage]
    site.pods()
    there = _of_this_run(site, directory)
    invoked, acknowledged = _recorded(directory)
    missing = acknowledged - there.keys()
    if missing and not taken_out:
        wrong.append(f"acknowledged on record, not in the database: {sorted(missing)[:3]} of {len(missing)}")
    if unknown := there.keys() - invoked:
        wrong.append(f"in the database, not on record: {sorted(unknown)[:3]} of {len(unknown)}")
    if copied := [key for key, copies in there.items() if copies != 1]:
        wrong.append(f"more than once in the database: {copied[:3]}")
    judged = site.recovery("verdict", str(directory))
    verdict = read_verdict(directory)
    if verdict is None:
        wrong.append(f"no verdict: {judged.output[-300:]}")
        return "none", len(there)
    complete = any(note.what == "ended" and note.detail.get("status") == "completed" for note in history.course)
    if verdict.verdict == "failed" or (verdict.verdict == "passed" and not complete):
        wrong.append(f"{verdict.sentence} (exit {judged.status}; the runner ended with {process.returncode})")
    return verdict.verdict, len(there)


def _of_this_run(site: Site, directory: Path) -> dict[str, int]:
    """Documents of the run's workload in the database: how often each name is there."""
    marker = json.loads((directory / "run.json").read_text())["marker"]
    found: dict[str, int] = {}
    for document in site.documents().get("highscore", []):
        if str(document["name"]).startswith(marker):
            found[document["name"]] = found.get(document["name"], 0) + 1
    return found


def _recorded(directory: Path) -> tuple[set[str], set[str]]:
    """Keys of the writes that were invoked, and of those that were acknowledged."""
    invoked: dict[int, str] = {}
    acknowledged = set()
    for file in directory.glob("ops*.jsonl"):
        for line in file.read_bytes().split(b"\n")[:-1]:
            record = json.loads(line)
            if record["type"] == "invoke" and record["f"] == "write":
                invoked[record["op"]] = record["key"]
            elif record["type"] == "ok" and record["op"] in invoked:
                acknowledged.add(invoked[record["op"]])
    return set(invoked.values()), acknowledged


def _undo(site: Site, new: list[Path], wrong: list[str]) -> None:
    for path in new:
        first = site.recovery("undo", str(path))
        again = site.recovery("undo", str(path))
        if first.status != 0 or "Traceback" in first.output:
            wrong.append(f"undo ended with {first.status}: {first.output}")
        if again.status != 0 or "Nothing is left behind" not in again.output:
            wrong.append(f"the second undo ended with {again.status}: {again.output}")
