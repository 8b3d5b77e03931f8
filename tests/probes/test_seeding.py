"""Seeding a real database and reading it back: what was there, what was put there, and what became of it."""

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from chaoslib.exceptions import ActivityFailed
from chaosmongo import database as chaosmongo_database
from chaosmongo import scores
from chaosmongo.actions import data, read_back, remove_scores, seed_high_scores
from chaosmongo.history import read
from chaosmongo.probes import seeded_scores_intact
from chaosmongo.run import Recording

from tests.conftest import Database
from tests.probes.recording import finding, recording

SEED = 42
Documents = Any
"""pymongo's collection."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database(tmp_path_factory.mktemp("seeding"))
    try:
        yield found.start()
    finally:
        found.close()


NUMBERS = itertools.count()


@pytest.fixture
def run(server: Database, tmp_path: Path) -> Iterator[Recording]:
    """A run on a collection that no other test uses."""
    with recording(server.uri, tmp_path, collection=f"scores{next(NUMBERS)}") as found:
        yield found


@pytest.fixture
def there(server: Database, run: Recording) -> Iterator[Documents]:
    """The collection of the run, as anybody may see and change it."""
    with pymongo.MongoClient(server.uri) as client:
        yield client["pacman"][run.config.collection]


def name(number: int) -> str:
    return scores.seed_name(SEED, number)


@pytest.mark.usefixtures("run")
class TestSeeding:
    def test_puts_the_scores_of_the_seed_there_and_says_how_many(self, there: Documents) -> None:
        assert seed_high_scores(2500, SEED) == {"inserted": 2500, "found": 0}
        found = [{key: document[key] for key in scores.FIELDS} for document in there.find()]
        assert found == list(scores.seeded(SEED, 2500))

    def test_what_is_there_is_found_and_left_alone(self, there: Documents) -> None:
        seed_high_scores(1500, SEED)
        before = list(there.find())
        assert seed_high_scores(1500, SEED) == {"inserted": 0, "found": 1500}
        assert list(there.find()) == before

    def test_goes_on_where_it_broke_off(self, there: Documents) -> None:
        seed_high_scores(2100, SEED)
        gone = [name(number) for number in (0, 5, 998, 1000, 1001, *range(1500, 2100))]
        there.delete_many({"_id": {"$in": gone}})
        assert seed_high_scores(2300, SEED) == {"inserted": len(gone) + 200, "found": 2100 - len(gone)}
        assert seeded_scores_intact() is True
        assert there.count_documents({}) == 2300

    def test_another_seed_is_another_matter(self) -> None:
        seed_high_scores(30, 4)
        assert seed_high_scores(20, SEED) == {"inserted": 20, "found": 0}
        assert seed_high_scores(10, 4) == {"inserted": 0, "found": 10}
        assert seeded_scores_intact() is True

    def test_the_run_takes_back_what_it_put_there(self, there: Documents) -> None:
        seed_high_scores(30, SEED)
        assert remove_scores() == {"removed": 30}
        assert there.count_documents({}) == 0

    def test_a_long_one_says_how_far_it_is(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(data, "SAID_EVERY_S", 0)
        with caplog.at_level(logging.INFO, "chaostoolkit"):
            seed_high_scores(3000, SEED)
        said = [record.getMessage().strip() for record in caplog.records]
        assert said == [
            *(f"Seeding: {number} of 3,000 scores" for number in ("1,000", "2,000", "3,000")),
            "Seed 42: 3,000 scores inserted, 0 found",
        ]

    def test_a_short_one_says_only_what_it_did(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, "chaostoolkit"):
            seed_high_scores(10, SEED)
            seed_high_scores(12, SEED)
        said = [record.getMessage().strip() for record in caplog.records]
        assert said == ["Seed 42: 10 scores inserted, 0 found", "Seed 42: 2 scores inserted, 10 found"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"count": 0}, "count is 0: it must be between 1 and 10,000,000"),
            ({"count": 10_000_001}, "count is 10000001: it must be between"),
            ({"count": "ten"}, "count: 'ten' is no whole number"),
            ({"count": 1.5}, "count is 1.5, no whole number"),
            ({"count": True}, "count is True, no whole number"),
            ({"seed": None}, "seed is None, no whole number"),
        ],
    )
    def test_what_cannot_be_seeded_is_refused(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ActivityFailed) as refused:
            seed_high_scores(**arguments)
        assert message in str(refused.value)

    def test_it_ends_when_its_time_is_over(self, there: Documents) -> None:
        with pytest.raises(ActivityFailed) as refused:
            seed_high_scores(200_000, SEED, timeout_s=0.5)
        assert "timeout_s, is over. Of 200,000 scores that were missing" in str(refused.value)
        assert 0 < there.count_documents({}) < 200_000


@pytest.mark.usefixtures("run")
class TestAScoreOfTheSeedThatIsThereOtherwise:
    @pytest.mark.parametrize(
        ("document", "how"),
        [
            ({"_id": name(3), "name": name(3), "score": 1}, "1 with other content (seed-42-0000003)"),
            ({"_id": 3, "name": name(3), "score": "1"}, "1 with other content (seed-42-0000003)"),
            ({"_id": name(3), "name": "somebody else"}, "1 with other content (seed-42-0000003)"),
            ({"_id": name(3)}, "1 with other content (seed-42-0000003)"),
            ({"_id": 3, "name": [1, name(3)]}, "1 with other content (seed-42-0000003)"),
        ],
    )
    def test_is_named_before_anything_is_changed(
        self, run: Recording, there: Documents, document: dict[str, Any], how: str
    ) -> None:
        there.insert_one(document)
        with pytest.raises(ActivityFailed) as refused:
            seed_high_scores(10, SEED)
        assert f"Of the 10 scores of seed 42, there are in {run.scores().name} already {how}" in str(refused.value)
        assert list(there.find()) == [document]
        assert not read(run.directory.path).seeded

    def test_is_named_where_it_is_there_twice(self, there: Documents) -> None:
        there.insert_many([dict(score) for _ in (1, 2) for score in scores.seeded(SEED, 4)])
        with pytest.raises(ActivityFailed) as refused:
            seed_high_scores(10, SEED)
        assert "4 more than once (seed-42-0000000, seed-42-0000001, seed-42-0000002 and 1 more)" in str(refused.value)
        assert there.count_documents({}) == 8

    def test_does_not_matter_beyond_those_that_are_seeded(self, there: Documents) -> None:
        there.insert_one({"_id": name(10), "name": name(10), "score": 1})
        assert seed_high_scores(10, SEED) == {"inserted": 10, "found": 0}

    def test_that_the_application_stored_is_as_good(self, there: Documents) -> None:
        there.insert_many([dict(score) for score in scores.seeded(SEED, 3)])
        assert seed_high_scores(10, SEED) == {"inserted": 7, "found": 3}
        assert seeded_scores_intact() is True


class TestADatabaseThatDies:
    def test_in_the_middle_of_a_seeding_costs_nothing_but_another_call(
        self, database: Database, tmp_path: Path
    ) -> None:
        with recording(database.uri, tmp_path) as run, pymongo.MongoClient(database.uri) as client:
            there = client["pacman"]["highscore"]
            killer = threading.Thread(target=self.kill_when_some_are_in, args=(database, there))
            killer.start()
            with pytest.raises(ActivityFailed) as failed:
                seed_high_scores(20_000, SEED)
            killer.join()
            assert "Of 20,000 scores that were missing" in str(failed.value)
            assert run.seeded == []
            database.start()
            survived = there.count_documents({})
            assert 0 < survived < 20_000
            assert seed_high_scores(20_000, SEED) == {"inserted": 20_000 - survived, "found": survived}
            read_back()
            assert finding(run, "seeds").summary == "20,000 seeded scores, all intact"

    def kill_when_some_are_in(self, database: Database, there: Documents) -> None:
        while there.find_one({"_id": name(3_000)}) is None:
            time.sleep(0.01)
        database.kill()


class TestReadingBack:
    def test_what_is_intact_passes(self, run: Recording) -> None:
        seed_high_scores(2500, SEED)
        assert read_back() == {"documents": 2500}
        assert finding(run, "seeds").summary == "2,500 seeded scores, all intact"

    def test_no_copy_is_recorded_but_sixteen_digits_of_each(self, run: Recording) -> None:
        seed_high_scores(2500, SEED)
        read_back()
        assert (run.directory.path / "readback.jsonl").stat().st_size < 2500 * 16 + 1000

    def test_the_order_in_which_they_come_does_not_matter(self, run: Recording, there: Documents) -> None:
        seed_high_scores(2500, SEED)
        moved = list(there.find({"_id": {"$in": [name(number) for number in range(0, 2500, 7)]}}))
        there.delete_many({"_id": {"$in": [document["_id"] for document in moved]}})
        there.insert_many(moved[::-1])
        read_back()
        assert finding(run, "seeds").summary == "2,500 seeded scores, all intact"

    def test_what_is_not_intact_is_named(self, run: Recording, there: Documents) -> None:
        seed_high_scores(2500, SEED)
        there.delete_one({"_id": name(7)})
        there.update_one({"_id": name(1000)}, {"$set": {"score": 1}})
        there.update_one({"_id": name(1001)}, {"$set": {"name": "somebody else"}})
        there.update_one({"_id": name(1002)}, {"$unset": {"host": ""}})
        there.insert_one({**there.find_one({"_id": name(2499)}), "_id": 1})
        read_back()
        found = finding(run, "seeds")
        assert found.verdict == "failed"
        assert found.details == {
            "missing": [name(7)],
            "altered": [name(1000), name(1001), name(1002)],
            "duplicated": [name(2499)],
        }

    def test_a_collection_that_is_gone_has_lost_all_of_them(self, run: Recording, there: Documents) -> None:
        seed_high_scores(1200, SEED)
        there.drop()
        assert read_back() == {"documents": 0}
        assert finding(run, "seeds").verdict == "failed"
        assert finding(run, "seeds").summary.startswith("of 1,200 seeded scores 1,200 missing (seed-42-0000000, ")

    @pytest.mark.parametrize("others", [0, 30, 3000])
    def test_finds_its_own_among_any_number_of_others(self, run: Recording, there: Documents, others: int) -> None:
        there.insert_many([{"name": f"player {number}"} for number in range(others)] or [{"name": "player"}])
        seed_high_scores(1200, SEED)
        there.insert_one({"name": f"{run.marker}s1", "score": 1})
        assert read_back() == {"documents": 1201}
        assert finding(run, "seeds").verdict == "passed"

    def test_many_batches_are_one_reading(self, run: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chaosmongo_database, "READ_AT_ONCE", 7)
        seed_high_scores(1003, SEED)
        assert read_back() == {"documents": 1003}
        assert finding(run, "seeds").verdict == "passed"

    def test_a_reading_that_takes_too_long_is_no_reading(self, run: Recording) -> None:
        seed_high_scores(3000, SEED)
        with pytest.raises(ActivityFailed, match="does not answer"):
            read_back(timeout_s=0.001)
        assert finding(run, "seeds").verdict == "unknown"
