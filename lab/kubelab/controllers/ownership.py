"""What belongs to a controller: it adopts orphans that its selector finds, and lets go of what it no longer finds.

After kubernetes/pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable

from kubelab.controllers.changes import Changes, Patch
from kubelab.informer import Informer
from kubelab.kinds import (
    NAMESPACES,
    Key,
    Kind,
    Object,
    controlled_by,
    controller_of,
    is_terminating,
    key_of,
    matches_selector,
    uid_of,
)


def keys_of_owners(obj: Object, kind: Kind, owners: Informer) -> list[Key]:
    """The key of the owner of that kind that controls obj; of an orphan, the keys of all that might adopt it."""
    namespace = obj["metadata"]["namespace"]
    if owner := controller_of(obj):
        return [(namespace, owner["name"])] if owner["kind"] == kind.kind else []
    return [key_of(one) for one in owners.all(namespace) if _selects(one, obj)]


def keys_of_namespaces(kind: Kind, obj: Object, name: str) -> list[Key]:
    """Of a controller that keeps one object of that name in every namespace: the namespace's key."""
    metadata = obj["metadata"]
    if kind == NAMESPACES:
        return [key_of(obj)]
    return [("", metadata["namespace"])] if metadata["name"] == name else []


def owned(owner: Object, found: Informer) -> list[Object]:
    """What the owner controls."""
    return found.indexed("controller", uid_of(owner))


def claims(owner: Object, kind: Kind, found: Informer, suits: Callable[[Object], bool] = lambda _: True) -> Changes:
    """What is to be let go of and to be adopted, before anything else is done. suits: beside the selector."""
    if is_terminating(owner):
        return []
    strangers = [one for one in owned(owner, found) if not (_selects(owner, one) and suits(one))]
    changes: Changes = [_owned_by(found.kind, one, _others(one, owner)) for one in strangers]
    for orphan in found.all(owner["metadata"]["namespace"]):
        if controller_of(orphan) is None and not is_terminating(orphan) and _selects(owner, orphan) and suits(orphan):
            changes.append(_owned_by(found.kind, orphan, [*_others(orphan, owner), controlled_by(kind, owner)]))
    return changes


def _selects(owner: Object, obj: Object) -> bool:
    return matches_selector(owner["spec"]["selector"], obj["metadata"].get("labels"))


def _others(obj: Object, owner: Object) -> list[Object]:
    return [one for one in obj["metadata"].get("ownerReferences") or () if one["uid"] != uid_of(owner)]


def _owned_by(kind: Kind, obj: Object, owners: list[Object]) -> Patch:
    return Patch(kind, obj, {"metadata": {"ownerReferences": owners or None}})
