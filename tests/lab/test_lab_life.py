"""The life of labs: start, use, end; and that nothing of them survives, however they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import BIN, RunningLab

pytestmark = pytest.mark.e2e

END_TIMEOUT_S = 10.0


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[RunningLab]:
    found = RunningLab(tmp_path / "state")
    yield found
    found.kubelab("down", check=False)


def processes_with(text: str) -> list[int]:
    """Processes whose command line or environment holds the text, this one and zombies aside."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            content = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in content and int(path.name) != os.getpid():
            found.append(int(path.name))
    return found


def wait_until_none(text: str) -> None:
    deadline = time.monotonic() + END_TIMEOUT_S
    while left := processes_with(text):
        assert time.monotonic() < deadline, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]
        time.sleep(0.05)


def test_up_tells_what_to_do_next_and_down_leaves_nothing(own_lab: RunningLab) -> None:
    result = own_lab.kubelab("up")
    assert result.stdout == f"export KUBECONFIG={own_lab.kubeconfig}\n"
    assert "2 nodes are Ready" in result.stderr
    assert own_lab.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert own_lab.kubelab("kubeconfig").stdout.strip() == str(own_lab.kubeconfig)
    assert own_lab.kubelab("status").stdout.count("  Ready") == 2
    assert "runs in" in own_lab.kubelab("up").stderr
    own_lab.kubelab("down")
    assert not own_lab.state.exists()
    wait_until_none(str(own_lab.state))


NODE_PORT = 30123
SAME = """
apiVersion: v1
kind: Pod
metadata: {name: same, labels: {app: same}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: registry.k8s.io/pause:3.10
    command: [sh, -c, exec python3 -m http.server 8000 --bind "$KUBELAB_POD_IP"]
    readinessProbe: {tcpSocket: {port: 8000}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: same}
spec: {type: LoadBalancer, selector: {app: same}, ports: [{port: 8000, nodePort: 30123}]}
"""


def test_two_labs_do_not_meet(lab: RunningLab, own_lab: RunningLab, tmp_path: Path) -> None:
    """The same names and ports in both; and the sudden end of one."""
    manifest = tmp_path / "same.yaml"
    manifest.write_text(SAME)
    own_lab.kubelab("up", "--nodes=1", "--apply", manifest)
    lab.kubelab("up", "--apply", manifest)
    try:
        assert [len(found.get("nodes")["items"]) for found in (lab, own_lab)] == [2, 1]
        assert len({block for found in (lab, own_lab) for block in blocks_of(found)}) == 2
        for found in (lab, own_lab):
            found.until(lambda found=found: all(is_open(*address) for address in addresses_of(found)))
        token = own_lab.kubectl("config", "view", "--raw", "-o", "jsonpath={.users[0].user.token}")
        options = ("--kubeconfig=/dev/null", f"--server={server_of(lab)}", "--insecure-skip-tls-verify")
        assert "Unauthorized" in lab.kubectl("get", "nodes", *options, f"--token={token}", check=False)
        addresses = addresses_of(own_lab)
        os.kill(guard_of(own_lab), signal.SIGKILL)
        wait_until_none(str(own_lab.state))
        assert not any(is_open(*address) for address in addresses)
        assert all(is_open(*address) for address in addresses_of(lab))
        assert lab.kubelab("status").stdout.count("  Ready") == 2
    finally:
        lab.kubectl("delete", "-f", str(manifest))


def addresses_of(lab: RunningLab) -> list[tuple[str, int]]:
    """All the ways to the Service."""
    service = lab.get("service", "same")
    found = [(service["spec"]["clusterIP"], 8000), (service["status"]["loadBalancer"]["ingress"][0]["ip"], 8000)]
    return found + [(node["status"]["addresses"][0]["address"], NODE_PORT) for node in lab.get("nodes")["items"]]


def blocks_of(lab: RunningLab) -> set[str]:
    """The second numbers of the lab's addresses."""
    addresses = [host for host, _ in addresses_of(lab)] + [lab.get("pod", "same")["status"]["podIP"]]
    return {address.split(".")[1] for address in addresses}


def is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def server_of(lab: RunningLab) -> str:
    return lab.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")


def guard_of(lab: RunningLab) -> int:
    return int(json.loads((lab.state / "lab.json").read_text())["guard_pid"])


