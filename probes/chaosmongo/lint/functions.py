"""The Python functions that an experiment names, found as Chaos Toolkit finds them."""

import contextlib
import importlib
import inspect
import io
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from .findings import shown


@dataclass(frozen=True)
class Function:
    """hints: of its parameters and of "return", where they can be told. parameters: None where they cannot."""

    name: str
    parameters: Mapping[str, inspect.Parameter] | None
    hints: Mapping[str, Any]


@lru_cache(maxsize=256)
def module(name: str) -> ModuleType | str:
    """Else why it cannot be imported, in a few words. Importing executes it, as in `chaos validate`."""
    if not name or name.startswith("."):
        return "it is no absolute name"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        return "it is not installed" if _covers(error.name, name) else f"it needs {error.name}, which is not installed"
    except BaseException as error:  # whatever its code does, SystemExit among it
        return shown(f"{type(error).__name__}: {error}", 120)


def _covers(missing: str | None, name: str) -> bool:
    return missing is not None and (name == missing or name.startswith(f"{missing}."))


def function(found: ModuleType, name: str) -> Function | None:
    """None where `chaos validate` would not find it: it takes no classes, nor other things that can be called."""
    one = getattr(found, name, None)
    if not (inspect.isfunction(one) or inspect.isbuiltin(one)):
        return None
    return _function(name, one)


def hooks(found: ModuleType) -> list[Function]:
    """What a control does before and after; without those that load or clean up."""
    levels = ("experiment", "hypothesis", "method", "rollback", "activity", "loading_experiment")
    names = [f"{when}_{level}_control" for level in levels for when in ("before", "after")]
    return [one for name in names if (one := function(found, name)) is not None]


def names(found: ModuleType) -> list[str]:
    """What it offers: its __all__, else its functions."""
    listed = getattr(found, "__all__", None)
    if isinstance(listed, list | tuple):
        return [str(name) for name in listed]
    return [name for name, _ in inspect.getmembers(found, inspect.isfunction) if not name.startswith("_")]


def _function(name: str, one: Callable[..., Any]) -> Function:
    try:
        parameters = inspect.signature(one).parameters
    except (TypeError, ValueError):
        return Function(name, None, {})
    try:
        hints = typing.get_type_hints(one)
    except Exception:  # names that only a type checker knows
        hints = {key: each.annotation for key, each in parameters.items() if isinstance(each.annotation, type)}
    return Function(name, parameters, hints)
