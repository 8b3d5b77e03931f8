"""Commands in containers, as the real kubectl and the official Python client run them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import BIN, RunningLab

pytestmark = pytest.mark.e2e

NAMESPACE = "exec"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": NAMESPACE},
    "spec": {
        "containers": [{"name": "c", "image": "pause", "env": [{"name": "COLOUR", "value": "yellow"}]}],
        "terminationGracePeriodSeconds": 0,
    },
}


@pytest.fixture(scope="module")
def pod(lab: RunningLab) -> Iterator[RunningLab]:
    """A lab with a running pod p."""
    lab.kubectl("create", "namespace", NAMESPACE)
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(POD))
    lab.kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", "pod/p", "--timeout=30s")
    yield lab
    lab.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def execute(lab: RunningLab, *command: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    options = ["-i"] if stdin is not None else []
    return subprocess.run(
        [
            str(BIN / "kubectl"),
            f"--kubeconfig={lab.kubeconfig}",
            "-n",
            NAMESPACE,
            "exec",
            *options,
            "p",
            "--",
            *command,
        ],
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
    )


@pytest.fixture(scope="module")
def connect(pod: RunningLab) -> Iterator[Any]:
    """Begins a command through the Python client."""
    from kubernetes import client, config
    from kubernetes.stream import stream

    with config.new_client_from_config(str(pod.kubeconfig)) as api:
        core = client.CoreV1Api(api)

        def begin(*command: str, **options: Any) -> Any:
            chosen = {"stdin": True, "stdout": True, "stderr": True, "tty": False} | options
            method = core.connect_get_namespaced_pod_exec
            return stream(method, "p", NAMESPACE, command=list(command), _preload_content=False, **chosen)

        yield begin


def environ(pid: str) -> bytes:
    """The environment of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def is_running(pid: str) -> bool:
    return environ(pid) != b""


def test_output_errors_and_exit_code_come_apart(pod: RunningLab) -> None:
    done = execute(pod, "sh", "-c", "echo told; echo complained >&2; exit 3")
    assert (done.returncode, done.stdout) == (3, b"told\n")
    assert done.stderr == b"complained\ncommand terminated with exit code 3\n"


def test_a_command_that_is_killed_has_the_exit_code_of_its_signal(pod: RunningLab) -> None:
    assert execute(pod, "sh", "-c", "kill -9 $$").returncode == 137


def test_everything_on_stdin_arrives_and_its_end_too(pod: RunningLab) -> None:
    sent = os.urandom(3_000_000)
    assert execute(pod, "cat", stdin=sent).stdout == sent


def test_the_command_runs_in_the_containers_surroundings(pod: RunningLab) -> None:
    seen = dict(line.split("=", 1) for line in execute(pod, "env").stdout.decode().splitlines())
    assert (seen["COLOUR"], seen["HOSTNAME"]) == ("yellow", "p")
    assert execute(pod, "pwd").stdout.decode().strip() == seen["HOME"]
    assert "KUBECONFIG" not in seen


def test_a_program_that_is_not_there_is_named(pod: RunningLab) -> None:
    done = execute(pod, "no-such-program")
    assert done.returncode == 1
    assert b'exec: "no-such-program": executable file not found in $PATH' in done.stderr


def test_a_container_that_does_not_run_is_named(lab: RunningLab, namespace: str) -> None:
    ended = {"name": "ended", "image": "pause", "command": ["true"]}
    half = {**POD, "metadata": {"name": "half"}}
    half["spec"] = {**POD["spec"], "containers": [ended, *POD["spec"]["containers"]], "restartPolicy": "Never"}
    lab.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(half))
    path = "{.status.containerStatuses[?(@.name=='ended')].state.terminated.exitCode}"
    lab.kubectl("-n", namespace, "wait", f"--for=jsonpath={path}=0", "pod/half", "--timeout=20s")
    refused = lab.kubectl("-n", namespace, "exec", "half", "-c", "ended", "--", "ls", check=False)
    assert 'unable to upgrade connection: container not found ("ended")' in refused


def test_what_a_command_leaves_behind_goes_on_until_its_container_ends(pod: RunningLab) -> None:
    leaving = "sleep 300 >/dev/null 2>&1 & echo $!"
    child = execute(pod, "sh", "-c", leaving).stdout.decode().strip()
    time.sleep(1.2)  # more than a look of the node at its containers
    assert is_running(child)
    container = pod.get("-n", NAMESPACE, "pod", "p")["status"]["containerStatuses"][0]["containerID"]
    mark = b"KUBELAB_CONTAINER_ID=" + container.rpartition("/")[2].encode()
    marked = [p.name for p in Path("/proc").glob("[0-9]*") if mark in environ(p.name).split(b"\0")]
    os.kill(min(map(int, marked)), signal.SIGKILL)  # the container's first process
    pod.until(lambda: not is_running(child))
    pod.until(lambda: pod.get("-n", NAMESPACE, "pod", "p")["status"]["containerStatuses"][0].get("restartCount"))
    pod.kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", "pod/p", "--timeout=30s")


class TestThePythonClient:
    def test_writes_reads_and_learns_the_exit_code(self, connect: Any) -> None:
        session = connect("sh", "-c", "read line; echo got $line; echo bad >&2; exit 4")
        session.write_stdin("a line\n")
        session.run_forever(timeout=20)
        assert (session.read_stdout(), session.read_stderr()) == ("got a line\n", "bad\n")
        assert session.returncode == 4

    def test_gets_what_was_written_as_one_answer(self, connect: Any) -> None:
        session = connect("sh", "-c", "echo fine", stdin=False)
        session.run_forever(timeout=20)
        assert (session.returncode, session.read_all()) == (0, "fine\n")

    def test_sees_a_terminal_of_the_size_that_it_says(self, connect: Any) -> None:
        session = connect("sh", "-c", "read go; stty size; exit 5", tty=True, stderr=False)
        session.write_channel(4, json.dumps({"Width": 101, "Height": 37}))
        session.write_stdin("go\n")
        session.run_forever(timeout=20)
        assert "37 101" in session.read_stdout()
        assert session.returncode == 5

    def test_takes_its_command_along_when_it_goes(self, pod: RunningLab, connect: Any) -> None:
        session = connect("sh", "-c", "echo $$; exec sleep 300", stdin=False)
        pid = session.readline_stdout(timeout=20)
        assert is_running(pid)
        session.close()
        pod.until(lambda: not is_running(pid))


def test_a_wrong_target_is_named(pod: RunningLab) -> None:
    refused = pod.kubectl("-n", NAMESPACE, "exec", "p", "-c", "other", "--", "ls", check=False)
    assert "container other is not valid for pod p" in refused
    assert 'pods "q" not found' in pod.kubectl("-n", NAMESPACE, "exec", "q", "--", "ls", check=False)


def test_without_an_upgrade_it_is_a_bad_request(pod: RunningLab) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/p/exec?command=ls&stdout=true"
    assert "Upgrade request required" in pod.kubectl("get", "--raw", path, check=False)
