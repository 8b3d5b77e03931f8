"""Databases that are not as they should be: one clear message, or a finding that names it. Never a traceback, never a
pass.

documents already there     wrong types, huge, half of our fields, no UTF-8, dates beyond reason, phantoms of the load
the collection              gone, a view, capped, with an index that refuses our scores, with an impossible name
the user                    may read and not write
the server                  sends garbage, speaks HTTP, hangs up, is silent, drips, or speaks MongoDB and makes no sense
"""

import itertools
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
from bson.raw_bson import RawBSONDocument
from chaoslib.exceptions import ActivityFailed
from chaosmongo import scores
from chaosmongo.actions import read_back, remove_scores, seed_high_scores, start_workload, stop_workload
from chaosmongo.database import Address, Driver, DriverError
from chaosmongo.errors import ChaosMongoError
from chaosmongo.history import read
from chaosmongo.probes import mongo_is_available, scores_are_served, seeded_scores_intact
from chaosmongo.run import Recording

from tests.conftest import Database
from tests.e2e.commands import Ended
from tests.e2e.commands import run as command
from tests.probes.recording import finding, judged, recording

SEED = 42
NUMBERS = itertools.count()
Documents = Any
"""pymongo's collection."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database(tmp_path_factory.mktemp("hostile"))
    try:
        yield found.start()
    finally:
        found.close()


@pytest.fixture
def client(server: Database) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    with pymongo.MongoClient(server.uri) as found:
        yield found


@pytest.fixture
def run(server: Database, tmp_path: Path) -> Iterator[Recording]:
    """A run on a collection that no other test uses."""
    with recording(server.uri, tmp_path, collection=f"scores{next(NUMBERS)}") as found:
        yield found


@pytest.fixture
def there(client: pymongo.MongoClient[dict[str, Any]], run: Recording) -> Documents:
    return client["pacman"][run.config.collection]


def name(number: int) -> str:
    return scores.seed_name(SEED, number)


def deep(levels: int) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(levels):
        nested = {"a": nested}
    return nested


STRANGE: dict[str, dict[str, Any]] = {
    "no fields": {},
    "a name that is a number": {"name": 5},
    "a name that is null": {"name": None},
    "a name that is empty": {"name": ""},
    "a name that is a list": {"name": ["somebody", 1, None]},
    "a name that is a document": {"name": {"$ref": 5, "$id": 1}},
    "a binary name": {"name": b"seed-42-\xff\0"},
    "a score that is a string": {"name": "x", "score": "many"},
    "NaN": {"name": "x", "score": float("nan"), "level": float("-inf")},
    "half of our fields": {"name": "x", "cloud": "aws", "score": 1},
    "fields of its own": {"name": "x", "a": {"b": [1, {"c": 2}]}, "run": "chaos-00000000-"},
    "a regular expression": {"name": bson.Regex("^seed-42-")},
    "code": {"name": bson.Code("seed", {"a": 1}), "score": bson.Decimal128("NaN"), "level": bson.MinKey()},
    "a date": {"name": datetime(2026, 1, 1)},
    "ten MiB": {"name": "x" * (10 << 20)},
    "deep": {"name": "x", "cloud": deep(90)},
    "a name like ours": {"name": "seed-42-", "score": 1},
    "a name like ours of another kind": {"name": "seed-42-00000x1"},
    "our prefix, and ten MiB": {"name": "seed-42-" + "x" * (10 << 20)},
    "digits that are none of ASCII": {"name": "seed-42-٠٠٠٠٠٠١"},
}
"""Documents of others, none of which is one of ours."""

OTHER_CONTENT: dict[str, dict[str, Any]] = {
    "a score that is a string": {"score": "300880"},
    "a score with a fraction": {"score": 300880.5},
    "NaN": {"score": float("nan")},
    "null": {"score": None},
    "a list": {"score": [300880]},
    "a document": {"cloud": {"$ref": 5, "$id": 1}},
    "binary": {"host": b"host-01"},
    "ten MiB": {"host": "h" * (10 << 20)},
    "deep": {"cloud": deep(90)},
    "another name": {"name": "somebody"},
    "no name": {"name": None},
    "a binary name": {"name": b"seed-42-0000000"},
}
"""What is done to the first of our scores."""


class TestDocumentsOfOthers:
    @pytest.mark.parametrize("document", STRANGE.values(), ids=STRANGE)
    def test_are_neither_found_nor_changed_nor_missed(self, there: Documents, run: Recording, document: Any) -> None:
        there.insert_one({"_id": 0, **document})
        before = there.find_raw_batches({"_id": 0}).next()
        assert seed_high_scores(3, SEED) == {"inserted": 3, "found": 0}
        assert seeded_scores_intact() is True
        assert mongo_is_available() is True
        assert read_back()["documents"] in (3, 4)
        assert remove_scores() == {"removed": 3}
        assert there.find_raw_batches({"_id": 0}).next() == before
        assert finding(run, "seeds").summary == "3 seeded scores, all intact"

    def test_that_bear_the_mark_of_the_load_are_phantoms(self, there: Documents, run: Recording) -> None:
        seed_high_scores(3, SEED)
        start_workload(rate=0, writes=20, reads=0, lanes=["driver"])
        time.sleep(1)
        stop_workload()
        there.insert_many(
            [
                {"name": f"{run.marker}s1", "score": float("nan")},
                {"name": [f"{run.marker}s2"]},
                {"_id": f"{run.marker}s3", "name": 3},
                {"name": run.marker + "x" * (10 << 20)},
            ]
        )
        read_back()
        verdict = judged(run)
        assert verdict.durability is not None
        assert verdict.durability.phantoms == 4
        assert next(found.verdict for found in verdict.findings if found.check == "durability") == "failed"
        assert (run.directory.path / "readback.jsonl").stat().st_size < 10_000


class TestOurOwnScoresWithOtherContent:
    @pytest.mark.parametrize("change", OTHER_CONTENT.values(), ids=OTHER_CONTENT)
    def test_are_altered_and_named(self, there: Documents, run: Recording, change: dict[str, Any]) -> None:
        seed_high_scores(3, SEED)
        there.delete_one({"_id": name(0)})
        there.insert_one({"_id": name(0), **next(scores.seeded(SEED, 1)), **change})
        assert seeded_scores_intact() is False
        assert read_back() == {"documents": 3}
        with pytest.raises(ActivityFailed, match="1 with other content"):
            seed_high_scores(5, SEED)
        assert there.count_documents({}) == 3
        assert finding(run, "seeds").summary == "of 3 seeded scores 1 altered (seed-42-0000000)"
        assert finding(run, "seeds").verdict == "failed"


class TestACollection:
    def test_that_vanished_has_lost_all_and_says_so(self, there: Documents, run: Recording) -> None:
        seed_high_scores(50, SEED)
        there.drop()
        assert mongo_is_available() is True
        assert seeded_scores_intact() is False
        read_back()
        assert remove_scores() == {"removed": 0}
        assert finding(run, "seeds").verdict == "failed"
        assert "of 50 seeded scores 50 missing" in finding(run, "seeds").summary

    def test_that_is_a_view_is_refused_before_anything_is_recorded(
        self, client: pymongo.MongoClient[dict[str, Any]], server: Database, tmp_path: Path
    ) -> None:
        client["pacman"].command({"create": "a_view", "viewOn": "scores", "pipeline": []})
        with pytest.raises(ChaosMongoError, match=r"pacman\.a_view is a view: nothing can be written to it"):
            with recording(server.uri, tmp_path, collection="a_view"):
                pass
        assert not list(tmp_path.rglob("run.json"))

    def test_that_becomes_a_view_is_not_available(self, there: Documents) -> None:
        there.drop()
        there.database.command({"create": there.name, "viewOn": "scores", "pipeline": []})
        assert mongo_is_available() is False

    def test_that_is_capped_has_lost_what_was_pushed_out(self, there: Documents, run: Recording) -> None:
        there.drop()
        there.database.create_collection(there.name, capped=True, size=1 << 20, max=10)
        seed_high_scores(50, SEED)
        there.insert_one({"name": "somebody"})
        assert seeded_scores_intact() is False
        read_back()
        assert "of 50 seeded scores 41 missing" in finding(run, "seeds").summary

    def test_that_refuses_a_score_is_named_with_its_reason(self, there: Documents, run: Recording) -> None:
        there.create_index("cloud", unique=True)
        with pytest.raises(ActivityFailed) as failed:
            seed_high_scores(50, SEED)
        assert f"{there.database.name}.{there.name} refuses a score: " in str(failed.value)
        assert "duplicate key" in str(failed.value)
        assert read_back() == {"documents": 0}
        assert judged(run).verdict == "unknown"

    def test_that_refuses_the_scores_of_the_load_fails_its_writes(self, there: Documents, run: Recording) -> None:
        seed_high_scores(5, SEED)
        there.create_index("zone")
        there.create_index(
            [("cloud", 1)], unique=True, partialFilterExpression={"cloud": "chaos"}
        )  # the load writes no other
        start_workload(rate=0, writes=20, reads=0, lanes=["driver"])
        time.sleep(1)
        stop_workload()
        read_back()
        writes = [op for op in read(run.directory.path).ops if op.f == "write"]
        assert [op.outcome for op in writes].count("ok") == 1
        assert "duplicate key" in writes[1].error
        durability = judged(run).durability
        assert durability is not None
        assert (durability.kept, durability.lost) == (1, 0)
        assert durability.rejected + durability.absent == len(writes) - 1

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("database", "pac man"),
            ("database", "pac/man"),
            ("database", "$pacman"),
            ("database", ""),
            ("collection", ""),
            ("collection", "$scores"),
            ("collection", "scores..high"),
            ("collection", ".scores"),
        ],
    )
    def test_with_an_impossible_name_is_refused(
        self, server: Database, tmp_path: Path, setting: str, value: str
    ) -> None:
        with pytest.raises(ChaosMongoError) as refused:
            with recording(server.uri, tmp_path, **{setting: value}):
                pass
        assert f"{setting} {value!r}" in str(refused.value)
        assert not list(tmp_path.rglob("run.json"))


class TestAUserWhoMayOnlyRead:
    def test_is_told_what_is_missing_and_nothing_passes(self, stopped_database: Database, tmp_path: Path) -> None:
        database = stopped_database.start()
        with pymongo.MongoClient(database.uri) as client:
            client["pacman"].command("createUser", "reader", pwd="s3cr3t", roles=["read"])
        database.stop()
        database.start("--auth")
        uri = database.uri.replace("mongodb://", "mongodb://reader:s3cr3t@")
        with recording(uri, tmp_path) as run:
            assert mongo_is_available() is True
            with pytest.raises(ActivityFailed) as failed:
                seed_high_scores(5, SEED)
            assert f"MongoDB at {database.host}:{database.port} refuses: " in str(failed.value)
            assert "does the user have readWrite on pacman.highscore" in str(failed.value)
            assert "s3cr3t" not in str(failed.value)
            assert read_back() == {"documents": 0}
            assert remove_scores() == {"removed": 0}
            assert judged(run).verdict == "unknown"


# --- servers that are none ---


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server on loopback that treats each connection as `serve` does, on a thread of its own; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=treat, args=(connection,), daemon=True).start()

    def treat(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection)
            except OSError:
                pass  # the client has gone

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def garbage(connection: socket.socket) -> None:
    while connection.recv(65536):
        connection.sendall(os.urandom(4096))


def http_answer(connection: socket.socket) -> None:
    while connection.recv(65536):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def hangs_up(connection: socket.socket) -> None:  # noqa: ARG001
    return


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def dripping(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


NO_MONGODB = {each.__name__: each for each in (garbage, http_answer, hangs_up, silent, dripping)}


def senseless(answer: bytes) -> Callable[[socket.socket], None]:
    """Speaks MongoDB's protocol, says hello as a MongoDB does, and answers everything else with `answer`."""
    hello = bson.encode(
        {
            "ok": 1.0,
            "isWritablePrimary": True,
            "ismaster": True,
            "maxWireVersion": 21,
            "minWireVersion": 0,
            "maxBsonObjectSize": 16 << 20,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
        }
    )

    def serve(connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while header := stream.read(16):
            length, request, _, opcode = struct.unpack("<iiii", header)
            body = stream.read(length - 16)
            greeting = opcode == 2004 or b"\x00hello\x00" in body[:64] or b"ismaster" in body[:64].lower()
            document = hello if greeting or b"\x10hello" in body[:32] else answer
            if opcode == 2004:  # OP_QUERY, which older greetings use, is answered with OP_REPLY
                reply = struct.pack("<iqii", 8, 0, 0, 1) + document
                connection.sendall(struct.pack("<iiii", 16 + len(reply), 1, request, 1) + reply)
            else:
                reply = struct.pack("<iB", 0, 0) + document
                connection.sendall(struct.pack("<iiii", 16 + len(reply), 1, request, 2013) + reply)

    return serve


SENSELESS = {
    "nothing but ok": bson.encode({"ok": 1}),
    "a cursor that is a number": bson.encode({"ok": 1, "cursor": 5}),
    "a batch that is a string": bson.encode({"ok": 1, "cursor": {"id": 0, "ns": "x.y", "firstBatch": "no"}}),
    "documents that are numbers": bson.encode({"ok": 1, "cursor": {"id": 0, "ns": "x.y", "firstBatch": [1, 2]}}),
    "no BSON": b"\x10\x00\x00\x00\x7fqwertyuiop\x00",
    "an empty document": bson.encode({}),
    "a refusal without a reason": bson.encode({"ok": 0}),
    "a refusal with a reason that is none": bson.encode({"ok": 0, "errmsg": {"a": 1}, "code": "x"}),
    "a reason that never ends": bson.encode({"ok": 0, "errmsg": "no\n" * 100_000, "code": 1}),
}


class TestAServerThatIsNoMongoDB:
    @pytest.mark.parametrize("serve", NO_MONGODB.values(), ids=NO_MONGODB)
    def test_is_not_available_and_that_is_said_in_time(
        self, run: Recording, caplog: pytest.LogCaptureFixture, serve: Callable[[socket.socket], None]
    ) -> None:
        with listening(serve) as port:
            run.mongo = Address(f"mongodb://me:s3cr3t@127.0.0.1:{port}/pacman?directConnection=true")
            begun = time.monotonic()
            assert mongo_is_available(timeout_s=0.5) is False
            assert time.monotonic() - begun < 3
        assert f"No: MongoDB at 127.0.0.1:{port} " in caplog.text
        assert "s3cr3t" not in caplog.text


class TestWhatOnlyARealMongoDBStores:
    """SecantusDB refuses these, MongoDB does not: a server of ours says that it holds them."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("host", b"\x02host\0\x03\0\0\0\xff\xfe\0"),
            ("zone", b"\x09zone\0" + struct.pack("<q", 2**62)),
            ("zone", b"\x09zone\0" + struct.pack("<q", -(2**62))),
            ("name", b"\x02name\0\x03\0\0\0\xff\xfe\0"),
        ],
        ids=["no UTF-8", "a late date", "an early date", "a name that is no UTF-8"],
    )
    def test_is_altered_and_named(self, run: Recording, field: str, value: bytes) -> None:
        seed_high_scores(3, SEED)
        ours = [{"_id": score["name"], **score} for score in scores.seeded(SEED, 3)]
        rest = bson.encode({key: ours[1][key] for key in ours[1] if key != field})[4:-1] + value
        altered = RawBSONDocument(struct.pack("<i", len(rest) + 5) + rest + b"\0")
        found = bson.encode({"ok": 1.0, "cursor": {"id": 0, "ns": "a.b", "firstBatch": [ours[0], altered, ours[2]]}})
        with listening(senseless(found)) as port:
            run.mongo = Address(f"mongodb://127.0.0.1:{port}/pacman?directConnection=true")
            assert seeded_scores_intact(timeout_s=2) is False
            assert read_back(timeout_s=2) == {"documents": 3}
        assert finding(run, "seeds").summary == "of 3 seeded scores 1 altered (seed-42-0000001)"


class TestAServerThatMakesNoSense:
    @pytest.mark.parametrize("answer", SENSELESS.values(), ids=SENSELESS)
    def test_is_named_by_every_activity_and_nothing_passes(
        self, run: Recording, caplog: pytest.LogCaptureFixture, answer: bytes
    ) -> None:
        seed_high_scores(3, SEED)
        with listening(senseless(answer)) as port:
            run.mongo = Address(f"mongodb://127.0.0.1:{port}/pacman?directConnection=true")
            assert mongo_is_available(timeout_s=2) is False
            assert seeded_scores_intact(timeout_s=2) is False
            for act in (seed_high_scores, read_back):
                with pytest.raises(ActivityFailed) as failed:
                    act(timeout_s=2)
                assert f"MongoDB at 127.0.0.1:{port} " in str(failed.value)
                assert len(str(failed.value)) < 600
        assert caplog.text.count("No: MongoDB at") == 2
        assert finding(run, "seeds").verdict == "unknown"

    @pytest.mark.parametrize("answer", SENSELESS.values(), ids=SENSELESS)
    def test_gives_the_load_no_answer_that_it_could_take_for_one(self, answer: bytes) -> None:
        with listening(senseless(answer)) as port:
            driver = Driver(Address(f"mongodb://127.0.0.1:{port}/?directConnection=true"), "d", "c", {}, False, 2)
            try:
                with pytest.raises(DriverError):
                    driver.find("k")
            finally:
                driver.close()


class TestAnApplicationThatIsNone:
    @pytest.mark.parametrize("serve", NO_MONGODB.values(), ids=NO_MONGODB)
    def test_serves_no_scores_and_that_is_said_in_time(
        self, run: Recording, serve: Callable[[socket.socket], None]
    ) -> None:
        with listening(serve) as port:
            run.app_url = f"http://127.0.0.1:{port}/"
            begun = time.monotonic()
            assert scores_are_served(timeout_s=0.5) is False
            assert time.monotonic() - begun < 3

    @pytest.mark.parametrize(
        "url",
        ["http://127.0.0.1:1", "http://127.0.0.1:port", "http://", "nonsense", "http://[::1", "http://no.such.host."],
    )
    def test_an_address_that_is_none_serves_nothing(self, run: Recording, url: str) -> None:
        run.app_url = url
        assert scores_are_served(timeout_s=1) is False


EXPERIMENT = """
title: A database that does not keep what it was given
description: none
configuration: {{namespace: "", mongo_uri: "{uri}", runs: runs}}
controls: [{{name: record, provider: {{type: python, module: chaosmongo.controls.record}}}}]
method:
  - {{name: seed, type: action, provider: {{type: python, module: chaosmongo.actions, func: seed_high_scores}}}}
  - name: load
    type: action
    provider:
      type: python
      module: chaosmongo.actions
      func: start_workload
      arguments: {{rate: 20, lanes: [server, driver]}}
    pauses: {{after: 1}}
  - name: meanwhile
    type: action
    provider: {{type: process, path: "{python}", arguments: ["-c", "{meanwhile}"]}}
  - {{name: stop, type: action, provider: {{type: python, module: chaosmongo.actions, func: stop_workload}}}}
  - {{name: read, type: action, provider: {{type: python, module: chaosmongo.actions, func: read_back}}}}
rollbacks: []
"""


@pytest.mark.e2e
class TestTheWholeWay:
    """The real `chaos run`, without a cluster."""

    def chaos_run(self, database: Database, directory: Path, meanwhile: str = "") -> Ended:
        written = EXPERIMENT.format(uri=database.uri, python=sys.executable, meanwhile=meanwhile)
        (directory / "experiment.yaml").write_text(written)
        return command(["chaos", "--no-version-check", "run", "experiment.yaml"], directory)

    def test_a_collection_that_vanishes_has_lost_everything(self, database: Database, tmp_path: Path) -> None:
        drop = f"import pymongo; pymongo.MongoClient('{database.uri}')['pacman']['highscore'].drop()"
        ended = self.chaos_run(database, tmp_path, drop)
        assert ended.status == 1
        assert "1,000 missing" in ended.output
        assert "LOST" in ended.output
        assert "Traceback" not in ended.output

    def test_a_score_of_ours_with_other_content_is_named(self, database: Database, tmp_path: Path) -> None:
        with pymongo.MongoClient(database.uri) as client:
            client["pacman"]["highscore"].insert_one({"_id": name(999), "name": name(999), "score": "1"})
        ended = self.chaos_run(database, tmp_path)
        assert ended.status == 1
        assert f"with other content ({name(999)}). Nothing was changed" in ended.output
        assert "Traceback" not in ended.output
        [verdict] = tmp_path.rglob("verdict.json")
        assert json.loads(verdict.read_text())["verdict"] == "unknown"
