"""A walk through the demo with the real kubectl, as in the tutorial: one standing lab, in this order."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pymongo
import pytest
import yaml

from tests.e2e.commands import ROOT
from tests.lab.conftest import BIN, RunningLab
from tests.lab.forwarding import forwarding

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

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on; killed at the end if it still does."""
        command = [str(BIN / "kubectl"), f"--kubeconfig={self.lab.kubeconfig}", "-n", NAMESPACE, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, name: str, script: str, *options: str) -> str:
        """`kubectl run` of a shell script."""
        image = "--image=registry.k8s.io/pause:3.10"
        return self("run", name, image, *options, "--command", "--", "sh", "-c", script)


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


WIDE = {
    "pods": "IP NODE NOMINATED NODE READINESS GATES",
    "nodes": "INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME",
    "services": "SELECTOR",
    "deployments": "CONTAINERS IMAGES SELECTOR",
    "statefulsets": "CONTAINERS IMAGES",
}


@pytest.mark.parametrize("resource", WIDE)
def test_wide_output_has_more_columns(kubectl: Walk, resource: str) -> None:
    first, row = kubectl("get", resource, "-o", "wide").splitlines()[:2]
    assert " ".join(first.split()).endswith(WIDE[resource])
    assert len(row.split()) >= len(first.split()) - 2  # two words head one column


def test_objects_come_in_every_form(kubectl: Walk) -> None:
    document = json.loads(kubectl("get", "pod", "mongo-0", "-o", "json"))
    assert yaml.safe_load(kubectl("get", "pod", "mongo-0", "-o", "yaml")) == document
    assert kubectl.value("pod/mongo-0", ".spec.containers[0].ports[0].containerPort") == "27017"
    lines = kubectl("get", "pods", "-o", "custom-columns=POD:.metadata.name,IP:.status.podIP").splitlines()
    assert lines[0].split() == ["POD", "IP"]
    assert lines[1].split() == ["mongo-0", document["status"]["podIP"]]


def test_objects_are_chosen_by_labels_and_fields(kubectl: Walk) -> None:
    named = ("get", "pods", "-o", "name")
    assert kubectl(*named, "-l", "name=mongo") == "pod/mongo-0\n"
    assert "mongo-0" not in kubectl(*named, "-l", "name!=mongo")
    node = kubectl.value("pod/mongo-0", ".spec.nodeName")
    assert "pod/mongo-0" in kubectl(*named, "--field-selector", f"status.phase=Running,spec.nodeName={node}")
    assert "mongo-0" not in kubectl(*named, "--field-selector", f"spec.nodeName!={node}")
    assert "field label not supported: nope" in kubectl(*named, "--field-selector", "nope=1", check=False)


DESCRIBED = {
    "pod/mongo-0": [
        r"Controlled By: +StatefulSet/mongo",
        r"QoS Class: +Burstable",
        r"ClaimName: +mongo-storage",
        r"Normal +Scheduled .*Successfully assigned pacman/mongo-0 to node-",
    ],
    "statefulset/mongo": [
        r"Replicas: +1 desired \| 1 total",
        r"Pods Status: +1 Running / 0 Waiting / 0 Succeeded / 0 Failed",
        r"SuccessfulCreate .*Create Pod mongo-0 in StatefulSet mongo successful",
    ],
    "deployment/pacman": [
        r"Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable",
        r"Available +True +MinimumReplicasAvailable",
        r"ScalingReplicaSet .*Scaled up replica set pacman-\w+ from 0 to 1",
    ],
    "pvc/mongo-storage": [r"Status: +Bound", r"Used By: +mongo-0", r"Capacity: +1Gi", r"Access Modes: +RWO"],
    "service/pacman": [r"Port: +http +80/TCP", r"Endpoints: +127\.\d+\.\d+\.\d+:8080", r"NodePort: +http +\d+/TCP"],
    "ingress/pacman-ingress": [r"pacman\.com", r"/ +pacman:80 \(127\.\d+\.\d+\.\d+:8080\)"],
    "node/node-1": [r"Ready +True .*KubeletReady", r"PodCIDR: +127\.", r"Non-terminated Pods: +\(\d+ in total\)"],
}


@pytest.mark.parametrize("what", DESCRIBED)
def test_describe_tells_what_matters(kubectl: Walk, what: str) -> None:
    told = kubectl("describe", what)
    assert [line for line in DESCRIBED[what] if not re.search(line, told)] == []


