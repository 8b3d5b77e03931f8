"""Two runs on one collection: each is told of the other, names it, and blames nothing else for what it did."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pymongo
import pytest
import yaml
from chaosmongo import company, process, run
from chaosmongo.actions import read_back, seed_high_scores
from chaosmongo.checks import judge
from chaosmongo.history import read
from chaosmongo.history.records import Run
from chaosmongo.history.results import Verdict
from chaosmongo.undo import Afterwards, Leftovers, take_back

from tests.conftest import Database
from tests.e2e import commands

Collection = pymongo.collection.Collection[dict[str, Any]]


@pytest.fixture
def registrations(database: Database) -> Iterator[Collection]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(database.uri)
    yield client["pacman"]["chaos_runs"]
    client.close()


def activity(name: str, function: str, **arguments: object) -> dict[str, Any]:
    provider = {"type": "python", "module": "chaosmongo.actions", "func": function, "arguments": arguments}
    return {"name": name, "type": "action", "provider": provider}


def shell(line: str) -> dict[str, Any]:
    return {
        "name": line,
        "type": "action",
        "provider": {"type": "process", "path": "sh", "arguments": ["-c", line], "timeout": 60},
    }


def experiment(directory: Path, name: str, ready: Path, until: Path) -> Path:
    """Seeds, loads, says so in a file, and goes on when another file is there: no timing decides what meets what."""
    # ... or until the run that waits is gone; its number may be another process's soon.
    wait = f"until [ -e {until} ] || [ $(cut -d' ' -f4 /proc/$$/stat) != $PPID ]; do sleep 0.05; done"
    content = {
        "title": name,
        "description": name,
        "configuration": {"namespace": "", "mongo_uri": {"type": "env", "key": "MONGO_URI"}, "runs": "runs"},
        "runtime": {"rollbacks": {"strategy": "always"}},
        "controls": [{"name": "record", "provider": {"type": "python", "module": "chaosmongo.controls.record"}}],
        "method": [
            activity("seed", "seed_high_scores", count=50, seed=7),
            activity("load", "start_workload", rate=20, writes=5),
            shell(f"touch {ready}"),
            shell(wait),
            activity("stop", "stop_workload"),
            activity("look", "read_back"),
        ],
        "rollbacks": [activity("stop it", "stop_workload"), activity("remove", "remove_scores")],
    }
    file = directory / f"{name}.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def begin(file: Path, directory: Path, database: Database) -> subprocess.Popen[str]:
    return commands.start(["chaos", "--no-version-check", "run", str(file)], directory, MONGO_URI=database.uri)


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.02)


def judged(directory: Path) -> Verdict:
    return judge(read(directory))


def answers(verdict: Verdict) -> dict[str, str]:
    return {finding.check: finding.verdict for finding in verdict.findings}


def test_two_real_runs_name_each_other_and_neither_is_failed(
    database: Database, registrations: Collection, tmp_path: Path
) -> None:
    """The first one puts the seeds there, and takes them out while the second one still relies on them."""
    first_ready, second_ready, first_over = (tmp_path / name for name in ("first", "second", "over"))
    first = begin(experiment(tmp_path, "one", first_ready, second_ready), tmp_path, database)
    wait_for(first_ready, first)
    second = begin(experiment(tmp_path, "two", second_ready, first_over), tmp_path, database)
    printed = [first.communicate(timeout=90)[0]]
    first_over.touch()
    printed.append(second.communicate(timeout=90)[0])
    one, two = (next((tmp_path / "runs" / name).iterdir()) for name in ("one", "two"))
    for directory, other in ((one, two), (two, one)):
        verdict = judged(directory)
        said = {finding.check: finding.summary for finding in verdict.findings}
        assert said["alone"].endswith(f"at the same time: {other.parent.name}/{other.name}")
        assert verdict.verdict == "unknown"
        assert "failed" not in answers(verdict).values()
        assert answers(verdict)["durability"] == "passed"
    assert answers(judged(one))["seeds"] == "passed"
    missing = judged(two).seeds
    assert missing is not None
    assert missing.missing == 50
    assert answers(judged(two))["seeds"] == "unknown"
    assert "Traceback" not in "".join(printed)
    assert f"At work on the same scores: one/{one.name}. So this run cannot pass." in printed[1]
    assert registrations.count_documents({}) == 0
    assert registrations.database["highscore"].count_documents({}) == 0


class TestRegistering:
    """The registrations of others, as a run finds them."""

    @pytest.fixture
    def ours(self, database: Database, tmp_path: Path) -> Iterator[run.Recording]:
        yield run.open_run("ours", {"title": "x"}, configuration(database, tmp_path))
        run.forget()

    def test_a_run_that_is_alone_is_told_so(self, ours: run.Recording, registrations: Collection) -> None:
        ours.look_around()
        assert states(ours) == ["alone", "alone"]
        (own,) = registrations.find()
        assert (own["_id"], own["run"], own["collection"]) == (ours.marker, ours.run.run, "highscore")
        assert not process.is_gone(own["process"])

    def test_one_that_opens_later_is_met(self, ours: run.Recording, registrations: Collection) -> None:
        later = other(ours)
        assert company.register(ours.mongo, later).detail == {"state": "met", "runs": [ours.run.run]}
        assert company.look(ours.mongo, ours.run, 5).detail == {"state": "met", "runs": [later.run]}
        registrations.delete_one({"_id": later.marker})
        assert company.look(ours.mongo, ours.run, 5).detail == {"state": "met", "runs": [later.run]}

    def test_one_on_another_collection_is_not(self, ours: run.Recording) -> None:
        assert company.register(ours.mongo, other(ours, collection="elsewhere")).detail == {"state": "alone"}

    def test_one_whose_process_is_gone_does_not_count(
        self, database: Database, registrations: Collection, tmp_path: Path
    ) -> None:
        killed = begin(experiment(tmp_path, "one", tmp_path / "ready", tmp_path / "never"), tmp_path, database)
        wait_for(tmp_path / "ready", killed)
        killed.kill()
        killed.communicate(timeout=30)
        assert registrations.count_documents({}) == 1
        ours = run.open_run("ours", {"title": "x"}, configuration(database, tmp_path))
        assert states(ours) == ["alone"]
        run.forget()

    @pytest.mark.parametrize("elsewhere", [{"boot": "another machine"}, {"namespace": 0}])
    def test_one_on_another_machine_counts_until_it_is_removed(
        self, ours: run.Recording, registrations: Collection, elsewhere: dict[str, Any]
    ) -> None:
        gone = {**process.me(), "pid": 2**22, "started": 1}
        registrations.insert_one({**company.registration(other(ours)), "process": gone | elsewhere})
        assert company.register(ours.mongo, other(ours, "chaos-22222222-")).detail["state"] == "met"

    def test_a_pid_that_was_given_again_is_not_taken_for_the_run_s(self) -> None:
        assert not process.is_gone(process.me())
        assert process.is_gone({**process.me(), "started": 1})

    def test_hostile_documents_among_them_are_no_runs(self, ours: run.Recording, registrations: Collection) -> None:
        registrations.insert_many(
            [
                {"collection": "highscore", "met": []},
                {"_id": "a", "collection": "highscore", "met": "everybody"},
                {"_id": "b", "collection": "highscore"},
                {"_id": 7, "collection": "highscore", "met": [1]},
                {"_id": "c"},
            ]
        )
        assert company.register(ours.mongo, other(ours)).detail == {"state": "met", "runs": [ours.run.run]}

    def test_one_that_vanishes_is_lost(self, ours: run.Recording, registrations: Collection) -> None:
        registrations.drop()
        ours.look_around()
        assert states(ours) == ["alone", "lost"]

    def test_a_database_that_does_not_answer_any_more_is_no_crash(
        self, ours: run.Recording, database: Database
    ) -> None:
        database.kill()
        ours.look_around(timeout_s=0.5)
        assert states(ours) == ["alone", "unasked"]


def test_a_user_who_may_only_read_is_told_so_and_nothing_crashes(database: Database, tmp_path: Path) -> None:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(database.uri)
    client["pacman"].command("createUser", "reader", pwd="s3cr3t", roles=["read"])
    client.close()
    database.stop()
    database.start("--auth")
    uri = database.uri.replace("mongodb://", "mongodb://reader:s3cr3t@")
    ours = run.open_run("ours", {"title": "x"}, configuration(database, tmp_path) | {"mongo_uri": uri})
    run.forget()
    verdict = judged(ours.directory.path)
    assert verdict.verdict == "unknown"
    (doubt,) = [doubt for doubt in verdict.doubts if "another run" in doubt]
    assert "not authorized" in doubt
    assert "s3cr3t" not in doubt


def test_undoing_a_run_tells_those_that_rely_on_its_seeds(database: Database, tmp_path: Path) -> None:
    """Its runner was killed, so nobody met it; then somebody cleans up after it, in the middle of our run."""
    killed = begin(experiment(tmp_path, "one", tmp_path / "ready", tmp_path / "never"), tmp_path, database)
    wait_for(tmp_path / "ready", killed)
    killed.kill()
    killed.communicate(timeout=30)
    ours = run.open_run("ours", {"title": "x"}, configuration(database, tmp_path))
    assert seed_high_scores(count=50, seed=7) == {"inserted": 0, "found": 50}
    (directory,) = (tmp_path / "runs" / "one").iterdir()
    with Leftovers.of(directory) as leftovers:
        theirs = Afterwards(leftovers.run, database.uri, timeout_s=5)
        leftovers.wait_until_over(theirs)
        assert all(taken.done for taken in take_back(theirs, leftovers.pending, leftovers.undone))
    read_back()
    run.forget()
    assert states(ours)[-1] == "met"
    found = answers(judged(ours.directory.path))
    assert found["seeds"] == "unknown"
    assert found["alone"] == "unknown"


def configuration(database: Database, directory: Path) -> dict[str, Any]:
    return {"namespace": "", "mongo_uri": database.uri, "runs": str(directory / "runs")}


def other(ours: run.Recording, marker: str = "chaos-11111111-", collection: str = "highscore") -> Run:
    target = msgspec.structs.replace(ours.run.target, collection=collection)
    return msgspec.structs.replace(ours.run, run="other/1", marker=marker, target=target)


def states(recording: run.Recording) -> list[str]:
    notes = read(recording.directory.path).course
    return [note.detail["state"] for note in notes if note.what == "company"]


def test_undoing_at_once_after_the_kill_waits_for_the_load_and_leaves_nothing(
    database: Database, registrations: Collection, tmp_path: Path
) -> None:
    killed = begin(experiment(tmp_path, "one", tmp_path / "ready", tmp_path / "never"), tmp_path, database)
    wait_for(tmp_path / "ready", killed)
    killed.kill()
    ended = commands.run(["chaos", "--no-version-check", "recovery", "undo"], tmp_path, MONGO_URI=database.uri)
    killed.communicate(timeout=30)
    assert ended.status == 0, ended.output
    (directory,) = (tmp_path / "runs" / "one").iterdir()
    assert read(directory).ops_notes[-1].detail == {"reason": "the runner is gone"}
    assert registrations.database["highscore"].count_documents({}) == 0
    assert registrations.count_documents({}) == 0
