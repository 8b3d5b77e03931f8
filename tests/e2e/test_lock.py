"""One run at a time in a namespace, at one lab: who gets the lock, who is refused, and what becomes of a lost one."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import yaml
from chaosmongo import lease, lock, process
from chaosmongo.cluster import Cluster
from chaosmongo.errors import CannotUndo, LockLost, NotAllowed, Occupied, StillRunning
from chaosmongo.history import read, read_run, read_verdict
from chaosmongo.history.records import Run
from chaosmongo.lease import LEASE, PROCESS, RUN, Held, path
from chaosmongo.lock import Lock, free
from chaosmongo.undo import lock as releasing

from tests.e2e.commands import ROOT, Ended, run, running_lab, start
from tests.reports.recorded_runs import Recorded, record

pytestmark = pytest.mark.e2e

SPACE = "pacman"
EXPERIMENT = {
    "title": "holds the lock for a while",
    "description": "and does nothing else",
    "configuration": {
        "namespace": SPACE,
        "runs": "runs",
    },
    "runtime": {"rollbacks": {"strategy": "always"}},
    "controls": [
        {"name": "hasty", "provider": {"type": "python", "module": "tests.e2e.hasty"}},
        {"name": "record", "provider": {"type": "python", "module": "chaosmongo.controls.record"}},
    ],
    "method": [
        {
            "name": "wait",
            "type": "action",
            "provider": {"type": "process", "path": "sleep", "arguments": {"type": "env", "key": "HOLD_S"}},
        }
    ],
}


@dataclass
class Lab:
    place: Path
    kubeconfig: str

    def command(self, *words: str) -> list[str]:
        return ["chaos", "--no-version-check", *words]

    def start(self, *words: str, **changes: str) -> "subprocess.Popen[str]":
        surroundings = {"KUBECONFIG": self.kubeconfig, "PYTHONPATH": str(ROOT)}
        return start(self.command(*words), self.place, **surroundings, **changes)

    def run(self, *words: str, **changes: str) -> Ended:
        surroundings = {"KUBECONFIG": self.kubeconfig, "PYTHONPATH": str(ROOT)}
        return run(self.command(*words), self.place, **surroundings, **changes)

    def runs(self) -> list[Path]:
        return sorted(found.parent for found in self.place.glob("runs/*/*/run.json"))


@pytest.fixture(scope="module")
def lab(place: Path) -> Iterator[Lab]:
    with running_lab(place, "--apply", "manifests"):
        for name, hold_s in (("brief", "0.5"), ("long", "3")):
            changed = json.loads(json.dumps(EXPERIMENT))
            changed["method"][0]["provider"]["arguments"] = hold_s
            (place / f"{name}.yaml").write_text(yaml.safe_dump(changed, sort_keys=False))
        yield Lab(place, str(place / "lab" / "kubeconfig"))


@pytest.fixture
def cluster(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A connection of ours, with a hasty lock; nobody holds it before, nor afterwards."""
    monkeypatch.setenv("KUBECONFIG", lab.kubeconfig)
    monkeypatch.delenv("CHAOSTOOLKIT_IN_POD", raising=False)
    for name, value in (("DURATION_S", 2), ("RENEWED_EVERY_S", 0.3), ("TRIED_AGAIN_AFTER_S", 0.1)):
        monkeypatch.setattr(lock, name, value)
    monkeypatch.setattr(lease, "LOOKS_EVERY_S", 0.1)
    found = Cluster()
    yield found
    if there(found) is not None:
        found.delete(path(SPACE, LEASE), {})


class Unreachable(Cluster):
    """Nobody listens there."""

    @property
    def server(self) -> str:
        return "https://127.0.0.1:1"


