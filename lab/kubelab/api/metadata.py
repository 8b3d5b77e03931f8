"""metadata of objects: what the system sets, what must hold for every kind."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from .clock import now, stamp
from .fields import FieldError, forbidden, invalid, required
from .names import generated, label_key_errors, label_value_errors, subdomain_errors

Object = dict[str, Any]

ANNOTATIONS_LIMIT_BYTES = 256 * 1024
SYSTEM_FIELDS = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "uid")
STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")


def fill_new(metadata: Object, namespace: str, counts_generations: bool) -> None:
    """Identity of an object that is being created; what a client says about system fields is dropped."""
    for field in (*SYSTEM_FIELDS, "managedFields", "resourceVersion", "selfLink"):
        metadata.pop(field, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated(metadata["generateName"])
    if namespace:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = stamp(now())
    if counts_generations:
        metadata["generation"] = 1


def carry_over(metadata: Object, old: Object) -> None:
    """System fields of an updated object are those of the old one, whatever the client sent."""
    metadata.pop("managedFields", None)
    metadata.pop("selfLink", None)
    for field in (*SYSTEM_FIELDS, "name", "namespace", "generateName"):
        if field in old:
            metadata[field] = old[field]
        else:
            metadata.pop(field, None)


def fixed_errors(metadata: Object, old: Object) -> Iterator[FieldError]:
    """What an update may leave out, but not change; a deletion that has begun is not undone, nor an error."""
    for field in ("uid", "deletionTimestamp", "deletionGracePeriodSeconds"):
        begun = field == "deletionTimestamp" and field in old
        if field in metadata and metadata[field] != old.get(field) and not begun:
            yield invalid(f"metadata.{field}", metadata[field], "field is immutable")


def metadata_errors(metadata: Object, name_errors: Callable[[str], list[str]]) -> list[FieldError]:
    """What is wrong with names, labels, annotations, owners and finalizers."""
    return [
        *_name_errors(metadata, name_errors),
        *_label_errors(metadata),
        *_annotation_errors(metadata),
        *_owner_errors(metadata),
        *_finalizer_errors(metadata),
    ]


def _name_errors(metadata: Object, name_errors: Callable[[str], list[str]]) -> Iterator[FieldError]:
    name = metadata.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
        return
    yield from (invalid("metadata.name", name, text) for text in name_errors(name))


def _label_errors(metadata: Object) -> Iterator[FieldError]:
    for key, value in metadata.get("labels", {}).items():
        yield from (invalid("metadata.labels", key, text) for text in label_key_errors(key))
        yield from (invalid("metadata.labels", value, text) for text in label_value_errors(value))


def _annotation_errors(metadata: Object) -> Iterator[FieldError]:
    annotations = metadata.get("annotations", {})
    for key in annotations:
        yield from (invalid("metadata.annotations", key, text) for text in label_key_errors(key.lower()))
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_LIMIT_BYTES:
        text = f"Too long: may not be more than {ANNOTATIONS_LIMIT_BYTES} bytes"
        yield FieldError("metadata.annotations", "FieldValueTooLong", text)


def _owner_errors(metadata: Object) -> Iterator[FieldError]:
    controllers = 0
    for owner in metadata.get("ownerReferences", ()):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield invalid(f"metadata.ownerReferences.{field}", "", "must not be empty")
        controllers += bool(owner.get("controller"))
    if controllers > 1:
        detail = "Only one reference can have Controller set to true"
        yield invalid("metadata.ownerReferences", metadata["ownerReferences"], detail)


def _finalizer_errors(metadata: Object) -> Iterator[FieldError]:
    for finalizer in metadata.get("finalizers", ()):
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid("metadata.finalizers", finalizer, detail)
        yield from (
            invalid("metadata.finalizers", finalizer, text)
            for text in (label_key_errors(finalizer) if "/" in finalizer else subdomain_errors(finalizer.lower()))
        )


def update_errors(metadata: Object, old: Object) -> Iterator[FieldError]:
    """An object that is being deleted gets no new finalizers."""
    added = [item for item in metadata.get("finalizers", ()) if item not in old.get("finalizers", ())]
    if added and old.get("deletionTimestamp"):
        listed = ", ".join(f'"{item}"' for item in added)
        detail = (
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}"
        )
        yield forbidden("metadata.finalizers", detail)
