"""DELETE: at once, after a grace period, or after the last finalizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kubelab.api.clock import now, shifted, stamp
from kubelab.api.kinds import Cluster, strategy_of
from kubelab.api.resources import NAMESPACES, Resource
from kubelab.api.status import conflict, forbidden
from kubelab.api.store import Entry

from .finish import is_finished
from .update import at_revision, find

Object = dict[str, Any]

PROPAGATION_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
IMMORTAL_NAMESPACES = ("default", "kube-public", "kube-system")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete. uid, resource_version: the object must have them, if not empty."""

    grace_period_s: int | None = None
    propagation: str = ""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


def delete(
    cluster: Cluster, resource: Resource, namespace: str, name: str, options: DeleteOptions
) -> tuple[Object, bool]:
    """Begin or finish a deletion: the object's last state, and whether it is gone. Raises ApiError, DatabaseError."""
    entry = find(cluster, resource, namespace, name)
    check_preconditions(resource, entry, options)
    if resource is NAMESPACES:
        return delete_namespace(cluster, entry, options)
    value = entry.copy()
    mark_dependents(value["metadata"], options.propagation or strategy_of(resource.storage).default_propagation)
    waits = begin_grace_period(resource, value, options)
    if not waits and value["metadata"].get("finalizers"):
        mark_deleted(value["metadata"])
    stays = waits or bool(value["metadata"].get("finalizers"))
    if not options.dry_run:
        # An end without grace is told as well, before the object goes.
        if value != entry.value and (stays or value["metadata"].get("deletionTimestamp")):
            entry = cluster.store.put(resource.storage, entry.key, value)
            value = entry.copy()
        if not stays:
            cluster.store.delete(resource.storage, entry.key, value)
    return at_revision(value, entry), not stays


def check_preconditions(resource: Resource, entry: Entry, options: DeleteOptions) -> None:
    """Raises ApiError (409) if the client meant another object, or another version of it."""
    metadata = entry.value["metadata"]
    if options.uid and options.uid != metadata["uid"]:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise conflict(resource.kind, resource.group, metadata["name"], why)
    if options.resource_version and options.resource_version != metadata["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion "
            f"in record ({metadata['resourceVersion']}). The object might have been modified"
        )
        raise conflict(resource.kind, resource.group, metadata["name"], why)


def mark_dependents(metadata: Object, propagation: str) -> None:
    """Foreground and Orphan are finalizers, which the garbage collector takes off when it has done its part."""
    if not propagation:
        return
    wanted = PROPAGATION_FINALIZERS.get(propagation)
    kept = [item for item in metadata.get("finalizers", ()) if item not in PROPAGATION_FINALIZERS.values()]
    metadata["finalizers"] = kept + ([wanted] if wanted else [])
    if not metadata["finalizers"]:
        del metadata["finalizers"]


def begin_grace_period(resource: Resource, value: Object, options: DeleteOptions) -> bool:
    """Set or shorten the grace period of a kind that has one; whether the object has to wait for its end."""
    metadata = value["metadata"]
    requested_s = options.grace_period_s
    if metadata.get("deletionTimestamp"):
        current_s = metadata.get("deletionGracePeriodSeconds", 0)
        if requested_s is not None and requested_s < current_s:
            metadata["deletionTimestamp"] = shifted(metadata["deletionTimestamp"], requested_s - current_s)
            metadata["deletionGracePeriodSeconds"] = current_s = requested_s
        return bool(current_s)
    grace_s = strategy_of(resource.storage).grace_period_s(value, requested_s)
    if grace_s is None:
        return False
    mark_deleted(metadata, grace_s)
    return grace_s > 0


def mark_deleted(metadata: Object, grace_s: int = 0) -> None:
    """The first mark of a deletion; a generation counts it as a change."""
    if metadata.get("deletionTimestamp"):
        return
    metadata["deletionTimestamp"] = shifted(stamp(now()), grace_s)
    metadata["deletionGracePeriodSeconds"] = grace_s
    if metadata.get("generation"):
        metadata["generation"] += 1


def delete_namespace(cluster: Cluster, entry: Entry, options: DeleteOptions) -> tuple[Object, bool]:
    """A namespace turns Terminating; it goes when the namespace controller has emptied it."""
    name = entry.key[1]
    if name in IMMORTAL_NAMESPACES:
        raise forbidden(NAMESPACES.plural, NAMESPACES.group, name, "this namespace may not be deleted")
    value = entry.copy()
    if not value["metadata"].get("deletionTimestamp"):
        value["metadata"]["deletionTimestamp"] = stamp(now())
        value["status"]["phase"] = "Terminating"
    if options.dry_run:
        return value, False
    if is_finished(value):
        cluster.store.delete(NAMESPACES.storage, entry.key, value)
        return value, True
    if value != entry.value:
        value = cluster.store.put(NAMESPACES.storage, entry.key, value).value
    return value, False
