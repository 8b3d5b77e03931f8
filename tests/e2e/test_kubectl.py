"""A walk through the demo with the real kubectl, as in the tutorial: one standing lab, in this order."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.commands import ROOT
from tests.lab.conftest import BIN, RunningLab

pytestmark = pytest.mark.e2e

NAMESPACE = "pacman"
HEADS = {
    "nodes": "NAME STATUS ROLES AGE VERSION",
    "pv": "NAME CAPACITY ACCESS MODES RECLAIM POLICY STATUS CLAIM STORAGECLASS VOLUMEATTRIBUTESCLASS REASON AGE",
    "pvc": "NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE",
    "storageclass": "NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE",
    "ingress": "NAME CLASS HOSTS ADDRESS PORTS AGE",
    "events": "LAST SEEN TYPE REASON OBJECT MESSAGE",
    "pods": "NAME READY STATUS RESTARTS AGE",
}


class Walk:
    """kubectl in the demo's namespace."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab

    def __call__(self, *arguments: str, check: bool = True) -> str:
        return self.lab.kubectl("-n", NAMESPACE, *arguments, check=check)

    def value(self, what: str, path: str) -> str:
        return self("get", what, "-o", f"jsonpath={{{path}}}")


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    lab = RunningLab(tmp_path_factory.mktemp("walk") / "state")
    try:
        lab.kubelab("up", "--apply", ROOT / "manifests")
        yield Walk(lab)
    finally:
        lab.kubelab("down", check=False)


@pytest.mark.parametrize("resource", HEADS)
def test_get_shows_the_columns_that_people_know(kubectl: Walk, resource: str) -> None:
    first, *rows = kubectl("get", resource).splitlines()
    assert " ".join(first.split()) == HEADS[resource]
    assert rows


def test_get_all_shows_the_demo(kubectl: Walk) -> None:
    shown = kubectl("get", "all")
    for name in ("pod/mongo-0", "service/mongo", "service/pacman", "deployment.apps/pacman", "statefulset.apps/mongo"):
        assert name in shown


def test_describe_tells_of_a_pod_and_its_events(kubectl: Walk) -> None:
    told = kubectl("describe", "pod", "mongo-0")
    assert re.search(r"Controlled By: +StatefulSet/mongo", told)
    assert re.search(r"Normal +Scheduled .*Successfully assigned pacman/mongo-0 to node-", told)


def test_exec_runs_a_command_in_the_database(kubectl: Walk) -> None:
    assert kubectl("exec", "mongo-0", "--", "sh", "-c", "echo $HOSTNAME") == "mongo-0\n"


def test_logs_are_followed(kubectl: Walk) -> None:
    pod = kubectl("get", "pod", "-l", "name=pacman", "-o", "name").split()[0]
    command = [str(BIN / "kubectl"), f"--kubeconfig={kubectl.lab.kubeconfig}", "-n", NAMESPACE, "logs", "-f", pod]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as following:
        try:
            assert following.stdout is not None
            first = following.stdout.readline()
            assert first.strip()
        finally:
            following.kill()
    assert kubectl("logs", pod, "--tail=1000").startswith(first)


def test_the_default_storage_class_can_be_changed(kubectl: Walk) -> None:
    def default(name: str, value: str) -> str:
        annotation = {"storageclass.kubernetes.io/is-default-class": value}
        return kubectl("patch", "storageclass", name, "-p", json.dumps({"metadata": {"annotations": annotation}}))

    name = kubectl("get", "storageclass", "-o", "name").split("/")[1].strip()
    assert f"{name} (default)" in kubectl("get", "storageclass")
    default(name, "false")
    assert "(default)" not in kubectl("get", "storageclass")
    default(name, "true")


def test_label_annotate_and_taint(kubectl: Walk) -> None:
    assert "labeled" in kubectl("label", "pod", "mongo-0", "seen=yes")
    assert kubectl("get", "pod", "-l", "seen=yes", "-o", "name") == "pod/mongo-0\n"
    assert "annotated" in kubectl("annotate", "pod", "mongo-0", "note=fine")
    assert "tainted" in kubectl("taint", "node", "node-1", "dedicated=db:NoSchedule")
    assert "untainted" in kubectl("taint", "node", "node-1", "dedicated-")


def test_apply_again_changes_the_field_that_was_changed(kubectl: Walk) -> None:
    manifest = ROOT / "manifests" / "11-configmap.yaml"
    kubectl("apply", "-f", str(manifest))  # from now on it is kubectl's own
    assert "unchanged" in kubectl("apply", "-f", str(manifest))
    changed = json.loads(kubectl("create", "-f", str(manifest), "--dry-run=client", "-o", "json"))
    changed["metadata"].setdefault("labels", {})["again"] = "yes"
    assert "configured" in kubectl.lab.kubectl("apply", "-f", "-", stdin=json.dumps(changed))
    assert "unchanged" in kubectl.lab.kubectl("apply", "-f", "-", stdin=json.dumps(changed))


def test_a_deployment_is_scaled_and_restarted(kubectl: Walk) -> None:
    kubectl("scale", "deployment", "pacman", "--replicas=4")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment", "pacman", "--timeout=60s")
    assert kubectl.value("deployment/pacman", ".status.readyReplicas") == "4"
    kubectl("scale", "deployment", "pacman", "--replicas=1")
    before = kubectl.value("deployment/pacman", ".metadata.generation")
    kubectl("rollout", "restart", "deployment", "pacman")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment", "pacman", "--timeout=60s")
    assert int(kubectl.value("deployment/pacman", ".metadata.generation")) == int(before) + 1


def test_a_deleted_pod_of_the_statefulset_comes_back_with_its_name_and_volume(kubectl: Walk) -> None:
    claim = ".spec.volumes[*].persistentVolumeClaim.claimName"
    before = [kubectl.value("pod/mongo-0", path) for path in (".metadata.uid", claim)]
    kubectl("delete", "pod", "mongo-0")
    kubectl("rollout", "status", "statefulset", "mongo", "--timeout=60s")
    kubectl("wait", "--for=condition=Ready", "pod/mongo-0", "--timeout=60s")
    after = [kubectl.value("pod/mongo-0", path) for path in (".metadata.uid", claim)]
    assert after[0] != before[0]
    assert after[1] == before[1] != ""


def test_a_node_is_drained_when_its_budget_allows_it(kubectl: Walk) -> None:
    node = kubectl.value("pod/mongo-0", ".spec.nodeName")
    drain = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data")
    kubectl("create", "pdb", "mongo", "--selector=name=mongo", "--min-available=1")
    kubectl("wait", "pdb/mongo", "--for=jsonpath={.status.expectedPods}=1", "--timeout=20s")
    refused = kubectl(*drain, "--timeout=1s", check=False)
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused
    assert "Ready,SchedulingDisabled" in kubectl("get", "node", node)
    kubectl("delete", "pdb", "mongo")
    assert f"node/{node} drained" in kubectl(*drain, "--timeout=60s")
    kubectl("rollout", "status", "statefulset", "mongo", "--timeout=60s")
    assert kubectl.value("pod/mongo-0", ".spec.nodeName") != node
    kubectl("uncordon", node)
    assert "SchedulingDisabled" not in kubectl("get", "node", node)


def test_delete_takes_everything_away(kubectl: Walk) -> None:
    kubectl("delete", "-f", str(ROOT / "manifests"), "--ignore-not-found", "--timeout=60s")
    assert "not found" in kubectl("get", "namespace", NAMESPACE, check=False)
