"""EndpointSlices: the pods behind a Service. https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import IMAGE, Cluster, until
from .objects import idle_pod, make_ready, names

Object = dict[str, Any]

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
HEADLESS = "service.kubernetes.io/headless"


class Backend:
    """Services and pods of the case's namespace; the pods are on a node that runs nothing."""

    def __init__(self, cluster: Cluster, namespace: str, node: str) -> None:
        self.cluster = cluster
        self.core = cluster.core
        self.namespace = namespace
        self.node = node
        self.slices_path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"

    def service(self, name: str = "web", labels: dict[str, str] | None = None, **spec: Any) -> Any:
        """One that selects app: web, if nothing else is said."""
        wanted = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
        made = {"metadata": {"name": name, "labels": labels}, "spec": wanted}
        return self.core.create_namespaced_service(self.namespace, made)

    def pod(self, name: str, *, ready: bool = True, address: str = "192.0.2.7", **spec: Any) -> Any:
        """One that runs, with the label app: web."""
        made = idle_pod(name, labels={"app": "web"}, **{"nodeName": self.node, **spec})
        found = self.core.create_namespaced_pod(self.namespace, made)
        self.say_ready(name, ready, address)
        return found

    def say_ready(self, pod: str, ready: bool, address: str = "192.0.2.7") -> None:
        metadata = {"name": pod, "namespace": self.namespace}
        make_ready(self.cluster, {"metadata": metadata}, ready=ready, address=address)

    def change(self, **change: Any) -> None:
        """Of the service web."""
        self.core.patch_namespaced_service("web", self.namespace, change)

    def label(self, pod: str, **labels: str) -> None:
        self.core.patch_namespaced_pod(pod, self.namespace, {"metadata": {"labels": labels}})

    def slices(self, service: str = "web") -> list[Object]:
        found = self.cluster.get(self.slices_path, labelSelector=f"{SERVICE_NAME}={service}")
        return list(found.body["items"])

    def endpoints(self, service: str = "web") -> dict[str, Object]:
        """Name of a pod -> its endpoint."""
        found = [one for piece in self.slices(service) for one in piece.get("endpoints") or ()]
        return {one["targetRef"]["name"]: one for one in found}

    def conditions(self, service: str = "web") -> dict[str, str]:
        """Name of a pod -> the conditions of its endpoint that hold."""
        found = self.endpoints(service)
        return {
            name: " ".join(kind for kind, holds in sorted(one["conditions"].items()) if holds)
            for name, one in found.items()
        }


@pytest.fixture
def backend(cluster: Cluster, namespace: str, silent_node: str) -> Backend:
    return Backend(cluster, namespace, silent_node)


# Slices


def test_a_service_has_a_slice_that_belongs_to_it(backend: Backend) -> None:
    made = backend.service()
    (found,) = until(lambda: backend.slices())
    metadata = found["metadata"]
    assert metadata["labels"][MANAGED_BY] == "endpointslice-controller.k8s.io"
    assert HEADLESS not in metadata["labels"]
    assert metadata["name"].startswith("web-")
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Service", made.metadata.uid, True)
    assert not found.get("endpoints")


def test_the_slice_of_a_headless_service_says_so(backend: Backend) -> None:
    backend.service(clusterIP="None")
    (found,) = until(lambda: backend.slices())
    assert found["metadata"]["labels"][HEADLESS] == ""


def test_a_slice_has_the_labels_of_its_service(backend: Backend) -> None:
    backend.service(labels={"tier": "front"})
    backend.pod("a")
    until(lambda: backend.endpoints())
    assert backend.slices()[0]["metadata"]["labels"]["tier"] == "front"
    backend.change(metadata={"labels": {"tier": "back"}})
    until(lambda: backend.slices()[0]["metadata"]["labels"]["tier"] == "back")


def test_a_service_that_selects_nothing_has_no_slice(backend: Backend) -> None:
    backend.service("by-hand", selector=None)
    backend.service()
    until(lambda: backend.slices())
    assert backend.slices("by-hand") == []


