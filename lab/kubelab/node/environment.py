"""The environment variables of a container: its own, those of its ConfigMaps and Secrets, and those of Services.

After kubernetes/pkg/kubelet/envvars and third_party/forked/golang/expansion.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from kubelab.kinds import Object
from kubelab.quantities import quantity

REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")
FIELD = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
KINDS = {"secret": "Secret", "configmap": "ConfigMap"}


class MissingSource(Exception):
    """A Secret, ConfigMap or key that a container needs is not there; the message is Kubernetes' own."""


class Sources:
    """The Secrets and ConfigMaps of one namespace that a pod refers to; values decoded, by name."""

    def __init__(
        self, namespace: str, secrets: Mapping[str, Mapping[str, str]], config_maps: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.namespace = namespace
        self.secrets = secrets
        self.config_maps = config_maps

    def value(self, what: str, reference: Mapping[str, Any]) -> str | None:
        """One key of a "secret" or "configmap"; None when it is absent and marked optional."""
        content = self.content(what, reference)
        if content is None:
            return None
        key = reference["key"]
        if key not in content and not reference.get("optional"):
            raise MissingSource(f"couldn't find key {key} in {KINDS[what]} {self.namespace}/{reference['name']}")
        return content.get(key)

    def content(self, what: str, reference: Mapping[str, Any]) -> Mapping[str, str] | None:
        """The whole content; None when it is absent and marked optional."""
        known = self.secrets if what == "secret" else self.config_maps
        found = known.get(reference["name"])
        if found is None and not reference.get("optional"):
            raise MissingSource(f'{what} "{reference["name"]}" not found')
        return found


def decoded(secret: Object) -> dict[str, str]:
    """A Secret's data as text."""
    data = secret.get("data") or {}
    return {k: base64.b64decode(v).decode(errors="surrogateescape") for k, v in data.items()}


def environment(
    container: Mapping[str, Any], pod: Object, sources: Sources, services: Iterable[Object], server: str = ""
) -> dict[str, str]:
    """Variables by name, references expanded. pod carries the status to be told by fieldRef. server: the API's URL.

    Raises MissingSource.
    """
    links = pod["spec"].get("enableServiceLinks", True)
    env = service_variables(services, pod["metadata"]["namespace"], links=links) | server_variables(server)
    for source in container.get("envFrom") or ():
        env |= _all_of(source, sources)
    own: dict[str, str] = {}
    for variable in container.get("env") or ():
        value = _value(variable, container, pod, sources, {**env, **own})
        if value is not None:
            own[variable["name"]] = value
    return env | own


def expand(text: str, env: Mapping[str, str]) -> str:
    """$(NAME) becomes the variable's value, $$ becomes $; an unknown name stays as it is."""

    def replacement(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return env.get(match[1], match[0])

    return REFERENCE.sub(replacement, text)


def _all_of(source: Mapping[str, Any], sources: Sources) -> dict[str, str]:
    what = "secret" if "secretRef" in source else "configmap"
    content = sources.content(what, source["secretRef" if what == "secret" else "configMapRef"])
    return {source.get("prefix", "") + k: v for k, v in (content or {}).items()}


def _value(
    variable: Mapping[str, Any],
    container: Mapping[str, Any],
    pod: Object,
    sources: Sources,
    env: Mapping[str, str],
) -> str | None:
    source = variable.get("valueFrom")
    if not source:
        return expand(variable.get("value") or "", env)
    if "secretKeyRef" in source:
        return sources.value("secret", source["secretKeyRef"])
    if "configMapKeyRef" in source:
        return sources.value("configmap", source["configMapKeyRef"])
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"])
    return resource_value(container, source["resourceFieldRef"])


def resource_value(container: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """A request or limit in whole units of the divisor, rounded up; 0 for what is not set."""
    side, _, name = reference["resource"].partition(".")
    amount = quantity(((container.get("resources") or {}).get(side) or {}).get(name, "0"))
    return str(math.ceil(amount / (quantity(reference.get("divisor") or "0") or 1)))


def field_value(pod: Object, path: str) -> str:
    """What the downward API says of a pod; empty for what is not known."""
    if match := FIELD.fullmatch(path):
        return str((pod["metadata"].get(match[1]) or {}).get(match[2], ""))
    if path == "status.podIPs":
        return ",".join(ip["ip"] for ip in pod["status"].get("podIPs") or ())
    if path == "status.hostIPs":
        return ",".join(ip["ip"] for ip in pod["status"].get("hostIPs") or ())
    found: Any = pod
    for part in path.split("."):
        found = found.get(part) or {}
    if isinstance(found, dict):
        return "\n".join(f'{k}="{v}"' for k, v in sorted(found.items()))
    return str(found)


def service_variables(services: Iterable[Object], namespace: str, *, links: bool) -> dict[str, str]:
    """NAME_SERVICE_HOST and its kin for the Services of the namespace, and for default/kubernetes always."""
    env: dict[str, str] = {}
    for service in services:
        metadata, spec = service["metadata"], service["spec"]
        is_master = (metadata["namespace"], metadata["name"]) == ("default", "kubernetes")
        linked = links and metadata["namespace"] == namespace
        if (is_master or linked) and spec.get("clusterIP") not in (None, "", "None") and spec.get("ports"):
            env |= _variables_of(metadata["name"], spec)
    return env


def server_variables(server: str) -> dict[str, str]:
    """Where programs in pods find the API server, as client libraries look for it.

    On a real cluster these are the address and port of the Service default/kubernetes. Its port is 443, which nobody
    but root may listen on here: they name the server itself, as the node knows it, for which its certificate is valid.
    """
    url = urlsplit(server)
    if url.scheme != "https" or not url.hostname:
        return {}
    port = str(url.port or 443)
    names = ("KUBERNETES_SERVICE_PORT", "KUBERNETES_SERVICE_PORT_HTTPS")
    return {"KUBERNETES_SERVICE_HOST": url.hostname} | dict.fromkeys(names, port)


def _variables_of(name: str, spec: Mapping[str, Any]) -> dict[str, str]:
    host, ports = spec["clusterIP"], spec["ports"]
    prefix = name.upper().replace("-", "_")
    env = {f"{prefix}_SERVICE_HOST": host, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            env[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    for index, port in enumerate(ports):
        protocol = port.get("protocol", "TCP")
        url = f"{protocol.lower()}://{host}:{port['port']}"
        if index == 0:
            env[f"{prefix}_PORT"] = url
        base = f"{prefix}_PORT_{port['port']}_{protocol}"
        env |= {
            base: url,
            f"{base}_PROTO": protocol.lower(),
            f"{base}_PORT": str(port["port"]),
            f"{base}_ADDR": host,
        }
    return env
