"""The workload process, against a real database: open-loop, honest about what is known, and gone when it must be."""

import http.server
import itertools
import json
import math
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pymongo
import pymongo.monitoring
import pytest
from chaosmongo import scores, wire
from chaosmongo.database import Address, Driver, DriverError
from chaosmongo.errors import BadArgument, WorkloadFailed
from chaosmongo.history import History, Op, read
from chaosmongo.history.records import Fail, Info, Invoke, LanePlan, Ok
from chaosmongo.workload import concern
from chaosmongo.workload.addresses import Addresses
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.hello import Hello
from chaosmongo.workload.outcome import Outcome
from chaosmongo.workload.pool import Pool
from chaosmongo.workload.server import Server
from chaosmongo.workload.settings import Place, Settings, check
from chaosmongo.workload.user import NotServed, User, check_list

from tests.conftest import Database, free_port
from tests.probes.test_history import a_run

LOOK_S = 0.01
"""How often a server of ours looks whether it shall end."""


def settings(database: Database, directory: Path, **changes: object) -> Settings:
    a_run(directory)
    base = Settings(
        record=str(directory),
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
    handle = Handle(settings(database, directory, **changes))
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


@dataclass(frozen=True)
class Healthy:
    """A load on a healthy database, when it is over. there: the digests of what it left in the database, by name."""

    directory: Path
    history: History
    there: dict[str, str]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Healthy]:
    """One for all that look at it."""
    directory = tmp_path_factory.mktemp("healthy")
    database = Database(directory)
    try:
        record = directory / "run"
        record.mkdir()
        history = recorded(database.start(), record, nothing, write_concern={"w": 1, "j": True})
        with pymongo.MongoClient[dict[str, Any]](database.uri) as client:
            there = {str(d["name"]): scores.digest(d) for d in client["pacman"]["highscore"].find()}
        yield Healthy(record, history, there)
    finally:
        database.close()


class TestAHealthyDatabase:
    def test_every_operation_is_ok_at_its_rate(self, healthy: Healthy) -> None:
        history = healthy.history
        assert outcomes(history) == {"ok": len(history.ops)}
        hellos = [op.due_ns for op in history.ops if op.f == "hello"]
        assert {b - a for a, b in itertools.pairwise(hellos)} == {10_000_000}

    def test_says_what_it_was_asked_to_do_and_that_it_was_stopped(self, healthy: Healthy) -> None:
        history = healthy.history
        assert history.plan is not None
        assert history.plan.write_concern == {"w": 1, "j": True}
        assert history.plan.retry_writes is False
        assert [note.what for note in history.ops_notes] == ["stopped"]

    def test_writes_what_it_says_it_writes(self, healthy: Healthy) -> None:
        assert healthy.there == {op.key: op.digest for op in healthy.history.ops if op.f == "write"}

    def test_its_record_is_json_lines(self, healthy: Healthy) -> None:
        lines = (healthy.directory / "ops.jsonl").read_text().splitlines()
        assert [json.loads(line)["type"] for line in lines[:2]] == ["header", "plan"]

    def test_the_password_is_nowhere_in_the_record(self, database: Database, record: Path) -> None:
        uri = database.uri.replace("mongodb://", "mongodb://someone:s3cr3t@")
        with pytest.raises(WorkloadFailed) as refusal:
            Handle(settings(database, record, uri=uri))
        assert "s3cr3t" not in str(refusal.value)
        assert not [path for path in record.iterdir() if b"s3cr3t" in path.read_bytes()]


