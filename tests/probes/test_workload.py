"""The workload process, against a real database: open-loop, honest about what is known, and gone when it must be."""

import http.server
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from chaosmongo.errors import WorkloadFailed
from chaosmongo.history import History, Op, read
from chaosmongo.history.records import LanePlan
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.settings import Place, Settings
from chaosmongo.workload.user import NotServed, check_list

from tests.conftest import Database, free_port
from tests.probes.test_history import a_run


def settings(database: Database, directory: Path, **changes: object) -> Settings:
    a_run(directory)
    base = Settings(
        record=str(directory / "ops.jsonl"),
        run="x/1",
        marker="chaos-1-",
        uri=database.uri,
        database="pacman",
        collection="highscore",
        app_url="",
        lanes={
            "server": LanePlan({"hello": 100.0, "write": 20.0, "read": 10.0}, 0.5, "uri"),
            "driver": LanePlan({"write": 20.0, "read": 10.0}, 0.5, "uri"),
        },
        write_concern={},
        retry_writes=False,
        in_flight_max=64,
        server=Place(database.host, database.port),
    )
    return msgspec.structs.replace(base, **changes)


def recorded(
    database: Database, directory: Path, during: Callable[[], None], seconds: float = 2.5, **changes: object
) -> History:
    """What is recorded while `during` is done after a second and the rest of the time passes."""
    handle = Handle(settings(database, directory, **changes), directory / "workload.log")
    begin = time.monotonic()
    time.sleep(1.2)
    during()
    time.sleep(max(0, begin + seconds - time.monotonic()))
    assert handle.stop() == 0
    history = read(directory)
    assert not history.damage
    assert not history.torn
    return history


def outcomes(history: History, choose: Callable[[Op], bool] = lambda _: True) -> Counter[str]:
    return Counter(op.outcome for op in history.ops if choose(op))


def nothing() -> None:
    """Leaves the database alone."""


@pytest.fixture
def record(tmp_path: Path) -> Path:
    directory = tmp_path / "run"
    directory.mkdir()
    return directory


class TestAHealthyDatabase:
    def test_every_operation_is_ok_at_its_rate(self, database: Database, record: Path) -> None:
        history = recorded(database, record, nothing)
        assert outcomes(history) == {"ok": len(history.ops)}
        hellos = [op.due_ns for op in history.ops if op.f == "hello"]
        assert {b - a for a, b in itertools.pairwise(hellos)} == {10_000_000}

    def test_says_what_it_was_asked_to_do_and_that_it_was_stopped(self, database: Database, record: Path) -> None:
        history = recorded(database, record, nothing, seconds=1.5, write_concern={"w": 1, "j": True})
        assert history.plan is not None
        assert history.plan.write_concern == {"w": 1, "j": True}
        assert history.plan.retry_writes is False
        assert [note.what for note in history.ops_notes] == ["stopped"]

    def test_writes_what_it_says_it_writes(self, database: Database, record: Path) -> None:
        import pymongo
        from chaosmongo import scores

        history = recorded(database, record, nothing)
        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(database.uri)
        there = {str(d["name"]): scores.digest(d) for d in client["pacman"]["highscore"].find()}
        client.close()
        assert there == {op.key: op.digest for op in history.ops if op.f == "write"}

    def test_the_password_is_nowhere_in_the_record(self, database: Database, record: Path) -> None:
        uri = database.uri.replace("mongodb://", "mongodb://someone:s3cr3t@")
        with pytest.raises(WorkloadFailed) as refusal:
            Handle(settings(database, record, uri=uri), record / "workload.log")
        assert "s3cr3t" not in str(refusal.value)
        assert not [path for path in record.iterdir() if b"s3cr3t" in path.read_bytes()]


class TestADatabaseThatGoesAway:
    def test_refused_connections_are_failures_and_nothing_is_skipped(self, database: Database, record: Path) -> None:
        history = recorded(database, record, database.kill, seconds=3)
        late = [op for op in history.ops if op.due_ns > history.ops[0].due_ns + 2_000_000_000]
        assert outcomes(history, lambda op: op in late and op.lane == "server") == {
            "fail": sum(op.lane == "server" for op in late)
        }
        hellos = [op.due_ns for op in history.ops if op.f == "hello"]
        assert {b - a for a, b in itertools.pairwise(hellos)} == {10_000_000}

    def test_a_frozen_database_leaves_unknowns_and_no_more_than_the_bound_in_flight(
        self, database: Database, record: Path
    ) -> None:
        history = recorded(database, record, lambda: database.signal(signal.SIGSTOP), seconds=3, in_flight_max=10)
        database.signal(signal.SIGCONT)
        errors = Counter(op.error.split(":")[0] for op in history.ops if op.outcome != "ok" and op.f == "hello")
        assert errors["not sent"] > 0
        assert errors["TimeoutError"] > 0
        frozen = [op for op in history.ops if op.f == "hello" and op.outcome == "info"]
        assert frozen
        assert all(0.45e9 < op.done_ns - op.sent_ns < 1e9 for op in frozen)

    def test_it_notices_when_the_database_is_back(self, database: Database, record: Path) -> None:
        def restart() -> None:
            database.kill()
            database.start()

        history = recorded(database, record, restart, seconds=4)
        for lane in ("server", "driver"):
            last = [op for op in history.ops if op.lane == lane][-10:]
            assert {op.outcome for op in last} == {"ok"}
        assert outcomes(history)["fail"] > 0

    def test_a_score_that_vanished_is_a_stale_read(self, database: Database, record: Path) -> None:
        import pymongo

        def remove() -> None:
            client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(database.uri)
            client["pacman"]["highscore"].delete_many({})
            client.close()

        history = recorded(database, record, remove)
        assert any(op.stale and op.f == "read" for op in history.ops)
        assert not any(op.stale for op in history.ops if op.f != "read")