class TestPortForward:
    def test_reaches_the_application_through_its_service_many_times_at_once(self, kubectl: Walk) -> None:
        with forwarding(kubectl.lab, NAMESPACE, "svc/pacman", 80) as forwarded:

            def page(_: int) -> bytes:
                with urllib.request.urlopen(f"http://127.0.0.1:{forwarded.port}/", timeout=10) as answer:
                    return bytes(answer.read())

            with ThreadPoolExecutor(8) as browsers:
                pages = set(browsers.map(page, range(24)))
            assert len(pages) == 1
            assert b"<html" in pages.pop()
            assert forwarded.interrupt() == 0
            with pytest.raises(ConnectionRefusedError):
                forwarded.connect()

    def test_reaches_the_database_in_its_pod(self, kubectl: Walk) -> None:
        secret = yaml.safe_load((ROOT / "manifests/10-secret.yaml").read_text())["stringData"]
        user, password = secret["database-user"], secret["database-password"]
        with forwarding(kubectl.lab, NAMESPACE, "pod/mongo-0", 27017) as forwarded:
            uri = f"mongodb://{user}:{password}@127.0.0.1:{forwarded.port}/pacman?directConnection=true"
            with pymongo.MongoClient(uri, serverSelectionTimeoutMS=10_000) as client:
                assert client["pacman"]["highscore"].count_documents({}) == 0

    def test_ends_when_its_pod_is_gone(self, kubectl: Walk) -> None:
        kubectl.run("short-lived", "sleep 60", "--restart=Never")
        kubectl("wait", "--for=condition=Ready", "pod/short-lived", "--timeout=20s")
        with forwarding(kubectl.lab, NAMESPACE, "pod/short-lived", 8080) as forwarded:
            kubectl("delete", "pod", "short-lived", "--now")
            forwarded.connect().close()
            assert forwarded.end() == 1
            assert "error: lost connection to pod" in forwarded.told


def test_what_a_container_wrote_is_read_in_every_way(kubectl: Walk) -> None:
    """It writes two lines, more than a second apart, and ends; started again, it stays."""
    script = (
        "[ -e go ] && exec sleep 60; echo early; sleep 1.1; until [ -e go ]; do sleep 0.05; done; echo late; exit 1"
    )
    kubectl.run("chatty", script)
    kubectl("wait", "--for=condition=Ready", "pod/chatty", "--timeout=20s")
    previous = ("logs", "chatty", "--previous")
    assert "previous terminated container" in kubectl(*previous, check=False)
    with kubectl.running("logs", "-f", "chatty") as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "early\n"
        kubectl("exec", "chatty", "--", "touch", "go")
        assert following.communicate(timeout=10)[0] == "late\n"
    kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/chatty", "--timeout=20s")
    assert kubectl("logs", "chatty") == ""
    assert kubectl(*previous, "--since=1h") == "early\nlate\n"
    assert kubectl(*previous, "--tail=1") == "late\n"
    stamped = [line.split() for line in kubectl(*previous, "--timestamps").splitlines()]
    assert [text for _, text in stamped] == ["early", "late"]
    assert kubectl(*previous, f"--since-time={stamped[1][0]}") == "late\n"
    kubectl("delete", "pod", "chatty", "--now", "--wait=false")
    kubectl("wait", "--for=delete", "pod/chatty", "--timeout=20s")


def test_attach_shows_what_is_written_from_then_on(kubectl: Walk) -> None:
    ticking = "until [ -e go ]; do echo tick; sleep 0.05; done; echo end"
    options = ("--image=registry.k8s.io/pause:3.10", "--attach", "--rm", "--restart=Never")
    with kubectl.running("run", "ticking", *options, "--command", "--", "sh", "-c", ticking) as attached:
        assert attached.stdout is not None
        while (line := attached.stdout.readline()) != "tick\n":
            assert line, "it ended without a tick"
        kubectl("exec", "ticking", "--", "touch", "go")
        shown = attached.communicate(timeout=20)[0].splitlines()
    assert shown[-2:] == ["end", 'pod "ticking" deleted from pacman namespace']
    assert "containers have no stdin here" in kubectl("attach", "-i", "mongo-0", check=False)


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


