"""The record: what is written can be read, at every byte, and what is damaged is named."""

import ast
import os
import random
import re
import shutil
from pathlib import Path

import chaosmongo
import msgspec
import pytest
from chaosmongo.checks import judge
from chaosmongo.history import NewerFormat, NotARun, Writer, lines, read, read_run, write_whole
from chaosmongo.history.records import (
    Anchor,
    ClusterEvent,
    Document,
    Environment,
    Fail,
    FaultEnd,
    FaultStart,
    Info,
    Invoke,
    Note,
    Objectives,
    Ok,
    Plan,
    Run,
    ScanEnd,
    ScanStart,
    Target,
)

from tests.reports.recorded_runs import Recorded, record

WALL_CLOCK = {
    *("run.py: time.time_ns", "run.py: datetime.now", "company.py: datetime.now"),
    "faults/restart_rollout.py: datetime.now",
    "lock.py: datetime.now",
}
"""Where the wall clock is looked at: for the anchor, the names of a run's directory and of its registration, the
annotation that restarts a rollout, the times in a Lease (labels: the monotonic clock tells whether it is stale), and
for whether the window is open.
"""


def a_run(directory: Path, **changes: object) -> Run:
    fields: dict[str, object] = {
        "run": "x/1",
        "marker": "chaos-1-",
        "title": "t",
        "description": "d",
        "experiment": {},
        "anchor": Anchor(0, 0),
        "target": Target("pacman", "mongo", "pacman", "highscore"),
        "objectives": Objectives({"server": 30.0}),
        "environment": Environment(),
        "horizon_s": 60.0,
    }
    run = Run(**(fields | changes))  # type: ignore[arg-type]
    write_whole(directory / "run.json", run)
    return run


def operations(directory: Path, count: int = 20) -> Path:
    with Writer(directory / "ops.jsonl", "ops", "x/1") as writer:
        for number in range(count):
            writer.write(Invoke(number, "server", "hello", number * 1000))
            writer.write(Ok(number, number * 1000 + 1, number * 1000 + 2))
        writer.write(Note(99, "stopped"))
    return directory / "ops.jsonl"


