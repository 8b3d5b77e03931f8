"""Garbage collector and namespace clean-up."""

from __future__ import annotations

from typing import Any

from kubelab.controllers import namespaces
from kubelab.controllers.changes import Patch
from kubelab.controllers.garbage import Observed, reconcile
from kubelab.kinds import PODS, REPLICA_SETS

from .objects import LONG_AGO, NOW, meta, pod, stateful_set, told


def owner(*finalizers: str) -> dict[str, Any]:
    found = stateful_set()
    found["metadata"] |= {"deletionTimestamp": LONG_AGO, "finalizers": list(finalizers)}
    return found


def test_an_object_goes_when_all_its_owners_are_gone() -> None:
    parent = stateful_set()
    child = pod("mongo-0", owner=parent)
    uid = parent["metadata"]["uid"]
    assert told(reconcile(Observed(PODS, child, frozenset({uid})))) == ["delete Pod mongo-0"]
    assert reconcile(Observed(PODS, child)) == []
    child["metadata"]["ownerReferences"].append({"uid": "another"})
    (change,) = reconcile(Observed(PODS, child, frozenset({uid})))
    assert isinstance(change, Patch)
    assert change.body == {"metadata": {"ownerReferences": [{"uid": "another"}]}}


def test_foreground_deletion_takes_the_dependents_first() -> None:
    parent = owner("foregroundDeletion")
    child = pod("mongo-0", owner=parent)
    assert told(reconcile(Observed(REPLICA_SETS, parent, dependents=[(PODS, child)]))) == ["delete Pod mongo-0"]
    (change,) = reconcile(Observed(REPLICA_SETS, parent))
    assert isinstance(change, Patch)
    assert change.body == {"metadata": {"finalizers": None}}


def test_orphans_lose_their_owner_and_stay() -> None:
    parent = owner("orphan")
    child = pod("mongo-0", owner=parent)
    disowned, released = reconcile(Observed(REPLICA_SETS, parent, dependents=[(PODS, child)]))
    assert isinstance(disowned, Patch) and isinstance(released, Patch)
    assert disowned.body == {"metadata": {"ownerReferences": None}}
    assert released.obj is parent


def test_a_namespace_goes_when_it_is_empty() -> None:
    found = {"metadata": meta("demo", deletionTimestamp=LONG_AGO), "spec": {"finalizers": ["kubernetes"]}}
    full = namespaces.Observed(found, NOW, [(PODS, pod("a")), (PODS, pod("b", deleted=True))])
    assert told(namespaces.reconcile(full)) == ["delete Pod a"]
    (change,) = namespaces.reconcile(namespaces.Observed(found, NOW))
    assert change.subresource == "finalize"  # type: ignore[union-attr]
    assert change.obj["spec"]["finalizers"] == []  # type: ignore[union-attr]
