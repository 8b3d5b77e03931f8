"""Requests that are nearly right: recorded ones, each with a few changes to its method, path, headers or body."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from kubelab.api.resources import BY_URL, RESOURCES
from kubelab.api.target import parse, split

from tests.conformance.replay import RECORDED

from .conftest import TOKEN
from .test_kubectl import OBJECTS

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@dataclass(frozen=True)
class Request:
    """body: an object that is sent as JSON, or bytes, or nothing."""

    method: str
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def raw(self) -> bytes | None:
        return self.body if isinstance(self.body, bytes) or self.body is None else json.dumps(self.body).encode()


# What the requests are made from


def recorded_requests() -> Iterator[Request]:
    for record in RECORDED:
        sent = record["request"]
        body = sent["body"] if "body" in sent else sent.get("raw_body", "").encode() or None
        if not sent["path"].endswith("/namespaces/answers"):  # without it most requests would end at the first look
            yield Request(sent["method"], sent["path"], sent.get("query", {}), sent["headers"], body)


def recorded_objects() -> Iterator[Request]:
    """What the real server made, to be written back: the object itself and its subresources."""
    for record in RECORDED:
        made, path = record["response"].get("body"), record["request"]["path"]
        if record["response"]["status"] != 201 or "uid" not in made.get("metadata", ()) or made["kind"] == "Namespace":
            continue
        kept = {key: value for key, value in made["metadata"].items() if key not in ("uid", "resourceVersion")}
        url, body = f"{path}/{kept['name']}", {**made, "metadata": kept}
        yield Request("PUT", url, body=body)
        for part in parse(split(path)).resource.subresources:
            method = "PUT" if "update" in part.verbs else "POST" if "create" in part.verbs else "GET"
            yield Request(method, f"{url}/{part.name}", body=body)


def manifests() -> Iterator[Request]:
    """What people write."""
    for made in OBJECTS:
        group, _, version = made["apiVersion"].rpartition("/")
        plural = next(p for (g, v, p), r in BY_URL.items() if (g, v, r.kind) == (group, version, made["kind"]))
        start = f"/apis/{group}/{version}" if group else f"/api/{version}"
        yield Request("POST", f"{start}/namespaces/answers/{plural}", body=made)


def statuses() -> Iterator[Request]:
    """What kubelets and controllers write, about objects of the demo."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-23T19:06:56Z"}
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-23T19:06:56Z"}}
    container = {"name": "c", "image": "i", "imageID": "", "ready": True, "restartCount": 1, "lastState": ended}
    pod = {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}], "conditions": [ready], "containerStatuses": [container]}
    kubelet = {"kubeletEndpoint": {"Port": 1}}  # where nothing listens
    address = {"type": "InternalIP", "address": "127.0.0.1"}
    node = {"conditions": [ready], "addresses": [address], "daemonEndpoints": kubelet}
    counts = {"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2}
    budget = {"observedGeneration": 1, "conditions": [ready], **counts}
    for path, status in (
        ("/api/v1/namespaces/pacman/pods/mongo-0", pod),
        ("/api/v1/nodes/real-3", node),
        ("/apis/policy/v1/namespaces/pacman/poddisruptionbudgets/mongo", budget),
    ):
        for kind in ("merge", "strategic-merge"):
            headers = {"Content-Type": f"application/{kind}-patch+json"}
            yield Request("PATCH", f"{path}/status", headers=headers, body={"status": status})
    for part in ("log", "exec"):
        yield Request("GET", f"/api/v1/namespaces/pacman/pods/mongo-0/{part}", {"container": "c", "command": "x"})


SEEDS = [*recorded_requests(), *recorded_objects(), *manifests(), *statuses()]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]
SEGMENTS = [
    *("", ".", "..", "../..", "%2e%2e", "%2F", "%00", "%", "%zz", "%ff", "ä", "x" * 300, "-", "A", "status", "scale"),
    *sorted({resource.plural for resource in RESOURCES}),
]
PARAMETERS = [
    *("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "dryRun"),
    *("fieldValidation", "propagationPolicy", "gracePeriodSeconds", "includeObject", "sendInitialEvents", "watch"),
    *("orphanDependents", "timeoutSeconds", "pretty", "container", "follow", "tailLines", "allowWatchBookmarks"),
]
VALUES = [
    *("", "1", "0", "-1", "99999999999999999999", "true", "false", "All", "Strict", "Warn", "None", "Object"),
    *("a=b", "a in (b", "a in (b)", "!", ",", "==", "metadata.name=x", "\x00", "ä"),
    *("NotOlderThan", "Exact", "Orphan", "Foreground"),
]
HEADERS = [
    *(("Content-Type", kind) for kind in ("application/json", "application/yaml", "text/plain", "x", "a/b;c=d;;", "")),
    *(("Content-Type", f"application/{kind}-patch+json") for kind in ("merge", "json", "strategic-merge")),
    *(("Content-Type", f"application/{kind}") for kind in ("vnd.kubernetes.protobuf", "apply-patch+yaml", "cbor")),
    *(("Accept", kind) for kind in (TABLE, METADATA, "text/html", "application/yaml", "*/*", ";;,,=", "")),
    *(("Content-Encoding", "gzip"), ("Expect", "100-continue"), ("Upgrade", "SPDY/3.1"), ("Connection", "Upgrade")),
    *(("Authorization", text) for text in ("", "Bearer", "Bearer nobody", f"Basic {TOKEN}", TOKEN)),
]
SCALARS = [
    *(None, True, False, 0, -1, 1, 2**31, -(2**31) - 1, 2**63, 2**64, 10**400, 0.5, 1e308),
    *("", "x", "0", "-1", "10%", "1Gi", "x" * 300, "..", "a/b", "A", "\x00", "ä\U0001f600", "\ud800", "None", "$patch"),
    *("2026-11-23T19:06:48Z", "2026-13-45T99:99:99Z", "10.0.0.1", "::1", "metadata.name", "{}", "YQ==", "="),
]
CONTAINERS: list[Any] = [[], {}, [None], [[]], [{}], {"": None}, {"a": {}}, [1, "1"], {"$patch": "delete"}]
FRAGMENTS = [b"", b"{", b"}", b"[", b'"', b",", b"\x00", b"\xff", b"NaN", b"1e999", b"\\ud800", b"&a *a", b"null"]
KEYS = ["", "spec", "metadata", "name", "$patch", "$retainKeys", "kind", "x", "a.b", "a~1b", "status", "type"]


# How they are changed


@st.composite
def requests(draw: st.DrawFn) -> Request:
    request = draw(st.sampled_from(SEEDS))
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=3)):
        request = change(draw, request)
    return request


