"""What is read of the cluster, and what becomes of it where reading is refused.

No lab refuses an administrator, so what answers here is a table of paths.
"""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused
from chaosmongo.preflight import ahead
from chaosmongo.preflight.asking import denied
from chaosmongo.preflight.permissions import REVIEWS, Request
from chaosmongo.preflight.seen import Seen, look

from .objects import budget, claim, experiment, node, planned, pod, step, volume

NAMESPACE = "/api/v1/namespaces/pacman"
ALLOWED = {"metadata": {"labels": {"chaos.mongodb/allowed": "true"}}}
DEMO: Mapping[str, Object] = {
    NAMESPACE: ALLOWED,
    f"{NAMESPACE}/pods": {"items": [pod(), pod("pacman-a", "two", of="ReplicaSet p", labels={"name": "pacman"})]},
    f"{NAMESPACE}/pods?labelSelector=name=pacman": {"items": [pod("pacman-a", "two")]},
    f"{NAMESPACE}/persistentvolumeclaims": {"items": [claim()]},
    f"{NAMESPACE}/services": {"items": []},
    "/api/v1/pods?fieldSelector=spec.nodeName=one": {"items": [pod(), pod("cart", namespace="shop")]},
    "/api/v1/nodes": {"items": [node("one"), node("two")]},
    "/api/v1/persistentvolumes/pv-1": volume(),
    "/apis/policy/v1/namespaces/pacman/poddisruptionbudgets": {"items": [budget()]},
    "/apis/policy/v1/namespaces/shop/poddisruptionbudgets": {"items": []},
}


class Table:
    """Answers from a table; what is not in it is refused with this status."""

    server = "https://cluster.example.org"

    def __init__(self, answers: Mapping[str, Object], status: int = 404) -> None:
        self._answers, self._status = answers, status

    def get(self, path: str, timeout_s: float = 10, **query: str) -> Object:  # noqa: ARG002
        asked = path + "".join(f"?{key}={value}" for key, value in query.items())
        if asked not in self._answers:
            raise ApiRefused(f"GET {asked}", self._status)
        return self._answers[asked]

    find = Cluster.find

    def post(self, path: str, body: Object) -> Object:
        if path not in self._answers:
            raise ApiRefused(f"POST {path}", self._status)
        wanted = self._answers[path]["verbs"]
        return {"status": {"allowed": body["spec"]["resourceAttributes"]["verb"] in wanted}}


def cluster(answers: Mapping[str, Object] = DEMO, status: int = 404) -> Cluster:
    return cast(Cluster, Table(answers, status))


def without(*paths: str) -> dict[str, Object]:
    return {path: answer for path, answer in DEMO.items() if path not in paths}


def names(pods: Any) -> list[str]:
    return [one["metadata"]["name"] for one in pods]


FAULTS = [planned("kill_pod", label_selector="name=pacman"), planned("drain_node", pod="mongo-0")]


class TestWhatIsThere:
    SEEN = look(cluster(), "pacman", FAULTS)

    def test_is_read_as_far_as_the_faults_need_it(self) -> None:
        assert names(self.SEEN.pods) == ["mongo-0", "pacman-a"]
        assert names(self.SEEN.selected["name=pacman"]) == ["pacman-a"]
        assert {node: names(pods) for node, pods in self.SEEN.on_node.items()} == {"one": ["mongo-0", "cart"]}

    def test_has_the_volumes_behind_the_claims(self) -> None:
        assert (list(self.SEEN.claims), list(self.SEEN.volumes)) == ([("pacman", "mongo-storage")], ["pv-1"])

    def test_may_take_part(self) -> None:
        assert self.SEEN.refused == ""

    def test_is_all_there_is_to_say(self) -> None:
        assert (self.SEEN.unread, self.SEEN.deployments) == ({}, [])


class TestWhatMayNotBeRead:
    def seen(self, *paths: str) -> Seen:
        return look(cluster(without(*paths), 403), "pacman", FAULTS)

    def test_is_named(self) -> None:
        assert self.seen("/api/v1/nodes").unread["nodes"] == "HTTP 403"

    def test_of_a_node_is_what_we_know_of_it(self) -> None:
        found = self.seen("/api/v1/pods?fieldSelector=spec.nodeName=one")
        assert (names(found.on_node["one"]), found.unread["pods on node one"]) == (["mongo-0"], "HTTP 403")

    def test_of_the_namespace_itself_is_a_refusal(self) -> None:
        assert "cannot be read (HTTP 403): it would be refused" in self.seen(NAMESPACE).refused


def test_a_namespace_without_the_label_is_refused_with_the_command() -> None:
    unlabelled = {**DEMO, NAMESPACE: {"metadata": {}}}
    assert "kubectl label namespace pacman" in look(cluster(unlabelled), "pacman", FAULTS).refused


def test_a_namespace_that_is_not_there_is_refused() -> None:
    assert "There is no namespace pacman" in look(cluster(without(NAMESPACE)), "pacman", FAULTS).refused


def test_what_the_server_cannot_answer_is_no_answer() -> None:
    with pytest.raises(ApiRefused):
        look(cluster(without("/api/v1/nodes"), 401), "pacman", FAULTS)


class TestAsking:
    REQUESTS = (Request("pacman", "", "pods", "delete"), Request("pacman", "", "pods", "get"))

    def test_tells_what_would_be_refused(self) -> None:
        assert denied(cluster({REVIEWS: {"verbs": ["get"]}}), self.REQUESTS) == [self.REQUESTS[0]]

    def test_tells_nothing_where_all_is_allowed(self) -> None:
        assert denied(cluster({REVIEWS: {"verbs": ["get", "delete"]}}), self.REQUESTS) == []

    def test_may_itself_be_refused(self) -> None:
        assert denied(cluster({}, 403), self.REQUESTS) is None
        with pytest.raises(ApiRefused):
            denied(cluster({}, 401), self.REQUESTS)


class TestWhatARunWouldBeRefused:
    """Found with no other request than those of the run: whatever else is asked for here is an error."""

    def denied(self, function: str, *paths: str, verbs: str, status: int = 500, **arguments: Any) -> list[str]:
        one = {"/api/v1/nodes/one": node("one"), f"{NAMESPACE}/pods/mongo-0": pod()}
        answers = {path: (one | DEMO)[path] for path in paths} | {REVIEWS: {"verbs": verbs.split()}}
        made = experiment(step(function, namespace="pacman", **arguments))
        found = ahead.denied(made, cluster(answers, status))
        assert found is not None
        return [str(request) for request in found]

    def test_nothing_is_read_for_a_fault_of_pods(self) -> None:
        verbs = "get list watch create patch"
        assert self.denied("delete_pod", name="mongo-0", verbs=verbs) == [
            "delete leases.coordination.k8s.io chaos-mongodb in namespace pacman",
            "delete pods mongo-0 in namespace pacman",
        ]

    def test_a_drain_concerns_the_pods_of_others_on_the_node(self) -> None:
        on_node = "/api/v1/pods?fieldSelector=spec.nodeName=one"
        read = (f"{NAMESPACE}/pods/mongo-0", on_node, "/api/v1/nodes/one")
        found = self.denied("drain_node", *read, pod="mongo-0", verbs="get list watch delete")
        assert "patch nodes one in the whole cluster" in found
        assert "create pods/eviction in namespace shop" in found

    def test_where_the_node_cannot_be_read_it_is_asked_for_all_of_them(self) -> None:
        found = self.denied("drain_node", pod="mongo-0", verbs="get list watch delete", status=403)
        assert "patch nodes in the whole cluster" in found
        assert "create pods/eviction in namespace pacman" in found
