"""Whatever is sent gets an answer that says what is wrong with it, and does no harm that shows later.

A thousand requests, the same each time; ten thousand others:

    pytest --hypothesis-profile=thorough tests/lab/api/test_any_request.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPSConnection, RemoteDisconnected
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from kubelab.api.resources import RESOURCES, is_stored

from tests.conformance.demo import create_demo
from tests.conformance.replay import bundles

from .conftest import PORT, TOKEN, ApiServer, running
from .mutations import METADATA, TABLE, Request, manifests, recorded_requests, requests

REQUESTS = 1_000
ANSWER_S = 5.0
OPEN_PATHS = ("/healthz", "/livez", "/readyz", "/version")
PASSED_ON = {"attach", "exec", "log", "portforward"}
"""Subresources that a kubelet answers: 503 where there is none."""
TOLD_AS_500 = ("more than one PodDisruptionBudget", "container not found", "resourceVersion should not be set")
"""What Kubernetes itself answers with 500: to an eviction that two budgets cover, to exec where nothing runs, to an
object that is created with a resource version."""


class Client:
    """Sends anything; what does not come back within ANSWER_S is a failure."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._connection: HTTPSConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def send(self, request: Request) -> tuple[int, Any]:
        """Status and body: JSON decoded, None of what goes on streaming."""
        if self._connection is not None:
            try:
                return self._send(request, self._connection)
            except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()  # a server may close a kept connection at any time
        self._connection = HTTPSConnection(self._api.address, PORT, context=self._api.trust(), timeout=ANSWER_S)
        return self._send(request, self._connection)

    def _send(self, request: Request, connection: HTTPSConnection) -> tuple[int, Any]:
        path = quote(request.path, safe="/%") + (f"?{urlencode(request.query)}" if request.query else "")
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **request.headers}
        connection.request(request.method, path, request.raw, headers)
        response = connection.getresponse()
        if response.chunked and response.status == 200:
            self.close()  # a watch, which has begun
            return response.status, None
        text = response.read()
        if response.will_close:
            self.close()
        is_json = response.headers.get_content_type() == "application/json" and request.method != "HEAD"
        return response.status, json.loads(text) if is_json else text


@pytest.fixture(scope="module")
def battered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server with what the requests are about, for these tests alone."""
    with running(tmp_path_factory.mktemp("battered")) as api:
        create_demo(api, event_rows=[], more_events=1, bundles=bundles())
        api.post("/api/v1/namespaces", {"metadata": {"name": "answers"}})
        for request in (*recorded_requests(), *manifests()):
            if request.method == "POST":
                api.post(request.path, request.body, headers=request.headers)
        yield api


@pytest.fixture(scope="module")
def client(battered: ApiServer) -> Iterator[Client]:
    opened = Client(battered)
    yield opened
    opened.close()


@settings(
    max_examples=max(REQUESTS, settings.default.max_examples),
    derandomize=settings.default.max_examples < REQUESTS,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(request=requests())
def test_whatever_is_sent_gets_an_answer(client: Client, request: Request) -> None:
    try:
        status, body = client.send(request)
    except (OSError, ValueError):
        client.close()
        raise
    if not request.path.startswith(OPEN_PATHS):
        assert ("Authorization" not in request.headers) or status in (400, 401), body
    is_passed_on = not PASSED_ON.isdisjoint(request.path.split("/"))
    if status >= 500:
        known = (status == 503 and is_passed_on) or any(text in body["message"] for text in TOLD_AS_500)
        assert status == 504 or known, body
    if isinstance(body, dict) and status >= 400:
        assert (body["kind"], body["status"], body["code"]) == ("Status", "Failure", status)
        assert body["message"]


def collections() -> Iterator[str]:
    for resource in RESOURCES:
        if is_stored(resource):
            start = f"/apis/{resource.group}" if resource.group else "/api"
            yield f"{start}/{resource.version}/{resource.plural}"


def lists(api: ApiServer, accept: str) -> dict[str, Any]:
    answers = {url: api.get(url, headers={"Accept": accept}) for url in collections()}
    assert {url: answer.status for url, answer in answers.items()} == dict.fromkeys(answers, 200)
    return {url: answer.body for url, answer in answers.items()}


@pytest.mark.parametrize("accept", ["application/json", TABLE, METADATA])
def test_afterwards_everything_that_was_stored_can_be_shown(battered: ApiServer, accept: str) -> None:
    assert lists(battered, accept)["/api/v1/configmaps"]


def test_afterwards_the_server_starts_again_with_what_it_had(battered: ApiServer) -> None:
    before = lists(battered, "application/json")
    battered.stop()
    battered.start()
    assert lists(battered, "application/json") == before


def test_afterwards_the_log_tells_of_no_mistake(battered: ApiServer) -> None:
    assert "Traceback" not in battered.log.read_text(), battered.log.read_text()[-4000:]
