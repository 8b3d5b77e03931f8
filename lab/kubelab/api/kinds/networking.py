"""EndpointSlices, Ingresses, IngressClasses and NetworkPolicies."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

from collections.abc import Iterator

from kubelab.api.fields import FieldError, invalid, required, unsupported

from .base import Cluster, Object, Strategy

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
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
        return [] if kind in ADDRESS_TYPES else [unsupported("addressType", kind, ADDRESS_TYPES)]

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        kind = value.get("addressType")
        return [] if kind == old.get("addressType") else [invalid("addressType", kind, "field is immutable")]


class IngressStrategy(Strategy):
    counts_generations = True

    def default(self, value: Object) -> None:
        value.setdefault("spec", {})

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"loadBalancer": {}}

    def validate(self, value: Object) -> list[FieldError]:
        spec = value["spec"]
        if not spec.get("rules") and not spec.get("defaultBackend"):
            return [invalid("spec", spec, "either `defaultBackend` or `rules` must be specified")]
        return [
            error
            for rule_index, rule in enumerate(spec.get("rules", ()))
            for index, path in enumerate(rule.get("http", {}).get("paths", ()))
            for error in _path_errors(path, f"spec.rules[{rule_index}].http.paths[{index}]")
        ]


def _path_errors(path: Object, where: str) -> Iterator[FieldError]:
    kind = path.get("pathType")
    if not kind:
        yield required(f"{where}.pathType", "pathType must be specified")
    elif kind not in PATH_TYPES:
        yield unsupported(f"{where}.pathType", kind, PATH_TYPES)
    if kind in ("Exact", "Prefix") and not path.get("path", "").startswith("/"):
        yield invalid(f"{where}.path", path.get("path", ""), "must be an absolute path")
    service = path.get("backend", {}).get("service")
    if service is not None and not service.get("name"):
        yield required(f"{where}.backend.service.name")


class IngressClassStrategy(Strategy):
    counts_generations = True


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
