"""The environment of a container."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.node.environment import MissingSource, Sources, environment, expand, service_variables

POD = {
    "metadata": {"name": "mongo-0", "namespace": "demo", "uid": "u", "labels": {"app": "db"}},
    "spec": {"nodeName": "node-1"},
    "status": {"podIP": "127.64.1.2", "hostIP": "127.64.0.10"},
}
SOURCES = Sources("demo", {"users": {"name": "admin", "password": "geheim"}}, {"settings": {"LEVEL": "3"}})


def env(*variables: dict[str, Any], **container: Any) -> dict[str, str]:
    return environment({"env": list(variables), **container}, POD, SOURCES, [])


def source(**reference: Any) -> dict[str, Any]:
    return {"name": "V", "valueFrom": reference}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(A)", "x1y1"),
        ("$$(A)", "$(A)"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$A ${A} $", "$A ${A} $"),
    ],
)
def test_expansion(text: str, expected: str) -> None:
    assert expand(text, {"A": "1"}) == expected


def test_a_variable_may_refer_to_those_before_it() -> None:
    assert env({"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(C)"}, {"name": "C"})["B"] == "1$(C)"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"secretKeyRef": {"name": "users", "key": "password"}}, "geheim"),
        ({"configMapKeyRef": {"name": "settings", "key": "LEVEL"}}, "3"),
        ({"fieldRef": {"fieldPath": "metadata.name"}}, "mongo-0"),
        ({"fieldRef": {"fieldPath": "metadata.labels['app']"}}, "db"),
        ({"fieldRef": {"fieldPath": "spec.nodeName"}}, "node-1"),
        ({"fieldRef": {"fieldPath": "status.podIP"}}, "127.64.1.2"),
    ],
)
def test_values_from_elsewhere(reference: dict[str, Any], expected: str) -> None:
    assert env(source(**reference))["V"] == expected


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"secretKeyRef": {"name": "none", "key": "k"}}, 'secret "none" not found'),
        ({"secretKeyRef": {"name": "users", "key": "k"}}, "couldn't find key k in Secret demo/users"),
        ({"configMapKeyRef": {"name": "settings", "key": "k"}}, "couldn't find key k in ConfigMap demo/settings"),
        ({"configMapKeyRef": {"name": "none", "key": "k"}}, 'configmap "none" not found'),
    ],
)
def test_what_is_missing_is_named_unless_it_is_optional(reference: dict[str, Any], message: str) -> None:
    with pytest.raises(MissingSource, match=message):
        env(source(**reference))
    (kind, where), *_ = reference.items()
    assert "V" not in env(source(**{kind: where | {"optional": True}}))


@pytest.mark.parametrize(
    ("amount", "divisor", "expected"),
    [
        ("70m", "1m", "70"),
        ("250m", "0", "1"),
        ("0.1", "1m", "100"),
        ("1Gi", "1Mi", "1024"),
        ("1500k", "1M", "2"),
        ("129e6", "1M", "129"),
        ("1Ki", "0", "1024"),
        ("1E", "1P", "1000"),
        ("1Ei", "1Pi", "1024"),
    ],
)
def test_an_amount_is_told_in_whole_units(amount: str, divisor: str, expected: str) -> None:
    reference = {"resource": "limits.cpu", "divisor": divisor}
    assert env(source(resourceFieldRef=reference), resources={"limits": {"cpu": amount}})["V"] == expected


def test_whole_sources_come_before_single_variables() -> None:
    found = env({"name": "LEVEL", "value": "9"}, envFrom=[{"configMapRef": {"name": "settings"}, "prefix": ""}])
    assert found == {"LEVEL": "9"}
    assert env(envFrom=[{"secretRef": {"name": "users"}, "prefix": "DB_"}])["DB_name"] == "admin"


def service(name: str, namespace: str = "demo") -> dict[str, Any]:
    ports = [{"port": 27017, "name": "db", "protocol": "TCP"}]
    metadata = {"name": name, "namespace": namespace}
    return {"metadata": metadata, "spec": {"clusterIP": "127.64.240.7", "ports": ports}}


def test_services_of_the_namespace_are_announced() -> None:
    assert service_variables([service("my-db"), service("other", "elsewhere")], "demo", links=True) == {
        "MY_DB_SERVICE_HOST": "127.64.240.7",
        "MY_DB_SERVICE_PORT": "27017",
        "MY_DB_SERVICE_PORT_DB": "27017",
        "MY_DB_PORT": "tcp://127.64.240.7:27017",
        "MY_DB_PORT_27017_TCP": "tcp://127.64.240.7:27017",
        "MY_DB_PORT_27017_TCP_PROTO": "tcp",
        "MY_DB_PORT_27017_TCP_PORT": "27017",
        "MY_DB_PORT_27017_TCP_ADDR": "127.64.240.7",
    }


def test_without_links_only_the_api_server_is_announced() -> None:
    found = service_variables([service("db"), service("kubernetes", "default")], "demo", links=False)
    assert set(found) >= {"KUBERNETES_SERVICE_HOST"}
    assert not any(name.startswith("DB_") for name in found)
