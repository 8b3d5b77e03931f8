"""Strategic Merge Patch (apimachinery/pkg/util/strategicpatch): a merge patch that merges the lists it knows.

Directives: {"$patch": "replace" | "delete" | "merge"} in objects and list items, "$retainKeys": [names],
"$setElementOrder/<list>": [items], "$deleteFromPrimitiveList/<list>": [values].
"""

from __future__ import annotations

from typing import Any

from kubelab.api.schema.types import element_type, field_type
from kubelab.api.status import bad_request

from .mergekeys import MERGE_KEYS, PRIMITIVE

Object = dict[str, Any]

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
ORDER = "$setElementOrder/"
DELETE_VALUES = "$deleteFromPrimitiveList/"


def apply_strategic_patch(document: Object, patch: Any, type_name: str) -> Object:
    """The patched document of that type. Neither argument is changed. Raises ApiError (400)."""
    if not isinstance(patch, dict):
        raise bad_request("a strategic merge patch must be an object")
    return _merge_objects(document, patch, type_name)


def _merge_objects(document: Object, patch: Object, type_name: str) -> Object:
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {key: _plain(value) for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"Unknown patch type: {directive}")
    result = dict(document)
    if RETAIN in patch:
        kept = _list(patch[RETAIN])
        result = {key: value for key, value in result.items() if key in kept}
    for key, value in patch.items():
        if key in (DIRECTIVE, RETAIN) or key.startswith((ORDER, DELETE_VALUES)):
            continue
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge_field(result.get(key), value, patch, type_name, key)
    _apply_list_directives(result, patch, type_name)
    return result


def _merge_field(current: Any, value: Any, patch: Object, type_name: str, key: str) -> Any:
    inner = field_type(type_name, key)
    if isinstance(value, dict):
        return _merge_objects(current if isinstance(current, dict) else {}, value, inner)
    if isinstance(value, list) and isinstance(current, list) and (type_name, key) in MERGE_KEYS:
        merge_key = MERGE_KEYS[type_name, key]
        if merge_key == PRIMITIVE:
            return current + [item for item in value if item not in current]
        return _merge_items(current, value, merge_key, element_type(inner), patch.get(ORDER + key))
    return _plain(value)


def _plain(value: Any) -> Any:
    """A patch's value where nothing was there before: without directives, deleted items and nulls."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None and not key.startswith("$")}
    if isinstance(value, list):
        return [_plain(item) for item in value if not (isinstance(item, dict) and _is_directive(item))]
    return value


def _is_directive(item: Object) -> bool:
    return item.get(DIRECTIVE) == "delete" or set(item) == {DIRECTIVE}


def _merge_items(current: list[Any], patch: list[Any], merge_key: str, item_type: str, order: Any) -> list[Any]:
    if any(isinstance(item, dict) and item.get(DIRECTIVE) == "replace" for item in patch):
        return _plain([item for item in patch if item != {DIRECTIVE: "replace"}])  # type: ignore[no-any-return]
    merged = list(current)
    keys = [_key(item, merge_key) for item in current]
    patched = []
    for item in patch:
        key = _key(item, merge_key)
        if item.get(DIRECTIVE) == "delete":
            merged = [kept for kept, its_key in zip(merged, keys, strict=True) if its_key != key]
            keys = [its_key for its_key in keys if its_key != key]
            continue
        patched.append(key)
        if key in keys:
            merged[keys.index(key)] = _merge_objects(merged[keys.index(key)], item, item_type)
        else:
            merged.append(_plain(item))
            keys.append(key)
    wanted = [_key(item, merge_key) for item in _list(order)] if order is not None else patched
    return _ordered(list(zip(keys, merged, strict=True)), wanted, [_key(item, merge_key) for item in current])


def _key(item: Any, merge_key: str) -> Any:
    if not isinstance(item, dict) or isinstance(item.get(merge_key), dict | list | None):
        raise bad_request(f"map: {item} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise bad_request("a patch directive must hold a list")
    return value


def _ordered(items: list[tuple[Any, Any]], wanted: list[Any], server: list[Any]) -> list[Any]:
    """The values of (key, value) items: those of the wanted keys in that order, the others where the server had them.

    Of two items, one wanted and one not, the other goes first only if the server had it first.
    """
    listed = sorted((item for item in items if item[0] in wanted), key=lambda item: wanted.index(item[0]))
    others = [item for item in items if item[0] not in wanted]
    result = []
    while others and listed:
        known = others[0][0] in server and listed[0][0] in server
        before = known and server.index(others[0][0]) < server.index(listed[0][0])
        result.append((others if before else listed).pop(0))
    return [value for _, value in result + listed + others]


def _apply_list_directives(result: Object, patch: Object, type_name: str) -> None:
    """Deletions from lists of plain values, and orders for lists that the patch does not touch otherwise."""
    for directive, value in patch.items():
        if directive.startswith(DELETE_VALUES):
            key = directive.removeprefix(DELETE_VALUES)
            if isinstance(result.get(key), list):
                result[key] = [item for item in result[key] if item not in _list(value)]
        elif directive.startswith(ORDER):
            key = directive.removeprefix(ORDER)
            items = result.get(key)
            merge_key = MERGE_KEYS.get((type_name, key))
            if isinstance(items, list) and merge_key is not None and not isinstance(patch.get(key), list):
                result[key] = _reordered(items, _list(value), merge_key)


def _reordered(items: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    keys = items if merge_key == PRIMITIVE else [_key(item, merge_key) for item in items]
    wanted = order if merge_key == PRIMITIVE else [_key(item, merge_key) for item in order]
    return _ordered(list(zip(keys, items, strict=True)), wanted, keys)
