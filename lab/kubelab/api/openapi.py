"""As much of OpenAPI v3 as kubectl asks for: which fields there are (explain), and that the server itself checks them.

A PATCH has no request body here, so that `kubectl apply` takes the types that are built into it, which are those of
Kubernetes: ours do not say how lists are merged.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from .resources import GROUP_VERSIONS, RESOURCES, Resource, is_stored
from .schema.types import fields_of

Object = dict[str, Any]

PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]
INFO = {"title": "Kubernetes", "version": "v1.36.2"}
# Of version 2 only that it is there: kubectl turns to it for kinds that version 3 does not have, before it says so.
V2_PROTOBUF = b"\x0a\x032.0"  # a Document whose only field is swagger: "2.0"
V2_PROTOBUF_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
SCHEMAS = "#/components/schemas/"
PLAIN: dict[str, Object] = {
    "any": {"x-kubernetes-preserve-unknown-fields": True},
    "boolean": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "datetime": {"type": "string", "format": "date-time"},
    "int64": {"type": "integer", "format": "int64"},
    "integer": {"type": "integer", "format": "int32"},
    "intorstring": {"$ref": f"{SCHEMAS}IntOrString"},
    "number": {"type": "number", "format": "double"},
    "quantity": {"$ref": f"{SCHEMAS}Quantity"},
    "string": {"type": "string"},
}
SHARED: dict[str, Object] = {
    "IntOrString": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    "Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
}


def answer(segments: list[str], accept: str) -> web.Response | None:
    """The document at a path, None if there is none."""
    body: bytes | None = None
    match segments:
        case ["openapi", "v2"] if "protobuf" in accept:
            return web.Response(body=V2_PROTOBUF, content_type=V2_PROTOBUF_TYPE)
        case ["openapi", "v2"]:
            body = msgspec.json.encode({"swagger": "2.0", "info": INFO, "paths": {}})
        case ["openapi", "v3"]:
            body = msgspec.json.encode(index())
        case ["openapi", "v3", "api", version] if ("", version) in GROUP_VERSIONS:
            body = group_document("", version)
        case ["openapi", "v3", "apis", group, version] if group and (group, version) in GROUP_VERSIONS:
            body = group_document(group, version)
    return None if body is None else web.Response(body=body, content_type="application/json")


def prefix(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index() -> Object:
    paths = [prefix(group, version) for group, version in GROUP_VERSIONS]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


@cache
def group_document(group: str, version: str) -> bytes:
    paths: Object = {}
    schemas: dict[str, Object] = dict(SHARED)
    for resource in RESOURCES:
        if (resource.group, resource.version) == (group, version) and is_stored(resource):
            collection = f"/{prefix(group, version)}/" + ("namespaces/{namespace}/" if resource.namespaced else "")
            collection += resource.plural
            paths[collection] = {"post": operation(resource, "post")}
            paths[collection + "/{name}"] = {"put": operation(resource, "put"), "patch": operation(resource, "patch")}
            add_schema(schemas, resource.type_name)
            schemas[resource.type_name]["x-kubernetes-group-version-kind"] = [kind_of(resource)]
    document = {
        "openapi": "3.0.0",
        "info": INFO,
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return msgspec.json.encode(document)


def add_schema(schemas: dict[str, Object], type_name: str) -> None:
    """A type, and all that it is made of."""
    fields = fields_of(type_name)
    if fields is None or type_name in schemas:
        return
    properties: Object = {}
    schemas[type_name] = {"type": "object", "properties": properties}
    for name, field in fields.items():
        properties[name] = schema(field)
        add_schema(schemas, field.rpartition(":")[2])


def schema(field: str) -> Object:
    """Of a field, by its type in types.json."""
    if field.startswith("list:"):
        return {"type": "array", "items": schema(field[5:])}
    if field.startswith("map:"):
        return {"type": "object", "additionalProperties": schema(field[4:])}
    return PLAIN.get(field) or {"$ref": SCHEMAS + field}


def operation(resource: Resource, action: str) -> Object:
    return {
        "parameters": PARAMETERS,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind_of(resource),
    }


def kind_of(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}