class TestTheWriteConcern:
    @pytest.mark.parametrize(
        ("given", "taken"),
        [
            ({}, {}),
            ({"w": 1}, {"w": 1}),
            ({"w": "majority", "j": True, "wtimeout": 10_000}, {"w": "majority", "j": True, "wtimeout": 10_000}),
            ({"wtimeoutMS": 5}, {"wtimeout": 5}),
            ({"w": "my-tag", "j": False}, {"w": "my-tag", "j": False}),
            ({"w": "1", "j": "true"}, {"w": 1, "j": True}),
            ({"w": "majority", "j": "false"}, {"w": "majority", "j": False}),
        ],
    )
    def test_is_taken_as_given_also_as_text(self, given: dict[str, object], taken: dict[str, object]) -> None:
        assert concern.checked(given) == taken

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"w": 0}, "w is 0: nothing would be acknowledged"),
            ({"w": "0"}, "w is 0"),
            ({"w": "51"}, "w is 51: it must be a number of members"),
            ({"w": True}, "w is True"),
            ({"w": -1}, "w is -1"),
            ({"w": 51}, "w is 51"),
            ({"w": ""}, "w is ''"),
            ({"w": None}, "w is None"),
            ({"j": 1}, "j is 1: it must be true or false"),
            ({"j": "yes"}, "j is 'yes'"),
            ({"wtimeout": -1}, "wtimeout is -1: it must be whole milliseconds"),
            ({"wtimeout": 1.5}, "wtimeout is 1.5"),
            ({"wtimeout": True}, "wtimeout is True"),
            ({"wtimeout": 1, "wtimeoutMS": 1}, "has wtimeout twice"),
            ({"journal": True, "x": 1}, "has journal, x: it takes w, j and wtimeout"),
            ("majority", "is 'majority': it must be like"),
            ([1], "is \\[1\\]"),
            (None, "is None"),
        ],
    )
    def test_that_cannot_be_used_is_one_clear_message(self, given: object, told: str) -> None:
        with pytest.raises(BadArgument, match=f"^write_concern {told}"):
            concern.checked(given)

    @pytest.mark.parametrize(
        ("uri", "given", "sent"),
        [
            ("", {}, None),
            ("", {"w": 1, "j": True, "wtimeout": 500}, {"w": 1, "j": True, "wtimeout": 500}),
            ("&w=1&journal=true", {}, {"w": 1, "j": True}),
            ("&w=1&journal=true", {"w": "majority"}, {"w": "majority"}),
        ],
    )
    def test_reaches_the_server_as_it_stands_in_the_plan(
        self, database: Database, uri: str, given: dict[str, object], sent: dict[str, object] | None
    ) -> None:
        heard: list[object] = []

        class Listener(pymongo.monitoring.CommandListener):
            def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
                if event.command_name == "insert":
                    heard.append(event.command.get("writeConcern"))

            def succeeded(self, event: pymongo.monitoring.CommandSucceededEvent) -> None: ...
            def failed(self, event: pymongo.monitoring.CommandFailedEvent) -> None: ...

        listeners = pymongo.monitoring._LISTENERS
        before = listeners.command_listeners.copy()
        pymongo.monitoring.register(Listener())
        try:
            driver = Driver(Address(database.uri + uri), "pacman", "highscore", given, False, 5)
            driver.insert({"_id": "a"})
            driver.close()
        finally:
            listeners.command_listeners[:] = before
        assert heard == [sent]
        assert driver.write_concern == (sent or {})

    @pytest.mark.parametrize("given", [{"w": 1}, {"w": 1, "wtimeout": 200}])
    def test_leaves_the_deadline_as_it_is(self, database: Database, given: dict[str, object]) -> None:
        driver = Driver(Address(database.uri), "pacman", "highscore", given, False, 0.4)
        driver.insert({"_id": "a"})
        database.signal(signal.SIGSTOP)
        begin = time.monotonic()
        with pytest.raises(DriverError) as failure:
            driver.insert({"_id": "b"})
        took = time.monotonic() - begin
        database.signal(signal.SIGCONT)
        driver.close()
        assert failure.value.sent
        assert 0.3 < took < 1.2

    def test_of_the_uri_that_acknowledges_nothing_is_refused(self, database: Database, record: Path) -> None:
        with pytest.raises(WorkloadFailed, match="w is 0"):
            Handle(settings(database, record, uri=database.uri + "&w=0"))


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
            "from chaosmongo.workload.handle import Handle\n"
            "from chaosmongo.workload.settings import Settings\n"
            "h = Handle(msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings))\n"
            "print(*h.pids, flush=True)\n"
            "time.sleep(60)\n"
        )
        runner = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
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

    def test_also_when_the_database_is_silent_and_the_deadline_far(self, database: Database, record: Path) -> None:
        lanes = {"server": LanePlan({"hello": 20.0, "write": 10.0}, 60, "uri")}
        workload = subprocess.Popen(
            [sys.executable, "-m", "chaosmongo.workload"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert workload.stdin is not None
        assert workload.stdout is not None
        workload.stdin.write(msgspec.json.encode(settings(database, record, lanes=lanes)) + b"\n")
        workload.stdin.flush()
        assert json.loads(workload.stdout.readline())["ready"]
        time.sleep(0.5)
        database.signal(signal.SIGSTOP)
        time.sleep(0.5)
        workload.stdin.close()
        try:
            assert workload.wait(5) == 0
        finally:
            database.signal(signal.SIGCONT)
            workload.stdout.close()
        history = read(record)
        assert history.ops_notes[-1].detail == {"reason": "the runner is gone"}
        assert not history.unclosed

    def test_without_a_runner_it_does_not_wait_for_a_database(self, database: Database, record: Path) -> None:
        database.signal(signal.SIGSTOP)
        try:
            workload = subprocess.run(
                [sys.executable, "-m", "chaosmongo.workload"],
                input=msgspec.json.encode(settings(database, record)) + b"\n",
                capture_output=True,
                check=False,
                timeout=5,
            )
        finally:
            database.signal(signal.SIGCONT)
        assert workload.returncode == 1
        assert not list(record.glob("ops*"))

    def test_killed_at_any_moment_it_has_recorded_all_that_it_sent(self, database: Database, record: Path) -> None:
        lanes = {
            "server": LanePlan({"hello": 0.0, "write": 200.0}, 0.5, "uri"),
            "driver": LanePlan({"write": 200.0}, 0.5, "uri"),
        }
        handle = Handle(settings(database, record, lanes=lanes))
        time.sleep(1.5)
        os.kill(handle.pids[0], signal.SIGKILL)
        handle.stop()
        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(database.uri)
        there = {str(d["name"]) for d in client["pacman"]["highscore"].find()}
        client.close()
        history = read(record)
        assert not history.damage
        assert len(there) > 100
        assert there <= {op.key for op in history.ops}
        assert history.unclosed == ["ops.jsonl"]

    def test_sigterm_closes_the_record(self, database: Database, record: Path) -> None:
        handle = Handle(settings(database, record))
        time.sleep(0.5)
        os.kill(handle.pids[0], signal.SIGTERM)
        wait_until_gone(handle.pids[0], 5)
        assert handle.stop() == 0
        assert read(record).ops_notes[-1].detail == {"reason": "SIGTERM"}

    def test_stopping_twice_is_harmless(self, database: Database, record: Path) -> None:
        handle = Handle(settings(database, record))
        assert handle.stop() == 0
        assert handle.stop() == 0


class TestRefusing:
    def test_a_database_that_does_not_answer(self, stopped_database: Database, record: Path) -> None:
        with pytest.raises(WorkloadFailed, match="does not answer"):
            Handle(settings(stopped_database, record))

    def test_a_record_that_is_there_already(self, database: Database, record: Path) -> None:
        (record / "ops.jsonl").write_text("")
        with pytest.raises(WorkloadFailed, match="exists"):
            Handle(settings(database, record))

    def test_settings_that_are_no_json_end_it_with_a_status(self) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "chaosmongo.workload"], input=b"nonsense\n", capture_output=True, check=False
        )
        assert process.returncode == 1
        assert "settings cannot be read" in json.loads(process.stdout)["error"]
        assert process.stderr == b""

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"lanes": {}}, "No lane is left"),
            ({"lanes": {"moon": LanePlan({}, 1, "uri")}}, "There is no lane moon"),
            ({"lanes": {"driver": LanePlan({"hello": 1}, 1, "uri")}}, "The driver lane has no hello"),
            ({"lanes": {"server": LanePlan({"hello": 5001}, 1, "uri")}}, "server hello: 5001 per second"),
            ({"lanes": {"server": LanePlan({"hello": math.nan}, 1, "uri")}}, "nan per second"),
            ({"lanes": {"server": LanePlan({"hello": 1}, 61, "uri")}}, "deadline_s is 61"),
            ({"lanes": {"user": LanePlan({"write": 1}, 1, "uri")}}, "The user lane needs an application"),
            ({"in_flight_max": 0}, "in_flight_max is 0"),
            ({"write_concern": {"w": 0}}, "w is 0"),
        ],
    )
    def test_settings_that_cannot_be_used(self, changes: dict[str, Any], told: str, tmp_path: Path) -> None:
        told_to = settings(Database(tmp_path), tmp_path, **changes)
        with pytest.raises(BadArgument, match=told):
            check(told_to)


