"""The ways to an application from this machine: cluster IP, NodePort, load balancer and Ingress, with real HTTP."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.commands import ROOT
from tests.lab.conftest import RunningLab

pytestmark = pytest.mark.e2e

NAMESPACE = "pacman"
HIGH_PORT = 8090
INGRESS_PORT = 8080
"""For those who are not root; 80 serves the same."""
IMAGE = "registry.k8s.io/pause:3.10"

ECHO = """
import http.server, json, os, time
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found
    def answer(self):
        told = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": self.body().hex()}
        text = json.dumps(told).encode()
        self.send_response(418 if "teapot" in self.path else 200)
        self.send_header("Content-Length", str(len(text) + (100 if "cut" in self.path else 0)))
        self.send_header("Set-Cookie", "a=1"); self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(text)
        if "cut" in self.path:
            self.close_connection = True
    do_GET = do_POST = do_DELETE = answer
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer((os.environ["KUBELAB_POD_IP"], 8000), Echo).serve_forever()
"""


def path(kind: str, path: str, service: str, port: int | str = 8000) -> dict[str, Any]:
    field = "number" if isinstance(port, int) else "name"
    return {"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": {field: port}}}}


def service(name: str, target: int = 8000, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "web", "port": 8000, "targetPort": target}]
    wanted = {"selector": {"app": "echo"}, "ports": ports} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": wanted}


ECHO_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "echo", "labels": {"app": "echo"}},
    "spec": {
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {
                "name": "echo",
                "image": IMAGE,
                "command": ["python3", "-c", ECHO],
                "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
            }
        ],
    },
}
ECHO_INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "echo"},
    "spec": {
        "ingressClassName": "kubelab",
        "rules": [
            {
                "host": "echo.test",
                "http": {
                    "paths": [
                        path("Prefix", "/prefix", "echo", "web"),
                        path("Exact", "/exact", "echo"),
                        path("Prefix", "/nobody", "nobody"),
                        path("Prefix", "/deaf", "deaf"),
                        path("Prefix", "/no-such-service", "none"),
                    ]
                },
            }
        ],
    },
}
PACMAN_HIGH = service("pacman-high", 8080, type="LoadBalancer", selector={"name": "pacman"})
PACMAN_HIGH["spec"]["ports"][0]["port"] = HIGH_PORT
OURS = [PACMAN_HIGH, ECHO_POD, service("echo"), service("nobody", selector={"app": "nobody"}), service("deaf", 9)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    found = RunningLab(tmp_path_factory.mktemp("network") / "state")
    try:
        found.kubelab("up", "--apply", ROOT / "manifests")
        ours = {"apiVersion": "v1", "kind": "List", "items": [*OURS, ECHO_INGRESS]}
        found.kubectl("-n", NAMESPACE, "apply", "-f", "-", stdin=json.dumps(ours))
        found.kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", "pod/echo", "--timeout=20s")
        found.until(lambda: address_of(found))
        yield found
    finally:
        found.kubelab("down", check=False)


def value(lab: RunningLab, what: str, field: str) -> str:
    return lab.kubectl("-n", NAMESPACE, "get", *what.split("/"), "-o", f"jsonpath={{{field}}}")


def address_of(lab: RunningLab, name: str = "echo") -> str:
    return value(lab, f"ingress/{name}", ".status.loadBalancer.ingress[0].ip")


def ask(address: str, port: int, path: str = "/", *, method: str = "GET", **options: Any) -> tuple[int, bytes]:
    answer, content = exchange(address, port, path, method=method, **options)
    return answer.status, content


def exchange(
    address: str, port: int, path: str, *, method: str = "GET", **options: Any
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        connection.request(method, path, **options)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def is_open(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True


def play(address: str, port: int, **headers: str) -> None:
    """Loads the page, stores a score, and finds it in the list."""
    assert b"<html" in ask(address, port, headers=headers)[1].lower()
    score = f"name=net&cloud=c&zone=z&host=h&level=1&score={port}"
    form = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    status, told = ask(address, port, "/highscores", method="POST", body=score, headers=form)
    assert (status, json.loads(told)["rs"]) == (200, "success")
    scores = json.loads(ask(address, port, "/highscores/list", headers=headers)[1])
    assert port in {found["score"] for found in scores}


class TestService:
    def test_is_reached_by_its_cluster_ip(self, lab: RunningLab) -> None:
        play(value(lab, "service/pacman-high", ".spec.clusterIP"), HIGH_PORT)

    def test_is_reached_by_its_node_port_on_every_node(self, lab: RunningLab) -> None:
        port = int(value(lab, "service/pacman", ".spec.ports[0].nodePort"))
        addresses = value(lab, "nodes", ".items[*].status.addresses[?(@.type=='InternalIP')].address").split()
        assert len(addresses) == 2
        for address in addresses:
            play(address, port)

    def test_is_reached_by_its_load_balancer_address_which_is_its_own(self, lab: RunningLab) -> None:
        field = ".status.loadBalancer.ingress[0].ip"
        address, other = (value(lab, f"service/{name}", field) for name in ("pacman-high", "pacman"))
        assert address != other
        play(address, HIGH_PORT)
        assert not is_open(other, HIGH_PORT)

    def test_on_a_port_below_1024_is_served_for_root_and_for_others_it_says_why_not(self, lab: RunningLab) -> None:
        address = value(lab, "service/pacman", ".spec.clusterIP")
        if not is_open(address, 80):
            assert "ports below 1024 need root" in lab.kubectl("-n", NAMESPACE, "get", "events")
        else:
            play(address, 80)


class TestIngress:
    def test_of_the_demo_is_reached_by_its_host_name(self, lab: RunningLab) -> None:
        play(address_of(lab, "pacman-ingress"), INGRESS_PORT, Host="pacman.com")

    def test_shows_its_address(self, lab: RunningLab) -> None:
        _, row = lab.kubectl("-n", NAMESPACE, "get", "ingress", "pacman-ingress").splitlines()
        assert row.split()[1:5] == ["<none>", "pacman.com", address_of(lab), "80"]

    @pytest.mark.parametrize(
        ("host", "path", "status"),
        [
            ("echo.test", "/prefix", 200),
            ("echo.test:8080", "/prefix/below?q=1", 200),
            ("echo.test", "/prefixed", 404),
            ("echo.test", "/exact", 200),
            ("echo.test", "/exact/below", 404),
            ("nowhere.test", "/prefix", 404),
            ("echo.test", "/nobody", 503),
            ("echo.test", "/no-such-service", 503),
            ("echo.test", "/deaf", 502),
            ("echo.test", "/prefix/teapot", 418),
        ],
    )
    def test_answers(self, host: str, path: str, status: int, lab: RunningLab) -> None:
        assert ask(address_of(lab), INGRESS_PORT, path, headers={"Host": host})[0] == status

    def test_passes_everything_on(self, lab: RunningLab) -> None:
        packed = gzip.compress(b"x" * 3_000_000)
        headers = {"Host": "echo.test", "Content-Encoding": "gzip", "X-Forwarded-For": "1.2.3.4", "X-Own": "kept"}
        target = "/prefix/a%2Fb%20c?q=%C3%A4&q=2"
        answer, content = exchange(
            address_of(lab), INGRESS_PORT, target, method="POST", body=packed, headers=headers | {"Connection": "close"}
        )
        told = json.loads(content)
        assert (told["method"], told["path"], bytes.fromhex(told["body"])) == ("POST", target, packed)
        assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
        wanted = {"Host": "echo.test", "Content-Encoding": "gzip", "X-Own": "kept"}
        wanted |= {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": str(INGRESS_PORT), "X-Forwarded-Proto": "http"}
        assert wanted.items() <= told["headers"].items()

    def test_passes_on_a_body_of_unknown_length(self, lab: RunningLab) -> None:
        body = [b"one", b"two" * 100_000]
        options = {"method": "POST", "body": iter(body), "headers": {"Host": "echo.test"}, "encode_chunked": True}
        told = json.loads(ask(address_of(lab), INGRESS_PORT, "/prefix", **options)[1])
        assert bytes.fromhex(told["body"]) == b"".join(body)

    def test_an_answer_that_is_cut_off_is_not_passed_on_as_a_whole_one(self, lab: RunningLab) -> None:
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            ask(address_of(lab), INGRESS_PORT, "/prefix/cut", headers={"Host": "echo.test"})

    def test_follows_its_pods_and_its_rules(self, lab: RunningLab) -> None:
        def status() -> int:
            return ask(address_of(lab), INGRESS_PORT, "/exact", headers={"Host": "echo.test"})[0]

        address = address_of(lab)
        lab.kubectl("-n", NAMESPACE, "delete", "pod", "echo", "--force", "--grace-period=0")
        lab.until(lambda: status() == 503, 5)
        lab.kubectl("-n", NAMESPACE, "apply", "-f", "-", stdin=json.dumps(ECHO_POD))
        lab.until(lambda: status() == 200, 10)
        lab.kubectl("-n", NAMESPACE, "delete", "ingress", "echo")
        lab.until(lambda: ask(address, INGRESS_PORT, "/exact", headers={"Host": "echo.test"})[0] == 404, 5)
