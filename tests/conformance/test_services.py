"""Services: addresses, ports, rules. https://kubernetes.io/docs/concepts/services-networking/service/"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from .conftest import Cluster

Object = dict[str, Any]

NODE_PORTS = range(30000, 32768)
"""The default of a cluster."""


def service(name: str = "web", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


@pytest.fixture
def services(core: str) -> str:
    """The path of the services in the case's namespace."""
    return f"{core}/services"


def node_ports(made: Object) -> list[int]:
    return [port["nodePort"] for port in made["spec"]["ports"] if "nodePort" in port]


# Defaults


def test_a_service_listens_in_the_cluster_on_tcp(cluster: Cluster, services: str) -> None:
    spec = cluster.make(services, service(selector={"app": "web"}))["spec"]
    assert (spec["type"], spec["sessionAffinity"], spec["internalTrafficPolicy"]) == ("ClusterIP", "None", "Cluster")
    assert spec["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 80}]
    assert "externalTrafficPolicy" not in spec


def test_session_affinity_lasts_three_hours(cluster: Cluster, services: str) -> None:
    spec = cluster.make(services, service(sessionAffinity="ClientIP"))["spec"]
    assert spec["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}


# Cluster addresses


def test_every_service_gets_an_address_of_its_own(cluster: Cluster, namespace: str) -> None:
    made = [cluster.core.create_namespaced_service(namespace, service(f"s{number}")).spec for number in range(5)]
    assert len({ip_address(spec.cluster_ip) for spec in made}) == 5
    assert all(spec.cluster_ips[0] == spec.cluster_ip for spec in made)


def test_a_headless_service_has_none(cluster: Cluster, services: str) -> None:
    spec = cluster.make(services, service(clusterIP="None"))["spec"]
    assert (spec["clusterIP"], spec["clusterIPs"]) == ("None", ["None"])


def test_a_headless_service_needs_no_ports(cluster: Cluster, services: str) -> None:
    assert cluster.post(services, service(clusterIP="None", ports=[])).status == 201


def test_an_address_does_not_change(cluster: Cluster, services: str) -> None:
    made = cluster.make(services, service())
    changed = made["spec"] | {"clusterIP": "None", "clusterIPs": ["None"]}
    answer = cluster.put(f"{services}/web", made | {"spec": changed})
    assert answer.status == 422
    assert ("spec.clusterIPs[0]", "FieldValueInvalid") in answer.causes


def test_who_replaces_a_service_without_its_address_leaves_it_as_it_is(cluster: Cluster, services: str) -> None:
    made = cluster.make(services, service())
    replaced = cluster.put(f"{services}/web", service(ports=[{"port": 81}]))
    assert replaced.status == 200, replaced.body
    assert replaced.body["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    assert replaced.body["spec"]["ports"][0]["port"] == 81


def test_an_address_that_is_taken_is_refused(cluster: Cluster, services: str) -> None:
    taken = cluster.make(services, service())["spec"]["clusterIP"]
    answer = cluster.post(services, service("other", clusterIP=taken))
    assert (answer.status, answer.causes) == (422, [("spec.clusterIPs", "FieldValueInvalid")])
    assert "already allocated" in answer.body["message"]


def test_an_address_that_was_given_back_can_be_asked_for(cluster: Cluster, services: str) -> None:
    free = cluster.make(services, service())["spec"]["clusterIP"]
    cluster.delete(f"{services}/web")
    made = cluster.make(services, service("other", clusterIP=free))
    assert made["spec"]["clusterIP"] == free


def test_an_address_from_elsewhere_is_refused(cluster: Cluster, services: str) -> None:
    answer = cluster.post(services, service(clusterIP="192.0.2.1"))
    assert (answer.status, answer.causes) == (422, [("spec.clusterIPs", "FieldValueInvalid")])


def test_an_address_must_be_one(cluster: Cluster, services: str) -> None:
    answer = cluster.post(services, service(clusterIP="web"))
    assert answer.status == 422
    assert ("spec.clusterIPs[0]", "FieldValueInvalid") in answer.causes


def test_a_dry_run_takes_no_address(cluster: Cluster, services: str) -> None:
    tried = cluster.make(services, service(), dryRun="All")["spec"]
    assert ip_address(tried["clusterIP"])
    assert cluster.post(services, service("other", clusterIP=tried["clusterIP"])).status == 201


# Node ports


def test_a_node_port_is_given_from_the_range(cluster: Cluster, namespace: str) -> None:
    two = service(type="NodePort", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}])
    made = cluster.core.create_namespaced_service(namespace, two)
    found = [port.node_port for port in made.spec.ports]
    assert len(set(found)) == 2
    assert all(number in NODE_PORTS for number in found)
    assert made.spec.external_traffic_policy == "Cluster"
    assert made.spec.cluster_ip


def test_a_balanced_service_has_node_ports_too(cluster: Cluster, services: str) -> None:
    made = cluster.make(services, service(type="LoadBalancer"))
    assert node_ports(made)[0] in NODE_PORTS
    assert made["spec"]["allocateLoadBalancerNodePorts"] is True


def test_a_balanced_service_can_do_without_node_ports(cluster: Cluster, services: str) -> None:
    assert node_ports(cluster.make(services, service(type="LoadBalancer", allocateLoadBalancerNodePorts=False))) == []


def test_a_node_port_is_kept_by_who_replaces_the_service_without_it(cluster: Cluster, services: str) -> None:
    made = cluster.make(services, service(type="NodePort"))
    replaced = cluster.put(f"{services}/web", service(type="NodePort", selector={"app": "web"}))
    assert replaced.status == 200, replaced.body
    assert node_ports(replaced.body) == node_ports(made)


def test_a_node_port_that_is_taken_is_refused(cluster: Cluster, services: str) -> None:
    (taken,) = node_ports(cluster.make(services, service(type="NodePort")))
    answer = cluster.post(services, service("other", type="NodePort", ports=[{"port": 80, "nodePort": taken}]))
    assert (answer.status, answer.causes) == (422, [("spec.ports[0].nodePort", "FieldValueInvalid")])
    assert "already allocated" in answer.body["message"]


def test_only_services_that_are_reached_by_nodes_have_node_ports(cluster: Cluster, services: str) -> None:
    answer = cluster.post(services, service(ports=[{"port": 80, "nodePort": 30080}]))
    assert (answer.status, answer.causes) == (422, [("spec.ports[0].nodePort", "FieldValueForbidden")])


def test_a_service_that_becomes_reached_by_nodes_gets_node_ports_and_loses_them_again(
    cluster: Cluster, namespace: str
) -> None:
    made = cluster.core.create_namespaced_service(namespace, service())
    opened = cluster.core.patch_namespaced_service("web", namespace, {"spec": {"type": "NodePort"}})
    closed = cluster.core.patch_namespaced_service("web", namespace, {"spec": {"type": "ClusterIP"}})
    assert opened.spec.ports[0].node_port in NODE_PORTS
    assert closed.spec.ports[0].node_port is None
    assert closed.spec.external_traffic_policy is None
    assert {one.spec.cluster_ip for one in (made, opened, closed)} == {made.spec.cluster_ip}


# Other names


def test_a_service_may_stand_for_a_name_elsewhere(cluster: Cluster, services: str) -> None:
    spec = cluster.make(
        services, {"metadata": {"name": "web"}, "spec": {"type": "ExternalName", "externalName": "a.b"}}
    )
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ports"} & spec["spec"].keys()


def test_a_service_that_becomes_another_name_gives_its_address_back(cluster: Cluster, services: str) -> None:
    taken = cluster.make(services, service())["spec"]["clusterIP"]
    answer = cluster.patch(f"{services}/web", {"spec": {"type": "ExternalName", "externalName": "a.b"}})
    assert answer.status == 200, answer.body
    assert not {"clusterIP", "clusterIPs", "ipFamilies"} & answer.body["spec"].keys()
    assert cluster.post(services, service("other", clusterIP=taken)).status == 201


def test_a_service_that_stops_being_another_name_gets_an_address(cluster: Cluster, services: str) -> None:
    cluster.make(services, {"metadata": {"name": "web"}, "spec": {"type": "ExternalName", "externalName": "a.b"}})
    plain = {"type": "ClusterIP", "externalName": None, "ports": [{"port": 80}]}
    answer = cluster.patch(f"{services}/web", {"spec": plain})
    assert answer.status == 200, answer.body
    assert ip_address(answer.body["spec"]["clusterIP"])


# Rules


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"sessionAffinity": "Cookie"}, ("spec.sessionAffinity", "FieldValueNotSupported")),
        ({"ports": [{"port": 80, "targetPort": "Web_Port"}]}, ("spec.ports[0].targetPort", "FieldValueInvalid")),
        ({"ports": [{"name": "Web", "port": 80}]}, ("spec.ports[0].name", "FieldValueInvalid")),
        ({"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 1}]}, ("spec.ports[1]", "FieldValueDuplicate")),
        ({"selector": {"app": "a b"}}, ("spec.selector", "FieldValueInvalid")),
    ],
    ids=[
        "unknown affinity",
        "bad name of a target",
        "bad name",
        "a port twice",
        "bad selector",
    ],
)
def test_a_service_that_cannot_work_is_invalid(
    cluster: Cluster, services: str, spec: Object, cause: tuple[str, str]
) -> None:
    answer = cluster.post(services, service(**spec))
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert cause in answer.causes


def test_one_port_may_be_open_for_two_protocols(cluster: Cluster, services: str) -> None:
    ports = [{"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 53, "protocol": "TCP"}]
    assert cluster.post(services, service(ports=ports)).status == 201


def test_a_status_is_written_apart_from_the_rest(cluster: Cluster, services: str) -> None:
    cluster.make(services, service(type="LoadBalancer", allocateLoadBalancerNodePorts=False))
    told = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}, "spec": {"ports": [{"port": 81}]}}
    answer = cluster.patch(f"{services}/web/status", told)
    assert answer.status == 200, answer.body
    assert answer.body["spec"]["ports"][0]["port"] == 80
    assert answer.body["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.9"
