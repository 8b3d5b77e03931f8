"""Bad input: always a Status that says why, never an internal error, and the server answers afterwards."""

from __future__ import annotations

import json
import string
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Answer, ApiServer
from .test_kubectl import OBJECTS

DEFAULT = "/api/v1/namespaces/default"


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer nobody", "Basic YWRtaW46YWRtaW4=", "admin-token"])
def test_nobody_without_a_known_token_is_let_in(api: ApiServer, header: str) -> None:
    for path in ("/api/v1/pods", "/api", "/", "/nothing"):
        answer = api.get(path, headers={"Authorization": header})
        assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")


def test_health_needs_no_token(api: ApiServer) -> None:
    for path in ("/healthz", "/livez", "/readyz"):
        assert api.get(path, headers={"Authorization": ""}).body == "ok"


@pytest.mark.parametrize("name", ["..", "../x", "%2e%2e", "a/b", "%00", "ä", "x" * 300, "-a", "A"])
def test_a_name_that_is_no_name_finds_and_creates_nothing(api: ApiServer, name: str) -> None:
    assert api.get(f"{DEFAULT}/configmaps/{quote(name, safe='%')}").status == 404
    assert api.post(f"{DEFAULT}/configmaps", {"metadata": {"name": name}}).status == 422


def test_a_body_that_is_too_large_is_refused(api: ApiServer) -> None:
    body = {"metadata": {"name": "big"}, "data": {"k": "x" * 3_200_000}}
    assert api.post(f"{DEFAULT}/configmaps", body).body["reason"] == "RequestEntityTooLarge"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b"{"])
@pytest.mark.parametrize("content_type", ["application/json", "application/yaml", "application/merge-patch+json"])
def test_a_body_that_is_no_object_is_refused(api: ApiServer, body: bytes, content_type: str) -> None:
    method, path = ("PATCH", "/namespaces/default") if "patch" in content_type else ("POST", "/namespaces")
    answer = api.call(method, "/api/v1" + path, body, content_type=content_type)
    assert answer.status in (400, 413, 415), answer.body


def test_a_number_without_end_is_no_quantity(api: ApiServer) -> None:
    resources = {"requests": {"cpu": "1" * 1_000_000 + "x"}}
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}}
    assert api.post(f"{DEFAULT}/pods", pod).status == 400


def test_yaml_cannot_be_made_to_grow(api: ApiServer) -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    bomb = f"a0: &a0 [x]\n{levels}\n".encode()
    assert api.call("POST", f"{DEFAULT}/configmaps", bomb, content_type="application/yaml").status == 400


def test_yaml_is_read_as_the_json_that_it_means(api: ApiServer, namespace: str) -> None:
    text = b"metadata:\n  name: y\ndata:\n  day: '2026-11-23'\n  flag: 'true'\n"
    answer = api.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", text, content_type="application/yaml")
    assert answer.body["data"] == {"day": "2026-11-23", "flag": "true"}


# Many requests, nearly right

PATHS = [
    "/api/v1/namespaces/default/{plural}",
    "/api/v1/namespaces/default/{plural}/{name}",
    "/apis/apps/v1/namespaces/default/{plural}/{name}",
    "/apis/apps/v1/namespaces/default/{plural}/{name}/{sub}",
    "/api/v1/namespaces/default/{plural}/{name}/{sub}",
    "/api/v1/{plural}",
    "/apis/policy/v1/{plural}",
]
PLURALS = [
    "pods",
    "services",
    "configmaps",
    "deployments",
    "statefulsets",
    "secrets",
    "persistentvolumeclaims",
    "nodes",
]
SUBS = ["status", "scale", "log", "binding", "eviction", "finalize", "x"]
TYPES = [
    "application/json",
    "application/yaml",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/strategic-merge-patch+json",
    "text/plain",
]
NAMES = st.sampled_from(["web", "settings", "db", "x", "%20"]) | st.text(string.printable, max_size=8).map(quote)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PARAMETERS = (
    *("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "dryRun"),
    *("fieldValidation", "propagationPolicy", "gracePeriodSeconds", "includeObject", "sendInitialEvents"),
)
VALUES = ["1", "0", "-1", "All", "Strict", "a=b", "a in (b", "true", "NotOlderThan", "Exact", "Orphan", "!"]
QUERIES = st.dictionaries(st.sampled_from(PARAMETERS), st.sampled_from(VALUES) | st.text(max_size=6), max_size=3)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """An object of the manifest with one value replaced by anything, or a patch of it."""
    document = json.loads(json.dumps(draw(st.sampled_from(OBJECTS))))
    current: Any = document
    for _ in range(draw(st.integers(0, 7))):
        keys = list(current) if isinstance(current, dict) else list(range(len(current)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if not isinstance(current[key], dict | list) or not current[key]:
            current[key] = draw(JSON)
            break
        current = current[key]
    else:
        if isinstance(current, dict):
            current[draw(st.text(max_size=5))] = draw(JSON)
        else:
            current.append(draw(JSON))
    return document


OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
            "path": st.sampled_from(
                ["/spec", "/metadata", "/metadata/labels", "/spec/ports/0", "/kind", "", "/-", "/a~2"]
            ),
            "from": st.sampled_from(["/spec", "/metadata/name", ""]),
            "value": JSON,
        }
    ),
    max_size=3,
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    path=st.sampled_from(PATHS),
    plural=st.sampled_from(PLURALS),
    name=NAMES,
    sub=st.sampled_from(SUBS),
    content_type=st.sampled_from(TYPES),
    query=QUERIES,
    body=mutated() | OPERATIONS | JSON,
)
def test_whatever_is_sent_gets_an_answer(
    api: ApiServer,
    method: str,
    path: str,
    plural: str,
    name: str,
    sub: str,
    content_type: str,
    query: dict[str, str],
    body: Any,
) -> None:
    url = path.format(plural=plural, name=name or "x", sub=sub)
    parameters = "&".join(f"{key}={quote(value)}" for key, value in query.items())
    if method in ("HEAD", "OPTIONS"):
        answer: Answer = api.call(method, url)
    else:
        answer = api.call(method, f"{url}?{parameters}", None if method == "GET" else body, content_type=content_type)
    assert answer.status < 500 or answer.status == 504, answer.body
    if answer.status >= 400 and method != "HEAD" and isinstance(answer.body, dict):
        assert answer.body["kind"] == "Status" and answer.body["message"]
