"""A workload of several processes: one schedule, one record, and nothing that can go missing unnoticed."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chaoslib.exceptions import ActivityFailed
from chaosmongo.actions import start_workload, stop_workload
from chaosmongo.checks import judge
from chaosmongo.errors import BadArgument
from chaosmongo.history import RunDirectory, Writer, read
from chaosmongo.history.records import Invoke, LanePlan, Note, Ok, Plan
from chaosmongo.progress import STREAK, STREAK_NS, Progress
from chaosmongo.workload.handle import Handle
from chaosmongo.workload.settings import Place, Share

from tests.conftest import Database
from tests.groundtruth.service import recording
from tests.probes.test_history import a_run
from tests.probes.test_workload import settings, wait_until_gone

SECOND = 1_000_000_000
MS = 1_000_000


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"shards": 0}, "shards is 0: it must be a number from 1 to 64"),
    ({"rate": 5001}, "rate is 5001: it must be a number from 0 to 5,000"),
    ({"writes": float("nan")}, "writes is nan"),
    ({"rate": "many"}, "rate: 'many' is no number"),
    ({"deadline_s": 0}, "deadline_s is 0"),
    ({"in_flight_max": True}, "in_flight_max is True"),
    ({"lanes": ["sever"]}, "There is no lane sever; there are server, driver, user"),
    ({"lanes": ["user"]}, "The user lane needs an application"),
    ({"write_concern": {"w": 0}}, "w is 0: nothing would be acknowledged"),
    ({"write_concern": "majority"}, "write_concern is 'majority': it must be like"),
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "run"
    path.mkdir()
    return path


class TestAgainstARealDatabase:
    def test_their_records_together_are_one_workload(self, database: Database, directory: Path) -> None:
        import pymongo
        from chaosmongo import scores

        handle = Handle(settings(database, directory), shards=3)
        handle.move(Place(database.host, database.port))
        time.sleep(2.5)
        assert handle.stop() == 0
        history = read(directory)
        assert not history.damage
        assert not history.unclosed
        assert sorted(path.name for path in directory.glob("ops*")) == ["ops-0.jsonl", "ops-1.jsonl", "ops-2.jsonl"]
        assert history.plan is not None
        assert history.plan.shards == 3
        assert {op.outcome for op in history.ops} == {"ok"}
        assert [note.what for note in history.ops_notes].count("target") == 3
        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(database.uri)
        there = {str(d["name"]): scores.digest(d) for d in client["pacman"]["highscore"].find()}
        client.close()
        writes = [op for op in history.ops if op.f == "write"]
        assert len({op.key for op in writes}) == len({op.op for op in writes}) == len(writes)
        assert there == {op.key: op.digest for op in writes}
        hellos = [op.due_ns for op in history.ops if op.f == "hello"]
        inner = [due for due in hellos if due < hellos[-1] - 500 * MS]  # each shard stops at a moment of its own
        assert {b - a for a, b in itertools.pairwise(inner)} == {10 * MS}

    def test_when_the_runner_is_killed_all_are_gone_and_have_closed_their_records(
        self, database: Database, directory: Path
    ) -> None:
        program = (
            "import sys, time, msgspec\n"
            "from chaosmongo.workload.handle import Handle\n"
            "from chaosmongo.workload.settings import Settings\n"
            "told = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)\n"
            "print(*Handle(told, shards=2).pids, flush=True)\n"
            "time.sleep(60)\n"
        )
        runner = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert runner.stdin is not None
        assert runner.stdout is not None
        runner.stdin.write(msgspec.json.encode(settings(database, directory)) + b"\n")
        runner.stdin.flush()
        pids = [int(pid) for pid in runner.stdout.readline().split()]
        time.sleep(1)
        runner.kill()
        runner.communicate()
        for pid in pids:
            wait_until_gone(pid, 5)
        history = read(directory)
        assert [note.detail for note in history.ops_notes if note.what == "stopped"] == [
            {"reason": "the runner is gone"}
        ] * 2
        assert not history.unclosed
        assert not history.damage

    def test_one_that_dies_is_named(self, database: Database, directory: Path) -> None:
        handle = Handle(settings(database, directory), shards=2)
        time.sleep(1)
        assert handle.running
        os.kill(handle.pids[1], signal.SIGKILL)
        wait_until_gone(handle.pids[1], 5)
        end = time.monotonic() + 5  # its last thread may outlive the process that is seen
        while handle.running and time.monotonic() < end:
            time.sleep(0.01)
        assert not handle.running
        assert handle.stop() == -signal.SIGKILL
        assert "shard 1/2 ended with status -9" in handle.why()
        history = read(directory)
        assert "ops-1.jsonl: this shard did not close its record" in history.damage
        assert history.unclosed == ["ops-1.jsonl"]
        assert judge(history).verdict == "unknown"

    def test_an_experiment_asks_for_them_with_one_argument(self, database: Database, tmp_path: Path) -> None:
        concern = {"w": 1, "j": True, "wtimeout": 500}
        with recording(database.uri, tmp_path) as opened:
            lanes = ["server", "driver"]
            told = start_workload(rate=100, lanes=lanes, write_concern=concern, retry_writes=True, shards=2)
            time.sleep(2)
            stop_workload()
            history = read(opened.directory.path)
        assert told["shards"] == 2
        assert history.plan is not None
        assert (history.plan.shards, history.plan.retry_writes, history.plan.write_concern) == (2, True, concern)
        assert {op.outcome for op in history.ops if op.key or op.f == "hello"} == {"ok"}
        assert not history.damage

    def test_what_it_cannot_do_is_refused_before_anything_is_touched(self, database: Database, tmp_path: Path) -> None:
        with recording(database.uri, tmp_path) as opened:
            for arguments, told in REFUSED:
                with pytest.raises(ActivityFailed, match=told):
                    start_workload(**arguments)
                assert opened.workload is None
            assert not opened.directory.ops_files()


class TestASharesName:
    @pytest.mark.parametrize("text", ["", "1", "1/", "/2", "2/2", "-1/2", "0/0", "a/b", "0/65", "1/2/3"])
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(BadArgument, match=r"it must be i/n with i from 0 to n - 1"):
            Share.parse(text)

    def test_is_an_argument_of_the_process(self) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "chaosmongo.workload", "--shard", "4/4"], capture_output=True, check=False, text=True
        )
        assert process.returncode == 2
        assert process.stderr.splitlines()[-1].endswith("n at most 64, like 0/4")


RATES = {"server": LanePlan({"hello": 100.0}, 0.5, "uri")}


def record(directory: Path, shard: int = 0, shards: int = 2, **changes: object) -> Path:
    """One shard's record of a second of hellos. changes: ops (numbers), stopped, plan, file."""
    file = directory / str(changes.get("file", RunDirectory(directory).shard(shard, shards).name))
    plan = changes.get("plan", Plan(0, RATES, {}, False, 64, shard, shards))
    with Writer(file, "ops", "x/1") as writer:
        if plan is not None:
            writer.write(plan)  # type: ignore[arg-type]
        for at in range(shard, 100, shards):
            number = at + 1 + int(changes.get("shift", 0))  # type: ignore[call-overload]
            due_ns = SECOND + at * 10 * MS
            writer.write(Invoke(number, "server", "hello", due_ns), Ok(number, due_ns, due_ns + MS))
        if changes.get("stopped", True):
            writer.write(Note(3 * SECOND, "stopped", {"reason": "told to"}))
    return file


