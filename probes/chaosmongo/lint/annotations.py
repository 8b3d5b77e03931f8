"""Which values of an experiment a parameter's annotation takes."""

import types
import typing
from typing import Any

from .node import Node

WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
}
TAKEN: dict[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
    list: (list,),
    dict: (dict,),
    type(None): (type(None),),
}
"""What a plain type takes from YAML or JSON. A bool is a whole number for Python, but for nobody else."""


def plain(annotation: Any) -> list[Any] | None:
    """The plain types that it stands for; None where anything may be meant."""
    if annotation is None:
        annotation = type(None)
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        parts = [plain(one) for one in typing.get_args(annotation)]
        return None if None in parts else [one for part in parts for one in part or ()]
    if origin is typing.Literal:
        return list(dict.fromkeys(type(value) for value in typing.get_args(annotation)))
    found = origin or annotation
    return [found] if isinstance(found, type) and found in TAKEN else None


def suits(value: Node, annotation: Any) -> bool:
    wanted = plain(annotation)
    if wanted is None:
        return True
    found = type(value.value)
    return any(found in TAKEN.get(one, (found,)) for one in wanted)


def words(annotation: Any) -> str:
    """What it takes, in words."""
    return " or ".join(WORDS.get(one, str(one)) for one in plain(annotation) or ())
