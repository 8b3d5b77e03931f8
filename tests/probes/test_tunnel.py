"""The port-forward of our own, against real WebSockets: what a client sees of a pod that answers, refuses, or is lost.

The other side speaks v4.channel.k8s.io as kubelets do; which pod of a real cluster is asked, and with which
credentials, is for tests/e2e/test_port_forward.py.
"""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
import websocket
from aiohttp import WSMsgType, web
from chaosmongo.checks import reach, recovery, validity
from chaosmongo.checks.evidence import Evidence
from chaosmongo.errors import NoCluster, NotFound
from chaosmongo.history.records import LanePlan, Note, Objectives
from chaosmongo.tunnel.endpoints import SERVICE_LABEL, Target, ready_pods
from chaosmongo.tunnel.listener import Listener
from chaosmongo.tunnel.queueing import HANGS_S, PATIENCE_S, Attempt, Queue
from chaosmongo.tunnel.relay import SUBPROTOCOL
from hypothesis import given, settings
from hypothesis import strategies as st

from .checks.histories import STOPPED, at, fault, history, plan, run, stream

PORT = 27017
NAMED = PORT.to_bytes(2, "little")


class TestReadyPods:
    """Which endpoints of an EndpointSlice can be asked."""

    def slice(self, *endpoints: dict, service: str = "mongo", name: str = "mongo") -> dict:
        return {
            "metadata": {"name": f"{service}-1", "labels": {SERVICE_LABEL: service}},
            "ports": [{"name": name, "port": PORT}],
            "endpoints": list(endpoints),
        }

    def endpoint(self, pod: str, **conditions: bool | None) -> dict:
        return {"targetRef": {"kind": "Pod", "name": pod}, "conditions": conditions}

    def test_those_that_are_ready(self) -> None:
        found = self.slice(self.endpoint("a", ready=True), self.endpoint("b", ready=False), self.endpoint("c"))
        assert ready_pods([found], "mongo", "mongo") == [Target("a", PORT), Target("c", PORT)]

    def test_of_all_slices_of_the_service_and_of_no_other(self) -> None:
        ours, others = self.endpoint("a", ready=True), self.endpoint("b", ready=True)
        slices = [self.slice(ours), self.slice(others, service="pacman"), self.slice(others)]
        assert [one.pod for one in ready_pods(slices, "mongo", "mongo")] == ["a", "b"]

    @pytest.mark.parametrize(
        "other",
        [
            {"addresses": ["10.0.0.1"], "conditions": {"ready": True}},
            {"targetRef": {"kind": "Node", "name": "n"}, "conditions": {"ready": True}},
        ],
        ids=["an address alone", "something else than a pod"],
    )
    def test_none_that_is_no_pod(self, other: dict) -> None:
        assert ready_pods([self.slice(other)], "mongo", "mongo") == []

    def test_none_where_the_port_has_another_name(self) -> None:
        assert ready_pods([self.slice(self.endpoint("a", ready=True))], "mongo", "") == []

    def test_an_empty_service(self) -> None:
        assert ready_pods([{"metadata": {"labels": None}, "ports": None, "endpoints": None}], "mongo", "mongo") == []


class Clients:
    """A queue of names, what it began, and whom it reset."""

    def __init__(self) -> None:
        self.begun: list[Attempt[str]] = []
        self.gone: set[str] = set()
        self.reset: list[str] = []
        self.queue = Queue(self.begun.append, self.gone.__contains__, self.reset.append)

    def come(self, *names: str) -> None:
        for name in names:
            self.queue.add(name)


