"""Pods: bound to a node once, reported on by status, deleted with a grace period, logs from their kubelet."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from .conftest import ApiServer

POD = {"spec": {"containers": [{"name": "c", "image": "i"}], "terminationGracePeriodSeconds": 7}}


@pytest.fixture
def pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def create_bound(api: ApiServer, pods: str, name: str = "p", node: str = "n", **metadata: Any) -> dict[str, Any]:
    created = api.post(pods, {"metadata": {"name": name, **metadata}, **POD})
    assert api.post(f"{pods}/{name}/binding", {"target": {"kind": "Node", "name": node}}).status == 201
    return created.body  # type: ignore[no-any-return]


def test_a_pod_is_bound_once(api: ApiServer, pods: str) -> None:
    create_bound(api, pods)
    bound = api.get(f"{pods}/p").body
    assert bound["spec"]["nodeName"] == "n" and bound["metadata"]["generation"] == 1
    again = api.post(f"{pods}/p/binding", {"target": {"name": "m"}})
    assert (again.status, again.body["reason"]) == (409, "Conflict")


def test_what_a_condition_leaves_out_is_there_all_the_same(api: ApiServer, pods: str) -> None:
    api.post(pods, {"metadata": {"name": "p"}, **POD})
    api.patch(f"{pods}/p/status", {"status": {"conditions": [{}], "podIPs": [{}]}}, "merge-patch")
    assert api.post(f"{pods}/p/binding", {"target": {"name": "n"}}).status == 201
    status = api.get(f"{pods}/p").body["status"]
    assert status["conditions"][0] == {"type": "", "status": "", "lastProbeTime": None, "lastTransitionTime": None}
    assert status["conditions"][1]["lastProbeTime"] is None  # of the condition that binding sets
    assert status["podIPs"] == [{"ip": ""}]


def test_a_pod_without_a_node_goes_at_once(api: ApiServer, pods: str) -> None:
    api.post(pods, {"metadata": {"name": "p"}, **POD})
    assert api.delete(f"{pods}/p").body["kind"] == "Pod"
    assert api.get(f"{pods}/p").status == 404


def test_a_bound_pod_waits_for_its_kubelet(api: ApiServer, pods: str) -> None:
    uid = create_bound(api, pods)["metadata"]["uid"]
    deleted = api.delete(f"{pods}/p").body["metadata"]
    assert deleted["deletionGracePeriodSeconds"] == 7 and "deletionTimestamp" in deleted
    other = {"gracePeriodSeconds": 0, "preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    assert api.delete(f"{pods}/p", other).status == 409
    assert api.get(f"{pods}/p").status == 200
    assert api.delete(f"{pods}/p", {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}).status == 200
    assert api.get(f"{pods}/p").status == 404


def test_a_grace_period_can_only_be_shortened(api: ApiServer, pods: str) -> None:
    create_bound(api, pods)
    first = api.delete(f"{pods}/p").body["metadata"]
    longer = api.delete(f"{pods}/p", {"gracePeriodSeconds": 60}).body["metadata"]
    assert longer["deletionTimestamp"] == first["deletionTimestamp"]
    shorter = api.delete(f"{pods}/p", {"gracePeriodSeconds": 2}).body["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 2
    assert shorter["deletionTimestamp"] < first["deletionTimestamp"]
    assert shorter["resourceVersion"] != first["resourceVersion"] == longer["resourceVersion"]


def test_force_deletion_removes_the_object_while_the_container_may_still_run(api: ApiServer, pods: str) -> None:
    create_bound(api, pods)
    assert api.delete(f"{pods}/p?gracePeriodSeconds=0").status == 200
    assert api.get(f"{pods}/p").status == 404


def test_a_finished_pod_needs_no_grace(api: ApiServer, pods: str) -> None:
    create_bound(api, pods)
    api.patch(f"{pods}/p/status", {"status": {"phase": "Succeeded"}})
    api.delete(f"{pods}/p")
    assert api.get(f"{pods}/p").status == 404


def test_conditions_are_merged_by_type(api: ApiServer, pods: str) -> None:
    create_bound(api, pods)
    api.patch(f"{pods}/p/status", {"status": {"conditions": [{"type": "Ready", "status": "False"}]}})
    api.patch(f"{pods}/p/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    conditions = api.get(f"{pods}/p").body["status"]["conditions"]
    assert {item["type"]: item["status"] for item in conditions} == {"Ready": "True", "PodScheduled": "True"}


@pytest.mark.parametrize(
    ("allowed", "observed", "status"),
    [(1, 1, 201), (0, 1, 429), (1, 0, 429)],
    ids=["budget left", "budget spent", "budget not yet known"],
)
def test_an_eviction_asks_the_budget(
    api: ApiServer, namespace: str, pods: str, allowed: int, observed: int, status: int
) -> None:
    create_bound(api, pods, labels={"app": "x"})
    running = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    api.patch(f"{pods}/p/status", {"status": running})
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}
    api.post(budgets, {"metadata": {"name": "b"}, "spec": spec})
    counts = {"disruptionsAllowed": allowed, "observedGeneration": observed, "desiredHealthy": 1, "currentHealthy": 2}
    api.patch(f"{budgets}/b/status", {"status": counts}, "merge-patch")
    assert api.post(f"{pods}/p/eviction", {"metadata": {"name": "p"}}).status == status
    assert ("deletionTimestamp" in api.get(f"{pods}/p").body["metadata"]) == (status == 201)
    left = api.get(f"{budgets}/b").body["status"]
    assert left["disruptionsAllowed"] == (0 if status == 201 else allowed)
    assert list(left.get("disruptedPods", {})) == (["p"] if status == 201 else [])


# Logs


class Kubelet:
    """A kubelet that knows nothing but logs, on a thread of its own."""

    def __init__(self, api: ApiServer) -> None:
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(api), self._loop).result(5)

    async def _start(self, api: ApiServer) -> int:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(api.state / "pki" / "apiserver.pem")  # any certificate of the lab's authority will do
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        site = web.TCPSite(self._runner, api.address, 0, ssl_context=trust)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.query), request.headers.get("Authorization", "")))
        if request.query.get("previous"):
            return web.Response(status=400, text='previous terminated container "c" in pod "p" not found')
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first\n")
        if request.query.get("follow"):
            await asyncio.sleep(0.3)
            await response.write(b"second\n")
        return response

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def kubelet(api: ApiServer, pods: str) -> Iterator[Kubelet]:
    found = Kubelet(api)
    api.post("/api/v1/nodes", {"metadata": {"name": "logging"}})
    address = {"type": "InternalIP", "address": api.address}
    endpoints = {"kubeletEndpoint": {"Port": found.port}}
    status = {"status": {"addresses": [address], "daemonEndpoints": endpoints}}
    api.patch("/api/v1/nodes/logging/status", status, "merge-patch")
    create_bound(api, pods, node="logging")
    yield found
    api.delete("/api/v1/nodes/logging")
    found.close()


def test_logs_are_read_from_the_pods_kubelet(api: ApiServer, namespace: str, pods: str, kubelet: Kubelet) -> None:
    answer = api.get(f"{pods}/p/log?tailLines=3")
    assert (answer.status, answer.body) == (200, "first\n")
    assert kubelet.asked == [(f"/containerLogs/{namespace}/p/c", {"tailLines": "3"}, "Bearer kubelet-token")]


@pytest.mark.usefixtures("kubelet")
def test_followed_logs_arrive_as_they_are_written(api: ApiServer, pods: str) -> None:
    connection = api.connection()
    connection.request("GET", f"{pods}/p/log?follow=true", headers={"Authorization": "Bearer admin-token"})
    response = connection.getresponse()
    assert response.read1() == b"first\n"  # and not both at the end
    assert response.read() == b"second\n"
    connection.close()


@pytest.mark.usefixtures("kubelet")
def test_what_the_kubelet_refuses_is_refused_with_its_reason(api: ApiServer, pods: str) -> None:
    answer = api.get(f"{pods}/p/log?previous=true")
    assert answer.status == 400 and "previous terminated container" in answer.body["message"]


def test_a_silent_kubelet_is_named(api: ApiServer, pods: str) -> None:
    api.post("/api/v1/nodes", {"metadata": {"name": "silent"}})
    address = {"type": "InternalIP", "address": api.address}
    status = {"addresses": [address], "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
    api.patch("/api/v1/nodes/silent/status", {"status": status}, "merge-patch")
    create_bound(api, pods, node="silent")
    answer = api.get(f"{pods}/p/log")
    assert answer.status == 503 and "node silent does not answer" in answer.body["message"]
    api.delete("/api/v1/nodes/silent")


def test_parameters_of_a_log_that_make_no_sense_are_named(api: ApiServer, pods: str) -> None:
    create_bound(api, pods)
    wrong = api.get(f"{pods}/p/log?tailLines=-1&sinceSeconds=0&sinceTime=2026-01-01T00:00:00Z")
    assert (wrong.status, wrong.body["reason"]) == (422, "Invalid")
    assert wrong.body["message"].startswith('PodLogOptions "p" is invalid: [')
    assert {cause["field"]: cause["message"] for cause in wrong.body["details"]["causes"]} == {
        "": "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        "sinceSeconds": "Invalid value: 0: must be greater than 0",
        "tailLines": "Invalid value: -1: must be greater than or equal to 0",
    }
    for query in ("tailLines=x", "sinceTime=yesterday"):
        assert api.get(f"{pods}/p/log?{query}").status == 400
