"""What a request asks for, in the words of roles.

After kubernetes/staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
NAMESPACE_PARTS = ("finalize", "status")
"""Subresources of a Namespace: what else comes after one lies in it."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """path is set where no resource is asked for. name is empty for a collection, namespace for the whole cluster."""

    verb: str
    namespace: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    path: str = ""

    @property
    def is_resource(self) -> bool:
        return not self.path

    @property
    def full_resource(self) -> str:
        """As in roles: pods, pods/exec."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def attributes_of(method: str, path: str, segments: Sequence[str], query: Mapping[str, str]) -> Attributes:
    """Of any request, also for what is not served. segments: of the path, decoded."""
    if segments[0] == "api" and len(segments) >= 3:
        group, version, parts = "", segments[1], list(segments[2:])
    elif segments[0] == "apis" and len(segments) >= 4:
        group, version, parts = segments[1], segments[2], list(segments[3:])
    else:
        return Attributes(method.lower(), path=path)
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in NAMESPACE_PARTS:
            parts = parts[2:]
    resource, name, subresource = (*parts, "", "")[:3]
    verb = VERBS.get(method, "")
    if not name and verb == "get":
        verb = "watch" if _is_set(query.get("watch")) else "list"
        name = _selected_name(query.get("fieldSelector", ""))
    elif not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(verb, namespace, group, version, resource, subresource, name)


def _is_set(value: str | None) -> bool:
    return value is not None and value.lower() not in ("false", "0")


def _selected_name(selector: str) -> str:
    """The one name that a field selector lets through, empty if it lets others."""
    for term in selector.split(","):
        field, equals, value = term.partition("=")
        value = value.removeprefix("=")
        if field == "metadata.name" and equals and value and "/" not in value and "%" not in value:
            return value
    return ""
