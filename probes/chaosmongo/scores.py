"""Scores: the documents that we write, and how to know them again.

A score has the six fields that every way into the database keeps (name, cloud, zone, host, score, level); the demo adds
more of its own. Its name is its key; its digest covers the six fields and their types.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

FIELDS = ("name", "cloud", "zone", "host", "score", "level")

CLOUDS = ("aws", "azure", "gcp", "local")

Score = dict[str, Any]

_encoder = msgspec.json.Encoder(order="sorted")


def digest(document: Mapping[str, Any]) -> str:
    """16 hexadecimal digits over the six fields, types included: 1, 1.0 and "1" differ, and so do a missing field and
    null. Any document has one, however strange its content.
    """
    body = {field: _plain(document[field]) for field in FIELDS if field in document}
    return hashlib.blake2b(_encoder.encode(body), digest_size=8).hexdigest()


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


def seeded(seed: int, count: int) -> Iterator[Score]:
    """`count` scores; the same seed gives the same scores, and a longer list begins with the shorter one.

    All scores are between 100,000 and 999,990, above those that the workload writes: the ten highest are seeded ones.
    """
    rng = random.Random(seed)

    def below(bound: int) -> int:
        return int(rng.random() * bound)  # of all of `random`, Python promises only that random() never changes

    for number in range(count):
        yield {
            "name": f"{seed_prefix(seed)}{number:07d}",
            "cloud": CLOUDS[below(len(CLOUDS))],
            "zone": f"zone-{below(9)}",
            "host": f"host-{below(99):02d}",
            "score": (10_000 + below(90_000)) * 10,
            "level": 1 + below(39),
        }


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
