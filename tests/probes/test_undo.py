"""Taking back what a run left behind: all of it, nothing else, whoever ended the runner and whatever the files hold."""

import fcntl
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from chaosmongo import run, scores
from chaosmongo.errors import CannotUndo
from chaosmongo.history.records import Target
from chaosmongo.run import Recording
from chaosmongo.undo.actions import ACTIONS
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from recoveryreport.commands.undo import undo

from tests.conftest import Database
from tests.e2e import commands

PLAYER = {"_id": "a player", "name": "Alice", "score": 10}


class Collections:
    """What is in the database, by plain pymongo."""

    def __init__(self, database: Database) -> None:
        self.client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(database.uri)
        self.scores = self.client["pacman"]["highscore"]
        self.runs = self.client["pacman"]["chaos_runs"]

    def names(self) -> set[str]:
        return {document["name"] for document in self.scores.find()}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all of these tests."""
    found = Database(tmp_path_factory.mktemp("undo"))
    try:
        yield found.start()
    finally:
        found.close()


@pytest.fixture
def there(database: Database) -> Iterator[Collections]:
    """A database in which a player has a score, and nothing else is."""
    found = Collections(database)
    found.scores.delete_many({})
    found.runs.delete_many({})
    found.scores.insert_one(PLAYER)
    yield found
    found.client.close()


def begun(database: Database, runs: Path, uri: str = "") -> Recording:
    configuration = {"namespace": "", "mongo_uri": uri or database.uri, "runs": str(runs)}
    return run.open_run("x", {"title": "x"}, configuration)


@pytest.fixture
def recording(database: Database, there: Collections, tmp_path: Path) -> Iterator[Recording]:  # noqa: ARG001
    """A run that has seeded and written, and is still there."""
    found = begun(database, tmp_path / "runs")
    from chaosmongo.actions import seed_high_scores

    seed_high_scores(count=5, seed=7)
    wrote(found)
    yield found
    run.forget()


@pytest.fixture
def left(recording: Recording) -> Recording:
    """The same, after its runner is gone."""
    run.forget()
    return recording


def wrote(recording: Recording) -> None:
    """What a workload would have written: some by the driver, some by the application, which makes its own `_id`."""
    recording.will_undo("remove_scores", prefix=recording.marker)
    with recording.scores() as collection:
        collection.insert(
            [
                {"_id": f"{recording.marker}d1", **scores.workload_score(f"{recording.marker}d1", 1)},
                scores.workload_score(f"{recording.marker}u2", 2),
            ]
        )


def undone(recording: Recording, database: Database | None, *options: str) -> Result:
    environment = {"MONGO_URI": database.uri if database else ""}
    return CliRunner().invoke(undo, [str(recording.directory.path), *options], env=environment)


def append(recording: Recording, action: str, arguments: dict[str, Any], number: int = 90) -> None:
    record = {"type": "undo", "undo": number, "time_ns": 1, "action": action, "arguments": arguments}
    lines = recording.directory.undo.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b'"footer"' not in line]
    recording.directory.undo.write_bytes(b"".join(kept) + json.dumps(record).encode() + b"\n")


class TestWhatIsTakenBack:
    def test_everything_of_the_run_and_nothing_else(
        self, left: Recording, database: Database, there: Collections
    ) -> None:
        assert len(there.names()) == 8
        ended = undone(left, database)
        assert ended.exit_code == 0, ended.output
        assert there.names() == {"Alice"}
        assert there.runs.count_documents({}) == 0
        assert ended.output.splitlines() == [
            f"Taken back: 2 scores of the load removed from pacman.highscore ({left.marker}*)",
            "Taken back: 5 seeded scores of seed 7 removed from pacman.highscore",
            "Taken back: the run's registration removed from pacman.chaos_runs",
        ]

    def test_a_second_time_there_is_nothing_left(self, left: Recording, database: Database) -> None:
        undone(left, database)
        ended = undone(left, database)
        assert ended.exit_code == 0
        assert ended.output == f"Nothing is left behind by {left.directory.path}\n"

    def test_seeds_that_were_found_there_stay(self, database: Database, there: Collections, tmp_path: Path) -> None:
        found = [{"_id": score["name"], **score} for score in scores.seeded(7, 3)]
        there.scores.insert_many(found)
        recording = begun(database, tmp_path / "runs")
        from chaosmongo.actions import remove_scores, seed_high_scores

        assert seed_high_scores(count=5, seed=7) == {"inserted": 2, "found": 3}
        assert remove_scores() == {"removed": 2}
        run.forget()
        assert undone(recording, database).exit_code == 0
        assert there.names() == {"Alice", *(score["name"] for score in found)}

    def test_seeds_that_somebody_has_changed_since_stay_and_are_named(
        self, left: Recording, database: Database, there: Collections
    ) -> None:
        there.scores.update_one({"_id": "seed-7-0000002"}, {"$set": {"score": 1}})
        ended = undone(left, database)
        assert ended.exit_code == 0
        assert "1 that somebody has changed since left alone (seed-7-0000002)" in ended.output
        assert there.names() == {"Alice", "seed-7-0000002"}

    def test_seeds_that_another_run_has_put_there_since_stay(
        self, left: Recording, database: Database, there: Collections
    ) -> None:
        there.scores.update_one({"_id": "seed-7-0000002"}, {"$set": {"run": "chaos-00000000-"}})
        undone(left, database)
        assert there.names() == {"Alice", "seed-7-0000002"}

    def test_the_rollback_takes_back_the_same_and_leaves_the_rest_to_the_end(
        self, recording: Recording, there: Collections
    ) -> None:
        from chaosmongo.actions import remove_scores

        assert remove_scores() == {"removed": 7}
        assert remove_scores() == {"removed": 0}
        assert there.names() == {"Alice"}
        assert [undo.action for undo in recording.pending.values()] == ["remove_registration"]


class TestAnUndoThatIsNotOurs:
    """Would take out what others have: refused and named, while the rest is taken back."""

    @pytest.mark.parametrize(
        ("action", "arguments"),
        [
            ("remove_scores", {"prefix": ""}),
            ("remove_scores", {}),
            ("remove_scores", {"prefix": None}),
            ("remove_scores", {"prefix": "A"}),
            ("remove_scores", {"prefix": "chaos-"}),
            ("remove_scores", {"prefix": {"$gt": ""}}),
            ("remove_seeds", {"seed": "", "count": 5}),
            ("remove_seeds", {"seed": 7, "count": 10**12}),
            ("remove_seeds", {"seed": True, "count": 5}),
            ("remove_registration", {"marker": {"$ne": ""}}),
            ("drop_database", {}),
        ],
    )
    def test_is_refused(
        self, left: Recording, database: Database, there: Collections, action: str, arguments: dict[str, Any]
    ) -> None:
        append(left, action, arguments)
        ended = undone(left, database)
        assert ended.exit_code == 1
        assert f"NOT taken back: {action}" in ended.output
        assert there.names() == {"Alice"}
        assert undone(left, database).exit_code == 1

    @pytest.mark.parametrize("marker", ["", "chaos-", "A", "chaos-1-", "chaos-0123456g-", "chaos-01234567"])
    def test_a_run_whose_marker_is_none(
        self, left: Recording, database: Database, there: Collections, marker: str
    ) -> None:
        file = left.directory.run
        file.write_text(json.dumps(json.loads(file.read_text()) | {"marker": marker}))
        append(left, "remove_scores", {"prefix": marker})
        before = there.names()
        ended = undone(left, database)
        assert ended.exit_code == 1
        assert "no marker of a run" in ended.output
        assert there.names() == before

    @given(action=st.sampled_from(sorted(ACTIONS)), arguments=st.dictionaries(st.text(max_size=9), st.integers()))
    def test_whatever_the_arguments_nobody_is_asked(self, action: str, arguments: dict[str, Any]) -> None:
        class Nowhere:
            run = type(
                "Run", (), {"marker": "chaos-01234567-", "run": "test/1", "target": Target("pacman", "", "", "")}
            )

            def scores(self) -> None:
                raise AssertionError("asked")

            registrations = in_cluster = scores

        with pytest.raises(CannotUndo):
            ACTIONS[action](Nowhere(), {key: value for key, value in arguments.items() if key != "seed"})  # type: ignore[arg-type]


class TestADamagedRecord:
    def test_a_torn_last_line_was_never_done(self, left: Recording, database: Database, there: Collections) -> None:
        append(left, "remove_scores", {"prefix": "Alice"})
        left.directory.undo.write_bytes(left.directory.undo.read_bytes()[:-20])
        assert undone(left, database).exit_code == 0
        assert there.names() == {"Alice"}
        assert undone(left, database).output.startswith("Nothing is left behind")

    def test_a_damaged_line_is_named_and_the_rest_is_done(
        self, left: Recording, database: Database, there: Collections
    ) -> None:
        lines = left.directory.undo.read_bytes().splitlines(keepends=True)
        damaged = next(number for number, line in enumerate(lines) if b"remove_seeds" in line)
        lines[damaged] = b"\0\xff not json\n"
        left.directory.undo.write_bytes(b"".join(lines))
        ended = undone(left, database)
        assert ended.exit_code == 1
        assert f"undo.jsonl line {damaged + 1}" in ended.output
        assert "Traceback" not in ended.output
        assert there.names() == {"Alice", *(score["name"] for score in scores.seeded(7, 5))}

    def test_no_record_of_changes_means_that_there_were_none(self, left: Recording, database: Database) -> None:
        left.directory.undo.unlink()
        assert undone(left, database).output.startswith("Nothing is left behind")

    def test_a_directory_that_is_no_run(self, tmp_path: Path) -> None:
        ended = CliRunner().invoke(undo, [str(tmp_path)])
        assert ended.exit_code == 2
        assert "is no run directory" in ended.output


class TestWhoIsStillThere:
    def test_a_run_that_is_going_on_is_not_undone(
        self, recording: Recording, database: Database, there: Collections
    ) -> None:
        ended = undone(recording, database)
        assert ended.exit_code == 1
        assert "is still going on" in ended.output
        assert len(there.names()) == 8

    def test_a_workload_that_is_about_to_end_is_waited_for(self, left: Recording, database: Database) -> None:
        seconds = 1.0
        with left.directory.workload_log.open("w") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            workload = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"], stderr=log)
        begin = time.monotonic()
        ended = undone(left, database)
        assert workload.poll() == 0
        assert time.monotonic() - begin < seconds + 5
        assert ended.exit_code == 0

    def test_a_workload_that_does_not_end_is_named(
        self, left: Recording, database: Database, there: Collections, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("chaosmongo.undo.leftovers.WORKLOAD_ENDS_WITHIN_S", 0.2)
        with left.directory.workload_log.open("w") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            ended = undone(left, database)
        assert ended.exit_code == 1
        assert "The load of this run still runs after 0.2 s" in ended.output
        assert len(there.names()) == 8


class TestFindingTheDatabase:
    def test_a_uri_that_is_on_no_record_is_asked_for(self, left: Recording, database: Database) -> None:
        ended = undone(left, None)
        assert ended.exit_code == 1
        assert f"127.0.0.1:{database.port}" in ended.output
        assert "MONGO_URI" in ended.output

    def test_one_that_does_not_answer_leaves_everything_to_the_next_time(
        self, left: Recording, database: Database, there: Collections
    ) -> None:
        database.kill()
        ended = undone(left, database, "--timeout-s", "0")
        assert ended.exit_code == 1
        assert ended.output.count("does not answer") == 3
        database.start()
        assert undone(left, database).exit_code == 0
        assert there.names() == {"Alice"}

    def test_another_database_is_not_taken_for_the_run_s_own(
        self, left: Recording, tmp_path: Path, there: Collections
    ) -> None:
        (tmp_path / "other").mkdir()
        other = Database(tmp_path / "other").start()
        try:
            ended = undone(left, other)
        finally:
            other.close()
        assert ended.exit_code == 1
        assert "holds nothing of this run" in ended.output
        assert len(there.names()) == 8

    def test_the_same_database_by_another_name_is(self, left: Recording, database: Database) -> None:
        environment = {"MONGO_URI": database.uri.replace("127.0.0.1", "localhost")}
        ended = CliRunner().invoke(undo, [str(left.directory.path)], env=environment)
        assert ended.exit_code == 0, ended.output

    def test_no_password_is_shown(self, left: Recording, database: Database) -> None:
        uri = database.uri.replace("mongodb://", "mongodb://someone:s3cr3t@")
        ended = undone(left, None, "--mongo-uri", uri, "--timeout-s", "0")
        assert ended.exit_code == 1
        assert "s3cr3t" not in ended.output


def test_a_run_without_rollbacks_says_which_command_takes_back_what_it_leaves(
    database: Database, there: Collections, tmp_path: Path
) -> None:
    provider = {"type": "python", "module": "chaosmongo.actions", "func": "seed_high_scores", "arguments": {"count": 5}}
    experiment = {
        "title": "x",
        "description": "x",
        "configuration": {"namespace": "", "mongo_uri": database.uri},
        "controls": [{"name": "record", "provider": {"type": "python", "module": "chaosmongo.controls.record"}}],
        "method": [{"name": "seed", "type": "action", "provider": provider}],
    }
    (tmp_path / "x.json").write_text(json.dumps(experiment))
    ended = commands.run(["chaos", "--no-version-check", "run", "x.json"], tmp_path)
    (said,) = re.findall("This run leaves something behind \\(remove_seeds\\). To take it back: (.*)", ended.output)
    assert len(there.names()) == 6
    undone = commands.run(["sh", "-c", said], tmp_path, MONGO_URI=database.uri)
    assert undone.status == 0, undone.output
    assert there.names() == {"Alice"}
