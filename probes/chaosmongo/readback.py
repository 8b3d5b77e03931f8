"""From documents as they are in the database to what is recorded of them: keys and digests, and no content."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chaosmongo import scores, undecoded
from chaosmongo.comparison import CHUNK, Read
from chaosmongo.database import Batch, Scores
from chaosmongo.history.records import DIGEST_DIGITS, Document, SeedsRead

Record = Document | SeedsRead

_NO_NAME = object()

LONGEST_KEY = 200
"""Characters of a key that are recorded. No key of ours is as long."""


def read_seeds(collection: Scores, counts: Mapping[int, int], timeout_s: float) -> dict[int, list[Read]]:
    """What there is of the scores of some seeds, for `compare`. counts: how many scores each seed has."""
    found: dict[int, list[Read]] = {seed: [] for seed in counts}
    begin = tuple(map(scores.seed_prefix, counts))
    batches = collection.beginning_with(begin, timeout_s)
    for record in records(batches, begin, counts):
        if isinstance(record, SeedsRead):
            found[record.seed].append((record.first, record.digests))
    return found


def records(batches: Iterable[Batch], begin: tuple[str, ...], counts: Mapping[int, int]) -> Iterator[Record]:
    """Each document of ours once; those of a seed by the stretch where they come one after the other.

    begin: what our keys begin with; other documents are left out. counts: how many scores each seed has in this run; a
    later score of the same seed is another run's, and left out.
    """
    stretch = _Stretch()
    for batch in batches:
        as_seeded = _as_seeded(batch.raw, counts)
        for seed, number, digests in as_seeded:
            if scores.seed_name(seed, number) != stretch.following:
                yield from stretch.record()
                stretch = _Stretch(seed, number, counts[seed])
            stretch.add(digests)
        for document in [] if as_seeded else batch.documents():
            if document.get("name") == stretch.following:
                stretch.add(scores.digest(document))
                continue
            key = _key(document, begin)
            place = scores.seed_and_number(key)
            if place is None:
                if key:
                    yield Document(key, scores.digest(document))
            elif place[1] < counts.get(place[0], 0):
                yield from stretch.record()
                stretch = _Stretch(*place, counts[place[0]])
                stretch.add(scores.digest(document))
    yield from stretch.record()


def _as_seeded(batch: bytes, counts: Mapping[int, int]) -> list[tuple[int, int, str]]:
    """Seed, first number and digests of what is in a batch, by the chunk; nothing where it must be decoded."""
    for seed, count in counts.items():
        found = undecoded.digested(batch, seed)
        if found is not None:
            first, digests = found
            end = first + len(digests) // DIGEST_DIGITS
            if end > count:
                break
            limits = [first, *range(first - first % CHUNK + CHUNK, end, CHUNK), end]
            return [
                (seed, start, digests[(start - first) * DIGEST_DIGITS : (until - first) * DIGEST_DIGITS])
                for start, until in itertools.pairwise(limits)
            ]
    return []


class _Stretch:
    """Scores of a seed that were read one after the other, up to the end of a chunk; `following` would be the next."""

    def __init__(self, seed: int = 0, first: int = 0, count: int = 0) -> None:
        self._seed = seed
        self._first = self._next = first
        self._end = min(count, first - first % CHUNK + CHUNK)
        self._digests: list[str] = []
        self.following: object = _NO_NAME

    def add(self, digests: str) -> None:
        """Of one score, or of several that follow each other and do not go beyond the chunk."""
        self._digests.append(digests)
        self._next += len(digests) // DIGEST_DIGITS
        self.following = scores.seed_name(self._seed, self._next) if self._next < self._end else _NO_NAME

    def record(self) -> Iterator[SeedsRead]:
        if self._digests:
            yield SeedsRead(self._seed, self._first, "".join(self._digests))


def _key(document: Mapping[str, Any], begin: tuple[str, ...]) -> str:
    """The document's name where it is one of ours, else its _id where that is: a score whose name was altered. "" where
    it is no document of ours.
    """
    for field in ("name", "_id"):
        value = document.get(field)
        for candidate in value if isinstance(value, list) else [value]:
            if isinstance(candidate, str) and candidate.startswith(begin):
                return candidate[:LONGEST_KEY]
    return ""
