"""A workload of processes that the runner has not started itself, as in the pods of a Job: they come to its socket, are
told what to do as those beside it are, and cannot go missing unnoticed.
"""

import fcntl
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pymongo
import pytest
from chaoslib.exceptions import ActivityFailed
from chaosmongo import process, scores
from chaosmongo.actions import start_workload
from chaosmongo.checks import judge
from chaosmongo.errors import NotFound, WorkloadFailed
from chaosmongo.history import RunDirectory, Writer, read
from chaosmongo.history.records import Anchor, Note
from chaosmongo.workload import job
from chaosmongo.workload.channel import short
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.remote import Meeting, RemoteShard
from chaosmongo.workload.settings import Arrival, Greeting, Place

from tests.conftest import Database
from tests.groundtruth.service import recording
from tests.probes.test_history import a_run
from tests.probes.test_workload import settings, wait_until_gone

SECOND = 1_000_000_000
PASSWORD, TOKEN = "s3cr3t", "of this run"


class Started:
    """Processes that stand for pods, started by us; what `Handle` takes for the pods of a Job."""

    def __init__(self, directory: Path, number: int) -> None:
        self.directory = RunDirectory(directory)
        self.number = number
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> list[RemoteShard]:
        with Meeting(self.directory.workload_socket, TOKEN) as meeting:
            self.processes = [self._one(shard) for shard in range(self.number)]
            come = meeting.all(self.number, time.monotonic() + 30, lambda: "")
        return [RemoteShard(*one, self.directory.shard_log(one[1].shard, one[1].of), self._fate) for one in come]

    def _one(self, shard: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "chaosmongo.workload", "--shard", f"{shard}/{self.number}"]
        return subprocess.Popen(
            [*command, "--run", str(self.directory.path)],
            env=os.environ | {"POD_NAME": f"load-{shard}", "WORKLOAD_TOKEN": TOKEN},
        )

    @staticmethod
    def _fate(pod: str) -> str:
        return f"failed: Evicted, as {pod} was"

    def close(self) -> None:
        for one in self.processes:
            one.kill()
            one.wait()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all of these tests."""
    found = Database(tmp_path_factory.mktemp("load"))
    try:
        yield found.start()
    finally:
        found.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / ("a run directory whose path is longer than the address of any socket may be" * 2)
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def started(directory: Path) -> Iterator[Started]:
    found = Started(directory, 2)
    yield found
    found.close()


def begun(database: Database, started: Started, **changes: object) -> Handle:
    told = settings(database, started.directory.path, **changes)
    return Handle(told, 30, pods=started)  # type: ignore[arg-type]


def reasons(directory: Path) -> list[str]:
    return [note.detail["reason"] for note in read(directory).ops_notes if note.what == "stopped"]


class TestItsProcesses:
    def test_are_one_workload_and_tell_nobody_the_password(self, database: Database, started: Started) -> None:
        handle = begun(database, started, collection="one")
        handle.move(Place(database.host, database.port))
        assert not started.directory.workload_socket.exists(), "whoever comes now comes too late"
        assert [_is_locked(started.directory.shard_log(shard, 2)) for shard in range(2)] == [True, True]
        time.sleep(1.5)
        assert handle.running
        assert handle.stop() == 0
        history = read(started.directory.path)
        assert not history.damage
        assert not history.unclosed
        assert history.plan is not None
        assert history.plan.shards == 2
        answered = [op for op in history.ops if op.outcome == "ok"]
        assert {op.op % 2 for op in answered} == {0, 1}, "of both shards"
        with pymongo.MongoClient[dict[str, Any]](database.uri) as client:
            there = {str(d["name"]): scores.digest(d) for d in client["pacman"]["one"].find()}
        written = {op.key: op.digest for op in history.ops if op.f == "write"}
        acknowledged = {op.key: op.digest for op in answered if op.f == "write"}
        assert len(acknowledged) > 20
        assert acknowledged.items() <= there.items() <= written.items()
        hellos = [op.due_ns for op in history.ops if op.f == "hello"]
        inner = [due for due in hellos if due < hellos[-1] - SECOND // 2]  # each stops at a moment of its own
        assert {b - a for a, b in itertools.pairwise(inner)} == {10_000_000}

    def test_that_are_refused_say_why_and_the_password_is_nowhere(self, database: Database, started: Started) -> None:
        uri = database.uri.replace("mongodb://", f"mongodb://someone:{PASSWORD}@")
        with pytest.raises(WorkloadFailed, match=r"refuses|authenti") as refusal:
            begun(database, started, uri=uri)
        assert PASSWORD not in str(refusal.value)
        files = [path for path in started.directory.path.iterdir() if path.is_file()]
        assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
        for one in started.processes:
            assert one.wait(5) == 1


class TestOneThatDies:
    def test_makes_the_run_unknown_whether_it_closes_its_record_or_not(
        self, database: Database, directory: Path
    ) -> None:
        started = Started(directory, 3)
        try:
            handle = begun(database, started)
            time.sleep(0.5)
            assert handle.running
            started.processes[1].terminate()
            started.processes[1].wait(5)
            assert not handle.running
            assert "shard 1/3 ended with status 0" in handle.why()
            started.processes[2].kill()
            started.processes[2].wait(5)
            assert handle.stop() != 0
            assert "shard 2/3 ended without a word" in handle.why()
            assert "(pod load-2 failed: Evicted, as load-2 was; log: " in handle.why()
        finally:
            started.close()
        history = read(directory)
        assert "ops-2.jsonl: this shard did not close its record" in history.damage
        verdict = judge(history)
        assert verdict.verdict == "unknown"
        told = "1 of the workload's 3 shards ended early (SIGTERM): their share of the load is missing"
        assert told in " ".join(finding.summary for finding in verdict.findings)

    def test_or_whose_runner_does_ends_with_a_closed_record(self, database: Database, directory: Path) -> None:
        program = (
            "import sys, time, msgspec\n"
            "from pathlib import Path\n"
            "from chaosmongo.workload.handle import Handle\n"
            "from chaosmongo.workload.settings import Settings\n"
            "from tests.probes.test_load_in_pods import Started\n"
            "told = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)\n"
            "started = Started(Path(told.record), 2)\n"
            "handle = Handle(told, 30, pods=started)\n"
            "print(*[one.pid for one in started.processes], flush=True)\n"
            "time.sleep(60)\n"
        )
        told = settings(database, directory)
        runner = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert runner.stdin is not None
        assert runner.stdout is not None
        runner.stdin.write(msgspec.json.encode(told) + b"\n")
        runner.stdin.flush()
        pids = [int(pid) for pid in runner.stdout.readline().split()]
        time.sleep(0.5)
        runner.kill()
        runner.communicate()
        for pid in pids:
            wait_until_gone(pid, 5)
        assert reasons(directory) == ["the runner is gone"] * 2
        assert not read(directory).unclosed


class TestTheSocket:
    def test_is_its_owners_alone(self, directory: Path) -> None:
        with Meeting(RunDirectory(directory).workload_socket, TOKEN) as _:
            assert RunDirectory(directory).workload_socket.stat().st_mode & 0o777 == 0o600

    def test_that_nobody_waits_at_ends_a_process_that_comes(self, directory: Path) -> None:
        command = [sys.executable, "-m", "chaosmongo.workload", "--shard", "0/2", "--run", str(directory)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert ended.returncode == 1
        assert ended.stderr.startswith("No runner waits at ")
        assert not list(directory.iterdir())

    def test_turns_strangers_away(self, directory: Path) -> None:
        now = time.monotonic_ns
        strangers: list[Callable[[], bytes]] = [
            lambda: b"",
            lambda: b"GET / HTTP/1.1\r\n\r\n",
            lambda: _word(Arrival(0, 3, "of-another-load", process.boot(), now(), TOKEN)),
            lambda: _word(Arrival(2, 2, "of-no-share", process.boot(), now(), TOKEN)),
            lambda: _word(Arrival(0, 2, "of-another-run", process.boot(), now(), "of another run")),
            lambda: _word(Arrival(-1, 2, "of-no-share", process.boot(), now(), TOKEN)),
        ]
        ours = [lambda n=n: _word(Arrival(n, 2, f"load-{n}", process.boot(), now(), TOKEN)) for n in (1, 1, 0)]
        with _meeting(directory, [*strangers, *ours]) as found:
            assert [arrival.pod for _, arrival in found()] == ["load-0", "load-1"]

    @pytest.mark.parametrize(
        "arrival",
        [
            lambda: Arrival(0, 1, "load-0", "another-boot", time.monotonic_ns(), TOKEN),
            lambda: Arrival(0, 1, "load-0", process.boot(), time.monotonic_ns() - SECOND, TOKEN),
            lambda: Arrival(0, 1, "load-0", process.boot(), time.monotonic_ns() + SECOND, TOKEN),
        ],
    )
    def test_refuses_another_clock(self, directory: Path, arrival: Callable[[], Arrival]) -> None:
        with _meeting(directory, [lambda: _word(arrival())], number=1) as found:
            with pytest.raises(WorkloadFailed, match="The clock of pod load-0 is not the runner's"):
                found()

    def test_gives_up_with_the_reason_or_when_it_is_time(self, directory: Path) -> None:
        with Meeting(RunDirectory(directory).workload_socket, TOKEN) as meeting:
            with pytest.raises(WorkloadFailed, match="the image is missing"):
                meeting.all(2, time.monotonic() + 30, lambda: "the image is missing")
            with pytest.raises(WorkloadFailed, match="only 0 of the workload's 2 processes came in time"):
                meeting.all(2, time.monotonic(), lambda: "")


class TestARecordOfAnotherClock:
    @pytest.mark.parametrize(("boot", "believed"), [("one", True), ("another", False)])
    def test_is_damage(self, directory: Path, boot: str, believed: bool) -> None:
        a_run(directory, anchor=Anchor(0, 0, "one"))
        with Writer(RunDirectory(directory).ops, "ops", "x/1", boot_id=boot) as writer:
            writer.write(Note(1, "stopped"))
        history = read(directory)
        told = (
            "ops.jsonl: recorded by another machine's clock than the run's (boot another): its times cannot be "
            "compared with the others"
        )
        assert history.damage == ([] if believed else [told])
        assert judge(history).verdict == "unknown"


RUNNER: dict[str, Any] = {
    "metadata": {"name": "check-1", "namespace": "chaos", "uid": "u-1"},
    "spec": {
        "nodeName": "one",
        "serviceAccountName": "recovery-check",
        "tolerations": [{"operator": "Exists"}],
        "imagePullSecrets": [{"name": "pull"}],
        "securityContext": {"fsGroup": 1001},
        "volumes": [
            {"name": "results", "persistentVolumeClaim": {"claimName": "results"}},
            {"name": "experiments", "configMap": {"name": "experiments"}},
            {"name": "token", "projected": {"sources": []}},
            {"name": "other", "persistentVolumeClaim": {"claimName": "not-mounted"}},
        ],
        "containers": [
            {
                "name": "check",
                "image": "chaostoolkit-mongodb:1",
                "imagePullPolicy": "Never",
                "env": [{"name": "MONGO_URI", "value": PASSWORD}],
                "resources": {"requests": {"cpu": "100m"}},
                "volumeMounts": [
                    {"name": "results", "mountPath": "/results"},
                    {"name": "experiments", "mountPath": "/experiments"},
                    {"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
                ],
            }
        ],
    },
}


class TestTheJob:
    JOB = job.made(job.Runner(RUNNER), "chaos-12345678-", 3, "", "/results/x/1", TOKEN)
    SPEC = JOB["spec"]
    POD = SPEC["template"]["spec"]
    CONTAINER = POD["containers"][0]

    def test_is_indexed_made_once_and_ends(self) -> None:
        assert (self.JOB["kind"], self.JOB["metadata"]["name"]) == ("Job", "chaos-12345678-workload")
        assert (self.SPEC["completionMode"], self.SPEC["completions"], self.SPEC["parallelism"]) == ("Indexed", 3, 3)
        assert (self.SPEC["backoffLimit"], self.POD["restartPolicy"]) == (0, "Never")
        assert self.SPEC["activeDeadlineSeconds"] == 6 * 3600
        assert self.SPEC["ttlSecondsAfterFinished"] == 600

    def test_ends_with_the_runners_pod_at_the_latest(self) -> None:
        owner = {"apiVersion": "v1", "kind": "Pod", "name": "check-1", "uid": "u-1"}
        assert self.JOB["metadata"]["ownerReferences"] == [owner]
        bound = {**RUNNER, "spec": RUNNER["spec"] | {"activeDeadlineSeconds": 900}}
        assert job.made(job.Runner(bound), "m-", 1, "", "/x", TOKEN)["spec"]["activeDeadlineSeconds"] == 900

    def test_has_the_runners_image_and_place(self) -> None:
        assert (self.CONTAINER["image"], self.CONTAINER["imagePullPolicy"]) == ("chaostoolkit-mongodb:1", "Never")
        assert self.CONTAINER["command"] == ["python", "-m", "chaosmongo.workload"]
        assert self.CONTAINER["args"] == ["--shard", "$(JOB_COMPLETION_INDEX)/3", "--run", "/results/x/1"]
        terms = self.POD["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        here = {"key": "metadata.name", "operator": "In", "values": ["one"]}
        assert terms == {"nodeSelectorTerms": [{"matchFields": [here]}]}
        assert self.POD["tolerations"] == [{"operator": "Exists"}]
        assert self.POD["imagePullSecrets"] == [{"name": "pull"}]

    def test_has_another_image_where_one_is_named(self) -> None:
        made = job.made(job.Runner(RUNNER), "m-", 1, "mine:2", "/x", TOKEN)
        container = made["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == "mine:2"
        assert "imagePullPolicy" not in container

    def test_has_the_least_rights_and_no_secret(self) -> None:
        assert self.POD["volumes"] == [RUNNER["spec"]["volumes"][0]]
        assert self.CONTAINER["volumeMounts"] == [{"name": "results", "mountPath": "/results"}]
        assert self.POD["automountServiceAccountToken"] is False
        assert "serviceAccountName" not in self.POD
        assert self.POD["securityContext"]["fsGroup"] == 1001
        assert self.POD["securityContext"]["runAsUser"] == os.getuid()
        assert self.POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert self.CONTAINER["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert PASSWORD not in json.dumps(self.JOB)

    def test_takes_the_container_that_kubectl_would_take(self) -> None:
        sidecar = {"name": "proxy", "image": "proxy:1"}
        spec = RUNNER["spec"] | {"containers": [sidecar, *RUNNER["spec"]["containers"]]}
        metadata = RUNNER["metadata"] | {"annotations": {"kubectl.kubernetes.io/default-container": "check"}}
        assert job.Runner({"metadata": metadata, "spec": spec}).container["name"] == "check"

    @pytest.mark.parametrize(
        ("status", "told"),
        [
            ({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}, ""),
            (
                {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."},
                "failed: Evicted: The node was low on resource: memory.",
            ),
            (
                {"containerStatuses": [{"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]},
                "ended OOMKilled with status 137",
            ),
        ],
    )
    def test_tells_how_a_pod_ended(self, status: dict[str, Any], told: str) -> None:
        assert job.fate({"metadata": {}, "status": status}) == told

    @pytest.mark.parametrize(
        ("status", "told"),
        [
            ({"phase": "Pending"}, []),
            (
                {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImageNeverPull", "message": "not here"}}}]},
                ["ErrImageNeverPull, not here"],
            ),
            (
                {
                    "conditions": [
                        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no cpu"}
                    ]
                },
                ["Unschedulable, no cpu"],
            ),
        ],
    )
    def test_tells_what_a_pod_waits_for(self, status: dict[str, Any], told: list[str]) -> None:
        assert job.waiting({"metadata": {}, "status": status}) == told


class TestARunnerThatIsInNoPod:
    def test_is_refused_before_anything_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("POD_NAME", "POD_NAMESPACE", "CHAOSTOOLKIT_IN_POD"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(NotFound, match="this process runs in none: use shards"):
            job.Runner.find(None)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ({"pods": 2, "shards": 2}, "pods is 2 and shards 2: the load is shared by pods or by processes"),
            ({"pods": 65}, "pods is 65: it must be a number from 0 to 64"),
            ({"pods": 2, "lanes": ["server"]}, "This needs a cluster"),
        ],
    )
    def test_is_told_what_is_wrong(
        self, database: Database, tmp_path: Path, arguments: dict[str, Any], told: str
    ) -> None:
        with recording(database.uri, tmp_path) as opened:
            with pytest.raises(ActivityFailed, match=told):
                start_workload(**arguments)
            assert opened.workload is None
            assert "remove_workload" not in {one.action for one in opened.pending.values()}


def _is_locked(file: Path) -> bool:
    with file.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _word(word: msgspec.Struct) -> bytes:
    return msgspec.json.encode(word) + b"\n"


@contextmanager
def _meeting(
    directory: Path, visitors: list[Callable[[], bytes]], number: int = 2
) -> Iterator[Callable[[], list[tuple[socket.socket, Arrival]]]]:
    """Visitors that come one after the other, and say something when they are greeted."""
    place = RunDirectory(directory).workload_socket
    connections: list[socket.socket] = []

    def come() -> None:
        for visitor in visitors:
            connection = socket.socket(socket.AF_UNIX)
            connections.append(connection)
            with short(place) as address:
                connection.connect(address)
            msgspec.json.decode(connection.recv(1000), type=Greeting)
            if said := visitor():
                connection.sendall(said)
            else:
                connection.close()

    with Meeting(place, TOKEN) as meeting:
        coming = threading.Thread(target=come)
        coming.start()
        yield lambda: meeting.all(number, time.monotonic() + 10, lambda: "")
        coming.join()
    for connection in connections:
        connection.close()
