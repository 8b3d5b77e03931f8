"""Where connections to Services go: a pure function of Services, EndpointSlices and Nodes.

After kubernetes/pkg/proxy (topology.go): ready endpoints; when there are none, those that serve while terminating.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubelab.controllers.endpointslice import SERVICE_NAME
from kubelab.kinds import Key, Object, key_of

Address = tuple[str, int]
"""(IP address, TCP port)."""
Routes = dict[Address, tuple[Address, ...]]
"""Where to listen -> where to connect to. Nothing to connect to: nothing listens there."""


def routes(services: Iterable[Object], slices: Iterable[Object], nodes: Iterable[Object]) -> Routes:
    by_service = slices_by_service(slices)
    node_addresses = [address for node in nodes if (address := internal_ip(node))]
    result: Routes = {}
    for service in services:
        for port in service["spec"].get("ports") or ():
            found = backends(by_service.get(key_of(service), []), port.get("name", ""))
            if port.get("protocol", "TCP") == "TCP" and found:
                result |= dict.fromkeys(listen_addresses(service, port, node_addresses), found)
    return result


def slices_by_service(slices: Iterable[Object]) -> dict[Key, list[Object]]:
    found: dict[Key, list[Object]] = {}
    for endpoint_slice in slices:
        service = (endpoint_slice["metadata"].get("labels") or {}).get(SERVICE_NAME)
        if service:
            found.setdefault((endpoint_slice["metadata"]["namespace"], service), []).append(endpoint_slice)
    return found


def listen_addresses(service: Object, port: Mapping[str, Any], node_addresses: Iterable[str]) -> list[Address]:
    """Cluster IPs, load balancer addresses and external IPs with the port; every node's address with the NodePort."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return []
    balancers = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    addresses = [ip for ip in spec.get("clusterIPs") or [spec.get("clusterIP")] if ip and ip != "None"]
    addresses += [ingress["ip"] for ingress in balancers if ingress.get("ip")]
    listen = [(address, int(port["port"])) for address in addresses]
    if port.get("nodePort"):
        listen += [(address, int(port["nodePort"])) for address in node_addresses]
    return listen


def internal_ip(node: Object) -> str | None:
    addresses = node.get("status", {}).get("addresses") or ()
    return next((a["address"] for a in addresses if a["type"] == "InternalIP"), None)


def backends(slices: Iterable[Object], port_name: str) -> tuple[Address, ...]:
    """The endpoints that serve a port of the Service, by that port's name."""
    ready: list[Address] = []
    leaving: list[Address] = []
    for found in slices:
        ports = [p for p in found.get("ports") or () if p.get("name", "") == port_name]
        numbers = [int(p["port"]) for p in ports if p.get("port")]
        for endpoint in found.get("endpoints") or ():
            conditions = endpoint.get("conditions") or {}
            addresses = [(ip, number) for ip in endpoint["addresses"] for number in numbers]
            if conditions.get("ready", True):
                ready += addresses
            elif conditions.get("serving") and conditions.get("terminating"):
                leaving += addresses
    return tuple(sorted(ready or leaving))
