"""As much of OpenAPI v3 as kubectl asks for before it sends an object: that the server itself checks the fields.

Without component schemas kubectl falls back to the types that are built into it, which are those of Kubernetes.
"""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from .resources import GROUP_VERSIONS, RESOURCES, Resource, is_stored

Object = dict[str, Any]

PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def answer(segments: list[str]) -> web.Response | None:
    """The document at a path, None if there is none."""
    document: Object | None = None
    match segments:
        case ["openapi", "v3"]:
            document = index()
        case ["openapi", "v3", "api", version] if ("", version) in GROUP_VERSIONS:
            document = group_document("", version)
        case ["openapi", "v3", "apis", group, version] if group and (group, version) in GROUP_VERSIONS:
            document = group_document(group, version)
    if document is None:
        return None
    return web.Response(body=msgspec.json.encode(document), content_type="application/json")


def prefix(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index() -> Object:
    paths = [prefix(group, version) for group, version in GROUP_VERSIONS]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def group_document(group: str, version: str) -> Object:
    paths: Object = {}
    for resource in RESOURCES:
        if (resource.group, resource.version) == (group, version) and is_stored(resource):
            collection = f"/{prefix(group, version)}/" + ("namespaces/{namespace}/" if resource.namespaced else "")
            collection += resource.plural
            paths[collection] = {"post": operation(resource, "post")}
            paths[collection + "/{name}"] = {"put": operation(resource, "put"), "patch": operation(resource, "patch")}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": paths,
        "components": {"schemas": {}},
    }


def operation(resource: Resource, action: str) -> Object:
    return {
        "parameters": PARAMETERS,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
    }
