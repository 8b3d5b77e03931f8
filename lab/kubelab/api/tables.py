"""Answers in other forms than the object: the Table that `kubectl get` prints, and metadata alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from . import views
from .columns import columns_of
from .fields import invalid
from .negotiation import Form
from .resources import Resource
from .status import bad_request
from .store import Entry
from .watching import Renderer

Object = dict[str, Any]

INCLUDES = ("Metadata", "None", "Object")
META = {"apiVersion": "meta.k8s.io/v1"}


def include_object(query: Mapping[str, str]) -> str:
    """What stands beside the cells of a row: Metadata, None or Object. Raises ApiError (400)."""
    value = query.get("includeObject") or "Metadata"
    if value not in INCLUDES:
        error = invalid("includeObject", value, "must be 'Metadata', 'Object', 'None', or empty")
        raise bad_request(f"Unable to convert to Table as requested: {error.path}: {error.text}")
    return value


def table(resource: Resource, entries: Sequence[Entry], metadata: Object, include: str, headed: bool = True) -> bytes:
    """A Table of entries; headed: with the definitions of its columns."""
    columns = columns_of(resource.storage)
    return msgspec.json.encode(
        {
            "kind": "Table",
            **META,
            "metadata": metadata,
            "columnDefinitions": [column.definition() for column in columns] if headed else None,
            "rows": [
                {"cells": [column.cell(entry.value) for column in columns], "object": _beside(resource, entry, include)}
                for entry in entries
            ],
        }
    )


def _beside(resource: Resource, entry: Entry, include: str) -> Any:
    if include == "None":
        return None
    if include == "Object":
        return msgspec.Raw(views.entry_json(resource, entry))
    return _metadata(entry)


def _metadata(entry: Entry) -> Object:
    return {"kind": "PartialObjectMetadata", **META, "metadata": entry.value["metadata"]}


def partial(entries: Sequence[Entry], metadata: Object | None) -> bytes:
    """PartialObjectMetadata of one object (metadata is None), or a list of it."""
    if metadata is None:
        return msgspec.json.encode(_metadata(entries[0]))
    items = [_metadata(entry) for entry in entries]
    return msgspec.json.encode({"kind": "PartialObjectMetadataList", **META, "metadata": metadata, "items": items})


def renderer(resource: Resource, form: Form, query: Mapping[str, str]) -> Renderer:
    """How the objects of a watch are written. Of tables, the first has the definitions of the columns."""
    if form == "metadata":
        return Renderer("PartialObjectMetadata", META["apiVersion"], lambda entry: partial([entry], None))
    if form == "object":
        return Renderer(resource.kind, resource.api_version, lambda entry: views.entry_json(resource, entry))
    include = include_object(query)
    first = [True]

    def render(entry: Entry) -> bytes:
        headed = first.pop() if first else False
        return table(resource, [entry], {"resourceVersion": str(entry.revision)}, include, headed)

    return Renderer("Table", META["apiVersion"], render)