class TestQueue:
    @pytest.fixture
    def clients(self) -> Clients:
        return Clients()

    def test_one_attempt_at_a_time(self, clients: Clients) -> None:
        clients.come("a", "b", "c")
        assert [attempt.waiting for attempt in clients.begun] == [["a"]]
        assert clients.queue.opened(clients.begun[0]) == "a"
        assert [attempt.waiting for attempt in clients.begun] == [["a"], ["b", "c"]]

    def test_another_one_where_the_last_hangs(self, clients: Clients) -> None:
        clients.come("a")
        time.sleep(HANGS_S * 1.5)
        clients.come("b")
        assert len(clients.begun) == 2

    def test_what_is_open_goes_to_whoever_is_still_there(self, clients: Clients) -> None:
        clients.come("a", "b")
        clients.gone.add("a")
        assert clients.queue.opened(clients.begun[0]) == "b"
        assert clients.reset == ["a"]

    def test_the_newest_is_served_first_where_somebody_has_waited_long(self, clients: Clients) -> None:
        clients.come("a", "b")
        time.sleep(PATIENCE_S * 1.2)
        clients.come("c")
        assert clients.queue.opened(clients.begun[0]) == "c"

    def test_a_refusal_is_shared_by_those_who_waited_when_it_was_asked_for_alone(self, clients: Clients) -> None:
        clients.come("a", "b")
        clients.queue.opened(clients.begun[0])
        clients.queue.decided(clients.begun[0], refused=True)
        clients.come("c")
        clients.queue.decided(clients.begun[1], refused=True)
        assert clients.reset == ["b"]
        assert clients.begun[2].waiting == ["c"]

    def test_after_a_refusal_a_newcomer_gets_only_what_is_known_to_be_accepted(self, clients: Clients) -> None:
        clients.come("a")
        clients.queue.decided(clients.begun[0], refused=True)
        clients.come("b")
        clients.gone.add("b")
        clients.come("c")
        assert clients.queue.opened(clients.begun[1]) is None
        assert clients.queue.opened(clients.begun[1], accepted=True) == "c"

    def test_only_the_first_word_on_an_attempt_counts(self, clients: Clients) -> None:
        clients.come("a")
        clients.queue.decided(clients.begun[0], refused=False)
        clients.queue.decided(clients.begun[0], refused=True)
        assert clients.reset == []

    def test_who_gave_up_while_the_pod_answered_others_is_counted(self, clients: Clients) -> None:
        clients.come("a", "b")
        clients.queue.answered()
        clients.gone.add("b")
        clients.queue.opened(clients.begun[0])
        assert clients.queue.starved == 1

    def test_who_gave_up_while_it_was_silent_is_not(self, clients: Clients) -> None:
        clients.queue.answered()
        clients.come("a", "b")
        clients.gone.add("b")
        clients.queue.opened(clients.begun[0])
        assert clients.queue.starved == 0

    @settings(max_examples=60)
    @given(st.lists(st.sampled_from(["come", "leave", "open", "refuse", "accept"]), max_size=40))
    def test_every_client_is_served_reset_or_waits_and_never_two_of_them(self, steps: list[str]) -> None:
        clients, served, come = Clients(), [], []
        open_ = 0
        for step in steps:
            if step == "come":
                come.append(f"c{len(come)}")
                clients.come(come[-1])
            elif step == "leave" and come:
                clients.gone.add(come[-1])
            elif open_ < len(clients.begun):
                attempt = clients.begun[open_]
                open_ += 1
                if step != "refuse" and (client := clients.queue.opened(attempt)):
                    served.append(client)
                clients.queue.decided(attempt, refused=step == "refuse")
        assert len(served) == len(set(served))
        assert len(clients.reset) == len(set(clients.reset))
        assert not set(served) & set(clients.reset)
        assert not set(served) & {one for one in clients.gone if one in clients.reset}
        waiting = set(come) - set(served) - set(clients.reset)
        assert not waiting or open_ < len(clients.begun), f"{waiting} wait, and nothing is under way for them"


Pod = Callable[[web.WebSocketResponse], Awaitable[None]]