class Listening(socketserver.ThreadingTCPServer):
    """With room for all who come at once: whom it keeps waiting has sent nothing."""

    daemon_threads = True
    request_queue_size = 64


class Nonsense(socketserver.BaseRequestHandler):
    """Reads what it is asked, and answers with the bytes of the class."""

    answer = b""

    def handle(self) -> None:
        self.request.recv(1000)
        self.request.sendall(self.answer)
        self.request.recv(1000)


def document(**fields: object) -> bytes:
    """A whole answer that says this."""
    return wire.message(fields)


class TestAServerThatAnswersNonsense:
    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"\xff" * 100,
            b"\0" * 100,
            b"\x10\0\0\0",
            (2**31 - 1).to_bytes(4, "little") + b"\0" * 96,
            document(ok=0, code="x", errmsg=7),
            document(ok="yes"),
            document(ok=1, writeErrors=[7], cursor=3),
            document(ok=1, n="one", cursor={"firstBatch": 7}),
            document(ok=1, cursor={"firstBatch": [[]]}),
        ],
    )
    def test_leaves_unknowns_and_the_lane_goes_on(self, answer: bytes) -> None:
        handler = type("Handler", (Nonsense,), {"answer": answer})
        with Listening(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, args=(LOOK_S,), daemon=True).start()
            place = Place("127.0.0.1", server.server_address[1])
            done: list[Outcome] = []
            hello = Hello(place, 0.2, done.append, 8)
            lane = Server(place, "pacman", "highscore", None, 0.2)
            pool = Pool("server", lane.perform, done.append, 8)
            hello.start()
            now = time.monotonic_ns()
            for number in range(3):
                hello.submit(Invoke(number, "server", "hello", now))
                pool.submit(Invoke(10 + number, "server", "write", now, "k", "d"))
                pool.submit(Invoke(20 + number, "server", "read", now, "k", "d"))
            wait_until(lambda: hello.idle and pool.idle, 5)
            hello.close()
            pool.close()
            server.shutdown()
        kinds = {type(one).__name__ for one in done if one.op >= 10}
        assert len(done) == 9
        assert kinds == {"Info"}


