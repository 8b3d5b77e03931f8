"""The life of labs: start, use, end; and that nothing of them survives, however they end."""

from __future__ import annotations

import os
import signal
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


def test_two_labs_do_not_meet(lab: RunningLab, own_lab: RunningLab) -> None:
    own_lab.kubelab("up", "--nodes=1")
    servers = {
        line for found in (lab, own_lab) for line in found.kubelab("status").stdout.splitlines() if "https" in line
    }
    assert len(servers) == 2
    assert len(own_lab.get("nodes")["items"]) == 1
    assert len(lab.get("nodes")["items"]) == 2


POD = """
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: main, image: registry.k8s.io/pause:3.10, command: [sh, -c, "setsid sleep 1000 & sleep 1000"]}
"""


@pytest.mark.parametrize("victim", ["guard", "supervisor"])
def test_a_killed_lab_takes_its_processes_along_and_can_be_started_again(
    victim: str, own_lab: RunningLab, tmp_path: Path
) -> None:
    manifest = tmp_path / "pod.yaml"
    manifest.write_text(POD)
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
        command = "import signal,sys,time\ndef end(*_):\n  time.sleep(0.5);print('done',flush=True);sys.exit(5)\n"
        command += "for n in (2, 15): signal.signal(n, end)\nprint('up',flush=True)\ntime.sleep(60)"
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
