"""The portforward subresource of a pod, as kubectl and a client of v4.channel.k8s.io meet it at a real API server."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import websocket
import yaml
from kubelab.node.spdy import (
    PROTOCOL_ERROR,
    Codec,
    Data,
    Frame,
    GoAway,
    Ping,
    RstStream,
    SynReply,
    SynStream,
)

from .conftest import RunningLab
from .forwarding import forwarding
from .test_pods import create, pod, status

pytestmark = pytest.mark.e2e

PROTOCOL, TUNNELLED = "v4.channel.k8s.io", "SPDY/3.1+portforward.k8s.io"
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


def whole(connection: socket.socket, length: int) -> bytes:
    """So many bytes, or all until the other side closes the connection."""
    data = b""
    while len(data) < length and (more := connection.recv(length - len(data))):
        data += more
    return data


class Peer:
    """One frame of SPDY/3.1 in each message of a WebSocket."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self.socket = socket
        self._codec = Codec()
        self._read: list[Frame] = []

    def send(self, frame: Frame) -> None:
        self.socket.send_binary(self._codec.encode(frame))

    def read(self) -> Frame:
        while not self._read:
            self._read += self._codec.decode(self.socket.recv())
        return self._read.pop(0)

    def open(self, port: int, sent: bytes = b"") -> tuple[int, int]:
        """The streams of one connection, as kubectl opens them: for errors, and for data."""
        headers = {"port": str(port), "requestid": "0"}
        self.send(SynStream(1, headers | {"streamtype": "error"}, fin=True))
        self.send(SynStream(3, headers | {"streamtype": "data"}))
        if sent:
            self.send(Data(3, sent))
        return 1, 3


def closed(lab: RunningLab, namespace: str) -> int:
    """How many connections have ended in the pod."""
    return lab.kubectl("-n", namespace, "logs", "echo").count("closed")


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
        before = closed(lab, echo)
        with client.forward(echo, "echo", f"?ports={ECHO}") as socket:
            socket.recv(), socket.recv()
            socket.send_binary(b"\0ping")
            assert received(socket, 4) == b"ping"
            assert closed(lab, echo) <= before  # those of earlier tests may still be on their way
        lab.until(lambda: closed(lab, echo) > before, timeout_s=5)

    def test_a_port_where_nobody_listens_is_told_on_the_error_channel(self, client: Client, echo: str) -> None:
        with client.forward(echo, "echo", f"?ports={NOBODY}") as socket:
            assert {socket.recv(), socket.recv()} == named(NOBODY)
            told = socket.recv()
            assert told.startswith(f"\1error forwarding port {NOBODY} to pod echo, uid ".encode())
            assert told.endswith(b"Connection refused")
            assert socket.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE


