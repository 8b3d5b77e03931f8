"""Types of the served objects: fields by type name, in the words of types.json.

A field's type is string, boolean, integer (32 bits), int64, number, datetime, bytes, quantity, intorstring, any,
list:<type>, map:<type> or the name of another type.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

Fields = dict[str, str]


@cache
def types() -> dict[str, Fields]:
    """All types: {name: {field: type}}."""
    loaded: dict[str, Fields] = json.loads(Path(__file__).with_name("types.json").read_text())
    return loaded


def fields_of(type_name: str) -> Fields | None:
    """The fields of a type, None for what is not an object with known fields."""
    return types().get(type_name)


def field_type(type_name: str, field: str) -> str:
    """The type of a field, or of an entry of a map; any where it is not known."""
    if type_name.startswith("map:"):
        return type_name[4:]
    return (fields_of(type_name) or {}).get(field, "any")


def element_type(type_name: str) -> str:
    """The type of a list's elements; any where it is not known."""
    return type_name[5:] if type_name.startswith("list:") else "any"