class TestUpThatCannot:
    """One message, and what it says helps."""

    def refused(self, lab: RunningLab) -> str:
        result = lab.kubelab("up", "--nodes=1", check=False)
        assert (result.returncode, result.stdout) == (1, "")
        (message,) = [line for line in result.stderr.splitlines() if line.startswith("kubelab: ")]
        assert "Traceback" not in result.stderr
        assert wait_until_none(str(lab.state)) is None
        return message + result.stderr.partition(message)[2]

    def kill(self, lab: RunningLab) -> None:
        os.kill(guard_of(lab), signal.SIGKILL)
        wait_until_none(str(lab.state))

    def test_have_its_addresses_goes_on_when_they_are_free_or_begins_anew_elsewhere(self, own_lab: RunningLab) -> None:
        own_lab.kubelab("up", "--nodes=1")
        server = server_of(own_lab)
        self.kill(own_lab)
        host = server.removeprefix("https://").partition(":")[0]
        with socket.create_server((host, 6443)):
            message = self.refused(own_lab)
            assert "which this lab had, are in use by another program: stop that one, or drop this lab" in message
        own_lab.kubelab("up")
        assert server_of(own_lab) == server
        self.kill(own_lab)
        with socket.create_server((host, 6443)):
            own_lab.kubelab("down")
            own_lab.kubelab("up", "--nodes=1")
            assert server_of(own_lab) != server

    def test_have_a_nodes_port_goes_on_when_it_is_free(self, own_lab: RunningLab) -> None:
        own_lab.kubelab("up", "--nodes=1")
        host = own_lab.get("node", "node-1")["status"]["addresses"][0]["address"]
        self.kill(own_lab)
        with socket.create_server((host, 10250)):
            message = self.refused(own_lab)
        assert f"the node cannot listen on {host}:10250" in message
        assert "stop what listens there" in message
        own_lab.kubelab("up")

    def test_use_its_directory_works_when_that_can_be_used(self, tmp_path: Path) -> None:
        own = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
        if subprocess.run([*own, "mount -t tmpfs none /mnt"], capture_output=True, check=False).returncode != 0:
            pytest.skip("users may not have file systems of their own here (unshare)")
        script = f"""
            mount -t tmpfs -o ro none {tmp_path}
            {BIN}/kubelab up --nodes=1; echo "read-only: $?"
            mount -o remount,rw,size=64k {tmp_path}
            {BIN}/kubelab up --nodes=1; echo "full: $?"
            ls -A {tmp_path}
            mount -o remount,size=100m {tmp_path}
            {BIN}/kubelab up --nodes=1 2> /dev/null; echo "usable: $?"
            {BIN}/kubelab down
        """
        env = os.environ | {"KUBELAB_STATE": str(tmp_path)}
        found = subprocess.run([*own, script], env=env, capture_output=True, text=True, timeout=60)
        advice = "give another one with --state or $KUBELAB_STATE"
        assert found.stderr.splitlines() == [
            f"kubelab: cannot use the state directory {tmp_path}: {why}; {advice}"
            for why in ("Read-only file system", "No space left on device (a lab needs 16 MiB)")
        ]
        export = f"export KUBECONFIG={tmp_path}/kubeconfig"
        assert found.stdout.splitlines() == ["read-only: 1", "full: 1", export, "usable: 0"]

    def test_finish_as_it_is_killed_can_be_repeated(self, own_lab: RunningLab) -> None:
        env = os.environ | {"KUBELAB_STATE": str(own_lab.state)}
        with subprocess.Popen([str(BIN / "kubelab"), "up", "--nodes=1"], env=env, stderr=subprocess.DEVNULL) as process:
            own_lab.until((own_lab.state / "lock").exists)
            process.kill()
        own_lab.until(lambda: own_lab.kubelab("up", "--nodes=1", check=False).returncode == 0)
        assert own_lab.kubelab("status").stdout.count("  Ready") == 1


POD = """
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: main, image: registry.k8s.io/pause:3.10, command: [sh, -c, "setsid sleep 1000 & sleep 1000"]}
"""
ONCE = POD.replace("name: p}", "name: once}").replace("spec:", "spec:\n  restartPolicy: Never")


