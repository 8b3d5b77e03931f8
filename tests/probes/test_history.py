"""The record: what is written can be read, at every byte, and what is damaged is named."""

from pathlib import Path

import pytest
from chaosmongo.history import NewerFormat, NotARun, Writer, read, read_run, write_whole
from chaosmongo.history.records import Anchor, Environment, Info, Invoke, Note, Objectives, Ok, Run, Target


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
        for length in range(len(whole)):
            file.write_bytes(whole[:length])
            history = read(tmp_path)
            kept = whole[:length].count(b"\n")
            assert not history.damage
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
            b"\n",
        ],
    )
    def test_nonsense_in_the_middle_is_damage(self, tmp_path: Path, line: bytes) -> None:
        a_run(tmp_path)
        file = operations(tmp_path, 3)
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join([*lines[:3], line, *lines[3:]]))
        assert read(tmp_path).damage

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


class TestRefusing:
    def test_a_directory_that_is_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(NotARun, match="no run directory"):
            read(tmp_path / "nowhere")

    def test_a_damaged_run_json(self, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text("{")
        with pytest.raises(NotARun, match="damaged"):
            read_run(tmp_path)

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
