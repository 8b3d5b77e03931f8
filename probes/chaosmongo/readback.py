"""From documents as they are in the database to what is recorded of them: keys and digests, and no content."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chaosmongo import scores
from chaosmongo.comparison import CHUNK, Read
from chaosmongo.database import Scores
from chaosmongo.history.records import Document, SeedsRead

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


def records(
    batches: Iterable[list[dict[str, Any]]], begin: tuple[str, ...], counts: Mapping[int, int]
) -> Iterator[Record]:
    """Each document of ours once; those of a seed by the stretch where they come one after the other.

    begin: what our keys begin with; other documents are left out. counts: how many scores each seed has in this run; a
    later score of the same seed is another run's, and left out.
    """
    stretch = _Stretch()
    for batch in batches:
        for document in batch:
            if document.get("name") == stretch.following:
                stretch.add(document)
                continue
            key = _key(document, begin)
            place = scores.seed_and_number(key)
            if place is None:
                if key:
                    yield Document(key, scores.digest(document))
            elif place[1] < counts.get(place[0], 0):
                yield from stretch.record()
                stretch = _Stretch(*place, end=counts[place[0]])
                stretch.add(document)
    yield from stretch.record()


class _Stretch:
    """Scores of a seed that were read one after the other, up to the end of a chunk; `following` would be the next."""

    def __init__(self, seed: int = 0, first: int = 0, end: int = 0) -> None:
        self._seed = seed
        self._first = first
        self._end = min(end, first - first % CHUNK + CHUNK)
        self._digests: list[str] = []
        self.following: object = _NO_NAME

    def add(self, document: Mapping[str, Any]) -> None:
        self._digests.append(scores.digest(document))
        number = self._first + len(self._digests)
        self.following = scores.seed_name(self._seed, number) if number < self._end else _NO_NAME

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
