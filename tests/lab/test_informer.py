"""The local copy of a kind's objects, without a server: what is put in, and what comes late."""

from __future__ import annotations

from typing import Any

from kubelab.client import Client
from kubelab.informer import Informer
from kubelab.kinds import PODS
from kubelab.kubeconfig import Credentials


def informer() -> Informer:
    return Informer(Client(Credentials("https://127.0.0.1:1")), PODS, indexes={"node": lambda p: [p["node"]]})


def pod(uid: str, version: int, node: str = "a") -> dict[str, Any]:
    return {"metadata": {"namespace": "demo", "name": "p", "uid": uid, "resourceVersion": str(version)}, "node": node}


def test_an_older_event_does_not_undo_a_newer_write() -> None:
    pods = informer()
    pods.put(pod("1", 5))
    pods.put(pod("1", 4, "b"))
    found = pods.get("demo", "p")
    assert found and found["metadata"]["resourceVersion"] == "5"


def test_a_late_event_does_not_bring_a_deleted_object_back() -> None:
    pods = informer()
    pods.put(pod("1", 5))
    pods.drop(pod("1", 6))
    pods.put(pod("1", 7))
    assert pods.get("demo", "p") is None


def test_the_end_of_an_object_leaves_its_namesake_alone() -> None:
    pods = informer()
    pods.put(pod("1", 5))
    pods.put(pod("2", 8))
    pods.drop(pod("1", 7))
    found = pods.get("demo", "p")
    assert found and found["metadata"]["uid"] == "2"


def test_handlers_see_a_namesake_as_an_end_and_a_beginning() -> None:
    pods, seen = informer(), []
    pods.on_change(lambda old, new: seen.append((old and old["metadata"]["uid"], new and new["metadata"]["uid"])))
    pods.put(pod("1", 5))
    pods.put(pod("2", 8))
    assert seen == [(None, "1"), ("1", None), (None, "2")]


def test_indexes_follow_the_objects() -> None:
    pods = informer()
    pods.put(pod("1", 5, "a"))
    pods.put(pod("1", 6, "b"))
    assert [len(pods.indexed("node", n)) for n in "ab"] == [0, 1]
    pods.drop(pod("1", 7, "b"))
    assert pods.indexed("node", "b") == []
