"""A NetworkPolicy that lets nobody in, at a Service and at an Ingress of a real lab."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import RunningLab
from .forwarding import forwarding
from .test_joining import service, serving
from .test_pods import create

pytestmark = pytest.mark.e2e

INGRESS_PORT = 8080
SILENCE_S = 0.5
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "nobody"},
    "spec": {"podSelector": {"matchLabels": {"app": "hidden"}}, "policyTypes": ["Ingress"], "ingress": []},
}


@contextmanager
def nobody_comes_in(lab: RunningLab, namespace: str) -> Iterator[None]:
    """Until it is left; the proxies know of it when its event is told."""
    create(lab, namespace, POLICY)
    try:
        lab.until(lambda: told(lab, namespace))
        yield
    finally:
        lab.kubectl("-n", namespace, "delete", "networkpolicy", "nobody")


def told(lab: RunningLab, namespace: str) -> list[str]:
    events = lab.get("-n", namespace, "events", "--field-selector=involvedObject.kind=NetworkPolicy")["items"]
    return [f"{event['type']} {event['reason']}: {event['message']}" for event in events]


def ingress() -> dict[str, Any]:
    backend = {"service": {"name": "hidden", "port": {"number": 8000}}}
    rule = {"host": "hidden.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "hidden"}}
    return kind | {"spec": {"rules": [rule]}}


def status_of(host: str, port: int) -> int:
    """Of an HTTP request for the Ingress's host."""
    request = urllib.request.Request(f"http://{host}:{port}/", headers={"Host": "hidden.example"})
    with urllib.request.urlopen(request, timeout=15) as answer:
        return int(answer.status)


def ask(connection: socket.socket) -> bytes:
    """The beginning of the answer to one of several requests."""
    connection.sendall(b"HEAD / HTTP/1.1\r\nHost: hidden\r\n\r\n")
    return connection.recv(8)


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(SILENCE_S)
    try:
        ask(connection)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(15)
    return False


def test_a_pod_is_cut_off_in_silence_and_let_in_again(lab: RunningLab, namespace: str) -> None:
    create(lab, namespace, service("hidden"), serving("hidden"), ingress())
    lab.kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/hidden", "--timeout=20s")
    address = lab.get("-n", namespace, "service", "hidden")["spec"]["clusterIP"]
    own = lab.get("-n", namespace, "pod", "hidden")["status"]["podIP"]
    entrance = lab.get("-n", namespace, "ingress", "hidden")["status"]["loadBalancer"]["ingress"][0]["ip"]
    lab.until(lambda: answers(address, 8000) and answers(entrance, INGRESS_PORT))
    with socket.create_connection((address, 8000), 15) as early, ThreadPoolExecutor() as threads:
        with nobody_comes_in(lab, namespace):
            assert is_silent(early)
            with socket.create_connection((address, 8000), 15) as late:
                assert is_silent(late)
            assert status_of(own, 8000) == 200
            with forwarding(lab, namespace, "pod/hidden", 8000) as forwarded:
                assert status_of("127.0.0.1", forwarded.port) == 200
            conditions = lab.get("-n", namespace, "pod", "hidden")["status"]["conditions"]
            assert {c["type"]: c["status"] for c in conditions}["Ready"] == "True"
            asked: Future[int] = threads.submit(status_of, entrance, INGRESS_PORT)
            assert wait([asked], SILENCE_S).not_done
        assert early.recv(8) == b"HTTP/1.0"
        assert asked.result() == 200
        assert status_of(address, 8000) == 200
    (event,) = told(lab, namespace)
    assert event.startswith("Warning PartlyEnforced: connections through Services and Ingresses are cut")


def answers(host: str, port: int) -> bool:
    try:
        return status_of(host, port) == 200
    except OSError:
        return False


def test_rules_that_are_not_enforced_are_told_about(lab: RunningLab, namespace: str) -> None:
    rule = {"from": [{"podSelector": {}}]}
    policy = json.loads(json.dumps(POLICY))
    policy["spec"] |= {"policyTypes": ["Ingress", "Egress"], "ingress": [rule], "egress": []}
    create(lab, namespace, policy)
    ingress_event, egress_event = sorted(lab.until(lambda: len(found := told(lab, namespace)) == 2 and found))
    assert ingress_event.startswith("Warning NotEnforced: rules about who may come in are not enforced here")
    assert egress_event == "Warning NotEnforced: what may go out is not restricted here"