class TestTheirRecords:
    def test_are_read_as_one_in_the_order_of_invocation(self, directory: Path) -> None:
        a_run(directory)
        for shard in (2, 0, 1):
            record(directory, shard, 3)
        history = read(directory)
        assert not history.damage
        assert [op.op for op in history.ops] == list(range(1, 101))
        assert len(history.ops_notes) == 3

    def test_of_more_than_ten_are_in_the_order_of_their_numbers(self, directory: Path) -> None:
        for shard in range(12):
            record(directory, shard, 12)
        assert [path.name for path in RunDirectory(directory).ops_files()] == [f"ops-{i}.jsonl" for i in range(12)]

    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            (lambda d: record(d, 0), "ops-1.jsonl is missing: shard 1 of the workload's 2 shards"),
            (lambda d: (record(d, 0), record(d, 1, stopped=False)), "ops-1.jsonl: this shard did not close its record"),
            (lambda d: (record(d, 0), record(d, 1, plan=None)), "ops-1.jsonl holds no plan"),
            (
                lambda d: (record(d, 0), record(d, 1, plan=Plan(0, {}, {}, False, 64, 1, 2))),
                "ops-1.jsonl was recorded under another plan than ops-0.jsonl",
            ),
            (
                lambda d: (record(d, 0), record(d, 1, plan=Plan(0, RATES, {}, False, 64, 0, 2))),
                "ops-1.jsonl says that it is shard 0",
            ),
            (
                lambda d: (record(d, 0), record(d, 1), record(d, 0, file="ops-2.jsonl")),
                "ops-2.jsonl is none of the workload's 2 shards",
            ),
            (
                lambda d: (record(d, 0), record(d, 1), record(d, 0, 1, file="ops.jsonl")),
                "is missing: shard 0 of the workload's 1 shards|ops-0.jsonl is none of the workload's 1 shards",
            ),
            (lambda d: (record(d, 0), record(d, 1, shift=-1)), "50 operations bear the number of another one"),
        ],
    )
    def test_that_do_not_make_a_whole_are_damage_and_never_pass(
        self, directory: Path, spoil: Callable[[Path], object], told: str
    ) -> None:
        import re

        a_run(directory)
        spoil(directory)
        history = read(directory)
        assert any(re.search(told, damage) for damage in history.damage), history.damage
        assert judge(history).verdict == "unknown"


