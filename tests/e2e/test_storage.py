"""Volumes that every node reaches, volumes that one node has, and what becomes of both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import RunningLab

pytestmark = pytest.mark.e2e

NAMESPACE = "default"
NOTE = """
import json, os, pathlib, time
log = pathlib.Path(json.loads(os.environ["KUBELAB_MOUNTS"])["/data"]) / "log"
with log.open("a") as file: file.write("started\\n")
time.sleep(1000)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    found = RunningLab(tmp_path_factory.mktemp("storage") / "state")
    try:
        found.kubelab("up")
        yield found
    finally:
        found.kubelab("down", check=False)


def stateful_set(name: str, storage_class: str | None, replicas: int = 1, **spec: Any) -> dict[str, Any]:
    """Each of its pods notes each of its starts on its volume."""
    claim: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    if storage_class:
        claim["storageClassName"] = storage_class
    container = {
        "name": "main",
        "image": "registry.k8s.io/pause:3.10",
        "command": ["python3", "-c", NOTE],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    wanted = {
        "replicas": replicas,
        "serviceName": name,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": wanted | spec}


def create(lab: RunningLab, made: dict[str, Any]) -> None:
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(made))
    lab.kubectl("rollout", "status", f"statefulset/{made['metadata']['name']}", "--timeout=20s")


def value(lab: RunningLab, what: str, field: str) -> str:
    return lab.kubectl("get", *what.split("/"), "-o", f"jsonpath={{{field}}}", "--ignore-not-found")


def node_of(lab: RunningLab, pod: str) -> str:
    return value(lab, f"pod/{pod}", ".spec.nodeName")


def volume_of(lab: RunningLab, claim: str) -> Path:
    name = value(lab, f"pvc/{claim}", ".spec.volumeName")
    return Path(value(lab, f"pv/{name}", ".spec.hostPath.path") or value(lab, f"pv/{name}", ".spec.local.path"))


def starts(lab: RunningLab, claim: str) -> list[str]:
    log = volume_of(lab, claim) / "log"
    return log.read_text().splitlines() if log.exists() else []


def test_there_are_two_classes_of_which_the_shared_one_is_the_default(lab: RunningLab) -> None:
    rows = [line.split() for line in lab.kubectl("get", "storageclass", "--no-headers").splitlines()]
    assert [row[:-1] for row in rows] == [
        ["node-local", "kubelab.local/node", "Delete", "WaitForFirstConsumer", "false"],
        ["shared", "(default)", "kubelab.local/shared", "Delete", "Immediate", "false"],
    ]


def test_a_node_local_volume_holds_its_pod_to_the_node_with_its_data(lab: RunningLab) -> None:
    create(lab, stateful_set("pinned", "node-local"))
    node = node_of(lab, "pinned-0")
    assert node in volume_of(lab, "data-pinned-0").parts
    lab.kubectl("drain", node, "--ignore-daemonsets", "--timeout=20s")
    try:
        reasons = "1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable"
        message = (
            f"0/2 nodes are available: {reasons}. no new claims to deallocate, preemption: 0/2 nodes are available: "
            "2 Preemption is not helpful for scheduling."
        )
        field = ".status.conditions[?(@.type=='PodScheduled')].message"
        lab.until(lambda: value(lab, "pod/pinned-0", field) == message)
        assert value(lab, "pod/pinned-0", ".status.phase") == "Pending"
        found = lab.get("events", "--field-selector", "involvedObject.name=pinned-0,reason=FailedScheduling")["items"]
        assert [(e["type"], e["message"]) for e in found] == [("Warning", message)]
    finally:
        lab.kubectl("uncordon", node)
    lab.kubectl("rollout", "status", "statefulset/pinned", "--timeout=20s")
    assert node_of(lab, "pinned-0") == node
    lab.until(lambda: starts(lab, "data-pinned-0") == ["started", "started"], 5)


def test_a_shared_volume_goes_with_its_pod_to_another_node(lab: RunningLab) -> None:
    create(lab, stateful_set("free", None))
    node = node_of(lab, "free-0")
    lab.kubectl("drain", node, "--ignore-daemonsets", "--timeout=20s")
    try:
        lab.until(lambda: node_of(lab, "free-0") not in ("", node))
        lab.kubectl("rollout", "status", "statefulset/free", "--timeout=20s")
        lab.until(lambda: starts(lab, "data-free-0") == ["started", "started"], 5)
    finally:
        lab.kubectl("uncordon", node)


def test_claims_go_with_what_the_retention_policy_says(lab: RunningLab) -> None:
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete", "whenDeleted": "Delete"}}
    create(lab, stateful_set("going", "node-local", 2, **policy))
    volumes = [volume_of(lab, f"data-going-{n}") for n in range(2)]
    lab.kubectl("scale", "statefulset/going", "--replicas=1")
    lab.until(lambda: not value(lab, "pvc/data-going-1", ".metadata.name"))
    assert value(lab, "pvc/data-going-0", ".status.phase") == "Bound"
    lab.kubectl("delete", "statefulset/going")
    lab.until(lambda: not value(lab, "pvc/data-going-0", ".metadata.name"))
    lab.until(lambda: not any(volume.exists() for volume in volumes))


def test_claims_outlive_their_set_without_one(lab: RunningLab) -> None:
    create(lab, stateful_set("staying", None))
    volume = volume_of(lab, "data-staying-0")
    lab.kubectl("delete", "statefulset/staying")
    lab.kubectl("wait", "--for=delete", "pod/staying-0", "--timeout=10s")
    create(lab, stateful_set("staying", None))
    assert volume_of(lab, "data-staying-0") == volume
    lab.until(lambda: starts(lab, "data-staying-0") == ["started", "started"], 5)
