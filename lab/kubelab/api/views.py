"""Objects as a resource shows them: JSON with kind and apiVersion, and events.k8s.io's view of core events."""

from __future__ import annotations

from typing import Any

import msgspec

from .resources import Resource
from .store import Entry

Object = dict[str, Any]

# events.k8s.io/v1 -> v1
EVENT_FIELDS = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
CORE_EVENT_FIELDS = {core: shown for shown, core in EVENT_FIELDS.items()}


def to_stored(resource: Resource, value: Object) -> Object:
    """value as it is stored."""
    if not resource.stored_as:
        return value
    return {EVENT_FIELDS.get(key, key): item for key, item in value.items()}


def from_stored(resource: Resource, value: Object) -> Object:
    """A stored value in the form of resource; value itself is not changed."""
    if not resource.stored_as:
        return value
    return {CORE_EVENT_FIELDS.get(key, key): item for key, item in value.items()}


def with_type(resource: Resource, value: Object) -> Object:
    """A stored value in the form of resource, with kind and apiVersion."""
    return {"kind": resource.kind, "apiVersion": resource.api_version, **from_stored(resource, value)}


def item_json(resource: Resource, entry: Entry) -> bytes:
    """An entry as an item of a list: without kind and apiVersion."""
    if not resource.stored_as:
        return entry.body
    return msgspec.json.encode(from_stored(resource, entry.value))


def typed(resource: Resource, item: bytes) -> bytes:
    """An item with kind and apiVersion."""
    return b'{"kind":"%b","apiVersion":"%b",%b' % (resource.kind.encode(), resource.api_version.encode(), item[1:])


def entry_json(resource: Resource, entry: Entry) -> bytes:
    return typed(resource, item_json(resource, entry))


def value_json(resource: Resource, value: Object) -> bytes:
    return typed(resource, msgspec.json.encode(from_stored(resource, value)))