class Narrow(Cluster):
    """As somebody else, who may do next to nothing."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def _headers(self) -> dict[str, str]:
        return super()._headers() | {"authorization": f"Bearer {self._token}"}


def there(cluster: Cluster) -> dict[str, Any] | None:
    found = cluster.get(path(SPACE), fieldSelector=f"metadata.name={LEASE}")["items"]
    return found[0] if found else None


def held(cluster: Cluster, holder: str = "somebody", seconds: int = 1, **annotations: str) -> None:
    """Somebody else's, who does not renew it."""
    spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": "2020-01-01T00:00:00.000000Z"}
    metadata = {"name": LEASE, "annotations": annotations}
    cluster.post(
        path(SPACE), {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": metadata, "spec": spec}
    )


def a_run(tmp_path: Path, number: int = 1) -> Run:
    name = f"x/2026010{number}T000000Z"
    return read_run(record(tmp_path / name, Recorded(name=name, marker=f"chaos-0000000{number}-")))


def of_run(cluster: Cluster, tmp_path: Path, number: int = 1) -> Lock:
    """The lock of a run."""
    return Lock(cluster, SPACE, a_run(tmp_path, number))


class TestWhoGetsIt:
    def test_one_of_two_that_take_it_at_once(self, cluster: Cluster, tmp_path: Path) -> None:
        first, second = (of_run(cluster, tmp_path, number) for number in (1, 2))
        first.take(None)
        with pytest.raises(Occupied, match=f"held by {first.holder} since 20"):
            second.take(None)
        first.stop()

    def test_nobody_while_it_is_renewed_and_that_is_told_soon(self, cluster: Cluster, tmp_path: Path) -> None:
        holder = of_run(cluster, tmp_path)
        holder.take(None)
        cluster.patch(path(SPACE, LEASE), {"metadata": {"annotations": {PROCESS: None}}})
        begin = time.monotonic()
        with pytest.raises(Occupied, match=f"{SPACE}/{LEASE}.* is held by {holder.holder} since .*Nothing was touched"):
            free(cluster, SPACE)
        assert time.monotonic() - begin < lock.DURATION_S
        holder.stop()

    def test_the_next_one_where_it_is_stale_by_its_own_duration_whatever_the_clocks_say(
        self, cluster: Cluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        held(cluster, **{RUN: "theirs/1"})
        begin = time.monotonic()
        found = free(cluster, SPACE)
        assert time.monotonic() - begin >= 1
        assert "held by somebody since 2020-01-01T00:00:00.000000Z: waiting for at most 1 s" in caplog.text
        first, second = (of_run(cluster, tmp_path, number) for number in (1, 2))
        first.take(found)
        with pytest.raises(Occupied):  # it was as stale for both
            second.take(found)
        first.stop()
        taken = there(cluster)
        assert taken is not None and found is not None and found.run == "theirs/1"
        assert (taken["spec"]["holderIdentity"], taken["spec"]["leaseTransitions"]) == (first.holder, 1)

    def test_the_next_one_at_once_where_its_process_is_gone(self, cluster: Cluster) -> None:
        with subprocess.Popen(["sleep", "60"]) as other:
            known = process.me() | {"pid": other.pid, "started": 0}
            other.kill()
        held(cluster, seconds=600, **{PROCESS: json.dumps(known)})
        assert free(cluster, SPACE) is not None

    @pytest.mark.parametrize("note", ["", "[]", "{", "7", '{"pid": "x"}'])
    def test_a_holder_of_whose_process_nothing_is_known_is_not_taken_for_gone(self, note: str) -> None:
        metadata = {"resourceVersion": "1", "annotations": {PROCESS: note}}
        assert not process.is_gone(Held.of({"metadata": metadata}).process)


class TestALostOne:
    def lost(self, cluster: Cluster, tmp_path: Path, happens: Callable[[Lock], object]) -> str:
        taken, told, heard = of_run(cluster, tmp_path), list[str](), threading.Event()
        taken.take(None)
        taken.check()
        taken.listen(lambda why: (told.append(why), heard.set()))  # type: ignore[func-returns-value]
        happens(taken)
        assert heard.wait(2 * lock.DURATION_S + 5)
        with pytest.raises(LockLost, match="No fault may be made"):
            taken.check()
        taken.stop()
        return "; ".join(told)

    def test_is_told_with_who_holds_it_now(self, cluster: Cluster, tmp_path: Path) -> None:
        change = {"spec": {"holderIdentity": "somebody"}}
        assert (
            self.lost(cluster, tmp_path, lambda _: cluster.patch(path(SPACE, LEASE), change)) == "somebody holds it now"
        )

    def test_is_told_where_it_was_deleted(self, cluster: Cluster, tmp_path: Path) -> None:
        assert (
            self.lost(cluster, tmp_path, lambda _: cluster.delete(path(SPACE, LEASE), {})) == "somebody has deleted it"
        )

    def test_is_told_where_it_cannot_be_renewed_for_its_duration(self, cluster: Cluster, tmp_path: Path) -> None:
        def happens(taken: Lock) -> None:
            taken._cluster = Unreachable()

        assert self.lost(cluster, tmp_path, happens).startswith("it could not be renewed for 2 s: The Kubernetes API")

    def test_is_none_where_the_api_server_is_away_for_a_moment_or_somebody_else_has_noted_something(
        self, cluster: Cluster, tmp_path: Path
    ) -> None:
        taken = of_run(cluster, tmp_path)
        taken.take(None)
        taken._cluster = Unreachable()
        cluster.patch(path(SPACE, LEASE), {"metadata": {"annotations": {"somebody": "was here"}}})
        time.sleep(lock.DURATION_S * 0.6)
        taken._cluster = cluster
        time.sleep(lock.DURATION_S * 0.6)
        taken.check()
        taken.stop()
        assert not taken.lost


@pytest.mark.usefixtures("cluster")
def test_who_may_not_take_it_is_told_verb_resource_and_rule(lab: Lab, tmp_path: Path) -> None:
    token = run(
        ["kubectl", "create", "token", "default", "-n", SPACE], lab.place, KUBECONFIG=lab.kubeconfig
    ).output.strip()
    narrow = Narrow(token)
    with pytest.raises(NotAllowed) as refusal:
        free(narrow, SPACE)
    told = str(refusal.value)
    assert "We may not get leases.coordination.k8s.io in namespace pacman" in told
    assert 'apiGroups: ["coordination.k8s.io"], resources: [leases], verbs: [create, get, patch, delete]' in told
    with pytest.raises(NotAllowed, match=r"We may not create leases\.coordination"):
        of_run(narrow, tmp_path).take(None)


class TestTakingBack:
    """As `chaos recovery undo` does."""

    @dataclass
    class Where:
        cluster: Cluster
        run: Any

        def in_cluster(self) -> Cluster:
            return self.cluster

    def test_releases_ours_and_nobody_elses(self, cluster: Cluster, tmp_path: Path) -> None:
        ours = of_run(cluster, tmp_path)
        place, holder = self.Where(cluster, ours._run), {"holder": ours.holder}
        assert releasing.undo(place, holder).number == 0  # type: ignore[arg-type]
        ours.take(None)
        ours.stop()
        assert (releasing.undo(place, holder).number, there(cluster)) == (1, None)  # type: ignore[arg-type]
        held(cluster)
        assert releasing.undo(place, holder).said.endswith("is held by somebody else since, and stays")  # type: ignore[arg-type]
        assert there(cluster) is not None
        with pytest.raises(CannotUndo, match="is not this run: refused"):
            releasing.undo(place, {"holder": "somebody"})  # type: ignore[arg-type]

    def over(self, cluster: Cluster, run: Run, boot_id: str) -> None:
        elsewhere = msgspec.structs.replace(run, anchor=msgspec.structs.replace(run.anchor, boot_id=boot_id))
        releasing.check_over(self.Where(cluster, elsewhere), {"holder": lock.holder_of(run)})  # type: ignore[arg-type]

    @pytest.mark.parametrize("boot_id", ["of another machine", ""])
    def test_is_refused_while_the_run_renews_its_lock(self, cluster: Cluster, tmp_path: Path, boot_id: str) -> None:
        taken = of_run(cluster, tmp_path)
        taken.take(None)
        with pytest.raises(StillRunning, match=f"on another machine: .* renewed, as {taken.holder}. Nothing was taken"):
            self.over(cluster, a_run(tmp_path / "again"), boot_id)
        taken.stop()

    def test_waits_until_the_lock_is_stale(self, cluster: Cluster, tmp_path: Path) -> None:
        run = a_run(tmp_path)
        held(cluster, lock.holder_of(run))
        begin = time.monotonic()
        self.over(cluster, run, "of another machine")
        assert time.monotonic() - begin >= 1

    def test_does_not_wait_for_a_lock_that_is_somebody_elses_or_gone(self, cluster: Cluster, tmp_path: Path) -> None:
        self.over(cluster, a_run(tmp_path), "of another machine")
        held(cluster, seconds=600)
        self.over(cluster, a_run(tmp_path / "again"), "of another machine")

    def test_of_a_run_of_this_machine_asks_nobody(self, tmp_path: Path) -> None:
        self.over(cast("Cluster", None), a_run(tmp_path), process.boot())


class TestRealRuns:
    def test_of_two_at_once_one_is_made_and_the_other_refused_with_its_name(self, lab: Lab, cluster: Cluster) -> None:
        both = [lab.start("run", "long.yaml", "--journal-path", f"{number}.json") for number in (1, 2)]
        outputs = [one.communicate(timeout=60)[0] for one in both]
        refused = [output for output in outputs if "Another run is at work in namespace pacman" in output]
        assert len(refused) == 1, outputs
        (made,) = lab.runs()
        assert f"{made.parent.name}/{made.name}" in " ".join(refused[0].split())
        assert "Nothing was touched" in refused[0]
        notes = [note.detail["state"] for note in read(made).course if note.what == "lock"]
        assert notes == ["taken"]
        assert there(cluster) is None

    def test_one_whose_lock_is_taken_is_interrupted_in_order_and_unknown(self, lab: Lab, cluster: Cluster) -> None:
        known = set(lab.runs())
        process_ = lab.start("run", "long.yaml")
        end = time.monotonic() + 30
        while there(cluster) is None and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        cluster.patch(path(SPACE, LEASE), {"spec": {"holderIdentity": "somebody"}})
        output, _ = process_.communicate(timeout=60)
        assert "The experiment is aborted: the lock is lost: somebody holds it now" in " ".join(output.split())
        (made,) = set(lab.runs()) - known
        verdict = read_verdict(made)
        assert verdict is not None and verdict.verdict == "unknown"
        assert "the lock is lost: somebody holds it now" in verdict.sentence
        found = there(cluster)
        assert found is not None and found["spec"]["holderIdentity"] == "somebody"

    def test_a_check_after_a_killed_run_takes_the_lock_back_first(self, lab: Lab, cluster: Cluster) -> None:
        known = set(lab.runs())
        process_ = lab.start("run", "long.yaml")
        end = time.monotonic() + 30
        while not (set(lab.runs()) - known and there(cluster)) and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.5)
        process_.kill()
        process_.communicate()
        (killed,) = set(lab.runs()) - known
        checked = lab.run("recovery", "check", "brief.yaml", "--every", "1h")
        assert checked.status == 2, checked.output  # it had no load
        told = " ".join(checked.output.split())
        assert f"Taken back of run long/{killed.name}: Lease chaos-mongodb released" in told
        assert "brief: unknown. " in told and "Refused" not in told
        assert there(cluster) is None
        trend = json.loads((lab.place / "runs" / "trend.json").read_text())
        (entry,) = [one for each in trend["experiments"] for one in each["runs"] if one["directory"] == killed.name]
        assert entry["state"] == "no verdict" and "what it left behind was taken back" in entry["sentence"]
