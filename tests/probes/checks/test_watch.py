"""Watch events as sightings of objects: what an object says of itself, and what a list says of what it lacks."""

import pytest
from chaosmongo.checks.watch import Sighting, sightings

from .histories import at, event, listing, node, pod

EMPTY = [{}, {"metadata": None, "spec": None, "status": None}, {"metadata": {}, "spec": {}, "status": {}}]


@pytest.mark.parametrize("thing", EMPTY)
def test_an_object_that_says_nothing_of_itself_is_nothing(thing):
    seen = Sighting(at(0), thing)
    assert (seen.name, seen.uid, seen.node, seen.condition("Ready")) == ("", "", "", "")
    assert (seen.terminating, seen.scheduled, seen.running, seen.restarts) == (False, False, False, 0)
    assert (seen.containers, seen.owners, seen.claims) == ([], [], {})
    assert (seen.gone, seen.listed) == (False, False)


def test_what_a_pod_says_of_itself():
    seen = Sighting(at(0), pod("u", restarts=3, deleting=True))
    assert (seen.name, seen.uid, seen.node, seen.restarts) == ("mongo-0", "u", "n1", 3)
    assert (seen.terminating, seen.scheduled, seen.running) == (True, True, True)
    assert seen.owners == [("StatefulSet", "mongo")]
    assert seen.owned_by("StatefulSet", "mongo") and not seen.owned_by("StatefulSet", "other")
    assert seen.claims == {"db": "mongo-storage"}


@pytest.mark.parametrize(("state", "running"), [("running", True), ("waiting", False), ("terminated", False)])
def test_a_pod_runs_while_one_of_its_containers_does(state, running):
    thing = pod("u", state=state)
    assert Sighting(at(0), thing).running is running
    thing["status"]["containerStatuses"].append({"restartCount": 2, "state": {"running": {}}})
    assert (Sighting(at(0), thing).running, Sighting(at(0), thing).restarts) == (True, 2)


def test_a_pod_is_scheduled_when_it_has_a_node_or_says_so():
    assert not Sighting(at(0), pod("u", node="")).scheduled
    said = pod("u", node="")
    said["status"]["conditions"].append({"type": "PodScheduled", "status": "True"})
    assert Sighting(at(0), said).scheduled
    said["status"]["conditions"][-1]["status"] = "False"
    assert not Sighting(at(0), said).scheduled


def test_a_condition_without_a_status_is_none():
    assert Sighting(at(0), {"status": {"conditions": [{"type": "Ready"}]}}).condition("Ready") == ""


def test_owners_and_claims_that_are_half_there():
    thing = {
        "metadata": {"ownerReferences": [{}, {"kind": "Job"}]},
        "spec": {"volumes": [{}, {"name": "x"}, {"persistentVolumeClaim": {"claimName": "c"}}]},
    }
    seen = Sighting(at(0), thing)
    assert seen.owners == [("", ""), ("Job", "")]
    assert seen.claims == {"": "c"}
    assert Sighting(at(0), {"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"x": 1}}]}}).claims == {
        "v": ""
    }


def story(*events, namespace="pacman"):
    return [
        (round((seen.time_ns - at(0)) / 1e6), seen.uid, seen.gone, seen.listed)
        for seen in sightings(events, "pods", namespace)
    ]


def test_events_and_lists_are_sightings_in_the_order_of_their_arrival():
    assert story(listing(1, pod("a")), event(2, "MODIFIED", pod("a")), event(3, "DELETED", pod("a"))) == [
        (1, "a", False, True),
        (2, "a", False, False),
        (3, "a", True, False),
    ]


def test_what_a_later_list_lacks_is_gone_by_then():
    assert story(listing(1, pod("a"), pod("b")), event(2, "ADDED", pod("c")), listing(3, pod("b"))) == [
        (1, "a", False, True),
        (1, "b", False, True),
        (2, "c", False, False),
        (3, "a", True, False),
        (3, "c", True, False),
        (3, "b", False, True),
    ]


def test_what_was_deleted_is_not_gone_a_second_time():
    assert story(event(1, "ADDED", pod("a")), event(2, "DELETED", pod("a")), listing(3)) == [
        (1, "a", False, False),
        (2, "a", True, False),
    ]


def test_a_list_is_all_that_is_there():
    assert story(listing(1, pod("a")), listing(2), listing(3)) == [(1, "a", False, True), (2, "a", True, False)]


def test_other_resources_and_other_namespaces_are_left_out():
    other = pod("b")
    other["metadata"]["namespace"] = "other"
    assert story(event(1, "ADDED", pod("a"), "events"), event(2, "ADDED", other), event(3, "ADDED", pod("c"))) == [
        (3, "c", False, False)
    ]


def test_what_has_no_namespace_is_in_every_one():
    nodes = sightings([event(1, "ADDED", node("n1"), "nodes")], "nodes", "pacman")
    assert [seen.name for seen in nodes] == ["n1"]
    assert [seen.name for seen in sightings([event(1, "ADDED", node("n1"), "nodes")], "nodes")] == ["n1"]
