"""What every activity has in common: its errors reach Chaos Toolkit as it expects them."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from chaoslib.exceptions import ActivityFailed, InterruptExecution

from chaosmongo.errors import ChaosMongoError

P = ParamSpec("P")
T = TypeVar("T")


def activity(function: Callable[P, T]) -> Callable[P, T]:
    """Turns our errors into ActivityFailed, and a SIGTERM into an interruption that is not lost.

    Chaos Toolkit would take the InterruptExecution that its SIGTERM handler raises in a Python activity for that
    activity's failure, and go on with the experiment.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except ChaosMongoError as error:
            raise ActivityFailed(str(error)) from None
        except InterruptExecution:
            raise KeyboardInterrupt from None

    return wrapped
