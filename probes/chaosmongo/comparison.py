"""What there is of a seed's scores, compared with what the seed says. Pure; no score is kept.

intact    there once, as seeded
missing   not there. altered: there once, with other content. duplicated: there more than once, whatever the content
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chaosmongo import scores
from chaosmongo.history.records import DIGEST_DIGITS

CHUNK = 1000
"""Scores that are compared at once."""

Read = tuple[int, str]
"""What was read of consecutive scores: the number of the first, and the digests of all of them, joined."""


@dataclass
class Chunk:
    """Some of a seed's scores, compared: the numbers of those that are not intact, in order."""

    first: int
    count: int
    missing: list[int] = field(default_factory=list)
    altered: list[int] = field(default_factory=list)
    duplicated: list[int] = field(default_factory=list)

    @property
    def intact(self) -> int:
        return self.count - len(self.missing) - len(self.altered) - len(self.duplicated)


def compare(seed: int, count: int, read: Iterable[Read]) -> Iterator[Chunk]:
    """Scores 0 to count - 1 of a seed, by the chunk. `read` may be in any order; other numbers are ignored."""
    by_chunk = _by_chunk(read)
    chunks = zip(range(0, count, CHUNK), scores.seeded_digests(seed, count, CHUNK), strict=True)
    for first, expected in chunks:
        found = by_chunk.pop(first, [])
        if found == [(first, expected)]:
            yield Chunk(first, len(expected) // DIGEST_DIGITS)
        else:
            yield _compared(first, _each(expected), found)


def _each(digests: str) -> list[str]:
    return [digests[place : place + DIGEST_DIGITS] for place in range(0, len(digests), DIGEST_DIGITS)]


def _by_chunk(read: Iterable[Read]) -> dict[int, list[Read]]:
    """By the first number of the chunk that it is in."""
    by_chunk: dict[int, list[Read]] = {}
    for first, digests in read:
        number, rest = first, digests
        while rest:
            room = CHUNK - number % CHUNK
            by_chunk.setdefault(number - number % CHUNK, []).append((number, rest[: room * DIGEST_DIGITS]))
            number, rest = number + room, rest[room * DIGEST_DIGITS :]
    return by_chunk


def _compared(first: int, expected: list[str], found: Iterable[Read]) -> Chunk:
    copies: dict[int, list[str]] = {}
    for start, digests in found:
        for number, digest in enumerate(_each(digests), start):
            copies.setdefault(number, []).append(digest)
    chunk = Chunk(first, len(expected))
    for number, digest in enumerate(expected, first):
        there = copies.get(number, [])
        if not there:
            chunk.missing.append(number)
        elif len(there) > 1:
            chunk.duplicated.append(number)
        elif there[0] != digest:
            chunk.altered.append(number)
    return chunk
