"""The audit log: what it says of each request, and that nothing depends on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.asking import until

from .conftest import WITHOUT_ACCOUNTS, ApiServer, running

ME = {"username": "admin", "groups": ["system:masters", "system:authenticated"]}


class Audited:
    def __init__(self, api: ApiServer, log: Path) -> None:
        self.api = api
        self.log = log

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def told(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """The last event of a request."""
        before = len(self.events())
        self.api.call(method, path, body, **options)
        events: list[dict[str, Any]] = until(lambda: self.events()[before:], 5)
        return events[-1]


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    log = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    with running(tmp_path_factory.mktemp("state"), (*WITHOUT_ACCOUNTS, "--audit-log", str(log))) as api:
        yield Audited(api, log)
        assert "Traceback" not in api.log.read_text()


def test_a_request_is_one_line_that_says_who_asked_for_what_and_what_came_of_it(audited: Audited) -> None:
    body = {"metadata": {"name": "c"}, "data": {"k": "never to be told"}}
    event = audited.told("POST", "/api/v1/namespaces/default/configmaps?fieldManager=me", body)
    assert (event["kind"], event["apiVersion"], event["level"]) == ("Event", "audit.k8s.io/v1", "Metadata")
    assert (event["stage"], event["verb"], event["user"]) == ("ResponseComplete", "create", ME)
    assert event["requestURI"] == "/api/v1/namespaces/default/configmaps?fieldManager=me"
    assert event["objectRef"] == {"resource": "configmaps", "namespace": "default", "apiVersion": "v1"}
    assert event["responseStatus"]["code"] == 201
    assert event["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert event["requestReceivedTimestamp"] <= event["stageTimestamp"]
    written = audited.log.read_text()
    assert "never to be told" not in written and "admin-token" not in written


def test_a_refusal_says_that_it_was_one_and_for_whom_somebody_spoke(audited: Audited) -> None:
    path = "/apis/apps/v1/namespaces/default/statefulsets/mongo/scale"
    event = audited.told("PATCH", path, {}, headers={"Impersonate-User": "jane"})
    assert (event["user"], event["impersonatedUser"]["username"]) == (ME, "jane")
    assert event["objectRef"] == {
        "resource": "statefulsets",
        "namespace": "default",
        "name": "mongo",
        "apiGroup": "apps",
        "apiVersion": "v1",
        "subresource": "scale",
    }
    assert event["responseStatus"]["code"] == 403
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"


def test_who_may_by_a_role_is_told_with_the_binding(audited: Audited) -> None:
    event = audited.told("GET", "/apis", headers={"Impersonate-User": "jane"})
    assert "objectRef" not in event
    assert event["annotations"]["authorization.k8s.io/reason"] == (
        'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" '
        'to Group "system:authenticated"'
    )


def test_nobody_is_told_of_as_nobody(audited: Audited) -> None:
    event = audited.told("GET", "/api/v1/pods", headers={"Authorization": "Bearer wrong"})
    assert (event["user"], event["responseStatus"]["code"]) == ({}, 401)
    assert "wrong" not in json.dumps(event)


def test_a_watch_is_told_of_when_it_begins_and_when_it_ends(audited: Audited) -> None:
    connection = audited.api.connection()
    connection.request("GET", "/api/v1/pods?watch=true", headers={"Authorization": "Bearer admin-token"})

    def of_watch() -> list[dict[str, Any]]:
        return [event for event in audited.events() if event["verb"] == "watch"]

    (began,) = until(of_watch, 5)
    assert (began["stage"], "responseStatus" in began) == ("ResponseStarted", False)
    connection.close()
    until(lambda: len(of_watch()) == 2, 5)
    assert (of_watch()[1]["stage"], of_watch()[1]["auditID"]) == ("ResponseComplete", began["auditID"])


def test_a_log_that_cannot_be_written_stops_no_request(tmp_path: Path) -> None:
    with running(tmp_path / "state", (*WITHOUT_ACCOUNTS, "--audit-log", "/dev/full")) as api:
        assert [api.get("/api/v1/nodes").status for _ in range(3)] == [200] * 3
        assert api.log.read_text().count("cannot write the audit log /dev/full: No space left on device") == 1
