"""What is served here, as clients ask for it: /api, /apis, /version, health; plain and aggregated discovery."""

from __future__ import annotations

import base64
import hashlib
import platform
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from .negotiation import accepted
from .resources import GROUP_VERSIONS, RESOURCES, Resource, Subresource, is_stored

if TYPE_CHECKING:
    from .server import Settings

Object = dict[str, Any]

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
HEALTH = ("healthz", "livez", "readyz")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}  # as Go names them
VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2+kubelab",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "python",
    "platform": f"linux/{MACHINES.get(platform.machine(), platform.machine())}",
}


def answer(segments: list[str], accept: str, settings: Settings) -> web.Response | None:
    """The document at a path, None if there is none."""
    if segments[0] in HEALTH:
        return web.Response(text="ok")
    aggregated = wants_aggregated(accept)
    document: Object | None = None
    match segments:
        case ["version"]:
            document = VERSION
        case [""]:
            document = {"paths": paths()}
        case ["api"]:
            document = aggregated_groups(core=True) if aggregated else api_versions(settings)
        case ["apis"]:
            document = aggregated_groups(core=False) if aggregated else api_groups()
        case ["apis", group] if group in groups():
            document = {"kind": "APIGroup", "apiVersion": "v1", **api_group(group)}
        case ["api", version] if ("", version) in GROUP_VERSIONS:
            document = resource_list("", version)
        case ["apis", group, version] if group and (group, version) in GROUP_VERSIONS:
            document = resource_list(group, version)
    if document is None:
        return None
    is_aggregated = document.get("kind") == "APIGroupDiscoveryList"
    return web.Response(
        body=msgspec.json.encode(document),
        headers={"Content-Type": AGGREGATED_TYPE if is_aggregated else "application/json"},
    )


def wants_aggregated(accept: str) -> bool:
    """Whether the first JSON form in an Accept header is that of aggregated discovery."""
    for media in accepted(accept):
        if media.name == "application/json":
            parameters = media.parameters
            return parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("v") == "v2"
    return False


def groups() -> list[str]:
    """Named groups, in the order in which clients should prefer them."""
    return list(dict.fromkeys(group for group, _ in GROUP_VERSIONS if group))


def paths() -> list[str]:
    listed = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
    for group, version in GROUP_VERSIONS:
        if group:
            listed += [f"/apis/{group}", f"/apis/{group}/{version}"]
    return sorted(set(listed))


def api_versions(settings: Settings) -> Object:
    address = f"{settings.address}:{settings.port}"
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def api_group(group: str) -> Object:
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version} for name, version in GROUP_VERSIONS if name == group
    ]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def api_groups() -> Object:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [api_group(group) for group in groups()]}


def served(group: str, version: str) -> list[Resource]:
    found = [resource for resource in RESOURCES if (resource.group, resource.version) == (group, version)]
    return sorted(found, key=lambda resource: resource.plural)


def resource_list(group: str, version: str) -> Object:
    head: Object = {"kind": "APIResourceList"}
    if group:
        head["apiVersion"] = "v1"
    listed = []
    for resource in served(group, version):
        listed.append(_resource(resource))
        listed += [_subresource(resource, sub) for sub in sorted(resource.subresources, key=lambda sub: sub.name)]
    return head | {"groupVersion": f"{group}/{version}" if group else version, "resources": listed}


def _named(resource: Resource) -> Object:
    """Short names and categories, where there are any."""
    named: Object = {}
    if resource.short_names:
        named["shortNames"] = list(resource.short_names)
    if resource.categories:
        named["categories"] = list(resource.categories)
    return named


def _resource(resource: Resource) -> Object:
    return {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
        **_named(resource),
        **({"storageVersionHash": storage_version_hash(resource)} if is_stored(resource) else {}),
    }


def storage_version_hash(resource: Resource) -> str:
    """Of the group, version and kind in which objects are kept: it changes when these change."""
    stored = "/v1/Event" if resource.stored_as else f"{resource.group}/{resource.version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(stored.encode()).digest()[:8]).decode()


def _subresource(resource: Resource, sub: Subresource) -> Object:
    typed = {"group": sub.group, "version": sub.version} if sub.group else {}
    return {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        **typed,
        "kind": sub.kind or resource.kind,
        "verbs": list(sub.verbs),
    }


def aggregated_groups(core: bool) -> Object:
    items = []
    for group in [""] if core else groups():
        versions = [
            {
                "version": version,
                "resources": [_aggregated(resource) for resource in served(group, version)],
                "freshness": "Current",
            }
            for name, version in GROUP_VERSIONS
            if name == group
        ]
        items.append({"metadata": {"name": group} if group else {}, "versions": versions})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated(resource: Resource) -> Object:
    document: Object = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
        **_named(resource),
    }
    if resource.subresources:
        document["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind or resource.kind},
                "verbs": list(sub.verbs),
            }
            for sub in sorted(resource.subresources, key=lambda sub: sub.name)
        ]
    return document
