"""Taking a change back within the fault that made it, however the fault ends."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from chaosmongo.errors import ChaosMongoError

from .taking import take_back

if TYPE_CHECKING:
    from chaosmongo.run import Recording


@contextmanager
def afterwards(recording: "Recording", number: int) -> Iterator[None]:
    """Takes change `number` back at the end. Raises ChaosMongoError where that fails: it is pending then."""
    with on_failure(recording, number):
        yield
    _take(recording, number)


@contextmanager
def on_failure(recording: "Recording", number: int) -> Iterator[None]:
    """Takes change `number` back where what is inside fails or is interrupted. The first error goes on."""
    try:
        yield
    except BaseException:
        with suppress(ChaosMongoError):
            _take(recording, number)
        raise


def _take(recording: "Recording", number: int) -> None:
    for taken in take_back(recording, [recording.pending[number]], recording.undone):
        if taken.error is not None:
            raise taken.error
