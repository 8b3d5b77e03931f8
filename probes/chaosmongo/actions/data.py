"""What is put into the database, looked up again, and taken out."""

import itertools
import time
from collections.abc import Iterator
from typing import TypeVar

from chaosmongo import run, scores
from chaosmongo.activity import activity
from chaosmongo.database import Scores
from chaosmongo.errors import BadArgument, DatabaseUnavailable
from chaosmongo.history.records import Document, ScanEnd, ScanStart, Seeded

T = TypeVar("T")

BATCH = 1000
"""Documents inserted with one command, and recorded with one write."""


@activity
def seed_high_scores(count: int = 1000, seed: int = 42) -> dict:  # type: ignore[type-arg]
    """Puts `count` high scores into the collection; the same `seed` gives the same scores, on every machine.

    Scores of this seed that are there already, as they must be, are left alone: it can be repeated and resumed.

    Returns {"inserted": n, "found": n}. Fails where a score of this seed is there with other content.
    """
    recording = run.current()
    if count < 1:
        raise BadArgument(f"count is {count}: there is nothing to seed below 1")
    prefix = scores.seed_prefix(seed)
    with recording.scores() as collection:
        there = {str(document.get("name")): scores.digest(document) for document in collection.with_prefix(prefix)}
        found, missing = 0, []
        for score in scores.seeded(seed, count):
            digest = there.get(score["name"])
            if digest is None:
                missing.append({"_id": score["name"], **score})
            elif digest == scores.digest(score):
                found += 1
            else:
                raise DatabaseUnavailable(
                    f"{score['name']} is in {collection.name} with other content: remove it, or use another seed"
                )
        undo = recording.will_undo("remove_scores", prefix=prefix) if missing and not there else None
        for batch in _batches(iter(missing)):
            collection.insert(batch)
    if undo is not None:
        recording.cleanup[prefix] = undo
    recording.seeded.append((seed, count))
    recording.readback.commit([Seeded(time.monotonic_ns(), seed, count, found)])
    return {"inserted": len(missing), "found": found}


@activity
def read_back() -> dict:  # type: ignore[type-arg]
    """Reads everything that this run put into the database, and records keys and digests for the checks.

    Returns {"documents": n}. Fails where the database cannot be read; the record then says that the scan broke off.
    """
    recording = run.current()
    prefixes = [recording.marker, *(scores.seed_prefix(seed) for seed, _ in recording.seeded)]
    recording.readback.write(ScanStart(time.monotonic_ns()))
    documents = 0
    try:
        with recording.scores() as collection:
            for batch in _batches(_documents(collection, prefixes)):
                recording.readback.write(*batch)
                documents += len(batch)
    except BaseException as error:
        recording.readback.commit([ScanEnd(time.monotonic_ns(), documents, str(error) or type(error).__name__)])
        raise
    recording.readback.commit([ScanEnd(time.monotonic_ns(), documents)])
    return {"documents": documents}


def _documents(collection: Scores, prefixes: list[str]) -> Iterator[Document]:
    for prefix in prefixes:
        for document in collection.with_prefix(prefix):
            yield Document(str(document["name"]), scores.digest(document))


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(itertools.islice(items, BATCH)):
        yield batch
