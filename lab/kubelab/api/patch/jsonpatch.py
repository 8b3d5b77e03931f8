"""JSON Patch (RFC 6902) with JSON Pointer (RFC 6901)."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from kubelab.api.status import ApiError, bad_request, unprocessable

OPERATIONS_LIMIT = 10_000
COPIED_LIMIT_BYTES = 3 * 1024 * 1024  # copies of copies grow without bound


def apply_json_patch(document: Any, patch: Any) -> Any:
    """The patched copy of document. Raises ApiError: 400 for a patch that is none, 422 for one that does not fit."""
    if not isinstance(patch, list) or not all(isinstance(operation, dict) for operation in patch):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(patch) > OPERATIONS_LIMIT:
        message = f"The allowed maximum operations in a JSON patch is {OPERATIONS_LIMIT}, got {len(patch)}"
        raise ApiError(413, "RequestEntityTooLarge", message)
    result = copy.deepcopy(document)
    copied_bytes = 0
    for operation in patch:
        if operation.get("op") == "copy":
            copied_bytes += len(msgspec.json.encode(_get(result, _parts(operation.get("from")))))
            if copied_bytes > COPIED_LIMIT_BYTES:
                raise unprocessable()
        result = _apply(result, operation)
    return result


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    name = operation.get("op")
    path = _parts(operation.get("path"))
    if name == "test":
        if _get(document, path) != operation.get("value"):
            raise unprocessable()
        return document
    if name == "remove":
        return _remove(document, path)
    if name in ("add", "replace"):
        if "value" not in operation:
            raise unprocessable()
        if name == "replace":
            _get(document, path)
            document = _remove(document, path) if path else document
        return _add(document, path, copy.deepcopy(operation["value"]))
    if name in ("move", "copy"):
        return _transfer(document, name, _parts(operation.get("from")), path)
    raise unprocessable()


def _transfer(document: Any, name: str, source: list[str], target: list[str]) -> Any:
    value = copy.deepcopy(_get(document, source))
    if name == "move":
        if target[: len(source)] == source and target != source:
            raise unprocessable()  # a value cannot be moved into itself
        document = _remove(document, source)
    return _add(document, target, value)


def _parts(pointer: Any) -> list[str]:
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise unprocessable()
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _index(items: list[Any], part: str, appending: bool) -> int:
    if appending and part == "-":
        return len(items)
    if not part.isascii() or not part.isdigit() or len(part) > 9:
        raise unprocessable()
    index = int(part)
    if index >= len(items) + appending:
        raise unprocessable()
    return index


def _get(document: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(document, part, appending=False)]
        else:
            raise unprocessable()
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif isinstance(parent, list):
        parent.insert(_index(parent, path[-1], appending=True), value)
    else:
        raise unprocessable()
    return document


def _remove(document: Any, path: list[str]) -> Any:
    _get(document, path)
    if not path:
        return None
    parent = _get(document, path[:-1])
    if isinstance(parent, dict):
        del parent[path[-1]]
    else:
        del parent[_index(parent, path[-1], appending=False)]
    return document
