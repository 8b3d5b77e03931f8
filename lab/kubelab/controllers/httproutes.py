"""Where HTTP requests go: pure functions of Ingresses.

After the Ingress specification (networking.k8s.io/v1), and ingress-nginx where it leaves a choice: the most specific
host decides, and then the longest path; rules without a host are asked only where no other rule has the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubelab.controllers.ingress import is_served
from kubelab.kinds import Key, Object, is_terminating, key_of


@dataclass(frozen=True)
class Backend:
    """A port of a Service, by its number or its name."""

    service: Key
    port: int | str


@dataclass(frozen=True)
class Rule:
    """host: a name, *.name, or empty for any. exact: the whole path; otherwise what it begins with, by elements."""

    host: str
    path: str
    exact: bool
    backend: Backend

    def matches(self, path: str) -> bool:
        if self.exact:
            return path == self.path
        prefix = self.path.rstrip("/")
        return path == prefix or path.startswith(f"{prefix}/")


class HttpRoutes:
    """The rules of all Ingresses that are served; of two alike, the older Ingress's."""

    def __init__(self, ingresses: Iterable[Object] = ()) -> None:
        served = [i for i in ingresses if is_served(i) and not is_terminating(i)]
        served.sort(key=lambda i: (i["metadata"].get("creationTimestamp", ""), key_of(i)))
        self._by_host: dict[str, list[Rule]] = {}
        for ingress in served:
            for rule in _rules(ingress):
                self._by_host.setdefault(rule.host, []).append(rule)
        for rules in self._by_host.values():
            rules.sort(key=lambda rule: (-len(rule.path.rstrip("/")), not rule.exact))
        self._default = next((b for i in served if (b := _default_of(i))), None)

    def __bool__(self) -> bool:
        return bool(self._by_host or self._default)

    def find(self, host: str, path: str) -> Backend | None:
        """The backend for a request; None when no Ingress wants it. host: as in the header, with or without a port."""
        name = host.rpartition(":")[0] if _has_port(host) else host
        name = name.lower().rstrip(".")
        wildcard = f"*.{name.partition('.')[2]}"
        rules = next((self._by_host[known] for known in (name, wildcard, "") if known in self._by_host), [])
        return next((rule.backend for rule in rules if rule.matches(path)), self._default)


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


def _rules(ingress: Object) -> Iterable[Rule]:
    namespace = ingress["metadata"]["namespace"]
    own_default = _default_of(ingress)
    for rule in ingress["spec"].get("rules") or ():
        host = (rule.get("host") or "").lower()
        for path in (rule.get("http") or {}).get("paths") or ():
            backend = _backend(namespace, path["backend"])
            if backend:
                yield Rule(host, path.get("path") or "/", path.get("pathType") == "Exact", backend)
        if own_default and host:
            yield Rule(host, "/", False, own_default)


def _default_of(ingress: Object) -> Backend | None:
    return _backend(ingress["metadata"]["namespace"], ingress["spec"].get("defaultBackend") or {})


def _backend(namespace: str, backend: Mapping[str, Any]) -> Backend | None:
    """None for what is no Service."""
    service = backend.get("service")
    if not service:
        return None
    port = service.get("port") or {}
    return Backend((namespace, service["name"]), port.get("number") or port.get("name", ""))