class TestThePool:
    def test_performs_what_is_due_in_turn_with_few_threads_and_few_places(self) -> None:
        done: list[Outcome] = []
        pool = Pool("p", lambda op: Ok(op.op, time.monotonic_ns(), time.monotonic_ns()), done.append, 2)
        now = time.monotonic_ns()
        for number in range(50):
            pool.submit(Invoke(number, "driver", "write", now + 50_000_000 + number * 5_000_000))
        wait_until(lambda: pool.idle, 5)
        pool.close()
        assert [one.op for one in done] == list(range(50))
        assert {type(one) for one in done} == {Ok}
        assert pool._threads <= 3

    def test_does_not_send_more_at_once_than_it_may_and_says_which(self) -> None:
        done: list[Outcome] = []
        release = threading.Event()

        def perform(op: Invoke) -> Outcome:
            sent = time.monotonic_ns()
            release.wait(5)
            return Ok(op.op, sent, time.monotonic_ns())

        pool = Pool("p", perform, done.append, 3)
        now = time.monotonic_ns()
        for number in range(8):
            pool.submit(Invoke(number, "driver", "write", now + number * 10_000_000))
        wait_until(lambda: len(done) == 5, 5)
        assert {one.op for one in done} == {3, 4, 5, 6, 7}
        assert all(isinstance(one, Fail) and one.sent_ns == 0 for one in done)
        assert all("3 operations in flight" in one.error for one in done if isinstance(one, Fail))
        release.set()
        wait_until(lambda: pool.idle, 5)
        pool.close()
        assert sum(isinstance(one, Ok) for one in done) == 3

    def test_a_late_start_shows_between_due_and_sent(self) -> None:
        done: list[Outcome] = []
        pool = Pool("p", lambda op: Ok(op.op, time.monotonic_ns(), time.monotonic_ns()), done.append, 2)
        due_ns = time.monotonic_ns() - 300_000_000
        pool.submit(Invoke(1, "driver", "write", due_ns))
        wait_until(lambda: pool.idle, 5)
        pool.close()
        assert done[0].sent_ns - due_ns >= 300_000_000

    def test_an_error_that_nobody_foresaw_is_unknown_and_the_next_operation_is_performed(self) -> None:
        done: list[Outcome] = []

        def perform(op: Invoke) -> Outcome:
            if op.op == 1:
                raise ZeroDivisionError("oops")
            return Ok(op.op, time.monotonic_ns(), time.monotonic_ns())

        pool = Pool("p", perform, done.append, 2)
        for number in (1, 2):
            pool.submit(Invoke(number, "driver", "write", time.monotonic_ns()))
        wait_until(lambda: pool.idle, 5)
        pool.close()
        assert {one.op: type(one) for one in done} == {1: Info, 2: Ok}


