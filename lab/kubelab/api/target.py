"""What a URL means: which resource, which object, which part of it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from .resources import BY_URL, GROUP_VERSIONS, NAMESPACES, Resource
from .status import no_such_resource


class NoSuchPath(Exception):
    """Not below any served group and version."""


@dataclass(frozen=True, slots=True)
class Target:
    """name is empty for a collection, subresource for the object itself, namespace for all of them."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def split(raw_path: str) -> list[str]:
    """The decoded segments of a path; a slash that is escaped in a name does not divide it."""
    return [unquote(part) for part in raw_path.strip("/").split("/")]


def parse(segments: list[str]) -> Target:
    """Raises NoSuchPath, or ApiError (404) for an unknown resource of a known group."""
    if segments[0] == "api" and len(segments) >= 3:
        group, version, rest = "", segments[1], segments[2:]
    elif segments[0] == "apis" and len(segments) >= 4:
        group, version, rest = segments[1], segments[2], segments[3:]
    else:
        raise NoSuchPath
    if (group, version) not in GROUP_VERSIONS:
        raise NoSuchPath
    if "" in rest:
        raise no_such_resource()
    return _below(group, version, rest)


def _below(group: str, version: str, rest: list[str]) -> Target:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3:
        if group == "" and NAMESPACES.subresource(rest[2]) and len(rest) == 3:
            return Target(NAMESPACES, "", rest[1], rest[2])
        namespace, rest = rest[1], rest[2:]
    resource = BY_URL.get((group, version, rest[0]))
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        raise no_such_resource()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and not resource.subresource(subresource):
        raise no_such_resource()
    if name and resource.namespaced and not namespace:
        raise no_such_resource()
    return Target(resource, namespace, name, subresource)
