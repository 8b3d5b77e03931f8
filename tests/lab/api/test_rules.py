"""What a rule of a role allows, and what a request asks for. Pure tables."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.api.authorization.attributes import Attributes, attributes_of
from kubelab.api.authorization.rules import Rule
from kubelab.api.target import split

PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
EXEC = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
NAMED = {"apiGroups": ["apps"], "resources": ["statefulsets"], "resourceNames": ["mongo"], "verbs": ["get", "list"]}
SCALES = {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["patch"]}
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
PATHS = {"nonResourceURLs": ["/version", "/openapi/*"], "verbs": ["get"]}


def asked(verb: str, resource: str, group: str = "", name: str = "") -> Attributes:
    plural, _, part = resource.partition("/")
    return Attributes(verb, "pacman", group, "v1", plural, part, name)


@pytest.mark.parametrize(
    ("rule", "wanted", "allowed"),
    [
        (PODS, asked("list", "pods"), True),
        (PODS, asked("watch", "pods"), False),
        (PODS, asked("get", "pods", name="mongo-0"), True),
        (PODS, asked("list", "pods", "metrics.k8s.io"), False),
        (PODS, asked("get", "secrets"), False),
        (PODS, asked("get", "pods/log"), False),
        (PODS, Attributes("get", path="/api"), False),
        (EXEC, asked("create", "pods/exec", name="mongo-0"), True),
        (EXEC, asked("create", "pods"), False),
        (EXEC, asked("get", "pods/exec"), False),
        (NAMED, asked("get", "statefulsets", "apps", "mongo"), True),
        (NAMED, asked("get", "statefulsets", "apps", "other"), False),
        (NAMED, asked("list", "statefulsets", "apps"), False),
        (NAMED, asked("get", "statefulsets", "", "mongo"), False),
        (SCALES, asked("patch", "statefulsets/scale", "apps"), True),
        (SCALES, asked("patch", "statefulsets", "apps"), False),
        (SCALES, asked("patch", "statefulsets/status", "apps"), False),
        (EVERYTHING, asked("deletecollection", "pods/exec", "any"), True),
        (EVERYTHING, Attributes("get", path="/version"), False),
        (PATHS, Attributes("get", path="/version"), True),
        (PATHS, Attributes("get", path="/version/"), False),
        (PATHS, Attributes("post", path="/version"), False),
        (PATHS, Attributes("get", path="/openapi/v3/api/v1"), True),
        (PATHS, Attributes("get", path="/openapi"), False),
        (PATHS, asked("get", "pods"), False),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, Attributes("delete", path="/logs"), True),
        ({"apiGroups": [""], "resources": ["pods"]}, asked("get", "pods"), False),
        ({}, asked("get", "pods"), False),
    ],
)
def test_a_rule_allows(rule: dict[str, Any], wanted: Attributes, allowed: bool) -> None:
    assert Rule.of(rule).allows(wanted) is allowed


SPACE = "/api/v1/namespaces/pacman"


@pytest.mark.parametrize(
    ("method", "path", "query", "told"),
    [
        ("GET", f"{SPACE}/pods", {}, "list pods"),
        ("HEAD", f"{SPACE}/pods/mongo-0", {}, "get pods mongo-0"),
        ("GET", f"{SPACE}/pods", {"watch": "true"}, "watch pods"),
        ("GET", f"{SPACE}/pods", {"watch": ""}, "watch pods"),
        ("GET", f"{SPACE}/pods", {"watch": "0"}, "list pods"),
        ("GET", f"{SPACE}/pods", {"watch": "1", "fieldSelector": "metadata.name=mongo-0"}, "watch pods mongo-0"),
        ("GET", f"{SPACE}/pods", {"fieldSelector": "a=b,metadata.name==mongo-0"}, "list pods mongo-0"),
        ("GET", f"{SPACE}/pods", {"fieldSelector": "metadata.name!=mongo-0"}, "list pods"),
        ("GET", f"{SPACE}/pods/mongo-0", {"watch": "true"}, "get pods mongo-0"),
        ("POST", f"{SPACE}/pods", {}, "create pods"),
        ("PUT", f"{SPACE}/pods/mongo-0/status", {}, "update pods/status mongo-0"),
        ("PATCH", f"{SPACE}/pods/mongo-0", {}, "patch pods mongo-0"),
        ("DELETE", f"{SPACE}/pods/mongo-0", {}, "delete pods mongo-0"),
        ("DELETE", f"{SPACE}/pods", {}, "deletecollection pods"),
        ("GET", f"{SPACE}/pods/mongo-0/exec", {"command": "true"}, "get pods/exec mongo-0"),
        ("POST", f"{SPACE}/pods/mongo-0/exec", {}, "create pods/exec mongo-0"),
        ("POST", f"{SPACE}/pods/mongo-0/eviction", {}, "create pods/eviction mongo-0"),
        ("GET", f"{SPACE}/pods/mongo-0/log", {"follow": "true"}, "get pods/log mongo-0"),
        ("GET", f"{SPACE}/nothings/x/y/z", {}, "get nothings/y x"),
        ("GET", SPACE, {}, "get namespaces pacman"),
        ("PUT", f"{SPACE}/finalize", {}, "update namespaces/finalize pacman"),
        ("PUT", f"{SPACE}/status", {}, "update namespaces/status pacman"),
    ],
)
def test_what_a_request_in_a_namespace_asks_for(method: str, path: str, query: dict[str, str], told: str) -> None:
    found = attributes_of(method, path, split(path), query)
    assert f"{found.verb} {found.full_resource} {found.name}".rstrip() == told
    assert (found.namespace, found.group, found.version, found.path) == ("pacman", "", "v1", "")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/nodes", Attributes("list", "", "", "v1", "nodes")),
        ("/api/v1/namespaces", Attributes("list", "", "", "v1", "namespaces")),
        (
            "/apis/apps/v1/namespaces/pacman/statefulsets/mongo/scale",
            Attributes("get", "pacman", "apps", "v1", "statefulsets", "scale", "mongo"),
        ),
        ("/apis/apps/v1", Attributes("get", path="/apis/apps/v1")),
        ("/api/v1", Attributes("get", path="/api/v1")),
        ("/", Attributes("get", path="/")),
        ("/openapi/v3/api/v1", Attributes("get", path="/openapi/v3/api/v1")),
    ],
)
def test_what_a_get_asks_for(path: str, expected: Attributes) -> None:
    assert attributes_of("GET", path, split(path), {}) == expected
