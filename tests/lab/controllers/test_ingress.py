"""Ingress: which requests go where, and what the status says."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.controllers.httproutes import Backend, HttpRoutes
from kubelab.controllers.ingress import reconcile

from .objects import events, meta, written_status

ADDRESS = "127.64.0.2"


def ingress(*rules: tuple[str, str, str, str], name: str = "web", default: str = "", **spec: Any) -> dict[str, Any]:
    """rules: host, path type, path and Service."""
    made = []
    for host, path_type, path, service in rules:
        backend = {"service": {"name": service, "port": {"number": 80}}}
        http = {"paths": [{"path": path, "pathType": path_type, "backend": backend}]}
        made.append(({"host": host} if host else {}) | {"http": http})
    if default:
        spec["defaultBackend"] = {"service": {"name": default, "port": {"name": "http"}}}
    wanted = ({"rules": made} if made else {}) | spec
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta(name), "spec": wanted}


def service_for(url: str, *ingresses: dict[str, Any]) -> str | None:
    """url: host and path."""
    host, slash, path = url.partition("/")
    found = HttpRoutes(ingresses).find(host, slash + path)
    return found.service[1] if found else None


@pytest.mark.parametrize(
    ("path_type", "path", "asked", "matches"),
    [
        ("Prefix", "/", "/any/thing", True),
        ("Prefix", "/foo", "/foo", True),
        ("Prefix", "/foo", "/foo/", True),
        ("Prefix", "/foo/", "/foo", True),
        ("Prefix", "/aaa/bb", "/aaa/bbb", False),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", True),
        ("Prefix", "/aaa/bbb", "/aaa", False),
        ("Exact", "/foo", "/foo", True),
        ("Exact", "/foo", "/foo/", False),
        ("Exact", "/foo/", "/foo", False),
        ("Exact", "/foo", "/bar", False),
        ("ImplementationSpecific", "/foo", "/foo/bar", True),
    ],
)
def test_paths_match_as_the_documentation_says(path_type: str, path: str, asked: str, matches: bool) -> None:
    assert (service_for(f"a.com{asked}", ingress(("a.com", path_type, path, "web"))) == "web") is matches


def test_the_longest_path_decides_and_the_exact_one_before_a_prefix_as_long() -> None:
    paths = [("Prefix", "/", "root"), ("Prefix", "/api", "api"), ("Exact", "/api", "exact")]
    found = ingress(*(("a.com", *rule) for rule in paths))
    assert [service_for(f"a.com{path}", found) for path in ("/", "/api", "/api/x")] == ["root", "exact", "api"]


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("a.com", "name"),
        ("A.com:8080", "name"),
        ("b.a.com", "wildcard"),
        ("c.b.a.com", "any"),
        ("other.org", "any"),
        ("127.0.0.1:80", "any"),
        ("[::1]", "any"),
        ("", "any"),
    ],
)
def test_the_most_specific_host_decides(host: str, service: str) -> None:
    rules = [("", "any"), ("*.a.com", "wildcard"), ("a.com", "name")]
    assert service_for(f"{host}/", ingress(*((h, "Prefix", "/", s) for h, s in rules))) == service


def test_a_host_with_rules_does_not_fall_back_to_those_without_a_host() -> None:
    found = ingress(("a.com", "Prefix", "/api", "api"), ("", "Prefix", "/", "any"))
    assert service_for("a.com/", found) is None


def test_what_no_rule_wants_goes_to_the_default_backend() -> None:
    found = ingress(("a.com", "Prefix", "/api", "api"), default="rest")
    assert service_for("a.com/", found) == service_for("b.com/", found) == "rest"
    assert HttpRoutes([found]).find("b.com", "/") == Backend(("demo", "rest"), "http")


def test_of_two_rules_alike_the_older_ingress_has_its_way() -> None:
    old, new = (ingress(("a.com", "Prefix", "/", name), name=name) for name in ("old", "new"))
    new["metadata"]["creationTimestamp"] = "2026-11-23T11:30:00Z"
    assert service_for("a.com/", new, old) == "old"


class TestClass:
    @pytest.mark.parametrize(("name", "served"), [(None, True), ("kubelab", True), ("nginx", False)])
    def test_others_are_left_alone(self, name: str | None, served: bool) -> None:
        found = ingress(("a.com", "Prefix", "/", "web"), **({"ingressClassName": name} if name else {}))
        assert (service_for("a.com/", found) == "web") is served
        assert bool(reconcile(found, ADDRESS)) is served


def test_the_status_has_the_address_once() -> None:
    found = ingress(("a.com", "Prefix", "/", "web"))
    changes = reconcile(found, ADDRESS)
    found["status"] = written_status(changes)
    assert found["status"] == {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}
    assert events(changes) == [f"Sync: Served at {ADDRESS}"]
    assert reconcile(found, ADDRESS) == []


def test_an_ingress_that_goes_to_another_class_loses_the_address() -> None:
    found = ingress(("a.com", "Prefix", "/", "web"), ingressClassName="nginx")
    found["status"] = {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}
    assert written_status(reconcile(found, ADDRESS)) == {"loadBalancer": {"ingress": []}}