@pytest.mark.parametrize("victim", ["guard", "supervisor"])
def test_a_killed_lab_takes_its_processes_along_and_can_be_started_again(
    victim: str, own_lab: RunningLab, tmp_path: Path
) -> None:
    manifest = tmp_path / "pod.yaml"
    manifest.write_text(f"{POD}---\n{ONCE}")
    own_lab.kubelab("up", "--apply", manifest)
    supervisors = [p for p in processes_with(f"--state={own_lab.state}") if _is(p, "kubelab.supervisor")]
    guard, supervisor = sorted(supervisors)
    os.kill(guard if victim == "guard" else supervisor, signal.SIGKILL)
    wait_until_none(str(own_lab.state))
    assert "no lab runs in" in own_lab.kubelab("status", check=False).stderr
    result = own_lab.kubelab("up")
    assert "goes on with the lab" in result.stderr
    own_lab.kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=20s")
    own_lab.until(lambda: own_lab.get("pod", "p")["status"]["containerStatuses"][0]["restartCount"] == 1)
    own_lab.until(lambda: own_lab.get("pod", "once")["status"]["phase"] == "Failed")
    (container,) = own_lab.get("pod", "once")["status"]["containerStatuses"]
    ended = container["state"]["terminated"]
    assert (container["restartCount"], ended["exitCode"], ended["reason"]) == (0, 255, "Unknown")


def _is(pid: int, module: str) -> bool:
    return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


class TestExec:
    def start(self, tmp_path: Path, *command: str) -> subprocess.Popen[str]:
        """kubelab exec in a lab of its own."""
        env = os.environ | {"KUBELAB_STATE": str(tmp_path / "none"), "TMPDIR": str(tmp_path)}
        arguments = [str(BIN / "kubelab"), "exec", "--nodes=1", "--", *command]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(arguments, env=env, text=True, cwd=tmp_path, **pipes)  # type: ignore[call-overload, no-any-return]

    def test_it_runs_the_command_in_a_lab_of_its_own_and_returns_its_exit_code(self, tmp_path: Path) -> None:
        with self.start(tmp_path, "sh", "-c", f"{BIN}/kubectl get nodes -o name; exit 7") as process:
            output, _ = process.communicate(timeout=60)
        assert (output, process.returncode) == ("node/node-1\n", 7)
        assert list(tmp_path.iterdir()) == []
        wait_until_none(str(tmp_path))

    def test_it_uses_a_lab_that_runs_and_leaves_it_running(self, lab: RunningLab) -> None:
        assert lab.kubelab("exec", "--", "sh", "-c", "echo $KUBECONFIG").stdout.strip() == str(lab.kubeconfig)
        assert lab.kubelab("status").returncode == 0

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_goes_to_the_command_which_may_finish(self, number: int, tmp_path: Path) -> None:
        # held and asked for: a handler may come in the middle of a print, or be late where it is just going to sleep
        command = "import signal,sys,time\nboth = (2, 15)\nsignal.pthread_sigmask(signal.SIG_BLOCK, both)\n"
        command += "print('up',flush=True)\nsignal.sigwait(both)\ntime.sleep(0.5);print('done',flush=True);sys.exit(5)"
        with self.start(tmp_path, sys.executable, "-c", command) as process:
            assert process.stdout and process.stdout.readline() == "up\n"
            process.send_signal(number)
            output, _ = process.communicate(timeout=20)
        assert (output, process.returncode) == ("done\n", 5)
        wait_until_none(str(tmp_path))

    def test_a_second_signal_kills_the_command(self, tmp_path: Path) -> None:
        with self.start(tmp_path, "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done") as process:
            assert process.stdout and process.stdout.readline() == "up\n"
            process.terminate()
            time.sleep(0.3)
            assert process.poll() is None
            process.terminate()
            process.communicate(timeout=20)
        assert process.returncode == 128 + signal.SIGKILL
        wait_until_none(str(tmp_path))

    def test_a_signal_while_the_lab_comes_up_takes_it_down(self, tmp_path: Path) -> None:
        with self.start(tmp_path, "true") as process:
            time.sleep(0.7)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        wait_until_none(str(tmp_path))
        assert list(tmp_path.iterdir()) == []

    def test_its_own_sudden_end_leaves_no_process_and_no_file(self, tmp_path: Path) -> None:
        with self.start(tmp_path, "sh", "-c", "echo up; setsid sleep 1000 & sleep 1000") as process:
            assert process.stdout and process.stdout.readline() == "up\n"
            process.kill()
            process.wait()
        wait_until_none(str(tmp_path))
        deadline = time.monotonic() + END_TIMEOUT_S
        while list(tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
