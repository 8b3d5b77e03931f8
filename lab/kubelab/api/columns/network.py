"""The columns of Services, Endpoints, EndpointSlices, Ingresses, IngressClasses and NetworkPolicies."""

from __future__ import annotations

from kubelab.api.verbs.special import selector_text

from .base import AGE, NAME, NONE, UNSET, Column, Object, at, field, joined, labels_text, shortened, wide

SHOWN_ADDRESS_LENGTH = 16


def cluster_ip(service: Object) -> str:
    addresses = at(service, "spec.clusterIPs", [])
    return addresses[0] if addresses else NONE


def balancer_addresses(value: Object) -> list[str]:
    ingress = at(value, "status.loadBalancer.ingress", [])
    return [item.get("ip") or item.get("hostname", "") for item in ingress]


def external_ip(service: Object) -> str:
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    own = spec.get("externalIPs", [])
    if spec.get("type") == "LoadBalancer":
        text = ",".join(balancer_addresses(service))
        if len(text) > SHOWN_ADDRESS_LENGTH:
            text = text[: SHOWN_ADDRESS_LENGTH - 3] + "..."
        return joined([*filter(None, [text]), *own], "<pending>")
    return joined(own)


def ports(service: Object) -> str:
    return joined(
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in service["spec"].get("ports", ())
    )


def slice_ports(value: Object) -> str:
    listed = value.get("ports") or ()
    return shortened([str(port.get("port") or "*") for port in listed], UNSET)


def slice_endpoints(value: Object) -> str:
    return shortened([address for item in value.get("endpoints") or () for address in item.get("addresses", ())], UNSET)


def endpoints(value: Object) -> str:
    pairs = [
        f"{address.get('ip', '')}:{port.get('port', 0)}"
        for subset in value.get("subsets", ())
        for address in subset.get("addresses", ())
        for port in subset.get("ports", ())
    ]
    return shortened(pairs, NONE)


def hosts(ingress: Object) -> str:
    return shortened([rule["host"] for rule in at(ingress, "spec.rules", []) if rule.get("host")], "*")


def class_parameters(value: Object) -> str:
    given = at(value, "spec.parameters", None)
    if not given:
        return NONE
    group = f".{given['apiGroup']}" if given.get("apiGroup") else ""
    return f"{given.get('kind', '')}{group}/{given.get('name', '')}"


SERVICES = (
    NAME,
    Column("Type", field("spec.type")),
    Column("Cluster-IP", cluster_ip),
    Column("External-IP", external_ip),
    Column("Port(s)", ports),
    AGE,
    wide("Selector", lambda service: labels_text(service["spec"].get("selector"))),
)
ENDPOINTS = (NAME, Column("Endpoints", endpoints), AGE)
SLICES = (
    NAME,
    Column("AddressType", field("addressType")),
    Column("Ports", slice_ports),
    Column("Endpoints", slice_endpoints),
    AGE,
)
INGRESSES = (
    NAME,
    Column("Class", field("spec.ingressClassName", NONE)),
    Column("Hosts", hosts),
    Column("Address", lambda ingress: ",".join(balancer_addresses(ingress))),
    Column("Ports", lambda ingress: "80, 443" if at(ingress, "spec.tls", []) else "80"),
    AGE,
)
INGRESS_CLASSES = (NAME, Column("Controller", field("spec.controller")), Column("Parameters", class_parameters), AGE)
POLICIES = (NAME, Column("Pod-Selector", lambda value: selector_text(at(value, "spec.podSelector", {})) or NONE), AGE)
