"""Scores: the documents that we write, and how to know them again.

A score has the six fields that every way into the database keeps (name, cloud, zone, host, score, level); the demo adds
more of its own. Its name is its key; its digest covers the six fields and their types.
"""

import hashlib
import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

FIELDS = ("name", "cloud", "zone", "host", "score", "level")

CLOUDS = ("aws", "azure", "gcp", "local")

SEEDS_MOST = 10_000_000
"""Scores of a seed: as many as its names have numbers for."""

Score = dict[str, Any]

T = TypeVar("T")

DIGEST_BYTES = 8

_encoder = msgspec.json.Encoder(order="sorted")

_SORTED = tuple(sorted(FIELDS))
_AS_WRITTEN = (str, str, int, str, int, str)
"""Types of the sorted fields of a score as we write it."""


def digest(document: Mapping[str, Any]) -> str:
    """16 hexadecimal digits over the six fields, types included: 1, 1.0 and "1" differ, and so do a missing field and
    null. Any document has one, however strange its content.
    """
    values = tuple(map(document.get, _SORTED))
    if tuple(map(type, values)) == _AS_WRITTEN:
        return _hashed(_encoder.encode(dict(zip(_SORTED, values, strict=True))))
    return _hashed(_encoder.encode({field: _plain(document[field]) for field in FIELDS if field in document}))


def _hashed(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()


def _plain(value: Any) -> Any:
    """Strings, whole numbers, booleans and null are themselves; everything else is named by its type."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, int):  # bson.Int64 is a kind of int: 1 is 1, however wide it is stored
        return int(value)
    return {type(value).__name__: repr(value)}


def seed_prefix(seed: int) -> str:
    """How the names of a seed's scores begin."""
    return f"seed-{seed}-"


def seed_name(seed: int, number: int) -> str:
    """The name of the score of a seed with that number, counted from 0."""
    return f"seed-{seed}-{number:07d}"


_SEED_NAME = re.compile(r"seed-(-?[0-9]{1,30})-([0-9]{7})")


def seed_and_number(name: str) -> tuple[int, int] | None:
    """Which score of which seed has that name; None where it is no name of a seeded score."""
    found = _SEED_NAME.fullmatch(name)
    if found is None:
        return None
    seed, number = int(found[1]), int(found[2])
    return (seed, number) if seed_name(seed, number) == name else None


def seeded(seed: int, count: int) -> Iterator[Score]:
    """`count` scores; the same seed gives the same scores, and a longer list begins with the shorter one.

    All scores are between 100,000 and 999,990, above those that the workload writes: the ten highest are seeded ones.
    """
    for number, (cloud, zone, host, score, level) in enumerate(_drawn(seed, count, *_WORDS)):
        name = seed_name(seed, number)
        yield {"name": name, "cloud": cloud, "zone": zone, "host": host, "score": score, "level": level}


Row = tuple[bytes, bytes, int, int, int, bytes]
"""Cloud, host, level, number, score and zone of a seeded score: its fields in the order in which they are digested."""


def seeded_digests(seed: int, count: int, at_once: int) -> Iterator[str]:
    """The digests of `seeded(seed, count)`, so many joined at a time, in a third of the time that asking each takes."""
    drawn = enumerate(_drawn(seed, count, *_ENCODED))
    rows = ((cloud, host, level, number, score, zone) for number, (cloud, zone, host, score, level) in drawn)
    for _ in range(0, count, at_once):
        yield digests(seed, itertools.islice(rows, at_once))


def digests(seed: int, rows: Iterable[Row]) -> str:
    """The digests of some scores of a seed, joined. Words must need no escape in JSON: letters, digits and - alone."""
    form = b'{"cloud":"%%b","host":"%%b","level":%%d,"name":"seed-%d-%%07d","score":%%d,"zone":"%%b"}' % seed
    found, begun = [], hashlib.blake2b(digest_size=DIGEST_BYTES).copy
    for row in rows:
        hashed = begun()
        hashed.update(form % row)
        found.append(hashed.digest())
    return b"".join(found).hex()


_WORDS = (CLOUDS, tuple(f"zone-{number}" for number in range(9)), tuple(f"host-{number:02d}" for number in range(99)))
_ENCODED = tuple(tuple(word.encode() for word in words) for words in _WORDS)


def _drawn(
    seed: int, count: int, clouds: Sequence[T], zones: Sequence[T], hosts: Sequence[T]
) -> Iterator[tuple[T, T, T, int, int]]:
    """Cloud, zone, host, score and level. Of all of `random`, Python promises only that random() never changes."""
    draw, some_clouds, some_zones, some_hosts = random.Random(seed).random, len(clouds), len(zones), len(hosts)
    for _ in range(count):
        yield (
            clouds[int(draw() * some_clouds)],
            zones[int(draw() * some_zones)],
            hosts[int(draw() * some_hosts)],
            (10_000 + int(draw() * 90_000)) * 10,
            1 + int(draw() * 39),
        )


def workload_score(key: str, number: int) -> Score:
    """The score that the workload writes as its `number`-th operation: below every seeded one."""
    return {
        "name": key,
        "cloud": "chaos",
        "zone": f"zone-{number % 9}",
        "host": f"host-{number % 99:02d}",
        "score": number % 9_000 + 1,
        "level": number % 39 + 1,
    }