class TestEnding:
    def test_when_the_runner_is_killed_it_closes_its_record_and_is_gone(self, database: Database, record: Path) -> None:
        program = (
            "import sys, time, msgspec\n"
            "from pathlib import Path\n"
            "from chaosmongo.workload.handle import Handle\n"
            "from chaosmongo.workload.settings import Settings\n"
            "h = Handle(msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings), Path(sys.argv[1]))\n"
            "print(h._process.pid, flush=True)\n"
            "time.sleep(60)\n"
        )
        runner = subprocess.Popen(
            [sys.executable, "-c", program, str(record / "workload.log")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert runner.stdin is not None
        assert runner.stdout is not None
        runner.stdin.write(msgspec.json.encode(settings(database, record)) + b"\n")
        runner.stdin.flush()
        workload = int(runner.stdout.readline())
        time.sleep(1)
        runner.kill()
        runner.wait()
        wait_until_gone(workload, 5)
        history = read(record)
        assert history.ops_notes[-1].detail == {"reason": "the runner is gone"}
        assert not history.torn

    def test_sigterm_closes_the_record(self, database: Database, record: Path) -> None:
        handle = Handle(settings(database, record), record / "workload.log")
        time.sleep(0.5)
        os.kill(handle._process.pid, signal.SIGTERM)
        assert handle._process.wait(5) == 0
        assert read(record).ops_notes[-1].detail == {"reason": "SIGTERM"}

    def test_stopping_twice_is_harmless(self, database: Database, record: Path) -> None:
        handle = Handle(settings(database, record), record / "workload.log")
        assert handle.stop() == 0
        assert handle.stop() == 0


class TestRefusing:
    def test_a_database_that_does_not_answer(self, stopped_database: Database, record: Path) -> None:
        with pytest.raises(WorkloadFailed, match="does not answer"):
            Handle(settings(stopped_database, record), record / "workload.log")

    def test_a_record_that_is_there_already(self, database: Database, record: Path) -> None:
        (record / "ops.jsonl").write_text("")
        with pytest.raises(WorkloadFailed, match="exists"):
            Handle(settings(database, record), record / "workload.log")

    def test_settings_that_are_no_json_end_it_with_a_status(self) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "chaosmongo.workload"], input=b"nonsense\n", capture_output=True, check=False
        )
        assert process.returncode != 0


class Application(http.server.BaseHTTPRequestHandler):
    """Answers a POST as the demo does when its insert fails, and a GET with a list that lacks the highest score."""

    def do_POST(self) -> None:
        self._answer({"name": "whoever", "zone": "", "score": 1, "level": 1, "rs": "error"})

    def do_GET(self) -> None:
        self._answer([{"name": "a", "score": 7}])

    def _answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keeps quiet."""


class TestTheUserLane:
    LANES: ClassVar = {"user": LanePlan({"write": 20.0, "read": 10.0}, 0.5, "application")}

    def test_where_nobody_listens_nothing_was_sent(self, database: Database, record: Path) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        history = recorded(database, record, nothing, app_url=url, lanes=self.LANES)
        assert outcomes(history) == {"fail": len(history.ops)}

    def test_an_answer_of_200_that_says_error_is_no_success(self, database: Database, record: Path) -> None:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        history = recorded(database, record, nothing, app_url=url, lanes=self.LANES, top_scores=[7])
        server.shutdown()
        server.server_close()
        assert outcomes(history, lambda op: op.f == "write") == {"info": sum(op.f == "write" for op in history.ops)}
        assert outcomes(history, lambda op: op.f == "read") == {"ok": sum(op.f == "read" for op in history.ops)}

    @pytest.mark.parametrize(
        ("answer", "right"),
        [
            ([{"score": 9}, {"score": 7}], True),
            ([{"score": 9}, {"score": 8}, {"score": 1}], True),
            ([], False),
            ([{"score": 9}], False),
            ([{"score": 9}, {"score": 6}], False),
            ([{"score": 7}, {"score": 9}], False),
            ([{"score": "9"}, {"score": "7"}], False),
            ([{}, {}], False),
            (["9", "7"], False),
            ({"rs": "error"}, False),
            (None, False),
        ],
    )
    def test_a_list_is_right_only_if_it_shows_at_least_the_known_scores_in_order(
        self, answer: object, right: bool
    ) -> None:
        with nullcontext() if right else pytest.raises(NotServed):
            check_list(answer, [9, 7])


def wait_until_gone(pid: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while Path(f"/proc/{pid}/stat").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]:
        assert time.monotonic() < end, f"process {pid} is still there after {seconds} s"
        time.sleep(0.05)


def test_the_record_is_json_lines(database: Database, record: Path) -> None:
    recorded(database, record, nothing, seconds=1.3)
    lines = (record / "ops.jsonl").read_text().splitlines()
    assert [json.loads(line)["type"] for line in lines[:2]] == ["header", "plan"]
