"""Services: addresses and node ports are given out once, kept, and given back."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from .conftest import ApiServer


@pytest.fixture
def services(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/services"


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def test_every_service_has_an_address_of_its_own(api: ApiServer, services: str) -> None:
    addresses = [api.post(services, service(f"s{number}")).body["spec"]["clusterIP"] for number in range(20)]
    assert len(set(addresses)) == 20
    assert all(IPv4Address(address) in IPv4Network(f"127.{api.block}.240.0/20") for address in addresses)


def test_a_chosen_address_is_given_if_it_is_free(api: ApiServer, services: str) -> None:
    wanted = f"127.{api.block}.255.7"
    assert api.post(services, service("a", clusterIP=wanted)).body["spec"]["clusterIPs"] == [wanted]
    assert "already allocated" in api.post(services, service("b", clusterIP=wanted)).body["message"]
    api.delete(f"{services}/a")
    assert api.post(services, service("c", clusterIP=wanted)).status == 201
    assert api.post(services, service("d", clusterIP="10.0.0.1")).status == 422
    assert api.post(services, service("e", clusterIP="nonsense")).status == 422


def test_node_ports_are_allocated_by_type(api: ApiServer, services: str) -> None:
    created = api.post(services, service("s", type="LoadBalancer")).body["spec"]
    port = created["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767 and created["externalTrafficPolicy"] == "Cluster"
    taken = api.post(services, service("t", type="NodePort", ports=[{"port": 80, "nodePort": port}]))
    assert "provided port is already allocated" in taken.body["message"]
    inside = api.patch(f"{services}/s", {"spec": {"type": "ClusterIP"}}).body["spec"]
    assert "nodePort" not in inside["ports"][0] and inside["clusterIP"] == created["clusterIP"]


def test_a_replacement_that_leaves_them_out_keeps_address_and_port(api: ApiServer, services: str) -> None:
    created = api.post(services, service("s", type="NodePort")).body["spec"]
    replaced = api.put(f"{services}/s", service("s", type="NodePort", selector={"a": "b"})).body["spec"]
    assert replaced["clusterIP"] == created["clusterIP"] and replaced["ports"] == created["ports"]
    changed = api.patch(f"{services}/s", {"spec": {"clusterIP": f"127.{api.block}.255.9"}})
    assert changed.status == 422 and "may not change once set" in changed.body["message"]


def test_headless_and_external_services_have_no_address(api: ApiServer, services: str) -> None:
    assert api.post(services, service("h", clusterIP="None")).body["spec"]["clusterIPs"] == ["None"]
    external = {"metadata": {"name": "e"}, "spec": {"type": "ExternalName", "externalName": "example.org"}}
    assert "clusterIP" not in api.post(services, external).body["spec"]
