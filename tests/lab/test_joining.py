"""Nodes, controllers and service proxy for an API server that they did not start; a kubeconfig is all they get."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .api.conftest import running
from .conftest import BIN, RunningLab
from .test_lab_life import is_open, wait_until_none
from .test_pods import create, pod

pytestmark = pytest.mark.e2e


@contextmanager
def part(directory: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A part of a lab in the foreground; ended with SIGTERM."""
    env = os.environ | {"TMPDIR": str(directory)}
    command = [str(BIN / "kubelab"), *map(str, arguments)]
    with subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)


def serving(name: str, **spec: Any) -> dict[str, Any]:
    """A pod that listens on port 8000 and is Ready when it does."""
    probe = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    command = 'exec python3 -m http.server 8000 --bind "$KUBELAB_POD_IP"'
    return pod(name, command, container={"readinessProbe": probe}, **spec)


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 8000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def test_an_api_server_alone_becomes_a_cluster(tmp_path: Path) -> None:
    with running(tmp_path / "api") as server:
        cluster = RunningLab(server.state)
        given = ("--kubeconfig", cluster.kubeconfig, "--directory", tmp_path / "files")
        with part(tmp_path, "node", "run", "one", *given):
            with part(tmp_path, "controllers", "run", *given):
                create(cluster, "default", service("web"), serving("web"))
                cluster.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
                address = cluster.get("service", "web")["spec"]["clusterIP"], 8000
                cluster.until(lambda: is_open(*address), 5)
                ask = "import urllib.request; urllib.request.urlopen('http://web:8000')"
                (tmp_path / "asking.py").write_text(ask)
                command = ["python3", "-m", "kubelab.images.launcher", "asking"]
                resolving = {"command": command, "env": [{"name": "PYTHONPATH", "value": str(tmp_path)}]}
                create(cluster, "default", pod("client", "", container=resolving, restartPolicy="Never"))
                cluster.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/client", "--timeout=20s")
            assert not is_open(*address)
            with part(tmp_path, "proxy", "run", *given):
                cluster.until(lambda: is_open(*address), 10)
    wait_until_none(str(tmp_path))


def test_a_node_joins_a_lab_and_leaves_nothing_behind_however_it_ends(lab: RunningLab, tmp_path: Path) -> None:
    with part(tmp_path, "node", "run", "guest", "--kubeconfig", lab.kubeconfig) as process:
        create(lab, "default", serving("visitor", nodeSelector={"kubernetes.io/hostname": "guest"}))
        try:
            lab.kubectl("wait", "--for=condition=Ready", "pod/visitor", "--timeout=20s")
            found = lab.get("pod", "visitor")
            assert found["spec"]["nodeName"] == "guest"
            assert is_open(found["status"]["podIP"], 8000)
            (node,) = [n for n in lab.get("nodes")["items"] if n["metadata"]["name"] == "guest"]
            own, labs = (block_of(n) for n in (node, lab.get("node", "node-1")))
            assert own != labs
            process.send_signal(signal.SIGKILL)
            process.wait()
            wait_until_none(str(tmp_path))
            assert [p.name for p in tmp_path.iterdir()] == []
        finally:
            lab.kubectl("delete", "pod", "visitor", "--force", "--grace-period=0")
            lab.kubectl("delete", "node", "guest")


def block_of(node: dict[str, Any]) -> str:
    return str(node["status"]["addresses"][0]["address"].split(".")[1])


@pytest.mark.parametrize("what", [("node", "run", "n"), ("controllers", "run"), ("proxy", "run")])
def test_a_kubeconfig_that_is_none_is_named(what: tuple[str, ...], tmp_path: Path) -> None:
    with part(tmp_path, *what, "--kubeconfig", tmp_path / "none") as process:
        output, _ = process.communicate(timeout=10)
    assert output == f"kubelab: cannot read the kubeconfig {tmp_path}/none: No such file or directory\n"
    assert process.returncode == 1