def test_files_are_copied_into_a_container_and_back(kubectl: Walk, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("content\n")
    kubectl("cp", str(tmp_path / "there"), "mongo-0:copied")
    assert kubectl("exec", "mongo-0", "--", "cat", "copied") == "content\n"
    kubectl("cp", "mongo-0:copied", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "content\n"


def test_the_default_storage_class_can_be_changed(kubectl: Walk) -> None:
    def default(name: str, value: str) -> str:
        annotation = {"storageclass.kubernetes.io/is-default-class": value}
        return kubectl("patch", "storageclass", name, "-p", json.dumps({"metadata": {"annotations": annotation}}))

    assert "shared (default)" in kubectl("get", "storageclass")
    default("shared", "false")
    default("node-local", "true")
    shown = kubectl("get", "storageclass")
    assert "node-local (default)" in shown
    assert shown.count("(default)") == 1
    default("node-local", "false")
    default("shared", "true")


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

    def with_changed(*arguments: str, check: bool = True) -> str:
        return kubectl.lab.kubectl(*arguments, "-f", "-", stdin=json.dumps(changed), check=check)

    assert "configured (server dry run)" in with_changed("apply", "--dry-run=server")
    assert re.search(r"^\+ +again: \"?yes", with_changed("diff", check=False), re.MULTILINE)
    assert "configured" in with_changed("apply")
    assert "unchanged" in with_changed("apply")
    assert with_changed("diff") == ""


def test_objects_are_created_and_edited_by_hand(kubectl: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create = ("create", "configmap", "settings", "--from-literal=colour=red")
    assert "colour: red" in kubectl(*create, "--dry-run=server", "-o", "yaml")
    assert kubectl(*create) == "configmap/settings created\n"
    assert 'configmaps "settings" already exists' in kubectl(*create, check=False)
    assert "created" in kubectl("create", "secret", "generic", "settings", "--from-literal=colour=red")
    assert kubectl.value("secret/settings", ".data.colour") == "cmVk"
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/colour: .*/colour: blue/" "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("KUBE_EDITOR", str(editor))
    assert kubectl("edit", "configmap", "settings") == "configmap/settings edited\n"
    assert kubectl.value("configmap/settings", ".data.colour") == "blue"
    kubectl("delete", "configmap,secret", "settings")


def test_expose_makes_a_service_that_answers(kubectl: Walk) -> None:
    kubectl("expose", "deployment", "pacman", "--name=again", "--port=80", "--target-port=8080", "--type=NodePort")
    node = kubectl.value("node/node-1", ".status.addresses[0].address")
    url = f"http://{node}:{kubectl.value('service/again', '.spec.ports[0].nodePort')}/"

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    kubectl.lab.until(answers)
    kubectl("delete", "service", "again")


def test_a_deployment_is_scaled_and_restarted(kubectl: Walk) -> None:
    kubectl("scale", "deployment", "pacman", "--replicas=10")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment", "pacman", "--timeout=60s")
    assert kubectl.value("deployment/pacman", ".status.readyReplicas") == "10"
    kubectl("scale", "deployment", "pacman", "--replicas=1")
    before = kubectl.value("deployment/pacman", ".metadata.generation")
    kubectl("rollout", "restart", "deployment", "pacman")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment", "pacman", "--timeout=60s")
    assert int(kubectl.value("deployment/pacman", ".metadata.generation")) == int(before) + 1


def test_a_deployment_goes_back_to_a_revision(kubectl: Walk) -> None:
    def revisions() -> list[str]:
        return [line.split()[0] for line in kubectl("rollout", "history", idle).splitlines()[2:] if line]

    idle, image = "deployment/idle", ".spec.template.spec.containers[0].image"
    kubectl("create", "deployment", "idle", "--image=pause:1")
    kubectl("rollout", "status", idle, "--timeout=60s")
    kubectl("rollout", "pause", idle)  # both changes are one revision
    kubectl("set", "image", idle, "pause=pause:2")
    kubectl("set", "env", idle, "GREETING=hello")
    kubectl("rollout", "resume", idle)
    kubectl("rollout", "status", idle, "--timeout=60s")
    assert revisions() == ["1", "2"]
    shown = kubectl("rollout", "history", idle, "--revision=2")
    assert re.search(r"Image:\s+pause:2\n", shown)
    assert re.search(r"GREETING:\s+hello\n", shown)
    kubectl("rollout", "undo", idle)
    kubectl("rollout", "status", idle, "--timeout=60s")
    assert kubectl.value(idle, image) == "pause:1"
    assert revisions() == ["2", "3"]
    kubectl("delete", idle)


def test_a_statefulset_goes_back_to_a_revision(kubectl: Walk) -> None:
    def numbers() -> list[int]:
        return sorted(item["revision"] for item in kubectl.lab.get("-n", NAMESPACE, "controllerrevisions")["items"])

    def strategy(kind: str) -> str:
        change = {"spec": {"updateStrategy": {"type": kind, "rollingUpdate": None}}}
        return kubectl("patch", mongo, "-p", json.dumps(change))

    mongo, path = "statefulset/mongo", ".spec.template"
    template = kubectl.value(mongo, path)
    strategy("OnDelete")  # it need not be started anew for this
    kubectl("rollout", "restart", mongo)
    kubectl.lab.until(lambda: numbers() == [1, 2])
    assert kubectl.value(mongo, path) != template
    kubectl("rollout", "undo", mongo)
    kubectl.lab.until(lambda: numbers() == [2, 3])
    assert kubectl.value(mongo, path) == template
    strategy("RollingUpdate")
    assert "complete" in kubectl("rollout", "status", mongo, "--timeout=60s")


def test_a_deleted_pod_of_the_statefulset_comes_back_with_its_name_and_volume(kubectl: Walk) -> None:
    claim = ".spec.volumes[*].persistentVolumeClaim.claimName"
    before = [kubectl.value("pod/mongo-0", path) for path in (".metadata.uid", claim)]
    with kubectl.running("get", "pod", "mongo-0", "--watch", "--no-headers") as watching:
        kubectl("delete", "pod", "mongo-0")
        kubectl("wait", "--for=create", "pod/mongo-0", "--timeout=20s")
        kubectl("wait", "--for=condition=Ready", "pod/mongo-0", "--timeout=60s")
        late = threading.Timer(20, watching.terminate)  # what `wait` has seen, the other one may be about to show
        late.start()
        missing = [["1/1", "Terminating"], ["0/1", "Pending"], ["0/1", "ContainerCreating"], ["1/1", "Running"]]
        assert watching.stdout is not None
        while missing and (line := watching.stdout.readline()):
            if line.split()[1:3] == missing[0]:
                del missing[0]
        late.cancel()
    assert missing == []
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


def test_a_check_is_scheduled_and_run_at_once(kubectl: Walk) -> None:
    image = "--image=registry.k8s.io/pause:3.10"
    script = ("--", "sh", "-c", "echo all is well")
    kubectl("create", "cronjob", "check", image, "--schedule=0 3 * * *", "--restart=Never", *script)
    assert " ".join(kubectl("get", "cj").splitlines()[1].split()).startswith("check 0 3 * * * <none> False 0 <none> ")
    kubectl("create", "job", "now", "--from=cronjob/check")
    assert kubectl("wait", "--for=condition=complete", "job/now", "--timeout=30s") == "job.batch/now condition met\n"
    assert kubectl("logs", "job/now") == "all is well\n"
    assert kubectl("get", "jobs").splitlines()[1].split()[:3] == ["now", "Complete", "1/1"]
    told = " ".join(kubectl("describe", "job/now", "cronjob/check").split())
    assert "Pods Statuses: 0 Active (0 Ready) / 1 Succeeded / 0 Failed" in told
    assert "Schedule: 0 3 * * * Concurrency Policy: Allow Suspend: False" in told
    assert {"job.batch/now", "cronjob.batch/check"} <= set(kubectl("get", "all", "-o", "name").split())
    kubectl("delete", "cronjob", "check")
    kubectl("wait", "--for=delete", "pod", "-l", "job-name=now", "--timeout=30s", check=False)  # It may be gone.
    assert "now-" not in kubectl("get", "jobs,pods", "-o", "name")


def test_explain_names_the_fields_and_their_types(kubectl: Walk) -> None:
    told = kubectl("explain", "deployment.spec.strategy.rollingUpdate")
    assert re.search(r"GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n", told)
    assert re.search(r"^  maxSurge\t<IntOrString>$", told, re.MULTILINE)
    assert re.search(r"^  containers\t<\[\]Container>$", kubectl("explain", "pod.spec"), re.MULTILINE)
    assert 'field "nope" does not exist' in kubectl("explain", "pod.spec.nope", check=False)


def test_the_api_says_what_it_serves_and_allows(kubectl: Walk) -> None:
    served = {line.split()[-1]: line.split()[:2] for line in kubectl("api-resources", "--no-headers").splitlines()}
    assert served["StatefulSet"] == ["statefulsets", "sts"]
    assert served["StorageClass"] == ["storageclasses", "sc"]
    assert "apps/v1" in kubectl("api-versions").splitlines()
    assert kubectl("auth", "can-i", "delete", "pods") == "yes\n"


NOT_SERVED = {
    "create quota q --hard=pods=1": "could not find the requested resource",
    "get daemonsets": 'the server doesn\'t have a resource type "daemonsets"',
    "explain daemonset": 'the server doesn\'t have a resource type "daemonset"',
    "top pods": "Metrics API not available",
    "debug mongo-0 --image=pause": "ephemeral containers are disabled for this cluster",
    "apply --server-side -f manifests/11-configmap.yaml": "Server-side apply not available on the server",
}


@pytest.mark.parametrize("command", NOT_SERVED)
def test_what_is_not_served_is_refused_clearly(kubectl: Walk, command: str) -> None:
    words = [str(ROOT / word) if word.startswith("manifests/") else word for word in command.split()]
    assert NOT_SERVED[command] in kubectl(*words, check=False)


def test_delete_takes_everything_away(kubectl: Walk) -> None:
    kubectl("delete", "-f", str(ROOT / "manifests"), "--ignore-not-found", "--timeout=60s")
    assert "not found" in kubectl("get", "namespace", NAMESPACE, check=False)
