"""EndpointSlices, Ingresses, IngressClasses and NetworkPolicies."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from kubelab.api.fields import FieldError, invalid, required, unsupported
from kubelab.api.names import subdomain_errors

from .base import Cluster, Object, Strategy, default_of

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
CLASSES = "ingressclasses.networking.k8s.io"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
BAD_STEPS = ("//", "/./", "/../", "%2f", "%2F")
BAD_ENDS = ("/..", "/.")
PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


class EndpointSliceStrategy(Strategy):
    counts_generations = True

    def default(self, value: Object) -> None:
        for field in ("endpoints", "ports"):  # a slice without them says null, as Go writes an empty list
            value[field] = value.get(field) or None
        for port in value["ports"] or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")

    def validate(self, value: Object) -> list[FieldError]:
        kind = value.get("addressType")
        if not kind:
            return [required("addressType")]
        if kind not in ADDRESS_TYPES:
            return [unsupported("addressType", kind, ADDRESS_TYPES)]
        endpoints = enumerate(value["endpoints"] or ())
        return [
            error for index, one in endpoints for error in _address_errors(one, kind, f"endpoints[{index}].addresses")
        ]

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        kind = value.get("addressType")
        return [] if kind == old.get("addressType") else [invalid("addressType", kind, "field is immutable")]


def _address_errors(endpoint: Object, kind: str, path: str) -> Iterator[FieldError]:
    if not endpoint.get("addresses"):
        yield required(path, "must contain at least 1 address")
    for index, address in enumerate(endpoint.get("addresses", ())):
        try:
            fits = kind == "FQDN" or f"IPv{ip_address(address).version}" == kind
        except ValueError:
            fits = False
        if not fits:
            yield invalid(f"{path}[{index}]", address, f"must be a valid {kind} address")


class IngressStrategy(Strategy):
    counts_generations = True

    def default(self, value: Object) -> None:
        value.setdefault("spec", {})

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"loadBalancer": {}}
        annotated = CLASS_ANNOTATION in value["metadata"].get("annotations", {})
        name = default_of(cluster, CLASSES, DEFAULT_CLASS)
        if name and "ingressClassName" not in value["spec"] and not annotated:
            value["spec"]["ingressClassName"] = name

    def validate(self, value: Object) -> list[FieldError]:
        spec = value["spec"]
        if not spec.get("rules") and not spec.get("defaultBackend"):
            return [invalid("spec", spec, "either `defaultBackend` or `rules` must be specified")]
        rules = enumerate(spec.get("rules", ()))
        return [error for index, rule in rules for error in _rule_errors(rule, f"spec.rules[{index}]")]


def _rule_errors(rule: Object, where: str) -> Iterator[FieldError]:
    host = rule.get("host", "")
    if host:
        yield from (invalid(f"{where}.host", host, text) for text in _host_errors(host))
    for index, path in enumerate(rule.get("http", {}).get("paths", ())):
        yield from _path_errors(path, f"{where}.http.paths[{index}]")


def _host_errors(host: str) -> list[str]:
    try:
        ip_address(host)
    except ValueError:
        return subdomain_errors(host.removeprefix("*."))
    return ["must be a DNS name, not an IP address"]


def _path_errors(path: Object, where: str) -> Iterator[FieldError]:
    kind, text = path.get("pathType"), path.get("path", "")
    if not kind:
        yield required(f"{where}.pathType", "pathType must be specified")
        return
    if kind not in PATH_TYPES:
        yield unsupported(f"{where}.pathType", kind, PATH_TYPES)
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        yield invalid(f"{where}.path", text, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        found = [step for step in BAD_STEPS if step in text] + [end for end in BAD_ENDS if text.endswith(end)]
        yield from (invalid(f"{where}.path", text, f"must not contain '{step}'") for step in found)
    service = path.get("backend", {}).get("service")
    if service is not None and not service.get("name"):
        yield required(f"{where}.backend.service.name")
    if service is not None and not any(service.get("port", {}).values()):
        yield required(f"{where}.backend", "port name or number is required")


class IngressClassStrategy(Strategy):
    counts_generations = True

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        before, after = (one.get("spec", {}).get("controller") for one in (old, value))
        return [] if before == after else [invalid("spec.controller", after, "field is immutable")]


class NetworkPolicyStrategy(Strategy):
    counts_generations = True

    def default(self, value: Object) -> None:
        spec = value.setdefault("spec", {})
        spec.setdefault("podSelector", {})
        if not spec.get("policyTypes"):
            spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
        for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
            for port in rule.get("ports", ()):
                port.setdefault("protocol", "TCP")
