"""A crash of the control plane: nodes, containers and connections go on, and it carries on where it was."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from .conftest import RunningLab
from .test_pods import create, pod

pytestmark = pytest.mark.e2e

ECHO = """
import os, socket
connection, _ = socket.create_server((os.environ["KUBELAB_POD_IP"], 8000)).accept()
while data := connection.recv(100):
    connection.sendall(data)
"""
ENDING_SLOWLY = "trap 'sleep 3; exit 0' TERM; while :; do sleep 0.05; done"


def of_pods(kind: str, name: str, command: str, replicas: int, **spec: Any) -> dict[str, Any]:
    """A Deployment or StatefulSet of pods that run a shell command."""
    one = pod(name, command, terminationGracePeriodSeconds=10)
    template = {"metadata": {"labels": {"app": name}}, "spec": one["spec"]}
    wanted = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template} | spec
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": wanted}


def pods(lab: RunningLab, namespace: str, app: str) -> dict[str, dict[str, Any]]:
    """By UID; those that are being deleted aside."""
    found = lab.get("-n", namespace, "pods", "-l", f"app={app}")["items"]
    return {p["metadata"]["uid"]: p for p in found if "deletionTimestamp" not in p["metadata"]}


def are_running(found: dict[str, dict[str, Any]]) -> bool:
    return all(p["status"]["phase"] == "Running" for p in found.values())


def test_a_restart_disturbs_nothing_and_leaves_nothing_undone(lab: RunningLab, namespace: str) -> None:
    service = {"selector": {"app": "echo"}, "ports": [{"port": 8000}]}
    create(
        lab,
        namespace,
        of_pods("Deployment", "many", "exec sleep 1000", 3),
        of_pods("StatefulSet", "slow", ENDING_SLOWLY, 1, serviceName="slow"),
        pod("echo", "", container={"command": ["python3", "-c", ECHO]}),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "echo"}, "spec": service},
    )
    for app, count in (("many", 3), ("slow", 1), ("echo", 1)):
        lab.until(lambda a=app, n=count: len(found := pods(lab, namespace, a)) == n and are_running(found))
    before = pods(lab, namespace, "many")
    slow = pods(lab, namespace, "slow")
    connection = connected(lab.get("-n", namespace, "service", "echo")["spec"]["clusterIP"], lab)
    with connection:
        listed = json.loads(lab.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/pods"))
        version = listed["metadata"]["resourceVersion"]
        lab.kubectl("-n", namespace, "delete", "pod", "slow-0", "--wait=false")
        lab.kubectl("-n", namespace, "scale", "deployment", "many", "--replicas=5")
        told = lab.kubelab("control-plane", "restart").stdout
        assert re.fullmatch(r"control plane restarted: .* it answers again after \d+\.\d s\n", told)
        assert echoed(connection)
    assert ("MODIFIED", "slow-0") in changes_since(lab, namespace, version)
    after = lab.until(lambda: len(found := pods(lab, namespace, "slow")) == 1 and are_running(found) and found)
    assert not slow.keys() & after.keys()
    lab.until(lambda: len(found := pods(lab, namespace, "many")) == 5 and are_running(found))
    many = pods(lab, namespace, "many")
    assert before.keys() < many.keys()
    restarts = [s["restartCount"] for p in many.values() for s in p["status"]["containerStatuses"]]
    assert restarts == [0] * 5
    events = changes_since(lab, namespace, version)
    assert len([name for kind, name in events if kind == "ADDED" and name.startswith("many-")]) == 2
    assert events.count(("ADDED", "slow-0")) == events.count(("DELETED", "slow-0")) == 1


def connected(host: str, lab: RunningLab) -> socket.socket:
    def connect() -> socket.socket | None:
        try:
            connection = socket.create_connection((host, 8000), 2)
            return connection if echoed(connection) else None
        except OSError:
            return None

    found: socket.socket = lab.until(connect)
    return found


def echoed(connection: socket.socket) -> bool:
    connection.sendall(b"still there?")
    return connection.recv(100) == b"still there?"


def changes_since(lab: RunningLab, namespace: str, version: str) -> list[tuple[str, str]]:
    """What a client that watches again from its last resource version is told of pods."""
    path = f"/api/v1/namespaces/{namespace}/pods?watch=1&resourceVersion={version}&timeoutSeconds=1"
    events = map(json.loads, lab.kubectl("get", "--raw", path).splitlines())
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events]
