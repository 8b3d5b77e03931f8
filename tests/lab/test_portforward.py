"""The portforward subresource of a pod, as a client of v4.channel.k8s.io meets it at a real API server."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import websocket
import yaml

from .conftest import RunningLab
from .test_pods import create, pod, status

pytestmark = pytest.mark.e2e

PROTOCOL = "v4.channel.k8s.io"
ECHO, GREETING, NOBODY = 7000, 7001, 7002
SERVER = f"""
import os, socket, sys, threading
def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    print("closed", flush=True)
def greet(connection):
    connection.sendall(b"hello and good bye")
    connection.close()
def serve(port, answer):
    listening = socket.create_server((os.environ["KUBELAB_POD_IP"], port))
    while True:
        threading.Thread(target=answer, args=(listening.accept()[0],)).start()
threading.Thread(target=serve, args=({GREETING}, greet)).start()
serve({ECHO}, echo)
"""


class Client:
    """A WebSocket client with the lab's credentials."""

    def __init__(self, lab: RunningLab) -> None:
        config = yaml.safe_load(lab.kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = cluster.get("certificate-authority-data") or cluster["certificate-authority"]
        self._trust = ssl.create_default_context()
        if "certificate-authority" in cluster:
            self._trust.load_verify_locations(authority)
        else:
            import base64

            self._trust.load_verify_locations(cadata=base64.b64decode(authority).decode())
        self._server = cluster["server"].replace("https", "wss")
        self._headers = [f"Authorization: Bearer {user['token']}"]

    @contextmanager
    def forward(self, namespace: str, name: str, query: str, **options: Any) -> Iterator[websocket.WebSocket]:
        url = f"{self._server}/api/v1/namespaces/{namespace}/pods/{name}/portforward{query}"
        options = {"header": self._headers, "subprotocols": [PROTOCOL], "timeout": 5} | options
        socket = websocket.create_connection(url, sslopt={"context": self._trust}, **options)
        try:
            yield socket
        finally:
            socket.shutdown()

    def refused(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Status and message with which a forward is refused."""
        with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
            with self.forward(*arguments, **options):
                pass
        body = json.loads(refusal.value.resp_body)
        assert (body["kind"], body["status"], body["code"]) == ("Status", "Failure", refusal.value.status_code)
        return refusal.value.status_code, body["message"]


@pytest.fixture(scope="module")
def client(lab: RunningLab) -> Client:
    return Client(lab)


@pytest.fixture(scope="module")
def echo(lab: RunningLab) -> Iterator[str]:
    """A namespace whose pod `echo` runs, listening."""
    namespace = "port-forward"
    create(lab, namespace, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    probe = {"readinessProbe": {"tcpSocket": {"port": ECHO}, "periodSeconds": 1}}
    create(lab, namespace, pod("echo", "", container={"command": ["python3", "-c", SERVER], **probe}))
    lab.kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/echo", "--timeout=20s")
    yield namespace
    lab.kubectl("delete", "namespace", namespace, "--wait=false")


def named(*ports: int) -> set[bytes]:
    """The first message of each channel: its port."""
    return {bytes([channel]) + ports[channel // 2].to_bytes(2, "little") for channel in range(2 * len(ports))}


def received(socket: websocket.WebSocket, length: int) -> bytes:
    """So many bytes of channel 0."""
    data = b""
    while len(data) < length:
        message = socket.recv()
        assert message[:1] == b"\0"
        data += message[1:]
    return data


class TestForwarding:
    def test_each_channel_names_its_port_before_anything_else(self, client: Client, echo: str) -> None:
        with client.forward(echo, "echo", f"?ports={ECHO}") as socket:
            assert socket.getsubprotocol() == PROTOCOL
            assert {socket.recv(), socket.recv()} == named(ECHO)

    def test_bytes_arrive_whole_and_in_order_both_ways(self, client: Client, echo: str) -> None:
        sent = bytes(range(256)) * 4096
        with client.forward(echo, "echo", f"?ports={ECHO}") as socket:
            socket.recv(), socket.recv()
            for begin in range(0, len(sent), 100_000):
                socket.send_binary(b"\0" + sent[begin : begin + 100_000])
            assert received(socket, len(sent)) == sent

    def test_two_ports_share_a_socket(self, client: Client, echo: str) -> None:
        with client.forward(echo, "echo", f"?ports={GREETING}&ports={ECHO}") as socket:
            assert {socket.recv() for _ in range(4)} == named(GREETING, ECHO)
            socket.send_binary(b"\2ping")
            assert {socket.recv(), socket.recv()} == {b"\0hello and good bye", b"\2ping"}

    def test_a_server_that_closes_its_connection_closes_the_socket_in_order(self, client: Client, echo: str) -> None:
        with client.forward(echo, "echo", f"?ports={GREETING}") as socket:
            socket.recv(), socket.recv()
            assert received(socket, 18) == b"hello and good bye"
            opcode, data = socket.recv_data(control_frame=True)
            assert (opcode, data[:2]) == (websocket.ABNF.OPCODE_CLOSE, (1000).to_bytes(2, "big"))

    def test_a_client_that_leaves_closes_the_connection_in_the_pod(
        self, lab: RunningLab, client: Client, echo: str
    ) -> None:
        def closed() -> int:
            return lab.kubectl("-n", echo, "logs", "echo").count("closed")

        before = closed()
        with client.forward(echo, "echo", f"?ports={ECHO}") as socket:
            socket.recv(), socket.recv()
            socket.send_binary(b"\0ping")
            assert received(socket, 4) == b"ping"
            assert closed() <= before  # those of earlier tests may still be on their way
        lab.until(lambda: closed() > before, timeout_s=5)

    def test_a_port_where_nobody_listens_is_told_on_the_error_channel(self, client: Client, echo: str) -> None:
        with client.forward(echo, "echo", f"?ports={NOBODY}") as socket:
            assert {socket.recv(), socket.recv()} == named(NOBODY)
            told = socket.recv()
            assert told.startswith(f"\1error forwarding port {NOBODY} to pod echo, uid ".encode())
            assert told.endswith(b"Connection refused")
            assert socket.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE


class TestRefusing:
    def test_a_pod_that_is_not_there(self, client: Client, echo: str) -> None:
        assert client.refused(echo, "nobody", f"?ports={ECHO}") == (404, 'pods "nobody" not found')

    def test_a_pod_without_a_node(self, lab: RunningLab, client: Client, echo: str) -> None:
        create(lab, echo, pod("waiting", "sleep 60", nodeSelector={"kubernetes.io/hostname": "nowhere"}))
        assert client.refused(echo, "waiting", "?ports=1") == (400, "pod waiting does not have a host assigned")

    def test_a_pod_that_has_ended(self, lab: RunningLab, client: Client, echo: str) -> None:
        create(lab, echo, pod("brief", "exit 0", restartPolicy="Never"))
        lab.until(lambda: status(lab, echo, "brief")["phase"] == "Succeeded")
        assert client.refused(echo, "brief", "?ports=1") == (500, "the sandbox of pod brief is not running")

    @pytest.mark.parametrize("query", ["", "?ports=", "?ports=0", "?ports=65536", "?ports=http", "?ports=1,x"])
    def test_what_is_no_port(self, client: Client, echo: str, query: str) -> None:
        code, message = client.refused(echo, "echo", query)
        assert code == 400
        assert "port" in message

    def test_another_subprotocol_and_says_which_one_it_speaks(self, client: Client, echo: str) -> None:
        code, message = client.refused(echo, "echo", f"?ports={ECHO}", subprotocols=["v5.channel.k8s.io"])
        assert code == 400
        assert PROTOCOL in message
        assert "v5.channel.k8s.io" in message

    def test_who_does_not_say_who_they_are(self, client: Client, echo: str) -> None:
        assert client.refused(echo, "echo", f"?ports={ECHO}", header=[])[0] == 401

    def test_kubectl_which_speaks_something_else_and_is_told_so(self, lab: RunningLab, echo: str) -> None:
        told = lab.kubectl("-n", echo, "port-forward", "pod/echo", f":{ECHO}", check=False)
        assert PROTOCOL in told

    def test_a_request_that_is_no_websocket(self, lab: RunningLab, echo: str) -> None:
        path = f"/api/v1/namespaces/{echo}/pods/echo/portforward?ports={ECHO}"
        assert "Upgrade request required" in lab.kubectl("get", "--raw", path, check=False)
