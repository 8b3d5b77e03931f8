"""Garbage collector: what belongs to an object that is gone, goes too.

After kubernetes/pkg/controller/garbagecollector: background by default; the finalizers "foregroundDeletion" (the owner
waits for its dependents) and "orphan" (the dependents stay, without their owner) are honoured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from kubelab.controllers.changes import Changes, Delete, Patch
from kubelab.controllers.loop import Cluster, Controller
from kubelab.errors import ApiError
from kubelab.kinds import Key, Kind, Object, is_terminating, uid_of

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True)
class Observed:
    """An object, and the objects that refer to it.

    gone, waiting: UIDs of owners that are not there any more, or whose deletion waits for their dependents.
    """

    kind: Kind
    obj: Object
    gone: frozenset[str] = frozenset()
    dependents: list[tuple[Kind, Object]] = field(default_factory=list)
    waiting: frozenset[str] = frozenset()


class GarbageCollector(Controller):
    """Keys are (plural, UID)."""

    name = "garbage-collector-controller"

    def __init__(self, cluster: Cluster, kinds: Iterable[Kind]) -> None:
        super().__init__(cluster)
        self._kinds = {kind.plural: kind for kind in kinds}
        self._kinds_by_name = {(kind.api_version, kind.kind): kind for kind in self._kinds.values()}
        self._keys: dict[str, tuple[Kind, Key]] = {}
        self._gone: set[str] = set()
        for kind in self._kinds.values():
            self._follow(kind)

    def _follow(self, kind: Kind) -> None:
        def changed(old: Object | None, new: Object | None) -> None:
            obj = new or old or {}
            uid, metadata = uid_of(obj), obj["metadata"]
            if new is None:
                self._keys.pop(uid, None)
                self._gone.add(uid)
                for plural, other in self._kinds.items():
                    for dependent in self.cluster[other].indexed("owner", uid):
                        self.add((plural, uid_of(dependent)))
            else:
                self._keys[uid] = kind, (metadata.get("namespace", ""), metadata["name"])
                if metadata.get("ownerReferences") or is_terminating(obj):
                    self.add((kind.plural, uid))
            for owner in metadata.get("ownerReferences") or () if new is None else ():
                if owner["uid"] in self._keys:
                    self.add((self._keys[owner["uid"]][0].plural, owner["uid"]))

        self.cluster[kind].on_change(changed)

    async def sync(self, key: Key) -> None:
        obj = self._object(key[1])
        if obj is not None:
            await self._look_for_owners(obj)
        await super().sync(key)

    async def _look_for_owners(self, obj: Object) -> None:
        """Asks the server about owners that the local copies lack: their events may be on their way still."""
        for owner in obj["metadata"].get("ownerReferences") or ():
            kind = self._kinds_by_name.get((owner["apiVersion"], owner["kind"]))
            if kind is None or owner["uid"] in self._keys or owner["uid"] in self._gone:
                continue
            namespace = obj["metadata"].get("namespace", "") if kind.namespaced else ""
            try:
                found = await self.cluster.client.get(kind, owner["name"], namespace)
            except ApiError as e:
                if not e.not_found:
                    self.add_after((kind.plural, uid_of(obj)), LOOK_AGAIN_S)
                    continue
                found = None
            if found is None or uid_of(found) != owner["uid"]:
                self._gone.add(owner["uid"])

    def decide(self, key: Key) -> Changes:
        obj = self._object(key[1])
        if obj is None:
            return []
        kind = self._keys[key[1]][0]
        dependents = [(k, d) for k in self._kinds.values() for d in self.cluster[k].indexed("owner", key[1])]
        owners = {uid for concerned in (obj, *(d for _, d in dependents)) for uid in _owners(concerned)}
        waiting = frozenset(uid for uid in owners if _waits(self._object(uid)))
        return reconcile(Observed(kind, obj, frozenset(self._gone), dependents, waiting))

    def _object(self, uid: str) -> Object | None:
        if uid not in self._keys:
            return None
        kind, key = self._keys[uid]
        obj = self.cluster[kind].get(*key)
        return obj if obj and uid_of(obj) == uid else None


def reconcile(observed: Observed) -> Changes:
    obj, kind = observed.obj, observed.kind
    finalizers = obj["metadata"].get("finalizers") or []
    if is_terminating(obj):
        if ORPHAN in finalizers:
            return [*_disown(observed), _without(kind, obj, ORPHAN)]
        if FOREGROUND in finalizers:
            return _dependents_first(observed)
        return []
    owners = _owners(obj)
    if owners and owners <= observed.gone:
        return [Delete(kind, obj, "Background")]
    lost = observed.gone | observed.waiting
    return [_forget(kind, obj, lost)] if owners & lost and owners - lost else []


def _dependents_first(observed: Observed) -> Changes:
    """Those that have another owner stay, and are not waited for."""
    uid, lost = uid_of(observed.obj), observed.gone | observed.waiting
    shared = [(k, d) for k, d in observed.dependents if _owners(d) - lost - {uid}]
    own = [(k, d) for k, d in observed.dependents if not _owners(d) - lost - {uid}]
    changes: Changes = [_forget(k, d, lost | {uid}) for k, d in shared]
    changes += [Delete(k, d, "Foreground") for k, d in own if not is_terminating(d)]
    if not any(_reference(d, uid).get("blockOwnerDeletion") for _, d in own):
        changes.append(_without(observed.kind, observed.obj, FOREGROUND))
    return changes


def _disown(observed: Observed) -> Changes:
    return [_forget(kind, dependent, {uid_of(observed.obj)}) for kind, dependent in observed.dependents]


def _owners(obj: Object) -> set[str]:
    return {owner["uid"] for owner in obj["metadata"].get("ownerReferences") or ()}


def _waits(owner: Object | None) -> bool:
    """Whether its deletion waits for its dependents."""
    return owner is not None and is_terminating(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ())


def _forget(kind: Kind, obj: Object, owners: Set[str]) -> Patch:
    """The object stays without these owners."""
    left = [owner for owner in obj["metadata"]["ownerReferences"] if owner["uid"] not in owners]
    return Patch(kind, obj, {"metadata": {"ownerReferences": left or None}})


def _reference(dependent: Object, uid: str) -> Mapping[str, Any]:
    return next(o for o in dependent["metadata"]["ownerReferences"] if o["uid"] == uid)


def _without(kind: Kind, obj: Object, finalizer: str) -> Patch:
    left = [f for f in obj["metadata"]["finalizers"] if f != finalizer]
    return Patch(kind, obj, {"metadata": {"finalizers": left or None}})
