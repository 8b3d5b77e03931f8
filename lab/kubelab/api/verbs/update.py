"""PUT and PATCH: a new state of an existing object, by its main resource or by its status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubelab.api.kinds import Cluster, strategy_of
from kubelab.api.metadata import carry_over, metadata_errors, update_errors
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
    check_identity(resource, value, old)
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


def check_identity(resource: Resource, value: Object, old: Object) -> None:
    """Raises ApiError (409) if value was made from another version, or another object of this name."""
    metadata, before = value.setdefault("metadata", {}), old["metadata"]
    name = before["name"]
    uid = metadata.get("uid")
    if uid and uid != before["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['uid']}"
        raise conflict(resource.plural, resource.group, name, why)
    revision = metadata.get("resourceVersion")
    if revision and revision != "0" and revision != before["resourceVersion"]:
        raise modified(resource.plural, resource.group, name)


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
    if strategy.counts_generations and content(value) != content(old):
        value["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def content(value: Object) -> Object:
    """What an object asks for: everything that is neither metadata nor status."""
    return {key: item for key, item in value.items() if key not in ("metadata", "status")}
