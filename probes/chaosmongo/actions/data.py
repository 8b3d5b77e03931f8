"""What is put into the database, and looked up again."""

import itertools
import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from chaosmongo import readback, run, scores
from chaosmongo.activity import activity
from chaosmongo.ahead import ahead
from chaosmongo.comparison import Read, compare
from chaosmongo.database import SEEDED_BY, Scores
from chaosmongo.errors import BadArgument, DatabaseUnavailable, SeedTaken
from chaosmongo.history.quantities import count as shown
from chaosmongo.history.quantities import counted, listed
from chaosmongo.history.records import ScanEnd, ScanStart, Seeded
from chaosmongo.run import Recording

logger = logging.getLogger("chaostoolkit")

T = TypeVar("T")

BATCH = 1000
"""Documents inserted with one command."""

RECORDS = 200
"""Records of what was read that are written at once."""

SAID_EVERY_S = 5
"""So often a long seeding says how far it is."""


@activity
def seed_high_scores(count: int = 1000, seed: int = 42, timeout_s: float = 900) -> dict:  # type: ignore[type-arg]
    """Puts `count` high scores into the collection; the same `seed` gives the same scores, on every machine.

    Scores of this seed that are there already, as they must be, are left alone: it can be repeated, and goes on where
    it broke off. It takes as long as the database takes for them, at most timeout_s seconds.

    Returns {"inserted": n, "found": n}. Fails, before anything is changed, where a score of this seed is there with
    other content or more than once.
    """
    recording = run.current()
    _check(count, seed)
    end = time.monotonic() + timeout_s
    with recording.scores() as collection:
        there = readback.read_seeds(collection, {seed: count}, timeout_s)[seed]
        found = _intact(seed, count, there, collection.name) if there else 0
        if found < count:
            recording.will_undo("remove_seeds", seed=seed, count=count)
            missing = (
                {"_id": score["name"], **score, SEEDED_BY: recording.marker} for score in _missing(seed, count, there)
            )
            _insert(collection, missing, count - found, end)
    logger.info("    Seed %d: %s inserted, %s found", seed, counted(count - found, "score"), shown(found))
    recording.seeded[:] = {**dict(recording.seeded), seed: max(count, dict(recording.seeded).get(seed, 0))}.items()
    recording.readback.commit([Seeded(time.monotonic_ns(), seed, count, found)])
    return {"inserted": count - found, "found": found}


@activity
def read_back(timeout_s: float = 300) -> dict:  # type: ignore[type-arg]
    """Reads everything that this run put into the database, and records keys and digests for the checks.

    Returns {"documents": n}. Fails where the database cannot be read within timeout_s seconds; the record then says
    that the scan broke off.
    """
    recording = run.current()
    recording.readback.write(ScanStart(time.monotonic_ns()))
    documents = 0
    try:
        for batch in _batches(_read(recording, timeout_s), RECORDS):
            recording.readback.write(*batch)
            documents += sum(record.count for record in batch)
    except BaseException as error:
        recording.readback.commit([ScanEnd(time.monotonic_ns(), documents, str(error) or type(error).__name__)])
        raise
    recording.readback.commit([ScanEnd(time.monotonic_ns(), documents)])
    recording.look_around()
    return {"documents": documents}


def _read(recording: Recording, timeout_s: float) -> Iterator[readback.Record]:
    counts = dict(recording.seeded)
    begin = (recording.marker, *map(scores.seed_prefix, counts))
    with recording.scores() as collection:
        yield from readback.records(collection.beginning_with(begin, timeout_s), begin, counts)


def _check(count: Any, seed: Any) -> None:
    for name, value in (("count", count), ("seed", seed)):
        if type(value) is not int:
            raise BadArgument(f"{name} is {value!r}, no whole number (with --var, say NAME:int=VALUE)")
    if not 1 <= count <= scores.SEEDS_MOST:
        raise BadArgument(f"count is {count}: it must be between 1 and {scores.SEEDS_MOST:,}")


def _intact(seed: int, count: int, there: Iterable[Read], where: str) -> int:
    """How many of the scores are there, as they must be. Raises SeedTaken where any is there otherwise."""
    intact, altered, duplicated = 0, list[int](), list[int]()
    for chunk in compare(seed, count, there):
        intact += chunk.intact
        altered += chunk.altered
        duplicated += chunk.duplicated
    kinds = ((altered, "with other content"), (duplicated, "more than once"))
    wrong = [
        f"{shown(len(numbers))} {how} ({listed([scores.seed_name(seed, n) for n in numbers[:3]], len(numbers))})"
        for numbers, how in kinds
        if numbers
    ]
    if wrong:
        raise SeedTaken(
            f"Of the {shown(count)} scores of seed {seed}, there are in {where} already {' and '.join(wrong)}. "
            "Nothing was changed: remove them, or use another seed"
        )
    return intact


def _missing(seed: int, count: int, there: Iterable[Read]) -> Iterator[scores.Score]:
    seeded = scores.seeded(seed, count)
    if not there:
        yield from seeded
        return
    for chunk in compare(seed, count, there):
        missing = set(chunk.missing)
        for number, score in enumerate(itertools.islice(seeded, chunk.count), chunk.first):
            if number in missing:
                yield score


def _insert(collection: Scores, documents: Iterator[scores.Score], total: int, end: float) -> None:
    """Inserts `total` documents; while the server works on some, the next ones are made."""
    inserted, said = 0, time.monotonic()
    try:
        for batch in ahead(_batches(documents, BATCH)):
            if time.monotonic() > end:
                raise DatabaseUnavailable("the time allowed, timeout_s, is over")
            collection.insert(batch)
            inserted += len(batch)
            if time.monotonic() > said + SAID_EVERY_S:
                said = time.monotonic()
                logger.info("    Seeding: %s of %s scores", shown(inserted), shown(total))
    except DatabaseUnavailable as error:
        raise type(error)(
            f"{error}. Of {counted(total, 'score')} that were missing, {shown(inserted)} are in; seeding again goes on"
        ) from None


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(itertools.islice(items, size)):
        yield batch