class Growing:
    """The records of a workload that is under way, and a look at them."""

    def __init__(self, directory: Path, shards: int, rates: dict[str, float]) -> None:
        lanes = {lane: LanePlan({"hello": rate}, 0.5, "uri") for lane, rate in rates.items()}
        names = RunDirectory(directory)
        self.writers = [Writer(names.shard(number, shards), "ops", "x/1") for number in range(shards)]
        for number, writer in enumerate(self.writers):
            writer.write(Plan(0, lanes, {}, False, 64, number, shards))
        self.progress = Progress(names)
        self._numbers = itertools.count(1)

    def ended(self, shard: int, lane: str, due_ns: int, ok: bool = True) -> None:
        from chaosmongo.history.records import Info

        number = next(self._numbers)
        done = (Ok if ok else Info)(number, due_ns, due_ns + MS)
        self.writers[shard].write(Invoke(number, lane, "hello", due_ns), done)  # type: ignore[arg-type]

    def stable_since(self, time_ns: int) -> bool:
        self.progress.look()
        return self.progress.stable_since(time_ns)


class TestTheirProgress:
    @pytest.mark.parametrize("rate", [20, 200, 1000, 5000])
    def test_is_stable_after_a_second_at_any_rate(self, directory: Path, rate: int) -> None:
        growing = Growing(directory, 1, {"server": rate})
        period = SECOND // rate
        for at in range(rate + STREAK):
            growing.ended(0, "server", SECOND + at * period)
        assert growing.stable_since(SECOND - 1)
        assert not growing.stable_since(SECOND + STREAK * period)

    def test_waits_for_every_lane(self, directory: Path) -> None:
        growing = Growing(directory, 1, {"server": 20, "driver": 20})
        for at in range(40):
            growing.ended(0, "server", SECOND + at * 50 * MS)
        assert not growing.stable_since(0)

    def test_is_of_all_shards_in_whatever_order_they_tell(self, directory: Path) -> None:
        growing = Growing(directory, 2, {"server": 40})
        for at in range(0, 80, 2):
            growing.ended(0, "server", SECOND + at * 25 * MS)
        assert growing.stable_since(0)
        growing.ended(1, "server", SECOND + 60 * 25 * MS, ok=False)  # known late, and due in the middle
        assert not growing.stable_since(0)
        for at in range(61, 121, 2):
            growing.ended(1, "server", SECOND + at * 25 * MS)
        assert growing.stable_since(0)

    def test_of_few_operations_is_not_stable(self, directory: Path) -> None:
        growing = Growing(directory, 1, {"server": 1})
        for at in range(STREAK - 1):
            growing.ended(0, "server", at * STREAK_NS)
        assert not growing.stable_since(-1)
