"""Services: defaults, rules, and the allocation of cluster addresses and node ports."""

from __future__ import annotations

import random
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address

from kubelab.api.fields import FieldError, duplicate, forbidden, invalid, required, unsupported
from kubelab.api.names import dns_1035_errors, label_errors, label_key_errors, label_value_errors, port_name_errors
from kubelab.api.resources import SERVICES
from kubelab.api.status import invalid as invalid_object

from .base import Cluster, Object, Strategy
from .podrules import PORT_RANGE, PROTOCOLS, is_port

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITIES = ("ClientIP", "None")
AFFINITY_S = 10800
NODE_PORTS = range(30000, 32768)
HEADLESS = "None"
ADDRESS_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
"""What a Service that stands for another name does not have."""


class ServiceStrategy(Strategy):
    returns_deleted = True
    selectable = ("spec.clusterIP", "spec.type")

    def name_errors(self, name: str) -> list[str]:
        return dns_1035_errors(name)

    def default(self, value: Object) -> None:
        spec = value.setdefault("spec", {})
        kind = spec.setdefault("type", "ClusterIP")
        if spec.setdefault("sessionAffinity", "None") == "ClientIP":
            affinity = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
            affinity.setdefault("timeoutSeconds", AFFINITY_S)
        else:
            spec.pop("sessionAffinityConfig", None)
        for port in spec.get("ports", ()):
            port.setdefault("protocol", "TCP")
            if port.get("targetPort") in (None, "") and "port" in port:
                port["targetPort"] = port["port"]
        if kind != "ExternalName":
            spec.setdefault("ipFamilies", ["IPv4"])
            spec.setdefault("ipFamilyPolicy", "SingleStack")
            spec.setdefault("internalTrafficPolicy", "Cluster")
        if exposes_node_ports(spec):
            spec.setdefault("externalTrafficPolicy", "Cluster")
        if kind == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"loadBalancer": {}}
        allocate(value, cluster)

    def prepare_update(self, value: Object, old: Object, cluster: Cluster) -> None:
        """A client that leaves addresses and ports out keeps those that were allocated."""
        spec, before = value["spec"], old["spec"]
        if spec["type"] == "ExternalName":
            for field in ADDRESS_FIELDS:
                if spec.get(field) == before.get(field):
                    spec.pop(field, None)
        elif before.get("clusterIP") and not spec.get("clusterIP"):
            spec["clusterIP"] = before["clusterIP"]
        if exposes_node_ports(spec):
            kept = {(port["port"], port["protocol"]): port.get("nodePort") for port in before.get("ports", ())}
            for port in spec.get("ports", ()):
                if not port.get("nodePort") and kept.get((port.get("port"), port["protocol"])):
                    port["nodePort"] = kept[port["port"], port["protocol"]]
        elif exposes_node_ports(before):
            for port in spec.get("ports", ()):
                port.pop("nodePort", None)
            spec.pop("externalTrafficPolicy", None)
            spec.pop("allocateLoadBalancerNodePorts", None)
        allocate(value, cluster)

    def validate(self, value: Object) -> list[FieldError]:
        return list(spec_errors(value["spec"]))

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        before, after = old["spec"].get("clusterIP"), value["spec"].get("clusterIP")
        if not before or value["spec"]["type"] == "ExternalName" or before == after:
            return []
        return [invalid("spec.clusterIPs[0]", value["spec"].get("clusterIPs"), "may not change once set")]


def exposes_node_ports(spec: Object) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def spec_errors(spec: Object) -> Iterator[FieldError]:
    if spec["type"] not in TYPES:
        yield unsupported("spec.type", spec["type"], TYPES)
    if spec["type"] == "ExternalName":
        if not spec.get("externalName"):
            yield required("spec.externalName")
    elif not spec.get("ports") and spec.get("clusterIP") != HEADLESS:
        yield required("spec.ports")
    if spec["sessionAffinity"] not in AFFINITIES:
        yield unsupported("spec.sessionAffinity", spec["sessionAffinity"], AFFINITIES)
    for key, value in spec.get("selector", {}).items():
        yield from (invalid("spec.selector", key, text) for text in label_key_errors(key))
        yield from (invalid("spec.selector", value, text) for text in label_value_errors(value))
    names: set[str] = set()
    numbers: set[tuple[int, str]] = set()
    for index, port in enumerate(spec.get("ports", ())):
        here = f"spec.ports[{index}]"
        yield from _port_errors(port, here, names, len(spec["ports"]) > 1)
        if port.get("nodePort") and spec["type"] == "ClusterIP":
            yield forbidden(f"{here}.nodePort", "may not be used when `type` is 'ClusterIP'")
        number = (port.get("port", 0), port["protocol"])
        if number in numbers:
            yield duplicate(here, {"port": number[0], "protocol": number[1]})
        numbers.add(number)


