"""What a process in a pod cannot get at: the lab's tokens and keys, in files and in other processes."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import RunningLab

LANDLOCK_VERSION = ctypes.CDLL(None).syscall(444, None, 0, 1)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(LANDLOCK_VERSION < 1, reason="this kernel has no Landlock"),
]

SECRETS = (
    *("kubeconfig", "kubeconfig-controllers", "tokens.json", "kubelet-token", "store.db"),
    *("pki/ca.pem", "pki/service-accounts.key"),
)


@pytest.fixture(scope="module")
def pod(lab: RunningLab) -> Iterator[RunningLab]:
    container = {"name": "main", "image": "registry.k8s.io/pause:3.10"}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "curious"}, "spec": spec}
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(made))
    lab.kubectl("wait", "--for=condition=Ready", "pod/curious", "--timeout=20s")
    yield lab
    lab.kubectl("delete", "pod", "curious", "--now", "--wait=false")


def inside(lab: RunningLab, script: str) -> str:
    return lab.kubectl("exec", "curious", "--", "sh", "-c", script, check=False)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_file_of_the_labs_cannot_be_read(pod: RunningLab, secret: str) -> None:
    assert (pod.state / secret).read_bytes()
    assert "Permission denied" in inside(pod, f"cat {pod.state / secret}")


@pytest.mark.parametrize("move", ["ln {} own", "cp {} own", "mv {} own"])
def test_a_file_of_the_labs_cannot_be_moved_to_where_it_could_be_read(pod: RunningLab, move: str) -> None:
    secret = pod.state / "tokens.json"
    assert "exit code" in inside(pod, f"{move.format(secret)} && cat own")
    assert secret.read_bytes()


def test_the_memory_and_the_open_files_of_the_api_server_cannot_be_read(pod: RunningLab) -> None:
    told = str(pod.state).encode()
    servers = [
        process
        for process in Path("/proc").glob("[0-9]*")
        if b"kubelab.api" in (line := command_line(process)) and told in line
    ]
    assert servers
    for server in servers:
        for file in ("mem", "fd/1"):
            assert "Permission denied" in inside(pod, f"cat {server / file}")


def command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_files_of_its_own_can_be_read_written_and_moved(pod: RunningLab) -> None:
    script = "echo content > one && mkdir -p below && mv one below/two && cat below/two && rm -r below"
    assert inside(pod, script) == "content\n"


def test_files_of_the_machine_can_be_read(pod: RunningLab) -> None:
    assert inside(pod, "head -c 4 /bin/sh | tail -c 3") == "ELF"
