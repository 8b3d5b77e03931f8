"""A database that is killed under load: what our check says was lost, and what an independent scan says.

The load writes through the driver lane alone: the server lane's journaled writes would put the driver's on disk, too.
The independent scan knows nothing of our reader and check: it takes the acknowledged keys from the JSON lines, reads
the collection with a bare pymongo loop, and subtracts.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
from chaosmongo.actions import read_back, seed_high_scores
from chaosmongo.checks import durability
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import read
from chaosmongo.history.records import Hit

from tests.conftest import Database

from .service import quiet_port, recording, workload

WRITES_PER_S = 400
LOAD_S = 1.2


@dataclass(frozen=True)
class Trial:
    """Counts of acknowledged writes. shape: of the loss, as the check tells it. wrong: other findings of the check."""

    acknowledged: int
    lost: int
    independently_lost: int
    shape: str
    recovery_point_ms: float | None
    wrong: int


def trial(
    directory: Path, write_concern: dict[str, Any], end: Callable[[Database], None], options: tuple[str, ...] = ()
) -> Trial:
    """Ends a fresh database under load, starts it again, and asks both what was lost."""
    database = Database(directory)
    database.port = quiet_port()
    try:
        database.start(*options)
        with recording(database.uri, directory / "runs") as opened:
            seed_high_scores(count=10)
            with workload(lanes=["driver"], writes=WRITES_PER_S, reads=2, write_concern=write_concern):
                time.sleep(LOAD_S)
                with opened.fault("end_database", [Hit("Process", "database")], "gone", {}):
                    end(database)
                database.start(*options)
                time.sleep(0.1)
            read_back()
        return _compared(opened.directory.path, database.uri)
    finally:
        database.close()


def _compared(run: Path, uri: str) -> Trial:
    found = durability.check(Evidence(read(run))).result
    assert found is not None
    acknowledged, there = _acknowledged(run / "ops.jsonl"), _there(uri)
    return Trial(
        acknowledged=len(acknowledged),
        lost=found.lost,
        independently_lost=sum(key not in there for key in acknowledged),
        shape=found.shape,
        recovery_point_ms=None if found.rpa_ns is None else found.rpa_ns / 1e6,
        wrong=found.altered + found.duplicated + found.applied + found.phantoms,
    )


def _acknowledged(ops: Path) -> set[str]:
    """Keys of the writes that the record calls ok."""
    lines = [json.loads(line) for line in ops.read_text().splitlines()]
    written = {line["op"]: line["key"] for line in lines if line["type"] == "invoke" and line["f"] == "write"}
    return {written[line["op"]] for line in lines if line["type"] == "ok" and line["op"] in written}


def _there(uri: str) -> set[str]:
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        return {str(document["name"]) for document in client["pacman"]["highscore"].find({}, {"name": 1})}
