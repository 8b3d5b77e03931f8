"""Pods in a real lab: what their containers get, and what becomes of them."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
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
    known = "known images: mongo, bitnami/mongodb, quay.io/ifont/pacman-nodejs-app, chaostoolkit-mongodb, registry"
    assert known in found["message"]
    lab.until(lambda: container(lab, namespace, "p")["state"]["waiting"]["reason"] == "ImagePullBackOff")
    waiting = container(lab, namespace, "p")["state"]["waiting"]
    assert waiting["message"].startswith('Back-off pulling image "nginx:1.27": ErrImagePull: ')
    assert known in waiting["message"]
    events = lab.kubectl("-n", namespace, "get", "events")
    for told in ('Pulling image "nginx:1.27"', 'Failed to pull image "nginx:1.27": ', "Error: ErrImagePull"):
        assert told in events


def test_a_failing_liveness_probe_restarts_the_container(lab: RunningLab, namespace: str) -> None:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 2}
    create(lab, namespace, pod("p", "sleep 60", container={"livenessProbe": probe}))
    lab.until(lambda: container(lab, namespace, "p")["restartCount"] == 1)
    events = lab.kubectl("-n", namespace, "get", "events")
    assert "Container main failed liveness probe, will be restarted" in events


def test_a_pod_is_restarted_on_failure_alone_when_it_asks_for_that(
    lab: RunningLab, namespace: str, tmp_path: Path
) -> None:
    create(lab, namespace, pod("p", f"mkdir {tmp_path}/second && exit 1; exit 0", restartPolicy="OnFailure"))
    lab.until(lambda: status(lab, namespace, "p")["phase"] == "Succeeded")
    assert container(lab, namespace, "p")["restartCount"] == 1


def test_a_failing_init_container_holds_the_others_and_ends_a_pod_that_is_not_restarted(
    lab: RunningLab, namespace: str
) -> None:
    first = {"name": "first", "image": IMAGE, "command": ["false"]}
    held, over = (pod(n, "sleep 60", initContainers=[first], restartPolicy=p) for n, p in HELD.items())
    create(lab, namespace, held, over)
    lab.until(lambda: status(lab, namespace, "never")["phase"] == "Failed")
    lab.until(lambda: "Init:CrashLoopBackOff" in lab.kubectl("-n", namespace, "get", "pod", "always"))
    for name in HELD:
        assert container(lab, namespace, name)["state"]["waiting"]["reason"] == "PodInitializing"


HELD = {"always": "Always", "never": "Never"}


def test_services_are_announced_by_variables(lab: RunningLab, namespace: str) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8080}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "my-web"}, "spec": spec}
    create(lab, namespace, service, pod("p", "echo $MY_WEB_SERVICE_HOST $MY_WEB_PORT_8080_TCP; sleep 60"))
    address = lab.get("-n", namespace, "service", "my-web")["spec"]["clusterIP"]
    wanted = f"{address} tcp://{address}:8080\n"
    lab.until(lambda: lab.kubectl("-n", namespace, "logs", "p", check=False) == wanted)


class TestProbes:
    SERVE = "import http.server,os,sys;h=http.server.SimpleHTTPRequestHandler;h.log_message=lambda *_:None;"
    SERVE += "http.server.ThreadingHTTPServer((os.environ['KUBELAB_POD_IP'],8000),h).serve_forever()"

    def create(self, lab: RunningLab, namespace: str, directory: Path, **probes: Any) -> None:
        """A web server in a directory."""
        soon = {"periodSeconds": 1, "failureThreshold": 1}
        wanted = {kind: soon | probe for kind, probe in probes.items()}
        command = ["sh", "-c", f'cd {directory} && exec python3 -c "{self.SERVE}"']
        create(lab, namespace, pod("p", "", container={"command": command, **wanted}))

    def is_ready(self, lab: RunningLab, namespace: str) -> bool:
        return bool(container(lab, namespace, "p").get("ready"))

    def test_readiness_follows_what_http_answers(self, lab: RunningLab, namespace: str, tmp_path: Path) -> None:
        self.create(lab, namespace, tmp_path, readinessProbe={"httpGet": {"path": "/good", "port": 8000}})
        lab.until(lambda: "statuscode: 404" in lab.kubectl("-n", namespace, "get", "events"))
        assert not self.is_ready(lab, namespace)
        (tmp_path / "good").touch()
        lab.until(lambda: self.is_ready(lab, namespace), 5)
        (tmp_path / "good").unlink()
        lab.until(lambda: not self.is_ready(lab, namespace), 5)
        assert container(lab, namespace, "p")["restartCount"] == 0

    def test_a_startup_probe_holds_the_others_back(self, lab: RunningLab, namespace: str, tmp_path: Path) -> None:
        startup = {"exec": {"command": ["test", "-e", f"{tmp_path}/up"]}, "failureThreshold": 60}
        listens, deaf = {"tcpSocket": {"port": 8000}}, {"tcpSocket": {"port": 9}}
        self.create(lab, namespace, tmp_path, startupProbe=startup, readinessProbe=listens, livenessProbe=deaf)
        told = ("-n", namespace, "events", "--field-selector", "reason=Unhealthy")
        lab.until(lambda: [e for e in lab.get(*told)["items"] if e["count"] >= 2])
        assert all(e["message"].startswith("Startup probe failed") for e in lab.get(*told)["items"])
        found = container(lab, namespace, "p")
        assert (found["started"], found["ready"], found["restartCount"]) == (False, False, 0)
        (tmp_path / "up").touch()
        lab.until(lambda: container(lab, namespace, "p")["restartCount"] == 1)
        assert "connect: connection refused" in lab.kubectl("-n", namespace, "get", "events")

    def test_a_container_that_does_not_start_in_time_is_killed(
        self, lab: RunningLab, namespace: str, tmp_path: Path
    ) -> None:
        self.create(lab, namespace, tmp_path, startupProbe={"tcpSocket": {"port": 9}})
        lab.until(lambda: container(lab, namespace, "p")["restartCount"] == 1)
        assert "Container main failed startup probe, will be restarted" in lab.kubectl("-n", namespace, "get", "events")


class TestBeforeItStops:
    """A container that notes its SIGTERM beside its preStop hook's note."""

    NOTES = "trap 'echo term >> {0}/notes; exit' TERM; touch {0}/up; while :; do sleep 0.05; done"

    def create(self, lab: RunningLab, namespace: str, directory: Path, grace_s: int, hook: dict[str, Any]) -> None:
        container = {"lifecycle": {"preStop": hook}}
        command = self.NOTES.format(directory)
        create(lab, namespace, pod("p", command, container=container, terminationGracePeriodSeconds=grace_s))
        lab.until((directory / "up").exists)

    def stop(self, lab: RunningLab, namespace: str) -> float:
        """Seconds until the pod was gone."""
        began = time.monotonic()
        lab.kubectl("-n", namespace, "delete", "pod", "p", "--timeout=20s")
        return time.monotonic() - began

    def note(self, directory: Path, text: str) -> dict[str, Any]:
        return {"exec": {"command": ["sh", "-c", f"{{ {text}; }} >> {directory}/notes"]}}

    def test_its_hook_is_run_to_the_end(self, lab: RunningLab, namespace: str, tmp_path: Path) -> None:
        self.create(lab, namespace, tmp_path, 30, self.note(tmp_path, "echo begin; sleep 0.5; echo end"))
        self.stop(lab, namespace)
        assert (tmp_path / "notes").read_text().split() == ["begin", "end", "term"]

    def test_its_hook_may_sleep(self, lab: RunningLab, namespace: str, tmp_path: Path) -> None:
        self.create(lab, namespace, tmp_path, 30, {"sleep": {"seconds": 1}})
        assert 1 < self.stop(lab, namespace) < 10
        assert (tmp_path / "notes").read_text() == "term\n"

    def test_hook_and_end_share_the_grace_period(self, lab: RunningLab, namespace: str, tmp_path: Path) -> None:
        self.create(lab, namespace, tmp_path, 1, self.note(tmp_path, "echo begin; sleep 60; echo end"))
        assert 1 < self.stop(lab, namespace) < 10
        assert (tmp_path / "notes").read_text().split() == ["begin", "term"]

    def test_a_hook_that_fails_is_told_and_changes_nothing(
        self, lab: RunningLab, namespace: str, tmp_path: Path
    ) -> None:
        self.create(lab, namespace, tmp_path, 30, {"httpGet": {"port": 9}})
        self.stop(lab, namespace)
        assert (tmp_path / "notes").read_text() == "term\n"
        lab.until(lambda: "PreStopHook failed" in lab.kubectl("-n", namespace, "get", "events"))


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
