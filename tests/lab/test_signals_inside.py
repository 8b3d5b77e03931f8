"""Signals from within a container of the mongo image, as faults send them: a crash in place, a freeze and its end."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from pymongo.errors import PyMongoError

from .conftest import RunningLab

pytestmark = pytest.mark.e2e

NAMESPACE = "signals-inside"


def mongo(name: str) -> dict[str, Any]:
    probe = {"tcpSocket": {"port": 27017}, "periodSeconds": 1}
    spec = {
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "mongo", "image": "mongo:8", "readinessProbe": probe}],
    }
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def pods(lab: RunningLab) -> Iterator[RunningLab]:
    """A lab with two databases side by side, hit and spared."""
    lab.kubectl("create", "namespace", NAMESPACE)
    items = [mongo("hit"), mongo("spared")]
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    ready(lab)
    yield lab
    lab.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def ready(lab: RunningLab) -> None:
    lab.kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s")


def signal(lab: RunningLab, number: str) -> None:
    lab.kubectl("-n", NAMESPACE, "exec", "hit", "--", "sh", "-c", f"kill -s {number} $(pidof mongod)", check=False)


def seen(lab: RunningLab, name: str) -> dict[str, Any]:
    found: dict[str, Any] = lab.get("-n", NAMESPACE, "pod", name)
    return found


def restarts(lab: RunningLab, name: str) -> int:
    return int(seen(lab, name)["status"]["containerStatuses"][0]["restartCount"])


def answers(lab: RunningLab, name: str, within_s: float = 0.5) -> bool:
    address = seen(lab, name)["status"]["podIP"]
    waits = {"serverSelectionTimeoutMS": 1000 * within_s, "socketTimeoutMS": 1000 * within_s}
    with pymongo.MongoClient(address, 27017, **waits) as client:
        try:
            return bool(client.admin.command("ping")["ok"])
        except PyMongoError:
            return False


def is_ready(lab: RunningLab) -> bool:
    conditions = {c["type"]: c["status"] for c in seen(lab, "hit")["status"]["conditions"]}
    return conditions["Ready"] == "True"


def test_stop_freezes_the_database_until_cont_while_its_pod_stays_ready(pods: RunningLab) -> None:
    signal(pods, "STOP")
    try:
        assert not answers(pods, "hit")
        socket.create_connection((seen(pods, "hit")["status"]["podIP"], 27017), 2).close()
        assert answers(pods, "spared", 5)
        assert is_ready(pods)
    finally:
        signal(pods, "CONT")
    assert answers(pods, "hit", 5)
    assert restarts(pods, "hit") == 0


def test_kill_is_a_crash_in_place(pods: RunningLab) -> None:
    before = seen(pods, "hit")
    signal(pods, "KILL")
    pods.until(lambda: restarts(pods, "hit"))
    ready(pods)
    after = seen(pods, "hit")
    assert (after["metadata"]["uid"], restarts(pods, "hit")) == (before["metadata"]["uid"], 1)
    ended = after["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "Error")
    assert answers(pods, "hit", 5)
    assert restarts(pods, "spared") == 0


def test_a_program_that_does_not_run_is_not_found(pods: RunningLab) -> None:
    told = pods.kubectl("-n", NAMESPACE, "exec", "hit", "--", "pidof", "mongos", check=False)
    assert told == "command terminated with exit code 1\n"