def test_a_service_that_selects_nothing_keeps_a_slice_made_by_hand(backend: Backend) -> None:
    backend.service("by-hand", selector=None)
    made = {
        "metadata": {"name": "mine", "labels": {SERVICE_NAME: "by-hand"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.9"]}],
        "ports": [{"name": "", "port": 80}],
    }
    backend.cluster.make(backend.slices_path, made)
    backend.service()
    until(lambda: backend.slices())
    assert names(backend.slices("by-hand")) == ["mine"]


def test_slices_go_with_their_service(backend: Backend) -> None:
    backend.service()
    until(lambda: backend.slices())
    backend.core.delete_namespaced_service("web", backend.namespace)
    until(lambda: not backend.slices())


def test_a_slice_that_was_deleted_comes_back(backend: Backend) -> None:
    backend.service()
    backend.pod("a")
    until(lambda: backend.endpoints())
    (before,) = backend.slices()
    backend.cluster.delete(f"{backend.slices_path}/{before['metadata']['name']}")
    after = until(lambda: [one for one in backend.slices() if one["metadata"]["uid"] != before["metadata"]["uid"]])
    assert [one["targetRef"]["name"] for one in after[0]["endpoints"]] == ["a"]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"addressType": None}, ("addressType", "FieldValueRequired")),
        ({"addressType": "Phone"}, ("addressType", "FieldValueNotSupported")),
        ({"endpoints": [{"addresses": []}]}, ("endpoints[0].addresses", "FieldValueRequired")),
        ({"endpoints": [{"addresses": ["web"]}]}, ("endpoints[0].addresses[0]", "FieldValueInvalid")),
    ],
    ids=["no type", "unknown type", "no address", "bad address"],
)
def test_a_slice_that_leads_nowhere_is_invalid(
    cluster: Cluster, namespace: str, change: Object, cause: tuple[str, str]
) -> None:
    whole = {"metadata": {"name": "mine"}, "addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.9"]}]}
    answer = cluster.post(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", whole | change)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert cause in answer.causes


# Endpoints


def test_a_ready_pod_is_an_endpoint(backend: Backend) -> None:
    backend.service()
    made = backend.pod("a", address="192.0.2.8")
    found = until(lambda: backend.endpoints().get("a"))
    assert found["addresses"] == ["192.0.2.8"]
    assert found["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert found["nodeName"] == backend.node
    reference = {"kind": "Pod", "namespace": backend.namespace, "name": "a", "uid": made.metadata.uid}
    assert found["targetRef"] == reference
    assert backend.slices()[0]["addressType"] == "IPv4"


def test_a_pod_that_is_not_ready_is_an_endpoint_that_is_not_ready(backend: Backend) -> None:
    backend.service()
    backend.pod("a", ready=False)
    until(lambda: backend.conditions() == {"a": ""})
    backend.say_ready("a", True)
    until(lambda: backend.conditions() == {"a": "ready serving"})
    backend.say_ready("a", False)
    until(lambda: backend.conditions() == {"a": ""})


def test_a_service_may_publish_pods_that_are_not_ready(backend: Backend) -> None:
    backend.service(publishNotReadyAddresses=True)
    backend.pod("a", ready=False)
    assert until(lambda: backend.endpoints().get("a"))["conditions"]["ready"] is True


def test_a_pod_on_no_node_is_an_endpoint_only_where_pods_that_are_not_ready_are_too(backend: Backend) -> None:
    backend.service("strict")
    backend.service("lenient", publishNotReadyAddresses=True)
    backend.pod("adrift", nodeName=None)
    backend.pod("placed")
    until(lambda: backend.endpoints("lenient").keys() == {"adrift", "placed"})
    until(lambda: backend.endpoints("strict").keys() == {"placed"})


def test_a_pod_that_is_being_deleted_still_serves_but_is_not_ready(backend: Backend) -> None:
    backend.service()
    backend.pod("a")
    until(lambda: backend.conditions() == {"a": "ready serving"})
    backend.core.delete_namespaced_pod("a", backend.namespace, grace_period_seconds=60)
    until(lambda: backend.conditions() == {"a": "serving terminating"})
    backend.core.delete_namespaced_pod("a", backend.namespace, grace_period_seconds=0)
    until(lambda: backend.endpoints() == {})


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_is_no_endpoint(backend: Backend, phase: str) -> None:
    backend.service()
    backend.pod("a")
    until(lambda: backend.endpoints())
    backend.core.patch_namespaced_pod_status("a", backend.namespace, {"status": {"phase": phase}})
    until(lambda: backend.endpoints() == {})


def test_a_pod_without_an_address_is_no_endpoint(backend: Backend) -> None:
    backend.service()
    made = idle_pod("new", labels={"app": "web"}, nodeName=backend.node)
    backend.core.create_namespaced_pod(backend.namespace, made)
    backend.pod("a")
    until(lambda: backend.endpoints())
    assert backend.endpoints().keys() == {"a"}


def test_endpoints_follow_the_labels_of_pods(backend: Backend) -> None:
    backend.service()
    for number in range(3):
        backend.pod(f"p{number}", address=f"192.0.2.{10 + number}")
    until(lambda: backend.endpoints().keys() == {"p0", "p1", "p2"})
    backend.label("p1", app="other")
    until(lambda: backend.endpoints().keys() == {"p0", "p2"})


def test_endpoints_follow_the_selector(backend: Backend) -> None:
    backend.service()
    backend.pod("a")
    until(lambda: backend.endpoints().keys() == {"a"})
    backend.change(spec={"selector": {"app": "other"}})
    until(lambda: backend.endpoints() == {})
    backend.label("a", app="other")
    until(lambda: backend.endpoints().keys() == {"a"})


def test_one_pod_may_stand_behind_several_services(backend: Backend) -> None:
    backend.service()
    backend.service("too", clusterIP="None")
    backend.pod("a")
    until(lambda: backend.endpoints().keys() == backend.endpoints("too").keys() == {"a"})


def test_a_pod_with_a_host_name_is_named_by_its_own_service(backend: Backend) -> None:
    backend.service(clusterIP="None")
    backend.service("other")
    backend.pod("a", hostname="first", subdomain="web")
    assert until(lambda: backend.endpoints().get("a"))["hostname"] == "first"
    assert "hostname" not in until(lambda: backend.endpoints("other").get("a"))


# Ports


def ports_of(backend: Backend) -> list[tuple[str, str, int]]:
    """Name, protocol and number of each port of the one slice."""
    (found,) = backend.slices()
    return [(port["name"], port["protocol"], port["port"]) for port in found["ports"] or ()]


def test_an_endpoint_has_the_ports_to_which_the_service_leads(backend: Backend) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    backend.service(ports=ports)
    backend.pod("a")
    until(lambda: backend.endpoints())
    assert sorted(ports_of(backend)) == [("dns", "UDP", 53), ("http", "TCP", 8080)]


def test_a_port_may_be_called_by_its_name_in_the_pod(backend: Backend) -> None:
    backend.service(ports=[{"port": 80, "targetPort": "web"}])
    container = {"name": "main", "image": IMAGE, "ports": [{"name": "web", "containerPort": 8081}]}
    backend.pod("a", containers=[container])
    until(lambda: backend.endpoints())
    assert ports_of(backend) == [("", "TCP", 8081)]


def test_pods_with_other_ports_of_that_name_are_in_another_slice(backend: Backend) -> None:
    backend.service(ports=[{"port": 80, "targetPort": "web"}])
    for name, number in (("a", 8081), ("b", 8082)):
        container = {"name": "main", "image": IMAGE, "ports": [{"name": "web", "containerPort": number}]}
        backend.pod(name, containers=[container])
    until(lambda: backend.endpoints().keys() == {"a", "b"})
    found = {port["port"]: piece["endpoints"] for piece in backend.slices() for port in piece["ports"] or ()}
    assert {number: [one["targetRef"]["name"] for one in ends] for number, ends in found.items()} == {
        8081: ["a"],
        8082: ["b"],
    }


def test_a_name_that_no_port_has_leads_nowhere(backend: Backend) -> None:
    backend.service(ports=[{"name": "known", "port": 80}, {"name": "unknown", "port": 81, "targetPort": "web"}])
    backend.pod("a")
    until(lambda: backend.endpoints())
    assert ports_of(backend) == [("known", "TCP", 80)]
