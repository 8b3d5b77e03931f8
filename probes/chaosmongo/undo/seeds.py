"""The seeded scores that the run put there: those that bear its marker, and hold what their seed says.

Seeds that were found there, or that somebody has changed since, are not ours to remove.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from chaosmongo import company, scores
from chaosmongo.errors import CannotUndo, DatabaseRefuses
from chaosmongo.history.quantities import counted, listed

from .action import Done, Place, marker

NAME = "remove_seeds"


def remove(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"seed": n, "count": n}. Other runs that may rely on these scores are told before."""
    ours = marker(place.run)
    seed, count = arguments.get("seed"), arguments.get("count")
    if type(seed) is not int or type(count) is not int or not 0 < count <= scores.SEEDS_MOST:
        raise CannotUndo(f"seed {seed!r}, count {count!r} name no seeded scores: refused")
    try:
        with place.registrations() as registrations:
            company.warn(registrations, place.run)
    except DatabaseRefuses:
        pass  # the role may not know of registrations; then nobody else's may either
    prefix = scores.seed_prefix(seed)
    with place.scores() as collection:
        there, changed = _compared(collection.with_marker(prefix, ours), seed, count)
        removed = collection.delete_seeded(prefix, ours, changed, there - len(changed))
        said = f"{counted(removed, 'seeded score')} of seed {seed} removed from {collection.name}"
    if changed:
        names = listed([str(one) for one in changed])
        said += f"; {len(changed):,} that somebody has changed since left alone ({names})"
    return Done(removed, said)


def _compared(documents: Iterable[dict[str, Any]], seed: int, count: int) -> tuple[int, list[Any]]:
    """How many there are, and the `_id`s of those that do not hold what the seed says."""
    expected = _Digests(seed, count)
    there, changed = 0, []
    for document in documents:
        there += 1
        if expected.of(str(document["name"])) != bytes.fromhex(scores.digest(document)):
            changed.append(document["_id"])
    return there, changed


class _Digests:
    """Digests of the scores of a seed, made as far as they are asked for."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed = seed
        self._seeded = scores.seeded(seed, count)
        self._digests: list[bytes] = []

    def of(self, name: str) -> bytes | None:
        """None where the seed has no score of that name, or not one that was seeded."""
        seed, number = scores.seed_and_number(name) or (None, 0)
        if seed != self._seed:
            return None
        missing = max(0, number + 1 - len(self._digests))
        self._digests += [bytes.fromhex(scores.digest(score)) for score in itertools.islice(self._seeded, missing)]
        return self._digests[number] if number < len(self._digests) else None
