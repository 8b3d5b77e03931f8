"""Ingresses and their classes. https://kubernetes.io/docs/concepts/services-networking/ingress/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster

Object = dict[str, Any]

BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


@pytest.fixture
def ingresses(namespace: str) -> str:
    """The path of the ingresses in the case's namespace."""
    return f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"


@pytest.fixture
def default_class(cluster: Cluster) -> Iterator[str]:
    """The name of a class that Ingresses get which do not ask for one; nobody serves it."""
    others = cluster.read("/apis/networking.k8s.io/v1/ingressclasses")["items"]
    if any((one["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true" for one in others):
        pytest.skip("there is another default class")
    metadata = {"generateName": "conformance-", "annotations": {DEFAULT_CLASS: "true"}}
    made = {"metadata": metadata, "spec": {"controller": "example.org/none"}}
    name = cluster.make("/apis/networking.k8s.io/v1/ingressclasses", made)["metadata"]["name"]
    yield name
    cluster.delete(f"/apis/networking.k8s.io/v1/ingressclasses/{name}")


def path(kind: str | None = "Prefix", where: str | None = "/", backend: Object = BACKEND) -> Object:
    found = {"path": where, "pathType": kind, "backend": backend}
    return {key: value for key, value in found.items() if value is not None}


def ingress(*paths: Object, **rule: Any) -> Object:
    """One rule with these paths, of a class that nobody serves."""
    http = {"paths": list(paths or (path(),))}
    return {"metadata": {"name": "web"}, "spec": {"ingressClassName": "none", "rules": [{"http": http, **rule}]}}


@pytest.mark.parametrize("kind", ["Exact", "ImplementationSpecific", "Prefix"])
def test_a_rule_leads_from_a_path_to_a_service(cluster: Cluster, ingresses: str, kind: str) -> None:
    made = cluster.make(ingresses, ingress(path(kind), host="web.example.org"))
    assert made["spec"]["rules"] == [{"host": "web.example.org", "http": {"paths": [path(kind)]}}]
    assert made["status"] == {"loadBalancer": {}}


def test_the_service_need_not_be_there(cluster: Cluster, namespace: str) -> None:
    api = client.NetworkingV1Api(cluster.connection)
    api.create_namespaced_ingress(namespace, ingress())
    (found,) = api.list_namespaced_ingress(namespace).items
    assert found.spec.rules[0].http.paths[0].backend.service.name == "web"


def test_a_port_may_be_called_by_its_name(cluster: Cluster, ingresses: str) -> None:
    named = {"service": {"name": "web", "port": {"name": "http"}}}
    made = cluster.make(ingresses, ingress(path(backend=named)))
    assert made["spec"]["rules"][0]["http"]["paths"][0]["backend"] == named


def test_one_backend_for_everything_needs_no_rules(cluster: Cluster, ingresses: str) -> None:
    made = {"metadata": {"name": "all"}, "spec": {"defaultBackend": BACKEND}}
    assert cluster.make(ingresses, made)["spec"]["defaultBackend"] == BACKEND


def test_a_path_may_be_left_open_if_its_meaning_is(cluster: Cluster, ingresses: str) -> None:
    assert cluster.post(ingresses, ingress(path("ImplementationSpecific", None))).status == 201


PATHS = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (ingress(path(None)), (f"{PATHS}.pathType", "FieldValueRequired")),
        (ingress(path("Regex")), (f"{PATHS}.pathType", "FieldValueNotSupported")),
        (ingress(path(where="web")), (f"{PATHS}.path", "FieldValueInvalid")),
        (ingress(path(where="/a//b")), (f"{PATHS}.path", "FieldValueInvalid")),
        (ingress(path(where="/a/../b")), (f"{PATHS}.path", "FieldValueInvalid")),
        (ingress(path("Exact", None)), (f"{PATHS}.path", "FieldValueInvalid")),
        (
            ingress(path(backend={"service": {"port": {"number": 80}}})),
            (f"{PATHS}.backend.service.name", "FieldValueRequired"),
        ),
        (ingress(path(backend={"service": {"name": "web"}})), (f"{PATHS}.backend", "FieldValueRequired")),
        (ingress(host="192.0.2.1"), ("spec.rules[0].host", "FieldValueInvalid")),
        (ingress(host="web.example.org:80"), ("spec.rules[0].host", "FieldValueInvalid")),
        (ingress(host="web.*.org"), ("spec.rules[0].host", "FieldValueInvalid")),
    ],
    ids=[
        "no type of path",
        "unknown type of path",
        "relative path",
        "empty step",
        "step back",
        "no path",
        "no service",
        "no port",
        "address for a host",
        "port in a host",
        "star inside a host",
    ],
)
def test_an_ingress_that_leads_nowhere_is_invalid(
    cluster: Cluster, ingresses: str, wrong: Object, cause: tuple[str, str]
) -> None:
    answer = cluster.post(ingresses, wrong)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert cause in answer.causes


def test_all_hosts_below_one_are_meant_by_a_star(cluster: Cluster, ingresses: str) -> None:
    assert cluster.post(ingresses, ingress(host="*.example.org")).status == 201


def test_an_ingress_gets_the_default_class(cluster: Cluster, ingresses: str, default_class: str) -> None:
    made = ingress()
    del made["spec"]["ingressClassName"]
    assert cluster.make(ingresses, made)["spec"]["ingressClassName"] == default_class


def test_an_ingress_keeps_the_class_it_asks_for(cluster: Cluster, ingresses: str, default_class: str) -> None:
    assert default_class
    assert cluster.make(ingresses, ingress())["spec"]["ingressClassName"] == "none"


def test_a_change_of_rules_is_a_new_generation(cluster: Cluster, ingresses: str) -> None:
    made = cluster.make(ingresses, ingress())
    labelled = cluster.patch(f"{ingresses}/web", {"metadata": {"labels": {"a": "b"}}}).body
    changed = cluster.patch(f"{ingresses}/web", {"spec": {"rules": ingress(path(where="/a"))["spec"]["rules"]}}).body
    assert [one["metadata"]["generation"] for one in (made, labelled, changed)] == [1, 1, 2]


def test_who_serves_an_ingress_says_where(cluster: Cluster, ingresses: str) -> None:
    cluster.make(ingresses, ingress())
    told = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}, "spec": {"rules": []}}
    answer = cluster.patch(f"{ingresses}/web/status", told)
    assert answer.status == 200, answer.body
    assert answer.body["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.9"
    assert len(answer.body["spec"]["rules"]) == 1


def test_the_controller_of_a_class_does_not_change(cluster: Cluster, default_class: str) -> None:
    where = f"/apis/networking.k8s.io/v1/ingressclasses/{default_class}"
    answer = cluster.patch(where, {"spec": {"controller": "example.org/other"}})
    assert (answer.status, answer.causes) == (422, [("spec.controller", "FieldValueInvalid")])
