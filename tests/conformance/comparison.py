"""Where two answers differ, once everything that is made up anew in each cluster is replaced by its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

ABSENT = "<absent>"
"""Stands for what only one of two answers has."""

UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
AGE = re.compile(r"(\d+[smhdy]){1,2}")
SUFFIX = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{5}")
TOKEN_VOLUME = re.compile(r"(?<=^kube-api-access-)[bcdfghjklmnpqrstvwxz2456789]{5}$")
VERSION_IN_TEXT = re.compile(r"(Too large resource version: \d+, current: |too old resource version: \d+ \()\d+")
CLUSTER_ADDRESS = re.compile(r"(10\.96|127\.\d+)\.\d+\.\d+")
SHAPES = {
    "resourceVersion": re.compile(r"\d+"),
    "continue": re.compile(r"[\w-]+"),
    "serverAddress": re.compile(r"\d+(\.\d+){3}:\d+"),
    "platform": re.compile(r"linux/(amd64|arm64)"),
    "nodePort": re.compile(r"3[012]\d\d\d"),
}
"""What a value of such a field may be, whatever it is."""
NAMES = ("resource", "subresource", "name")
"""Fields by one of which the items of a list are told apart, if all of them have it."""


def differences(theirs: Any, ours: Any) -> dict[str, tuple[Any, Any]]:
    """Dotted path -> what is there in theirs and in ours. Items of lists go by their names, else by their numbers."""
    return dict(_compared("", shaped(theirs), shaped(ours)))


def shaped(value: Any, field: str = "") -> Any:
    """value with the shape of whatever is made up in place of it; a value of another shape stays as it is."""
    if isinstance(value, dict):
        result = {key: shaped(item, key) for key, item in value.items()}
        base = value.get("generateName")
        if base and str(value.get("name")).startswith(base) and SUFFIX.fullmatch(value["name"].removeprefix(base)):
            result["name"] = base + "<suffix>"
        return result
    if isinstance(value, list):
        return [shaped(item, field) for item in value]
    if field in SHAPES and SHAPES[field].fullmatch(str(value)):
        return f"<{field}>"
    return _shaped_text(value) if isinstance(value, str) else value


def _shaped_text(text: str) -> str:
    if AGE.fullmatch(text):
        return "<age>"
    if CLUSTER_ADDRESS.fullmatch(text):
        return "<cluster address>"
    text = TOKEN_VOLUME.sub("<suffix>", text)
    return VERSION_IN_TEXT.sub(r"\1<version>", TIME.sub("<time>", UID.sub("<uid>", text)))


def _compared(path: str, theirs: Any, ours: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(theirs, list) and isinstance(ours, list):
        theirs, ours = _keyed(theirs, ours)
        order = [key for key in theirs if key in ours], [key for key in ours if key in theirs]
        if order[0] != order[1]:
            yield _below(path, "order"), order
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in {**theirs, **ours}:
            yield from _compared(_below(path, key), theirs.get(key, ABSENT), ours.get(key, ABSENT))
    elif theirs != ours or type(theirs) is not type(ours):
        yield path, (theirs, ours)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _keyed(theirs: list[Any], ours: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The items of two lists by their names, if all of both have one, else by their numbers."""
    named = _by_name(theirs), _by_name(ours)
    if named[0] is None or named[1] is None:
        return _numbered(theirs), _numbered(ours)
    return named[0], named[1]


def _numbered(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    """The items by what tells them apart, None if nothing does."""
    for field in NAMES:
        names = [item.get(field) if isinstance(item, dict) else None for item in items]
        if None not in names and len(set(names)) == len(names):
            return dict(zip(names, items, strict=True))
    return None
