"""Bad input: always a Status that says why, never an internal error, and the server answers afterwards."""

from __future__ import annotations

import gzip
import socket
from contextlib import closing
from urllib.parse import quote

import pytest

from .conftest import PORT, TOKEN, ApiServer

DEFAULT = "/api/v1/namespaces/default"


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer nobody", "Basic YWRtaW46YWRtaW4=", "admin-token"])
def test_nobody_without_a_known_token_is_let_in(api: ApiServer, header: str) -> None:
    for path in ("/api/v1/pods", "/api", "/", "/nothing"):
        answer = api.get(path, headers={"Authorization": header})
        assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")


def test_health_needs_no_token(api: ApiServer) -> None:
    for path in ("/healthz", "/livez", "/readyz"):
        assert api.get(path, headers={"Authorization": ""}).body == "ok"


@pytest.mark.parametrize("name", ["..", "../x", "%2e%2e", "a/b", "%00", "ä", "x" * 300, "-a", "A"])
def test_a_name_that_is_no_name_finds_and_creates_nothing(api: ApiServer, name: str) -> None:
    assert api.get(f"{DEFAULT}/configmaps/{quote(name, safe='%')}").status == 404
    assert api.post(f"{DEFAULT}/configmaps", {"metadata": {"name": name}}).status == 422


def test_a_body_that_is_too_large_is_refused(api: ApiServer) -> None:
    body = {"metadata": {"name": "big"}, "data": {"k": "x" * 3_200_000}}
    assert api.post(f"{DEFAULT}/configmaps", body).body["reason"] == "RequestEntityTooLarge"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b"{"])
@pytest.mark.parametrize("content_type", ["application/json", "application/yaml", "application/merge-patch+json"])
def test_a_body_that_is_no_object_is_refused(api: ApiServer, body: bytes, content_type: str) -> None:
    method, path = ("PATCH", "/namespaces/default") if "patch" in content_type else ("POST", "/namespaces")
    answer = api.call(method, "/api/v1" + path, body, content_type=content_type)
    assert answer.status in (400, 413, 415), answer.body


def test_a_number_without_end_is_no_quantity(api: ApiServer) -> None:
    resources = {"requests": {"cpu": "1" * 1_000_000 + "x"}}
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}}
    assert api.post(f"{DEFAULT}/pods", pod).status == 400


def test_yaml_cannot_be_made_to_grow(api: ApiServer) -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    bomb = f"a0: &a0 [x]\n{levels}\n".encode()
    assert api.call("POST", f"{DEFAULT}/configmaps", bomb, content_type="application/yaml").status == 400


def test_yaml_is_read_as_the_json_that_it_means(api: ApiServer, namespace: str) -> None:
    text = b"metadata:\n  name: y\ndata:\n  day: '2026-11-23'\n  flag: 'true'\n"
    answer = api.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", text, content_type="application/yaml")
    assert answer.body["data"] == {"day": "2026-11-23", "flag": "true"}


@pytest.mark.parametrize("kind", ["apply-patch+yaml", "apply-patch+cbor"])
def test_server_side_apply_is_refused_with_the_types_of_patches_that_are_not(api: ApiServer, kind: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}}
    path = f"{DEFAULT}/configmaps/applied?fieldManager=m&force=true"
    answer = api.call("PATCH", path, body, content_type=f"application/{kind}")
    assert (answer.status, answer.body["reason"]) == (415, "UnsupportedMediaType")
    types = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")
    assert answer.body["message"].endswith(": " + ", ".join(types))
    assert api.get(f"{DEFAULT}/configmaps/applied").status == 404


def test_a_compressed_body_is_not_unpacked(api: ApiServer) -> None:
    raw = gzip.compress(b'{"metadata": {"name": "packed"}}')
    answer = api.call("POST", f"{DEFAULT}/configmaps", raw, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.body["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize("path", ["/api", "/apis", "/apis/apps", "/apis/apps/v1", "/openapi/v3", "/"])
def test_what_is_only_read_is_not_written(api: ApiServer, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = api.call(method, path, {})
        assert (answer.status, answer.body["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize("address", ["localhost", "a b", "::1", "127.0.0.1:80@elsewhere", ""])
def test_a_kubelet_is_called_at_an_address_or_not_at_all(api: ApiServer, namespace: str, address: str) -> None:
    addresses = [{"type": "InternalIP", "address": address}]
    status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
    api.post("/api/v1/nodes", {"metadata": {"name": namespace}})
    api.patch(f"/api/v1/nodes/{namespace}/status", {"status": status})
    spec = {"nodeName": namespace, "containers": [{"name": "c", "image": "i"}]}
    api.post(f"/api/v1/namespaces/{namespace}/pods", {"metadata": {"name": "p"}, "spec": spec})
    answer = api.get(f"/api/v1/namespaces/{namespace}/pods/p/log")
    assert (answer.status, answer.body["reason"]) == (503, "ServiceUnavailable")
    api.delete(f"/api/v1/nodes/{namespace}")


@pytest.mark.parametrize("kind", ["Pacman", "configmap", "", "ConfigMapList"])
def test_a_manifest_of_an_unknown_kind_is_refused_by_name(api: ApiServer, kind: str) -> None:
    answer = api.post(f"{DEFAULT}/configmaps", {"apiVersion": "games/v1", "kind": kind, "metadata": {"name": "k"}})
    assert (answer.status, answer.body["reason"]) == (400, "BadRequest")
    assert f'no kind "{kind or "ConfigMap"}" is registered for version "games/v1"' in answer.body["message"]


@pytest.mark.parametrize("verb", ["apply", "create"])
@pytest.mark.parametrize("version", ["games/v1", "v1", "apps/v1"])
def test_kubectl_says_which_kind_it_does_not_find(api: ApiServer, verb: str, version: str) -> None:
    manifest = f"{{apiVersion: {version}, kind: Pacman, metadata: {{name: p}}}}"
    message = api.kubectl(verb, "-f", "-", stdin=manifest, fails=True)
    assert f'no matches for kind "Pacman" in version "{version}"' in message


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW /api HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST /api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
    ids=["long path", "long header", "version", "two lengths", "no chunk", "no HTTP"],
)
def test_what_is_no_request_is_refused_and_the_next_one_answered(api: ApiServer, request_bytes: bytes) -> None:
    with socket.create_connection((api.address, PORT), timeout=5) as plain:
        with api.trust().wrap_socket(plain, server_hostname=api.address) as connection:
            connection.sendall(request_bytes)
            assert connection.recv(12).startswith((b"HTTP/1.1 400", b"HTTP/1.0 400", b"HTTP/1.1 401"))
    assert api.get("/readyz").body == "ok"


def test_a_refused_body_is_the_end_of_the_request_alone(api: ApiServer) -> None:
    for _ in range(3):
        assert api.call("POST", f"{DEFAULT}/configmaps", b"{" * 2_000_000).status == 400
        assert api.get("/readyz").body == "ok"


def test_whoever_asks_for_another_protocol_in_vain_is_answered_and_so_is_what_comes_next(api: ApiServer) -> None:
    asked = {"Authorization": f"Bearer {TOKEN}", "Connection": "Upgrade", "Upgrade": "SPDY/3.1"}
    with closing(api.connection()) as connection:
        for _ in range(2):
            connection.request("POST", "/nowhere", b"{}", asked)
            with connection.getresponse() as response:
                assert (response.status, response.read()) == (404, b"404 page not found\n")
