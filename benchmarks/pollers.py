"""What would others have reported as the recovery time of the very same deletions?

`chaos run experiments/mongo-pod-delete.yaml` in a lab, again and again, and beside it, in a process of their own and
started the way people start them:

ping every 1, 2, 10 s     a fresh pymongo client with a timeout of 1 s: recovered at the first success after a failure
kubectl wait              --for=condition=Ready pod/mongo-0, right after the API server has answered the deletion
statefulset_fully_available   of chaostoolkit-kubernetes, right after it, too

All times are since the start of the fault. The truth is the database's own log: when it says that it listens again. A
poll that saw no failure says that nothing happened; that counts as an answer of 0 s.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, extent, keep, median

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
EXPERIMENT = "mongo-pod-delete"
NAMESPACE = "pacman"
GIVES_UP_S = 60.0
PERIODS_S = (1, 2, 10)
TOOLS = {
    **{f"ping_{period}": f"a ping each {period} s" for period in PERIODS_S},
    "kubectl_wait": "kubectl wait --for=condition=Ready",
    "chaosk8s": "statefulset_fully_available",
}
LANES = ("server", "driver", "user")


def run(quick: bool) -> list[Row]:
    records = []
    with tempfile.TemporaryDirectory(prefix="pollers-") as directory, _lab(Path(directory)) as environment:
        for number in range(1 if quick else 10):
            print(f"  run {number + 1}", file=sys.stderr, flush=True)
            records.append(_one(Path(directory), environment))
    keep("pollers", records)
    truth = [float(record["truth_s"]) for record in records]
    spread = extent(truth, "s")
    rows = [Row("the database's own log: listens again", f"{median(truth):.2f} s", n=len(truth), spread=spread)]
    rows += [_compared(f"chaosmongo, {lane} lane", [record[lane] for record in records], truth) for lane in LANES]
    passed = sum(record["verdict"] == "passed" for record in records)
    rows.append(Row("verdicts that are passed", f"{passed}", f"{len(records)} runs", n=len(records)))
    return rows + [_compared(name, [record[tool] for record in records], truth) for tool, name in TOOLS.items()]


def _compared(name: str, answers: Sequence[float | None], truth: Sequence[float]) -> Row:
    """None: it gave no answer."""
    given = [(answer, true) for answer, true in zip(answers, truth, strict=True) if answer is not None]
    if not given:
        return Row(name, "no answer", n=len(answers))
    errors = [answer - true for answer, true in given]
    silent = f", {len(answers) - len(given)} without an answer" if len(given) < len(answers) else ""
    value, true = median([answer for answer, _ in given]), median([true for _, true in given])
    spread = f"off by {min(errors):+.2f} to {max(errors):+.2f} s{silent}"
    return Row(name, f"{value:.2f} s", f"{true:.2f} s", f"{value / true:.2f}", len(answers), spread)


# --- a lab, and runs in it ---


@contextmanager
def _lab(directory: Path) -> Iterator[dict[str, str]]:
    """A lab with the demo; the environment in which commands find it."""
    state = ["--state", str(directory / "lab")]
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    _command(["kubelab", "up", *state, "--apply", str(ROOT / "manifests")], environment)
    try:
        kubeconfig = _command(["kubelab", "kubeconfig", *state], environment).strip()
        yield environment | {"KUBECONFIG": kubeconfig}
    finally:
        _command(["kubelab", "down", *state], environment)


def _one(directory: Path, environment: dict[str, str]) -> dict[str, Any]:
    runs = Path(tempfile.mkdtemp(prefix="runs-", dir=directory))
    # The benchmarks package is found from the repository's root, the record where the experiment puts it.
    beside = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pollers", str(runs)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        chaos = ["chaos", "--no-version-check", "--log-file", str(runs / "chaos.log"), "run"]
        chaos += ["--journal-path", str(runs / "journal.json"), "--var", f"runs={runs}"]
        # A verdict that is not "passed" (a late prober on a busy machine) exits 1; the measurements are there.
        _command([*chaos, str(ROOT / f"experiments/{EXPERIMENT}.yaml")], environment, allowed=(0, 1))
        told, _ = beside.communicate(timeout=GIVES_UP_S + 30)
    finally:
        beside.kill()
        beside.wait()
    (recorded,) = (runs / EXPERIMENT).iterdir()
    answers: dict[str, Any] = json.loads(told)
    return _measured(recorded) | {"truth_s": _truth_s(recorded, environment)} | answers


def _measured(recorded: Path) -> dict[str, Any]:
    verdict = json.loads((recorded / "verdict.json").read_text())
    found: dict[str, Any] = {"run": verdict["run"], "verdict": verdict["verdict"]}
    for lane in verdict["recovery"]:
        for name, moment in ((lane["lane"], lane["rta"]), (f"{lane['lane']}_first_success", lane["first_success"])):
            found[name] = None if moment is None else (moment["lo_ns"] + moment["hi_ns"]) / 2e9
            found[f"{name}_half_width"] = None if moment is None else (moment["hi_ns"] - moment["lo_ns"]) / 2e9
    return found


def _truth_s(recorded: Path, environment: dict[str, str]) -> float:
    """When the database said that it listened on its pod's address, by the wall clock, since the fault's start."""
    log = _command(["kubectl", "-n", NAMESPACE, "logs", "mongo-0"], environment)
    line = [line for line in log.splitlines() if "listening on" in line][-1]
    listens_ns = datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").timestamp() * 1e9
    anchor = json.loads((recorded / "run.json").read_text())["anchor"]
    start_ns = _fault(recorded / "faults.jsonl", "start")
    assert start_ns is not None
    fault_wall_ns: int = anchor["wall_ns"] + start_ns - anchor["time_ns"]
    return (listens_ns - fault_wall_ns) / 1e9


def _command(command: Sequence[str], environment: dict[str, str], allowed: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
    return done.stdout


# --- beside a run: a process of its own ---


class Pings:
    """A fresh client each period, as a monitoring script does it."""

    def __init__(self, period_s: float, host: str) -> None:
        self._period_s = period_s
        self._uri = f"mongodb://{host}:27017/?directConnection=true"
        self._outcomes: list[tuple[int, bool]] = []
        threading.Thread(target=self._poll, daemon=True).start()

    def _poll(self) -> None:
        due = time.monotonic() + random.uniform(0, self._period_s)
        while True:
            time.sleep(max(0, due - time.monotonic()))
            good = self._ping()
            self._outcomes.append((time.monotonic_ns(), good))
            due = max(due + self._period_s, time.monotonic())

    def _ping(self) -> bool:
        import pymongo

        limits: dict[str, Any] = dict.fromkeys(
            ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS"), 1000
        )
        try:
            with pymongo.MongoClient[dict[str, Any]](self._uri, **limits) as client:
                client.admin.command("ping")
        except pymongo.errors.PyMongoError:
            return False
        return True

    def recovered_s(self, start_ns: int) -> float | None:
        """The first success after the last failure; 0 where it saw no failure; None where it failed to the end."""
        after = [(time_ns, good) for time_ns, good in self._outcomes if time_ns > start_ns]
        failed = [time_ns for time_ns, good in after if not good]
        if not failed:
            return 0.0
        back = [time_ns for time_ns, good in after if good and time_ns > failed[-1]]
        return (back[0] - start_ns) / 1e9 if back else None


def _beside(runs: Path) -> dict[str, float | None]:
    """What each of the others answers, in seconds since the fault's start."""
    host = _kubectl("get", "service", "mongo", "-o", "jsonpath={.spec.clusterIP}").stdout
    pings = {f"ping_{period}": Pings(period, host) for period in PERIODS_S}
    start_ns = _wait_for(runs, "start")
    _wait_for(runs, "end")
    answers: dict[str, float | None] = {}
    waiting = {"kubectl_wait": _kubectl_waits, "chaosk8s": _chaosk8s_says}
    threads = [threading.Thread(target=_timed, args=(start_ns, name, ask, answers)) for name, ask in waiting.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _wait_for(runs, "note", what="ended")
    return answers | {name: one.recovered_s(start_ns) for name, one in pings.items()}


def _timed(start_ns: int, name: str, ask: Callable[[], bool], answers: dict[str, float | None]) -> None:
    answers[name] = (time.monotonic_ns() - start_ns) / 1e9 if ask() else None


def _kubectl_waits() -> bool:
    return _kubectl("wait", "--for=condition=Ready", "pod/mongo-0", f"--timeout={GIVES_UP_S:g}s").returncode == 0


def _chaosk8s_says() -> bool:
    from chaosk8s.statefulset.probes import statefulset_fully_available
    from chaoslib.exceptions import ActivityFailed

    try:
        return bool(statefulset_fully_available("mongo", ns=NAMESPACE, timeout=int(GIVES_UP_S)))
    except ActivityFailed:
        return False


def _kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["kubectl", "-n", NAMESPACE, *arguments], capture_output=True, text=True, check=False)


def _wait_for(runs: Path, kind: str, what: str = "") -> int:
    """When the record of the run below `runs` says so."""
    end = time.monotonic() + GIVES_UP_S * 2
    while time.monotonic() < end:
        for file in runs.glob(f"{EXPERIMENT}/*/faults.jsonl"):
            found = _fault(file, kind, what)
            if found is not None:
                return found
        time.sleep(0.002)
    raise TimeoutError(f"no {kind} {what} of a fault was recorded below {runs}")


def _fault(file: Path, kind: str, what: str = "") -> int | None:
    for line in file.read_text().splitlines():
        record = json.loads(line) if line.endswith("}") else {}
        if record.get("type") == kind and record.get("what", "") == what:
            return int(record["time_ns"])
    return None


if __name__ == "__main__":
    print(json.dumps(_beside(Path(sys.argv[1]))))
