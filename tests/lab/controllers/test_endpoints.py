"""From pods to endpoints, from endpoints to routes and names."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.controllers.changes import Create, Replace
from kubelab.controllers.dns import hosts
from kubelab.controllers.endpointslice import SERVICE_NAME, TRIGGER_TIME, Observed, ready_times, reconcile
from kubelab.controllers.routes import routes

from .objects import LONG_AGO, meta, pod

ADDRESS = "127.64.240.7"


def service(name: str = "mongo", **spec: Any) -> dict[str, Any]:
    wanted = {"selector": {"name": "mongo"}, "clusterIP": ADDRESS, "clusterIPs": [ADDRESS]}
    wanted |= {"ports": [{"port": 27017, "targetPort": "db", "protocol": "TCP"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta(name), "spec": wanted | spec}


def content(*pods: dict[str, Any], **spec: Any) -> dict[str, Any]:
    changes = reconcile(Observed(service(**spec), list(pods)))
    return next(c.obj for c in changes if isinstance(c, Create))


def conditions(*pods: dict[str, Any], **spec: Any) -> list[str]:
    """For each endpoint, the conditions that are true."""
    found = content(*pods, **spec)["endpoints"] or []
    return [" ".join(k for k, v in e["conditions"].items() if v) for e in found]


class TestEndpoints:
    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            ({}, ["ready serving"]),
            ({"ready": False}, [""]),
            ({"deleted": True}, ["serving terminating"]),
            ({"deleted": True, "ready": False}, ["terminating"]),
            ({"phase": "Succeeded", "deleted": True}, []),
            ({"ip": ""}, []),
        ],
    )
    def test_say_what_a_pod_can_do(self, state: dict[str, Any], expected: list[str]) -> None:
        assert conditions(pod("mongo-0", **state)) == expected

    def test_are_ready_all_the_same_when_the_service_publishes_unready_addresses(self) -> None:
        assert conditions(pod("mongo-0", ready=False), publishNotReadyAddresses=True) == ["ready serving"]

    def test_have_a_host_name_under_the_service_that_governs_the_pod(self) -> None:
        named = pod("mongo-0", hostname="mongo-0", subdomain="mongo")
        assert content(named)["endpoints"][0]["hostname"] == "mongo-0"
        other = pod("mongo-0", hostname="mongo-0", subdomain="other")
        assert "hostname" not in content(other)["endpoints"][0]

    def test_take_the_port_by_the_container_ports_name(self) -> None:
        assert content(pod("mongo-0"))["ports"] == [{"name": "", "protocol": "TCP", "port": 27017}]

    def test_are_null_when_there_is_no_pod(self) -> None:
        assert (content()["endpoints"], content()["ports"]) == (None, None)

    def test_are_written_only_when_they_change(self) -> None:
        owner, ready = service(), pod("mongo-0")
        created = next(c.obj for c in reconcile(Observed(owner, [ready])) if isinstance(c, Create))
        times = ready_times([ready])
        assert reconcile(Observed(owner, [ready], [created], times)) == []
        ready["metadata"]["deletionTimestamp"] = LONG_AGO
        assert len(reconcile(Observed(owner, [ready], [created], times))) == 1

    def test_name_the_time_of_the_change_of_readiness_behind_them(self) -> None:
        owner, member = service(), pod("mongo-0")
        created = next(c.obj for c in reconcile(Observed(owner, [member])) if isinstance(c, Create))
        times = ready_times([member])
        unready = member | {"status": member["status"] | {"conditions": [_unready("2026-11-23T11:59:00Z")]}}
        (change,) = reconcile(Observed(owner, [unready], [created], times))
        assert isinstance(change, Replace)
        assert change.obj["metadata"]["annotations"][TRIGGER_TIME] == "2026-11-23T11:59:00Z"
        leaving = member | {"metadata": member["metadata"] | {"deletionTimestamp": LONG_AGO}}
        (change,) = reconcile(Observed(owner, [leaving], [created], times))
        assert isinstance(change, Replace)
        assert TRIGGER_TIME not in change.obj["metadata"]["annotations"]


def _unready(since: str) -> dict[str, Any]:
    return {"type": "Ready", "status": "False", "lastTransitionTime": since}


def endpoint_slice(*endpoints: tuple[str, str], name: str = "mongo") -> dict[str, Any]:
    """endpoints: address and the conditions that are true."""
    found = [
        {
            "addresses": [address],
            "conditions": {c: c in true.split() for c in ("ready", "serving", "terminating")},
            "hostname": "mongo-0",
        }
        for address, true in endpoints
    ]
    metadata = meta(f"{name}-abcde", labels={SERVICE_NAME: name})
    return {"metadata": metadata, "endpoints": found, "ports": [{"name": "", "port": 27017}]}


NODE = {"metadata": {"name": "node-1"}, "status": {"addresses": [{"type": "InternalIP", "address": "127.64.0.10"}]}}


class TestRoutes:
    def test_lead_to_ready_endpoints(self) -> None:
        found = endpoint_slice(("127.64.1.2", "ready serving"), ("127.64.1.3", ""))
        assert routes([service()], [found], []) == {(ADDRESS, 27017): (("127.64.1.2", 27017),)}

    def test_lead_to_a_terminating_one_that_serves_only_when_none_is_ready(self) -> None:
        leaving = ("127.64.1.2", "serving terminating")
        assert routes([service()], [endpoint_slice(leaving)], []) == {(ADDRESS, 27017): (("127.64.1.2", 27017),)}
        both = endpoint_slice(leaving, ("127.64.1.3", "ready serving"))
        assert routes([service()], [both], []) == {(ADDRESS, 27017): (("127.64.1.3", 27017),)}

    def test_lead_to_an_endpoint_that_says_nothing_of_its_condition(self) -> None:
        by_hand = endpoint_slice(("127.64.1.2", ""))
        del by_hand["endpoints"][0]["conditions"]
        assert routes([service()], [by_hand], []) == {(ADDRESS, 27017): (("127.64.1.2", 27017),)}
        by_hand["ports"] = [{"name": ""}]
        assert routes([service()], [by_hand], []) == {}

    def test_are_none_without_endpoints_so_that_connections_are_refused(self) -> None:
        assert routes([service()], [endpoint_slice(("127.64.1.2", "terminating"))], []) == {}
        assert routes([service()], [], []) == {}

    def test_start_at_node_ports_and_load_balancer_addresses_too(self) -> None:
        ports = [{"port": 80, "targetPort": "db", "nodePort": 30080}]
        balanced = service(type="LoadBalancer", ports=ports)
        balanced["status"] = {"loadBalancer": {"ingress": [{"ip": "127.64.239.1"}]}}
        found = routes([balanced], [endpoint_slice(("127.64.1.2", "ready"))], [NODE])
        assert sorted(found) == [("127.64.0.10", 30080), ("127.64.239.1", 80), (ADDRESS, 80)]


class TestNames:
    def test_of_a_service_mean_its_cluster_address(self) -> None:
        assert hosts([service()], []) == f"{ADDRESS} mongo.demo.svc.cluster.local\n"

    def test_of_a_headless_service_mean_its_ready_pods(self) -> None:
        headless = service(clusterIP="None", clusterIPs=["None"])
        found = endpoint_slice(("127.64.1.2", "ready"), ("127.64.1.3", ""))
        assert hosts([headless], [found]).splitlines() == [
            "127.64.1.2 mongo-0.mongo.demo.svc.cluster.local",
            "127.64.1.2 mongo.demo.svc.cluster.local",
        ]