class TestKubectl:
    """SPDY/3.1 through a WebSocket, every connection a pair of its streams."""

    def test_brings_bytes_whole_and_in_order_both_ways(self, lab: RunningLab, echo: str) -> None:
        sent = bytes(range(256)) * 4096
        with forwarding(lab, echo, "pod/echo", ECHO) as forwarded, forwarded.connect() as connection:
            writing = threading.Thread(target=connection.sendall, args=(sent,))
            writing.start()
            assert whole(connection, len(sent)) == sent
            writing.join()

    def test_keeps_connections_apart(self, lab: RunningLab, echo: str) -> None:
        with forwarding(lab, echo, "pod/echo", ECHO) as forwarded:
            connections = [forwarded.connect() for _ in range(8)]
            for number, connection in enumerate(connections):
                connection.sendall(b"number %d" % number)
            for number, connection in reversed(list(enumerate(connections))):
                assert whole(connection, 8) == b"number %d" % number
                connection.close()

    def test_hears_when_either_side_of_a_connection_closes_it(self, lab: RunningLab, echo: str) -> None:
        with forwarding(lab, echo, "pod/echo", GREETING) as forwarded, forwarded.connect() as greeted:
            assert whole(greeted, 1 << 16) == b"hello and good bye"
        before = closed(lab, echo)
        with forwarding(lab, echo, "pod/echo", ECHO) as forwarded:
            with forwarded.connect() as connection:
                connection.sendall(b"ping")
                assert whole(connection, 4) == b"ping"
            lab.until(lambda: closed(lab, echo) > before, timeout_s=5)

    def test_takes_its_connections_along_when_it_is_interrupted(self, lab: RunningLab, echo: str) -> None:
        before = closed(lab, echo)
        with forwarding(lab, echo, "pod/echo", ECHO) as forwarded, forwarded.connect() as connection:
            connection.sendall(b"ping")
            assert whole(connection, 4) == b"ping"
            assert forwarded.interrupt() == 0
            assert connection.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                forwarded.connect()
            lab.until(lambda: closed(lab, echo) > before, timeout_s=5)

    def test_is_told_that_nobody_listens_and_gives_up(self, lab: RunningLab, echo: str) -> None:
        with forwarding(lab, echo, "pod/echo", NOBODY) as forwarded:
            with forwarded.connect() as connection:
                assert connection.recv(1) == b""
            assert forwarded.end() == 1
            assert f"error forwarding port {NOBODY} to pod echo, uid " in forwarded.told
            assert "Connection refused" in forwarded.told
            assert "error: lost connection to pod" in forwarded.told


class TestStreams:
    """The same streams, as a client meets them that kubectl is not."""

    @pytest.fixture
    def peer(self, client: Client, echo: str) -> Iterator[Peer]:
        with client.forward(echo, "echo", "", subprotocols=[TUNNELLED]) as socket:
            yield Peer(socket)

    def test_are_accepted_before_they_carry_anything(self, peer: Peer) -> None:
        error, data = peer.open(GREETING)
        assert [peer.read(), peer.read()] == [SynReply(error), SynReply(data)]
        assert peer.read() == Data(data, b"hello and good bye")
        assert [peer.read(), peer.read()] == [Data(data, b"", fin=True), Data(error, b"", fin=True)]

    def test_serve_what_was_sent_before_their_connection_was_made(self, peer: Peer) -> None:
        _, data = peer.open(ECHO, sent=b"at once")
        assert [peer.read() for _ in range(3)][2] == Data(data, b"at once")

    def test_end_both_when_the_client_resets_the_data(self, peer: Peer) -> None:
        error, data = peer.open(ECHO)
        peer.read(), peer.read()
        peer.send(RstStream(data, 5))
        assert peer.read() == Data(error, b"", fin=True)

    @pytest.mark.parametrize(
        "headers",
        [
            {"streamtype": "data", "port": "0", "requestid": "0"},
            {"streamtype": "data", "port": "http", "requestid": "0"},
            {"streamtype": "data", "port": "70000", "requestid": "0"},
            {"streamtype": "other", "port": "7000", "requestid": "0"},
            {"streamtype": "data", "port": "7000"},
            {},
        ],
    )
    def test_are_reset_alone_when_their_headers_are_wrong(self, peer: Peer, headers: dict[str, str]) -> None:
        peer.send(SynStream(1, headers))
        assert peer.read() == RstStream(1, PROTOCOL_ERROR)
        peer.send(Ping(1))
        assert peer.read() == Ping(1)

    def test_all_end_with_what_is_no_frame(self, peer: Peer) -> None:
        peer.socket.send_binary(b"GET / HTTP/1.1\r\n" + bytes(100))
        assert peer.read() == GoAway(0, PROTOCOL_ERROR)
        assert peer.socket.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE


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

    def test_a_request_that_is_no_websocket(self, lab: RunningLab, echo: str) -> None:
        path = f"/api/v1/namespaces/{echo}/pods/echo/portforward?ports={ECHO}"
        assert "Upgrade request required" in lab.kubectl("get", "--raw", path, check=False)