class TestReading:
    def test_gives_back_what_was_written(self, tmp_path: Path) -> None:
        run = a_run(tmp_path)
        operations(tmp_path, 3)
        history = read(tmp_path)
        assert history.run == run
        assert [(op.op, op.outcome, op.sent_ns, op.done_ns) for op in history.ops] == [
            (0, "ok", 1, 2),
            (1, "ok", 1001, 1002),
            (2, "ok", 2001, 2002),
        ]
        assert [note.what for note in history.ops_notes] == ["stopped"]
        assert not history.torn
        assert not history.damage

    def test_an_operation_without_an_answer_is_info(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        with Writer(tmp_path / "ops.jsonl", "ops", "x/1") as writer:
            writer.write(Invoke(1, "driver", "write", 5, "k", "d"))
        (op,) = read(tmp_path).ops
        assert (op.outcome, op.done_ns, op.key) == ("info", 0, "k")

    def test_a_file_cut_at_any_byte_opens_and_loses_at_most_the_torn_line(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        file = operations(tmp_path)
        whole = file.read_bytes()
        for length in range(len(whole) - 1, -1, -1):
            os.truncate(file, length)
            history = read(tmp_path)
            kept = whole[:length].count(b"\n")
            assert not history.damage
            assert history.unclosed == ["ops.jsonl"]
            assert history.torn == ([] if whole[:length].endswith(b"\n") or length == 0 else ["ops.jsonl"])
            assert len(history.ops) + sum(op.done_ns > 0 for op in history.ops) + len(history.ops_notes) == max(
                0, kept - 1
            )

    def test_names_a_damaged_line_and_reads_on(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        file = operations(tmp_path, 3)
        lines = file.read_bytes().splitlines(keepends=True)
        lines[3] = b'{"type":"invoke","op":\n'
        file.write_bytes(b"".join(lines))
        history = read(tmp_path)
        assert any("ops.jsonl line 4" in damage for damage in history.damage)
        assert len(history.ops) == 2

    @pytest.mark.parametrize(
        "line",
        [
            b'{"type":"never heard of"}\n',
            b"\xff\xfe\n",
            b"[1,2]\n",
            b'{"type":"ok","op":7,"sent_ns":1,"done_ns":2}\n',
            b'{"type":"invoke","op":"seven"}\n',
            b'{"type":"invoke","op":7,"lane":"sever","f":"hello","due_ns":7}\n',
            b'{"type":"plan","time_ns":0,"lanes":{},"write_concern":{},"retry_writes":false,"in_flight_max":1,"shards":9999999999}\n',
            b"\n",
        ],
    )
    def test_nonsense_in_the_middle_is_damage(self, tmp_path: Path, line: bytes) -> None:
        a_run(tmp_path)
        file = operations(tmp_path, 3)
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join([*lines[:3], line, *lines[3:]]))
        assert read(tmp_path).damage

    def test_what_is_longer_than_a_block_is_read_whole_and_by_the_number_of_its_line(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        count = lines.BLOCK // 100
        file = operations(tmp_path, count)
        assert file.stat().st_size > lines.BLOCK
        history = read(tmp_path)
        assert [op.op for op in history.ops] == list(range(count))
        assert not history.damage
        assert not history.unclosed
        content = file.read_bytes().splitlines(keepends=True)
        content[2 * count - 5] = b"{}\n"
        file.write_bytes(b"".join(content))
        damage = read(tmp_path).damage
        assert damage[0].startswith(f"ops.jsonl line {2 * count - 4}: ")
        assert any("lines were lost or altered" in one for one in damage)

    def test_a_file_full_of_nonsense_is_named_and_counted(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        file = operations(tmp_path, 1)
        content = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join([*content[:2], b"nonsense\n" * 5000, *content[2:]]))
        damage = read(tmp_path).damage
        assert len(damage) == lines.NAMED + 2
        assert "ops.jsonl: 4,900 more lines are damaged" in damage

    def test_an_answer_given_twice_is_damage(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        with Writer(tmp_path / "ops.jsonl", "ops", "x/1") as writer:
            writer.write(Invoke(1, "driver", "write", 5), Ok(1, 5, 6), Info(1, 5, 7, "late"))
        history = read(tmp_path)
        assert history.damage
        assert history.ops[0].outcome == "ok"

    def test_records_of_another_run_are_damage(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        file = operations(tmp_path, 1)
        file.write_bytes(file.read_bytes() + b'{"type":"header","file":"ops","run":"x/2","format":1}\n')
        assert any("another run" in damage for damage in read(tmp_path).damage)


def completed(number: int, due_ns: int, sent_ns: int, done_ns: int) -> list[Invoke | Ok]:
    return [Invoke(number, "server", "hello", due_ns), Ok(number, sent_ns, done_ns)]


MS = 1_000_000


class TestContradictions:
    @pytest.mark.parametrize(
        ("records", "told"),
        [
            (completed(1, 5 * MS, 5 * MS, 4 * MS), "operation 1 ended before it was sent"),
            (completed(1, 5 * MS, 3 * MS, 6 * MS), "operation 1 was sent before it was due"),
            (completed(1, 5 * MS, 0, 6 * MS), "operation 1 was sent before it was due"),
            (
                [*completed(1, 9 * MS, 9 * MS, 9 * MS), *completed(2, 8 * MS, 9 * MS, 9 * MS)],
                "operation 2 was due before the one that was begun before it",
            ),
            (completed(7, 5, 5, 6) * 2, "1 operations bear the number of another one"),
            (
                [*completed(7, 5, 5, 6), *completed(8, 6, 6, 6), *completed(7, 7, 7, 7)],
                "1 operations bear the number of another one",
            ),
            ([Ok(7, 5, 6)], "operation 7 is completed but was not begun"),
            ([Ok(7, 5, 6), Ok(8, 5, 6), Ok(9, 5, 6)], "operation 7 is completed but was not begun.*, and 2 more"),
            ([Plan(0, {}, {}, False, 1), Plan(0, {}, {}, False, 1)], "ops.jsonl holds more than one plan"),
        ],
    )
    def test_of_operations_are_named(self, tmp_path: Path, records: list[msgspec.Struct], told: str) -> None:
        a_run(tmp_path)
        with Writer(tmp_path / "ops.jsonl", "ops", "x/1") as writer:
            writer.write(*records)
        history = read(tmp_path)
        assert any(re.search(told, damage) for damage in history.damage), history.damage
        assert judge(history).verdict == "unknown"

    @pytest.mark.parametrize(
        "records",
        [
            completed(1, 5 * MS, 5 * MS, 5 * MS),
            completed(1, 5 * MS, 5 * MS - 1, 5 * MS),  # two clocks that agree to a microsecond
            [Invoke(1, "server", "hello", 5 * MS), Fail(1, 0, 4 * MS, "not sent: 4 operations in flight")],
            [*completed(2, 5, 5, 6), *completed(1, 5, 5, 6)],
        ],
    )
    def test_are_not_seen_where_there_are_none(self, tmp_path: Path, records: list[msgspec.Struct]) -> None:
        a_run(tmp_path)
        with Writer(tmp_path / "ops.jsonl", "ops", "x/1") as writer:
            writer.write(*records)
        assert not read(tmp_path).damage

    @pytest.mark.parametrize(
        ("file", "kind", "records", "told"),
        [
            ("faults", "faults", [FaultStart(1, "f", 5, [], "gone"), FaultEnd(1, 4)], "fault 1 ended before it began"),
            ("faults", "faults", [FaultEnd(1, 4)], "fault 1 ended before it began"),
            ("faults", "faults", [FaultStart(1, "f", 5, [], "gone")] * 2, "fault 1 begins or ends twice"),
            ("readback", "readback", [ScanStart(5), ScanEnd(4, 0)], "a scan ended before it began"),
            ("readback", "readback", [Document("k", "d")], "a document outside a scan"),
            (
                "cluster",
                "cluster",
                [ClusterEvent(5_000 * MS, "pods", "LIST"), ClusterEvent(3_000 * MS, "pods", "LIST")],
                "the clock ran backwards 1 times",
            ),
        ],
    )
    def test_of_the_other_files_are_named(
        self, tmp_path: Path, file: str, kind: str, records: list[msgspec.Struct], told: str
    ) -> None:
        a_run(tmp_path)
        with Writer(tmp_path / f"{file}.jsonl", kind, "x/1") as writer:
            writer.write(*records)
        assert read(tmp_path).damage == [f"{file}.jsonl: {told}"]


LINES = ("ops.jsonl", "cluster.jsonl", "faults.jsonl", "readback.jsonl")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with all its files, which passes."""
    what = Recorded(before_s=2.5, after_s=7, down_s=0.2, up_s={"server": 2.0, "driver": 2.2, "user": 2.4})
    path = record(tmp_path_factory.mktemp("good") / "run", what)
    verdict = judge(read(path))
    assert verdict.verdict == "passed", verdict.sentence
    return path


class TestAWholeRun:
    @pytest.mark.parametrize("name", LINES)
    def test_opens_however_much_is_cut_off_its_last_4_kib(self, good: Path, tmp_path: Path, name: str) -> None:
        """Read at every byte; a file that is long begins 4 KiB before its end, after its header."""
        shutil.copy(good / "run.json", tmp_path)
        content = (good / name).read_bytes()
        header, rest = content.split(b"\n", 1)
        whole = header + b"\n" + (rest[-4096:].split(b"\n", 1)[1] if len(rest) > 4096 else rest)
        file = tmp_path / name
        file.write_bytes(whole)
        for length in range(len(whole) - 1, -1, -1):
            os.truncate(file, length)
            history = read(tmp_path)
            assert history.torn == ([] if whole[:length].endswith(b"\n") or length == 0 else [name])
            assert history.unclosed == [name]

    @pytest.mark.parametrize("name", ("run.json", *LINES))
    def test_never_passes_when_it_is_cut_or_altered_anywhere(self, good: Path, tmp_path: Path, name: str) -> None:
        run = Path(shutil.copytree(good, tmp_path / "run"))
        file = run / name
        content = file.read_bytes()
        chance = random.Random(7)
        for _ in range(5):
            at = chance.randrange(len(content))
            line_end = content.index(b"\n", at) + 1
            other = bytes([content[at] ^ (1 << chance.randrange(7))])
            for spoilt in (
                content[:at],
                content[:line_end] if line_end < len(content) else content[:-1],
                content[:at] + other + content[at + 1 :],
                content[:at] + content[at + 1 :],
                content[:at] + b"\n" + content[at:],
                content[:at] + content[at : at + 500] + content[at:],
            ):
                file.write_bytes(spoilt)
                try:
                    history = read(run)
                except (NewerFormat, NotARun):
                    continue
                assert judge(history).verdict != "passed", (at, spoilt[max(0, at - 80) : at + 80])


def test_only_the_anchor_and_labels_look_at_the_wall_clock() -> None:
    """All durations and orders are of the monotonic clock: a wall clock that jumps can change no result."""
    package = Path(chaosmongo.__file__).parent
    looks = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime"}
    looks |= {f"{kind}.{name}" for kind in ("datetime", "date") for name in ("now", "utcnow", "today")}
    found = {
        f"{path.relative_to(package)}: {ast.unparse(node)}"
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in looks)
        or (isinstance(node, ast.ImportFrom) and node.module == "time")
    }
    assert found == WALL_CLOCK


class TestRefusing:
    def test_a_directory_that_is_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(NotARun, match="no run directory"):
            read(tmp_path / "nowhere")

    def test_a_damaged_run_json(self, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text("{")
        with pytest.raises(NotARun, match="damaged"):
            read_run(tmp_path)

    def test_objectives_that_were_changed_afterwards(self, good: Path, tmp_path: Path) -> None:
        run = Path(shutil.copytree(good, tmp_path / "run"))
        file = run / "run.json"
        changed = file.read_text().replace('"server": 15.0', '"server": 90.0')
        assert changed != file.read_text()
        file.write_text(changed)
        history = read(run)
        assert history.damage == ["run.json: not what was written when the run began"]
        assert judge(history).verdict == "unknown"

    def test_a_newer_format_of_the_run(self, tmp_path: Path) -> None:
        a_run(tmp_path, format=2)
        with pytest.raises(NewerFormat, match="format 2; this version reads up to 1"):
            read_run(tmp_path)

    def test_a_newer_format_of_one_file(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        file = operations(tmp_path, 1)
        file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":7'))
        with pytest.raises(NewerFormat, match="has format 7"):
            read(tmp_path)

    def test_a_file_is_written_once_in_its_life(self, tmp_path: Path) -> None:
        operations(tmp_path)
        with pytest.raises(FileExistsError):
            Writer(tmp_path / "ops.jsonl", "ops", "x/1")

    def test_files_are_readable_by_their_owner_alone(self, tmp_path: Path) -> None:
        a_run(tmp_path)
        operations(tmp_path)
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
