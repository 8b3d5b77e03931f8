"""What a figure says that Kubernetes said: literal watch events in, words out."""

from typing import Any

from chaosmongo.history import History
from chaosmongo.history import records as r
from recoveryreport.marks import Mark, cluster_marks, fault_marks

from .recorded_runs import pod


def history(*events: tuple[str, str, Any], statefulset: str = "mongo") -> History:
    """Events a second apart: (resource, kind, object or items)."""
    target = r.Target("pacman", statefulset, "pacman", "highscore")
    run = r.Run("x/y", "m-", "", "", {}, r.Anchor(0, 0), target, r.Objectives({}), r.Environment(), 60)
    cluster = [
        r.ClusterEvent(number, resource, kind, **({"items": body} if kind == "LIST" else {"object": body}))
        for number, (resource, kind, body) in enumerate(events)
    ]
    return History(run, cluster=cluster)


def labels(*events: tuple[str, str, Any], statefulset: str = "mongo") -> list[tuple[int, str]]:
    return [(mark.time_ns, mark.label) for mark in cluster_marks(history(*events, statefulset=statefulset))]


def slice_of(*pods: str, name: str = "mongo-abc", ready: bool = True) -> dict[str, Any]:
    endpoints = [{"targetRef": {"name": pod}, "conditions": {"ready": ready}} for pod in pods]
    return {"metadata": {"name": name}, "endpoints": endpoints}


def test_a_pod_that_is_replaced_tells_its_whole_story() -> None:
    assert labels(
        ("pods", "LIST", [pod("a", ready=True)]),
        ("events", "ADDED", {"reason": "Killing", "involvedObject": {"name": "mongo-0"}}),
        ("pods", "MODIFIED", pod("a", deleting=True, ready=True)),
        ("pods", "MODIFIED", pod("a", deleting=True, running=False)),
        ("pods", "DELETED", pod("a", deleting=True, running=False)),
        ("pods", "ADDED", pod("b", node="", running=False)),
        ("pods", "MODIFIED", pod("b", running=False)),
        ("pods", "MODIFIED", pod("b")),
        ("pods", "MODIFIED", pod("b", ready=True)),
    ) == [
        (1, "Killing"),
        (2, "terminating"),
        (3, "not Ready"),
        (4, "gone"),
        (5, "recreated"),
        (6, "scheduled"),
        (7, "started"),
        (8, "Ready"),
    ]


def test_what_was_there_when_the_watch_began_is_no_event() -> None:
    assert labels(("pods", "LIST", [pod("a", ready=True)]), ("endpointslices", "LIST", [slice_of("mongo-0")])) == []


def test_a_container_that_restarts_in_place() -> None:
    restarted = pod("a")
    restarted["status"]["containerStatuses"][0]["restartCount"] = 1
    assert labels(("pods", "LIST", [pod("a")]), ("pods", "MODIFIED", restarted)) == [(1, "restarted")]


def test_an_endpoint_that_vanishes_from_its_slice_is_out() -> None:
    assert labels(
        ("pods", "LIST", [pod("a", ready=True)]),
        ("endpointslices", "LIST", [slice_of("mongo-0")]),
        ("endpointslices", "MODIFIED", {"metadata": {"name": "mongo-abc"}, "endpoints": None}),
        ("endpointslices", "MODIFIED", slice_of("mongo-0")),
    ) == [(2, "endpoint out"), (3, "endpoint")]


def test_two_services_in_front_of_a_pod_are_one_way_in() -> None:
    assert labels(
        ("pods", "LIST", [pod("a", ready=True)]),
        ("endpointslices", "LIST", [slice_of("mongo-0", name="one"), slice_of("mongo-0", name="two")]),
        ("endpointslices", "MODIFIED", slice_of("mongo-0", name="one", ready=False)),
        ("endpointslices", "MODIFIED", slice_of("mongo-0", name="two", ready=False)),
    ) == [(3, "endpoint out")]


def test_pods_of_others_say_nothing() -> None:
    other = pod("a")
    other["metadata"]["name"] = "mongo-express-0"
    assert labels(("pods", "ADDED", other)) == []
    assert labels(("pods", "ADDED", pod("a")), statefulset="") == []


def test_objects_of_any_shape_are_survived() -> None:
    for strange in ({}, {"metadata": None}, {"metadata": {"name": "mongo-0"}, "status": {"conditions": "none"}}):
        labels(("pods", "ADDED", strange), ("endpointslices", "ADDED", strange), ("events", "ADDED", strange))


def test_what_a_fault_tells_of_itself_is_a_moment_but_for_its_request() -> None:
    told = history()
    told.course = [
        r.Note(1, "mark", {"name": "requested"}),
        r.Note(2, "mark", {"name": "blocked by budget"}),
        r.Note(3, "hypothesis", {"met": True}),
        r.Note(4, "mark"),
    ]
    assert fault_marks(told) == [Mark(2, "blocked by budget")]
