"""How fast are the scores seeded, and checked afterwards, beside the barest loops that could do it, and in what memory?

Ours: seed_high_scores; then read_back, and the record read and its seeds judged. Bare: a loop over pymongo's
insert_many with the same documents, the same write concern and the batch size that suits it better; then a loop over
find() that does nothing. Each in a process of its own on the same server, turn about, each on a collection of its own.

Among others the bare loop has the server choose; ours looks at a first batch before it does. MongoDB makes that batch
alone for it, SecantusDB its whole answer: there it costs a scan of the collection.
"""

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
from chaosmongo import run as recorded
from chaosmongo import scores
from chaosmongo.actions import read_back, seed_high_scores
from chaosmongo.checks import seeds
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import read

from benchmarks.harness import Row, extent, keep, median
from tests.conftest import Database

SEED = 42
MARKER = "chaos-00000000-"
SIZES = (1000, 10_000)
MIB_MOST = 150
ENOUGH = 100_000
"""Scores from which on the rates say something: below, connecting and syncing are most of the time."""

Sample = dict[str, Any]


def run(quick: bool) -> list[Row]:
    count, rounds = (20_000, 1) if quick else (1_000_000, 5)
    samples = [sample for number in range(rounds) for sample in _round(number, count)]
    keep("seeding", samples)
    ours, bare = ([sample for sample in samples if sample["who"] == who] for who in ("ours", "bare"))
    few = count // 5
    return [
        _row(f"seeding {count:,} scores", "seed_s", ours, bare, count, 0.9),
        _row(f"checking {count:,} seeded scores", "check_s", ours, bare, count, 0.8),
        _row(f"checking {few:,} among twice as many others", "among_s", ours, bare, few),
        _memory(ours),
    ]


def _row(what: str, key: str, ours: list[Sample], bare: list[Sample], count: int, wanted: float = 0) -> Row:
    ratios = [theirs[key] / one[key] for one, theirs in zip(ours, bare, strict=True)]
    return Row(
        what,
        f"{count / median([one[key] for one in ours]):,.0f}/s",
        f"bare loop {count / median([one[key] for one in bare]):,.0f}/s",
        f"{median(ratios):.2f}",
        len(ratios),
        extent(ratios, "times the bare loop"),
        f"at least {wanted}" if wanted else "",
        median(ratios) >= wanted if wanted and count >= ENOUGH else None,
    )


def _memory(ours: list[Sample]) -> Row:
    peaks = [one["peak_mib"] for one in ours]
    return Row(
        "memory of the process that seeds and checks, at most",
        f"{max(peaks):.0f} MiB",
        n=len(peaks),
        spread=extent(peaks, "MiB", 0),
        wanted=f"at most {MIB_MOST} MiB",
        met=max(peaks) <= MIB_MOST,
    )


def _round(number: int, count: int) -> list[Sample]:
    """One sample of each, on a fresh server; who begins changes from round to round."""
    with tempfile.TemporaryDirectory(prefix="seeding-") as directory:
        database = Database(Path(directory))
        try:
            database.start()
            order = ("ours", "bare") if number % 2 else ("bare", "ours")
            return [_in_a_process(who, database.uri, count, Path(directory)) for who in order]
        finally:
            database.close()


def _in_a_process(who: str, uri: str, count: int, directory: Path) -> Sample:
    print(f"  {who}: {count:,} scores", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.seeding", who, uri, str(count), str(directory / "runs")]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    sample: Sample = json.loads(ended.stdout)
    return {"who": who, **sample}


# --- in the process of its own ---


def ours(uri: str, count: int, runs: str) -> Sample:
    few = count // 5
    found = {
        "seed_s": _seeded(uri, count, runs, "ours"),
        "check_s": _timed(lambda: _checked(count)),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    recorded.forget()
    with pymongo.MongoClient(uri) as client:
        _others(client["pacman"]["ours_among"], 2 * few)
    _seeded(uri, few, runs, "ours_among")
    found["among_s"] = _timed(lambda: _checked(few))
    recorded.forget()
    return found


def _seeded(uri: str, count: int, runs: str, collection: str) -> float:
    recorded.open_run("seeding", {}, {"namespace": "", "mongo_uri": uri, "runs": runs, "collection": collection})
    return _timed(lambda: seed_high_scores(count, SEED))


def _checked(count: int) -> None:
    directory = recorded.current().directory.path
    read_back()
    found = seeds.check(Evidence(read(directory))).result
    assert found is not None and found.intact == count, found


def bare(uri: str, count: int, runs: str) -> Sample:  # noqa: ARG001
    few = count // 5
    concern = pymongo.WriteConcern(w=1, j=True)
    with pymongo.MongoClient(uri) as client:
        database = client.get_database("pacman", write_concern=concern)
        size = min(SIZES, key=lambda size: _timed(lambda: _insert(database[f"try{size}"], count // 20, size)))
        found = {
            "size": size,
            "seed_s": _timed(lambda: _insert(database["bare"], count, size)),
            "check_s": _timed(lambda: _scan(database["bare"].find())),
        }
        _others(database["bare_among"], 2 * few)
        _insert(database["bare_among"], few, size)
        beginning = {"$regex": f"^{scores.seed_prefix(SEED)}"}
        chosen = {"$or": [{"name": beginning}, {"_id": beginning}]}
        found["among_s"] = _timed(lambda: _scan(database["bare_among"].find(chosen)))
    return found


def _insert(collection: Any, count: int, size: int) -> None:
    documents = ({"_id": score["name"], **score, "run": MARKER} for score in scores.seeded(SEED, count))
    while batch := list(itertools.islice(documents, size)):
        collection.insert_many(batch, ordered=False)


def _scan(cursor: Iterator[Any]) -> None:
    for _ in cursor:
        pass


def _others(collection: Any, count: int) -> None:
    players = ({"_id": number, **score, "name": f"player {number}"} for number, score in _numbered(count))
    while batch := list(itertools.islice(players, 5000)):
        collection.insert_many(batch, ordered=False)


def _numbered(count: int) -> Iterator[tuple[int, scores.Score]]:
    return enumerate(scores.seeded(SEED + 1, count))


def _timed(work: Callable[[], object]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=("ours", "bare"))
    parser.add_argument("uri")
    parser.add_argument("count", type=int)
    parser.add_argument("runs")
    told = parser.parse_args()
    print(json.dumps({"ours": ours, "bare": bare}[told.who](told.uri, told.count, told.runs)))


if __name__ == "__main__":
    main()
