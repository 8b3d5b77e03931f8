"""Takes back changes, newest first, each on its own: one that cannot be taken back keeps no other from it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chaosmongo.errors import CannotUndo, ChaosMongoError
from chaosmongo.history.records import Undo

from .action import Done, Place
from .actions import ACTIONS


@dataclass(frozen=True)
class Taken:
    """What came of taking one change back: `done`, or the error that kept it."""

    undo: Undo
    done: Done | None
    error: ChaosMongoError | None = None


def take_back(place: Place, undos: Iterable[Undo], undone: Callable[[int], None]) -> Iterator[Taken]:
    """`undone` is told the number of each as soon as it is taken back."""
    for undo in sorted(undos, key=lambda undo: undo.undo, reverse=True):
        try:
            done = _taken_back(place, undo)
            undone(undo.undo)
        except ChaosMongoError as error:
            yield Taken(undo, None, error)
        else:
            yield Taken(undo, done)


def _taken_back(place: Place, undo: Undo) -> Done:
    action = ACTIONS.get(undo.action)
    if action is None:
        raise CannotUndo(f"there is no undo action {undo.action!r} here: was the run recorded by a newer version?")
    return action(place, undo.arguments)