class Kubelet:
    """Serves WebSockets on a thread of its own; `pod` is what answers on each."""

    def __init__(self) -> None:
        self.pod: Pod = echo
        self.asked = 0
        self.ended = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(5)

    async def _start(self) -> int:
        self._runner = web.ServerRunner(web.Server(self._answer, handler_cancellation=True), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return int(self._runner.addresses[0][1])

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        served = web.WebSocketResponse(protocols=(SUBPROTOCOL,), max_msg_size=0, timeout=0.1)
        await served.prepare(request)
        try:
            await self.pod(served)
        finally:
            self.ended += 1
        return served

    def connect(self, target: Target) -> websocket.WebSocket:
        return websocket.create_connection(
            f"ws://127.0.0.1:{self.port}/{target.pod}", subprotocols=[SUBPROTOCOL], timeout=2
        )

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def named(served: web.WebSocketResponse) -> None:
    for channel in (b"\0", b"\1"):
        await served.send_bytes(channel + NAMED)


async def echo(served: web.WebSocketResponse) -> None:
    await named(served)
    async for message in served:
        if message.type is WSMsgType.BINARY:
            await served.send_bytes(message.data)


async def greet(served: web.WebSocketResponse) -> None:
    await named(served)
    await served.send_bytes(b"\0good bye")
    await served.close()


async def refuse(served: web.WebSocketResponse) -> None:
    await named(served)
    await served.send_bytes(b"\1error forwarding port 27017: connection refused")
    await served.close()


async def break_off(served: web.WebSocketResponse) -> None:
    await named(served)
    await served.receive()
    await served.send_bytes(b"\0half an ans")
    served._req.transport.abort()  # as a kubelet that loses power


async def close_with_an_error(served: web.WebSocketResponse) -> None:
    await named(served)
    await served.close(code=1011)


async def name_another_port(served: web.WebSocketResponse) -> None:
    await served.send_bytes(b"\0" + (1).to_bytes(2, "little"))
    await served.receive()


async def use_a_third_channel(served: web.WebSocketResponse) -> None:
    await named(served)
    await served.send_bytes(b"\2what is this")
    await served.receive()


async def ping(served: web.WebSocketResponse) -> None:
    await named(served)
    await served.ping(b"are you there")
    served._autoping = False
    message = await served.receive()
    assert (message.type, message.data) == (WSMsgType.PONG, b"are you there")
    await served.send_bytes(b"\0pong seen")
    await served.close()


@pytest.fixture
def kubelet() -> Iterator[Kubelet]:
    found = Kubelet()
    yield found
    found.close()


@pytest.fixture
def pods() -> list[Target]:
    return [Target("mongo-0", PORT)]


@pytest.fixture
def port(kubelet: Kubelet, pods: list[Target]) -> int:
    """The local port of a listener for `pods`."""
    listener = Listener(lambda: pods, kubelet.connect)
    listener.start()
    return listener.port


def client(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=3)


def everything(connection: socket.socket) -> bytes:
    """What arrives until the other side closes in order; ConnectionResetError where it does not."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def is_reset(port: int, sent: bytes = b"") -> None:
    """Asserts that a connection is lost, at the latest when something was sent: as early as in connect(2), perhaps."""
    with pytest.raises(ConnectionResetError), client(port) as connection:
        connection.sendall(sent)
        everything(connection)


class TestForwarding:
    def test_bytes_arrive_whole_and_in_order_both_ways(self, port: int) -> None:
        sent = bytes(range(256)) * 20_000
        with client(port) as connection:
            threading.Thread(target=connection.sendall, args=(sent,)).start()
            received = bytearray()
            while len(received) < len(sent):
                received += connection.recv(65536)
        assert received == sent

    def test_each_connection_is_one_of_its_own(self, port: int, kubelet: Kubelet) -> None:
        with client(port) as one, client(port) as other:
            for connection, word in ((one, b"one"), (other, b"other"), (one, b"again")):
                connection.sendall(word)
                assert connection.recv(100) == word
        assert kubelet.asked == 2

    def test_a_pod_that_closes_in_order_is_seen_to(self, port: int, kubelet: Kubelet) -> None:
        kubelet.pod = greet
        with client(port) as connection:
            assert everything(connection) == b"good bye"

    def test_a_client_that_leaves_ends_the_websocket(self, port: int, kubelet: Kubelet) -> None:
        with client(port) as connection:
            connection.sendall(b"hello")
            assert connection.recv(100) == b"hello"
        end = time.monotonic() + 3
        while not kubelet.ended:
            assert time.monotonic() < end
            time.sleep(0.01)

    def test_a_ping_is_answered(self, port: int, kubelet: Kubelet) -> None:
        kubelet.pod = ping
        with client(port) as connection:
            assert everything(connection) == b"pong seen"

    def test_a_new_connection_goes_to_the_pod_that_is_ready_then(
        self, port: int, kubelet: Kubelet, pods: list[Target]
    ) -> None:
        pods.clear()
        is_reset(port)
        pods.append(Target("mongo-1", PORT))
        with client(port) as connection:
            connection.sendall(b"hello")
            assert connection.recv(100) == b"hello"
        assert kubelet.asked == 1

    def test_it_listens_on_this_machine_alone(self, port: int) -> None:
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        (address,) = {line[1].split(":")[0] for line in lines if line[3] == "0A" and int(line[1][-4:], 16) == port}
        assert socket.inet_ntoa(struct.pack("=I", int(address, 16))) == "127.0.0.1"


class TestResetting:
    """At once, so that nobody waits for their deadline, and as a lost connection, never as an orderly end."""

    @pytest.mark.parametrize(
        "pod",
        [refuse, break_off, close_with_an_error, name_another_port, use_a_third_channel],
        ids=lambda pod: pod.__name__,
    )
    def test_a_client_of_a_pod_that_does_not_answer(self, port: int, kubelet: Kubelet, pod: Pod) -> None:
        kubelet.pod = pod
        began = time.monotonic()
        is_reset(port, b"hello")
        assert time.monotonic() - began < 2

    def test_clients_while_the_api_server_refuses(self, pods: list[Target]) -> None:
        def refused(target: Target) -> websocket.WebSocket:
            raise NoCluster(f"no way to {target.pod}")

        listener = Listener(lambda: pods, refused)
        listener.start()
        is_reset(listener.port)

    def test_a_refusing_pod_is_not_asked_once_for_every_client(self, port: int, kubelet: Kubelet) -> None:
        async def slowly(served: web.WebSocketResponse) -> None:
            await asyncio.sleep(0.04)
            await refuse(served)

        kubelet.pod = slowly
        with ThreadPoolExecutor(100) as clients:
            list(clients.map(is_reset, [port] * 100))
        assert kubelet.asked < 50  # clients that come one by one on a busy machine share less

    def test_and_is_found_again_when_it_answers(self, port: int, kubelet: Kubelet) -> None:
        self.test_a_client_of_a_pod_that_does_not_answer(port, kubelet, refuse)
        kubelet.pod = echo
        with client(port) as connection:
            connection.sendall(b"hello")
            assert connection.recv(100) == b"hello"

    def test_a_service_without_a_ready_pod_is_named_before_it_is_used(self, kubelet: Kubelet) -> None:
        with pytest.raises(NotFound, match="none of its pods is Ready"):
            Listener(list, kubelet.connect).check()


class TestJudgingWhatWasSeenThroughIt:
    """Fault at 0, down for 40 s of an objective of 30 s, then up."""

    OPS = stream("." * 500 + "x" * 4000 + "." * 500, -5000, 10)
    REACH = Note(
        at(-9000),
        "reach",
        {
            "hello_ms": {"median": 0.9, "p95": 2.0, "n": 100},
            "first_answer_ms": {"median": 16.5, "p95": 22.0, "n": 10},
            "direct": {"hello_ms": {"median": 0.2}, "first_answer_ms": {"median": 0.5}},
        },
    )
    TROUBLE = Note(at(60_000), "tunnel", {"trouble": "7 connections waited in vain for it"})

    def evidence(self, *notes: Note, via: str = "port-forward") -> Evidence:
        planned = plan(server={"hello": 100.0})
        lanes = {lane: LanePlan(one.rates, one.deadline_s, via) for lane, one in planned.lanes.items()}
        return Evidence(
            history(
                self.OPS,
                run=run(objectives=Objectives({"server": 30.0})),
                plan=msgspec.structs.replace(planned, lanes=lanes),
                faults=[fault()],
                ops_notes=[STOPPED],
                course=list(notes),
            )
        )

    def test_the_report_says_which_way_and_what_it_adds(self) -> None:
        (doubt,) = reach.doubts(self.evidence(self.REACH))
        assert "server reached through a port-forward" in doubt
        assert "adds 0.7 ms to an answer and 16.0 ms to a new connection" in doubt
        assert "a refused connection looks like a lost one" in doubt

    def test_without_another_way_it_does_not_pretend_to_know_the_difference(self) -> None:
        alone = Note(at(-9000), "reach", {key: value for key, value in self.REACH.detail.items() if key != "direct"})
        (doubt,) = reach.doubts(self.evidence(alone))
        assert "an answer takes 0.9 ms" in doubt
        assert "not known here" in doubt

    @pytest.mark.parametrize("detail", [{}, {"error": "refused"}, {"hello_ms": 1, "first_answer_ms": None}])
    def test_nor_where_it_was_not_measured(self, detail: dict) -> None:
        (doubt,) = reach.doubts(self.evidence(Note(at(-9000), "reach", detail)))
        assert "not measured" in doubt

    def test_nothing_is_said_of_another_way(self) -> None:
        assert list(reach.doubts(self.evidence(via="pod"))) == []

    def test_a_port_forward_that_was_too_slow_is_not_believed(self) -> None:
        finding = validity.check(self.evidence(self.TROUBLE)).finding
        assert finding is not None
        assert finding.verdict == "unknown"
        assert "7 connections waited in vain" in finding.summary

    @pytest.mark.parametrize(
        ("notes", "via", "met"),
        [((), "port-forward", False), ((TROUBLE,), "port-forward", None), ((TROUBLE,), "pod", False)],
        ids=["a good way", "a poor way", "another way"],
    )
    def test_an_objective_is_missed_only_where_the_way_was_good(
        self, notes: tuple[Note, ...], via: str, met: bool | None
    ) -> None:
        (lane,) = recovery.check(self.evidence(*notes, via=via)).result
        assert lane.met is met