def _port_errors(port: Object, path: str, names: set[str], must_be_named: bool) -> Iterator[FieldError]:
    name = port.get("name", "")
    if must_be_named and not name:
        yield required(f"{path}.name")
    elif name:
        yield from (invalid(f"{path}.name", name, text) for text in label_errors(name))
        if name in names:
            yield duplicate(f"{path}.name", name)
    names.add(name)
    for field in ("port", "targetPort"):
        number = port.get(field, 0)
        if isinstance(number, str):
            yield from (invalid(f"{path}.{field}", number, text) for text in port_name_errors(number))
        elif not is_port(number):
            yield invalid(f"{path}.{field}", number, PORT_RANGE)
    if port["protocol"] not in PROTOCOLS:
        yield unsupported(f"{path}.protocol", port["protocol"], PROTOCOLS)


def allocate(value: Object, cluster: Cluster) -> None:
    """Give the service what its type needs and it does not have yet. Raises ApiError (422) if it is not to be had."""
    others = [
        other["spec"]
        for other in cluster.values(SERVICES.storage)
        if other["metadata"]["uid"] != value["metadata"].get("uid")
    ]
    spec = value["spec"]
    if spec["type"] != "ExternalName":
        error = allocate_address(spec, {other.get("clusterIP", "") for other in others}, cluster)
        if error:
            raise _refused(value, error)
    if exposes_node_ports(spec) and spec.get("allocateLoadBalancerNodePorts", True):
        used = {port["nodePort"] for other in others for port in other.get("ports", ()) if "nodePort" in port}
        for index, port in enumerate(spec.get("ports", ())):
            error = allocate_node_port(port, f"spec.ports[{index}].nodePort", used)
            if error:
                raise _refused(value, error)


def _refused(value: Object, error: FieldError) -> Exception:
    return invalid_object(SERVICES.kind, SERVICES.group, value["metadata"].get("name", ""), [error])


def allocate_address(spec: Object, used: set[str], cluster: Cluster) -> FieldError | None:
    """Set clusterIP and clusterIPs; the first address of the block is kept for the API server's own service."""
    wanted = spec.get("clusterIP", "")
    if not wanted:
        network = cluster.service_cidr
        free = [
            number
            for number in random.sample(range(2, network.num_addresses - 1), k=min(64, network.num_addresses - 3))
            if str(network[number]) not in used
        ]
        if not free:
            return FieldError(
                "spec.clusterIPs", "InternalError", "Internal error: no free cluster address in the service range"
            )
        spec["clusterIP"] = str(network[free[0]])
    elif wanted != HEADLESS:
        try:
            inside = IPv4Address(wanted) in cluster.service_cidr
        except AddressValueError:
            return invalid(
                "spec.clusterIPs[0]", wanted, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            )
        if not inside:
            detail = f"failed to allocate IP {wanted}: the provided network does not match the current range"
            return invalid("spec.clusterIPs", [wanted], detail)
        if wanted in used:
            return invalid(
                "spec.clusterIPs", [wanted], f"failed to allocate IP {wanted}: provided IP is already allocated"
            )
    spec["clusterIPs"] = [spec["clusterIP"]]
    return None


def allocate_node_port(port: Object, path: str, used: set[int]) -> FieldError | None:
    """Set nodePort unless the client chose one."""
    wanted = port.get("nodePort")
    if wanted:
        if wanted not in NODE_PORTS:
            last = NODE_PORTS[-1]
            return invalid(
                path,
                wanted,
                f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{last}",
            )
        if wanted in used:
            return invalid(path, wanted, "provided port is already allocated")
    else:
        free = [number for number in NODE_PORTS if number not in used]
        if not free:
            return FieldError(path, "InternalError", "Internal error: no free node port")
        port["nodePort"] = random.choice(free)
    used.add(port["nodePort"])
    return None
