"""PUT and PATCH: a new state of an existing object, by its main resource or by its status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubelab.api import fields
from kubelab.api.kinds import Cluster, strategy_of
from kubelab.api.metadata import carry_over, fixed_errors, metadata_errors, update_errors
from kubelab.api.resources import Resource
from kubelab.api.status import conflict, invalid, modified, not_found
from kubelab.api.store import Entry

from .finish import is_finished

Object = dict[str, Any]


def find(cluster: Cluster, resource: Resource, namespace: str, name: str) -> Entry:
    """Raises ApiError (404)."""
    entry = cluster.store.get(resource.storage, (namespace, name))
    if entry is None:
        raise not_found(resource.plural, resource.group, name)
    return entry


def update(
    cluster: Cluster,
    resource: Resource,
    namespace: str,
    name: str,
    change: Callable[[Object], Object],
    part: str = "",
    dry_run: bool = False,
) -> Object:
    """Store what change makes of a copy of the object; part: what may change: "", "status", "finalize" or "binding".

    A resourceVersion in the result must be the current one. An object that was only waiting for its last finalizer is
    removed. Raises ApiError, DatabaseError.
    """
    entry = find(cluster, resource, namespace, name)
    old = entry.value
    value = change(entry.copy())
    check_version(resource, value, old)
    carry_over(value["metadata"], old["metadata"])
    if part == "status":
        value = only_status(value, old)
    elif part == "binding":
        pass
    elif part == "finalize":
        value = {**old, "spec": value.get("spec", {})}
    else:
        prepare_main(cluster, resource, value, old)
    value = at_revision(value, entry)
    if value == old or dry_run:
        return value
    if is_finished(value):
        cluster.store.delete(resource.storage, entry.key, value)
        return at_revision(value, entry)
    return cluster.store.put(resource.storage, entry.key, value).value


def at_revision(value: Object, entry: Entry) -> Object:
    """value with the resource version of entry; value itself, which the store may hold by now, is left alone."""
    return {**value, "metadata": {**value["metadata"], "resourceVersion": str(entry.revision)}}


def check_uid(resource: Resource, value: Object, old: Object) -> None:
    """Raises ApiError (409) if value replaces another object of this name."""
    uid, found = value["metadata"].get("uid"), old["metadata"]["uid"]
    if uid and uid != found:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found}"
        raise conflict(resource.plural, resource.group, old["metadata"]["name"], why)


def check_version(resource: Resource, value: Object, old: Object) -> None:
    """Raises ApiError (409, 422) if value was made from another version, or claims to be another object."""
    metadata, before = value.setdefault("metadata", {}), old["metadata"]
    name = before["name"]
    revision = metadata.get("resourceVersion") or "0"
    if revision == "0" and strategy_of(resource.storage).needs_version:
        error = fields.invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise invalid(resource.plural, resource.group, name, [error])
    if revision not in ("0", before["resourceVersion"]):
        raise modified(resource.plural, resource.group, name)
    if errors := list(fixed_errors(metadata, before)):
        raise invalid(resource.kind, resource.group, name, errors)


def only_status(value: Object, old: Object) -> Object:
    """The old object with the new status, labels, annotations and finalizers."""
    metadata = value["metadata"]
    if "ownerReferences" in old["metadata"]:
        metadata["ownerReferences"] = old["metadata"]["ownerReferences"]
    else:
        metadata.pop("ownerReferences", None)
    return {**old, "metadata": metadata, "status": value.get("status", {})}


def prepare_main(cluster: Cluster, resource: Resource, value: Object, old: Object) -> None:
    """Defaults, rules and generation of a change by the main resource. Raises ApiError (422)."""
    strategy = strategy_of(resource.storage)
    if resource.subresource("status"):
        value.pop("status", None)
        if "status" in old:
            value["status"] = old["status"]
    strategy.default(value)
    strategy.prepare_update(value, old, cluster)
    errors = [
        *metadata_errors(value["metadata"], strategy.name_errors),
        *update_errors(value["metadata"], old["metadata"]),
        *strategy.validate(value),
    ]
    if errors := errors or strategy.validate_update(value, old):
        raise invalid(resource.kind, resource.group, old["metadata"]["name"], errors)
    if strategy.counts_generations and strategy.content(value) != strategy.content(old):
        value["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