class TestHello:
    def test_a_name_is_looked_up_where_it_costs_the_lane_no_time(self, database: Database) -> None:
        done: list[Outcome] = []
        hello = Hello(None, 0.5, done.append, 4)
        hello.place = Place("localhost", database.port)
        hello.start()
        now = time.monotonic_ns()
        for number in range(20):
            hello.submit(Invoke(number, "server", "hello", now + number * 20_000_000))
        wait_until(lambda: hello.idle, 5)
        hello.close()
        assert isinstance(done[-1], Ok)
        assert all("being looked up" in one.error for one in done if isinstance(one, Fail))

    def test_a_name_that_nobody_knows_is_a_failure(self) -> None:
        with pytest.raises(OSError, match=r"\[Errno -\d\]"):
            Addresses(Place("nowhere.invalid", 1)).of(Place("nowhere.invalid", 1))

    def test_more_connections_than_select_could_watch(self, database: Database) -> None:
        database.signal(signal.SIGSTOP)
        done: list[Outcome] = []
        hello = Hello(Place(database.host, database.port), 30, done.append, 200)
        ballast = [open(os.devnull) for _ in range(900)]  # noqa: SIM115, PTH123
        try:
            hello.start()
            now = time.monotonic_ns()
            for number in range(200):
                hello.submit(Invoke(number, "server", "hello", now))
            time.sleep(0.5)
            database.signal(signal.SIGCONT)
            wait_until(lambda: hello.idle, 20)
        finally:
            for file in ballast:
                file.close()
            hello.close()
        assert {type(one) for one in done} == {Ok}
        assert len(done) == 200


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
        threading.Thread(target=server.serve_forever, args=(LOOK_S,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        history = recorded(database, record, nothing, app_url=url, lanes=self.LANES, top_scores=[7])
        server.shutdown()
        server.server_close()
        assert outcomes(history, lambda op: op.f == "write") == {"info": sum(op.f == "write" for op in history.ops)}
        assert outcomes(history, lambda op: op.f == "read") == {"ok": sum(op.f == "read" for op in history.ops)}

    @pytest.mark.parametrize("drip", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
    def test_an_answer_that_drips_is_over_at_its_deadline(self, drip: bytes) -> None:
        class Dripping(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(1000)
                with suppress(OSError):
                    self.request.sendall(drip)
                    for _ in range(100):
                        self.request.sendall(b"x")
                        time.sleep(0.05)

        with Listening(("127.0.0.1", 0), Dripping) as server:
            threading.Thread(target=server.serve_forever, args=(LOOK_S,), daemon=True).start()
            user = User(f"http://127.0.0.1:{server.server_address[1]}", 0.4, [])
            done = user.perform(Invoke(1, "user", "read", 0))
            server.shutdown()
        assert isinstance(done, Info)
        assert 0.35e9 < done.done_ns - done.sent_ns < 1e9

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


class TestTheWallClock:
    def test_that_jumps_by_hours_changes_nothing(
        self, database: Database, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every look at it in the workload's process is an hour before or after the one before."""
        jumping = tmp_path / "jumping"
        jumping.mkdir()
        (jumping / "sitecustomize.py").write_text(
            "import itertools, time\n"
            "wall, wall_ns, looks = time.time, time.time_ns, itertools.count()\n"
            "time.time = lambda: wall() + (-1) ** next(looks) * 3600\n"
            "time.time_ns = lambda: wall_ns() + (-1) ** next(looks) * 3600 * 10**9\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(jumping))
        begin_ns = time.monotonic_ns()
        history = recorded(database, record, nothing)
        assert outcomes(history) == {"ok": len(history.ops)}
        assert all(begin_ns < op.due_ns <= op.sent_ns <= op.done_ns < time.monotonic_ns() for op in history.ops)


def wait_until(what: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)


def wait_until_gone(pid: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while Path(f"/proc/{pid}/stat").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]:
        assert time.monotonic() < end, f"process {pid} is still there after {seconds} s"
        time.sleep(0.05)
