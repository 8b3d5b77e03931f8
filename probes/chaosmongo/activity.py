"""What every activity has in common: its errors reach Chaos Toolkit as it expects them."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from chaoslib.exceptions import ActivityFailed, InterruptExecution

from chaosmongo.errors import BadArgument, ChaosMongoError

NUMBERS = {float: "number", int: "whole number"}

P = ParamSpec("P")
T = TypeVar("T")


def activity(function: Callable[P, T]) -> Callable[P, T]:
    """Turns our errors into ActivityFailed, and a SIGTERM into an interruption that is not lost.

    Chaos Toolkit would take the InterruptExecution that its SIGTERM handler raises in a Python activity for that
    activity's failure, and go on with the experiment.

    Numbers may come as text: `--var KEY=25` makes them so.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            given = signature.bind(*args, **kwargs)
            for name, value in given.arguments.items():
                given.arguments[name] = _number(f"{function.__name__}: {name}", signature.parameters[name], value)
            return function(*given.args, **given.kwargs)
        except ChaosMongoError as error:
            raise ActivityFailed(str(error)) from None
        except InterruptExecution:
            raise KeyboardInterrupt from None

    return wrapped


def _number(name: str, parameter: inspect.Parameter, value: Any) -> Any:
    """The value, as a number where the parameter is one and the value is text. Raises BadArgument."""
    if not isinstance(value, str) or parameter.annotation not in NUMBERS:
        return value
    try:
        return parameter.annotation(value)
    except ValueError:
        raise BadArgument(f"{name}: {value!r} is no {NUMBERS[parameter.annotation]}") from None
