"""Pods in a real lab: what their containers get, and what becomes of them."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from .conftest import RunningLab

pytestmark = pytest.mark.e2e

IMAGE = "registry.k8s.io/pause:3.10"


def pod(name: str, command: str, **spec: Any) -> dict[str, Any]:
    """A pod of one container that runs a shell command; `container` adds to the container."""
    container = {"name": "main", "image": IMAGE, "command": ["sh", "-c", command]} | spec.pop("container", {})
    wanted = {"containers": [container], "terminationGracePeriodSeconds": 1} | spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": wanted}


def create(lab: RunningLab, namespace: str, *objects: dict[str, Any]) -> None:
    for obj in objects:
        lab.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(obj))


def status(lab: RunningLab, namespace: str, name: str) -> dict[str, Any]:
    return lab.get("-n", namespace, "pod", name)["status"]  # type: ignore[no-any-return]


def container(lab: RunningLab, namespace: str, name: str) -> dict[str, Any]:
    found = status(lab, namespace, name).get("containerStatuses") or [{"state": {}, "lastState": {}, "restartCount": 0}]
    return found[0]  # type: ignore[no-any-return]


def test_environment_and_volumes_reach_the_container(lab: RunningLab, namespace: str) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"level": "3"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "geheim"}}
    env = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "level"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "BOTH", "value": "$(PASSWORD)-$(LEVEL)"},
    ]
    show = "echo $BOTH $IP $SHELL_OF_THE_USER; printenv KUBELAB_MOUNTS; sleep 60"
    mounts = [{"name": "config", "mountPath": "/etc/config"}, {"name": "secret", "mountPath": "/etc/secret"}]
    volumes = [{"name": "config", "configMap": {"name": "c"}}, {"name": "secret", "secret": {"secretName": "s"}}]
    create(
        lab, namespace, config, secret, pod("p", show, container={"env": env, "volumeMounts": mounts}, volumes=volumes)
    )
    lines = lab.until(lambda: (out := lab.kubectl("-n", namespace, "logs", "p", check=False).splitlines())[1:] and out)
    assert lines[0] == f"geheim-3 {status(lab, namespace, 'p')['podIP']}"
    from pathlib import Path

    paths = {path: Path(host) for path, host in json.loads(lines[1]).items()}
    assert (paths["/etc/config"] / "level").read_text() == "3"
    assert (paths["/etc/secret"] / "password").read_text() == "geheim"
    assert (paths["/etc/secret"] / "password").stat().st_mode & 0o077 == 0


def test_init_containers_run_one_after_the_other_before_the_others(lab: RunningLab, namespace: str) -> None:
    mount = {"volumeMounts": [{"name": "work", "mountPath": "/work"}]}
    write = "import json,os,pathlib,sys;p=pathlib.Path(json.loads(os.environ['KUBELAB_MOUNTS'])['/work'])/'log';"
    write += "p.write_text((p.read_text() if p.exists() else '')+sys.argv[1]);print(p.read_text(),flush=True)"
    first = [{"name": n, "image": IMAGE, "command": ["python3", "-c", write, n]} | mount for n in ("one", "two")]
    command = {"command": ["sh", "-c", 'python3 -c "$0" three; sleep 60', write]}
    create(
        lab,
        namespace,
        pod("p", "", initContainers=first, container=command | mount, volumes=[{"name": "work", "emptyDir": {}}]),
    )
    assert lab.until(lambda: lab.kubectl("-n", namespace, "logs", "p", check=False).startswith("onetwothree"))
    assert [c["state"]["terminated"]["exitCode"] for c in status(lab, namespace, "p")["initContainerStatuses"]] == [
        0,
        0,
    ]


def test_a_container_that_ends_is_started_again_at_once_and_then_waits(lab: RunningLab, namespace: str) -> None:
    create(lab, namespace, pod("p", "echo run; exit 3"))
    found = lab.until(lambda: (c := container(lab, namespace, "p"))["state"].get("waiting", {}).get("message") and c)
    assert found["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert found["state"]["waiting"]["message"].startswith("back-off 10s restarting failed container=main pod=p_")
    assert (found["restartCount"], found["lastState"]["terminated"]["exitCode"]) == (1, 3)
    assert lab.kubectl("-n", namespace, "logs", "p", "--previous") == "run\n"


def test_a_pod_that_shall_not_be_restarted_ends(lab: RunningLab, namespace: str) -> None:
    create(lab, namespace, pod("good", "true", restartPolicy="Never"), pod("bad", "false", restartPolicy="Never"))
    lab.until(lambda: status(lab, namespace, "good")["phase"] == "Succeeded")
    lab.until(lambda: status(lab, namespace, "bad")["phase"] == "Failed")


def test_an_image_without_a_recipe_is_named_with_those_that_have_one(lab: RunningLab, namespace: str) -> None:
    create(lab, namespace, pod("p", "", container={"image": "nginx:1.27", "command": []}))
    reasons = ("ErrImagePull", "ImagePullBackOff")
    found = lab.until(
        lambda: (w := container(lab, namespace, "p")["state"].get("waiting", {})).get("reason") in reasons and w
    )
    assert "mongo" in found["message"]


def test_a_failing_liveness_probe_restarts_the_container(lab: RunningLab, namespace: str) -> None:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 2}
    create(lab, namespace, pod("p", "sleep 60", container={"livenessProbe": probe}))
    lab.until(lambda: container(lab, namespace, "p")["restartCount"] == 1)
    events = lab.kubectl("-n", namespace, "get", "events")
    assert "Container main failed liveness probe, will be restarted" in events


def test_a_missing_secret_holds_the_container_and_is_named(lab: RunningLab, namespace: str) -> None:
    env = [{"name": "V", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k"}}}]
    create(lab, namespace, pod("p", "sleep 60", container={"env": env}))
    found = lab.until(lambda: container(lab, namespace, "p")["state"].get("waiting", {}).get("message"))
    assert found == 'secret "none" not found'


def test_the_grace_period_ends_with_a_kill(lab: RunningLab, namespace: str) -> None:
    create(
        lab, namespace, pod("p", "trap '' TERM; echo up; while :; do sleep 0.1; done", terminationGracePeriodSeconds=1)
    )
    lab.until(lambda: lab.kubectl("-n", namespace, "logs", "p", check=False) == "up\n")
    lab.kubectl("-n", namespace, "delete", "pod", "p", "--timeout=10s")


def test_a_service_refuses_without_endpoints_and_serves_with_them(lab: RunningLab, namespace: str) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 8080}]},
    }
    create(lab, namespace, service)
    address = lab.get("-n", namespace, "service", "web")["spec"]["clusterIP"], 8080
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 1)
    serve = 'python3 -m http.server 8080 --bind "$KUBELAB_POD_IP"'
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    create(lab, namespace, pod("web", f"exec {serve}", container={"readinessProbe": probe}))
    lab.kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/web", "--timeout=15s")

    def connects() -> bool:
        try:
            socket.create_connection(address, 1).close()
        except ConnectionRefusedError:
            return False
        return True

    lab.until(connects, 2)
    lab.kubectl("-n", namespace, "delete", "pod", "web")
    lab.until(lambda: not connects(), 2)


def test_a_fault_of_a_node_that_is_not_there_is_refused(lab: RunningLab) -> None:
    ended = lab.kubelab("node", "crash", "nowhere", check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "kubelab: there is no node nowhere: the nodes of this lab are node-1, node-2\n"
