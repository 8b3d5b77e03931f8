"""POST: a new object."""

from __future__ import annotations

from typing import Any

from kubelab.api import admission
from kubelab.api.kinds import Cluster, strategy_of
from kubelab.api.metadata import fill_new, metadata_errors
from kubelab.api.names import generated
from kubelab.api.resources import NAMESPACES, PODS, Resource
from kubelab.api.status import already_exists, born_with_version, forbidden, invalid, not_found

Object = dict[str, Any]

GENERATE_ATTEMPTS = 8


def create(cluster: Cluster, resource: Resource, namespace: str, value: Object, dry_run: bool = False) -> Object:
    """Store value (without kind and apiVersion) and return it as stored. Raises ApiError, DatabaseError."""
    strategy = strategy_of(resource.storage)
    metadata = value.setdefault("metadata", {})
    version = metadata.get("resourceVersion", "")
    if resource.namespaced:
        require_open_namespace(cluster, resource, namespace, metadata.get("name", ""))
    if resource is PODS and cluster.admits_accounts:
        admission.admit(cluster.store, namespace, value)
    fill_new(metadata, namespace, strategy.counts_generations)
    avoid_taken_name(cluster, resource, namespace, metadata)
    strategy.default(value)
    strategy.complete_new(value)
    errors = metadata_errors(metadata, strategy.name_errors) + strategy.validate(value)
    name = metadata.get("name", "")
    if errors:
        raise invalid(resource.kind, resource.group, name, errors)
    if version.isdecimal() and version.strip("0") and not dry_run:
        raise born_with_version()
    if taken := cluster.store.get(resource.storage, (namespace, name)):
        going = "deletionTimestamp" in taken.value["metadata"]
        raise already_exists(resource.plural, resource.group, name, "object is being deleted: " if going else "")
    strategy.prepare_create(value, cluster)
    if dry_run:
        return value
    return cluster.store.put(resource.storage, (namespace, name), value).value


def require_open_namespace(cluster: Cluster, resource: Resource, namespace: str, name: str) -> None:
    """Raises ApiError unless the namespace exists and is not being deleted."""
    entry = cluster.store.get(NAMESPACES.storage, ("", namespace))
    if entry is None:
        raise not_found(NAMESPACES.plural, NAMESPACES.group, namespace)
    if entry.value["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        raise forbidden(resource.plural, resource.group, name, why, [cause])


def avoid_taken_name(cluster: Cluster, resource: Resource, namespace: str, metadata: Object) -> None:
    """A generated name that happens to exist is generated again, a few times."""
    prefix = metadata.get("generateName")
    if not prefix or not metadata["name"].startswith(prefix[:1]):
        return
    for _ in range(GENERATE_ATTEMPTS):
        if not cluster.store.get(resource.storage, (namespace, metadata["name"])):
            return
        metadata["name"] = generated(prefix)