def other_method(draw: st.DrawFn, request: Request) -> Request:
    return replace(request, method=draw(st.sampled_from(METHODS)))


def other_segment(draw: st.DrawFn, request: Request) -> Request:
    segments = request.path.split("/")
    place = draw(st.integers(1, len(segments)))
    segments[place : place + draw(st.integers(0, 1))] = [draw(st.sampled_from(SEGMENTS))]
    return replace(request, path="/".join(segments))


def other_parameter(draw: st.DrawFn, request: Request) -> Request:
    name, value = draw(st.sampled_from(PARAMETERS)), draw(st.sampled_from(VALUES))
    return replace(request, query={**request.query, name: value})


def other_header(draw: st.DrawFn, request: Request) -> Request:
    name, value = draw(st.sampled_from(HEADERS))
    return replace(request, headers={**request.headers, name: value})


def other_body(draw: st.DrawFn, request: Request) -> Request:
    """The body of another request."""
    return replace(request, body=draw(st.sampled_from(SEEDS)).body)


def other_value(draw: st.DrawFn, request: Request) -> Request:
    """One value somewhere in the body goes, is another, or has a new one beside it."""
    if not isinstance(request.body, dict | list) or not request.body:
        return replace(request, body=draw(st.sampled_from([*SCALARS, *CONTAINERS])))
    body = copy.deepcopy(request.body)
    parents = list(nodes(body))
    parent = parents[draw(st.integers(0, len(parents) - 1))]
    keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
    value = draw(st.sampled_from([*SCALARS, *CONTAINERS]))
    what = draw(st.sampled_from(["change", "remove", "add"]))
    if what == "add" or not keys:
        if isinstance(parent, dict):
            parent[draw(st.sampled_from(KEYS))] = value
        else:
            parent.append(draw(st.sampled_from(parent)) if parent else value)
    elif what == "remove":
        del parent[draw(st.sampled_from(keys))]
    else:
        parent[draw(st.sampled_from(keys))] = value
    return replace(request, body=body)


def other_bytes(draw: st.DrawFn, request: Request) -> Request:
    """The text of the body is cut, or something else stands in its middle."""
    raw = request.raw or b"{}"
    place = draw(st.integers(0, len(raw)))
    rest = raw[place + draw(st.integers(0, 3)) :] if draw(st.booleans()) else b""
    return replace(request, body=raw[:place] + draw(st.sampled_from(FRAGMENTS)) + rest)


CHANGES = [other_method, other_segment, other_parameter, other_header, other_body, other_bytes]
CHANGES += [other_value] * 2  # the most can be wrong there


def nodes(value: Any) -> Iterator[Any]:
    """Every object and list in value."""
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from nodes(item)
