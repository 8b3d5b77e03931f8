"""A run from outside a cluster, as if its Services could not be reached: everything goes through a port-forward.

At a quarter of the usual rates: each operation of the user lane opens a connection, which costs the lab's API server
and kubelet some 10 ms of a processor that other tests may want, too. What is too slow is unknown, and fails here.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from chaosmongo.history import History, read, read_verdict
from chaosmongo.history.results import Verdict

from tests.e2e.commands import BIN, Ended, processes_mentioning, run, run_undisturbed, running_lab, start

pytestmark = pytest.mark.e2e

CHAOS = ["chaos", "--no-version-check", "run", "slower.yaml", "--var", "reach=port-forward"]
RATES = {"rate": 50, "writes": 5, "reads": 1}
GONE_WITHIN_S = 5
TUNNEL = "chaosmongo.tunnel"


@dataclass(frozen=True)
class Run:
    ended: Ended
    history: History
    verdict: Verdict

    @property
    def doubts(self) -> str:
        return "\n".join(self.verdict.doubts)


@pytest.fixture(scope="module")
def kubeconfig(place: Path) -> Iterator[str]:
    experiment = yaml.safe_load((place / "experiments/mongo-pod-delete.yaml").read_text())
    (load,) = (one["provider"] for one in experiment["method"] if one["provider"]["func"] == "start_workload")
    load["arguments"] |= RATES
    (place / "slower.yaml").write_text(yaml.safe_dump(experiment))
    with running_lab(place, "--apply", "manifests") as state:
        yield str(state / "kubeconfig")


@pytest.fixture(scope="module")
def forwarded(place: Path, kubeconfig: str) -> Run:
    ended = run_undisturbed(CHAOS, place, "slower", KUBECONFIG=kubeconfig)
    (directory,) = place.glob("runs/slower/*")
    verdict = read_verdict(directory)
    assert verdict is not None, ended.output
    assert not tunnels(place)
    return Run(ended, read(directory), verdict)


def tunnels(place: Path) -> list[str]:
    return [line for line in processes_mentioning(place.name) if TUNNEL in line]


class TestARunThroughIt:
    def test_passes(self, forwarded: Run) -> None:
        assert forwarded.verdict.verdict == "passed", forwarded.ended.output
        assert forwarded.ended.status == 0

    def test_judges_durability(self, forwarded: Run) -> None:
        durability, seeds = forwarded.verdict.durability, forwarded.verdict.seeds
        assert durability is not None
        assert seeds is not None
        assert durability.kept > 50
        assert (durability.lost, durability.altered, durability.duplicated, durability.phantoms) == (0, 0, 0, 0)
        assert (seeds.count, seeds.intact) == (1000, 1000)

    @pytest.mark.parametrize("lane", ["server", "driver", "user"])
    def test_measures_each_lane(self, forwarded: Run, lane: str) -> None:
        (found,) = (one for one in forwarded.verdict.recovery if one.lane == lane)
        assert found.rta is not None
        assert 0 < found.rta.lo_ns < found.rta.hi_ns < 30e9

    def test_says_on_record_which_way_each_lane_took(self, forwarded: Run) -> None:
        plan = forwarded.history.plan
        assert plan is not None
        assert {lane: one.via for lane, one in plan.lanes.items()} == dict.fromkeys(plan.lanes, "port-forward")

    def test_says_what_that_way_adds(self, forwarded: Run) -> None:
        (note,) = (one for one in forwarded.history.course if one.what == "reach")
        direct = note.detail["direct"]
        assert 0 < direct["hello_ms"]["median"] < note.detail["hello_ms"]["median"] < 100
        assert 0 < direct["first_answer_ms"]["median"] < note.detail["first_answer_ms"]["median"] < 500
        assert "reached through a port-forward, which adds" in forwarded.doubts

    def test_never_takes_a_lost_connection_for_a_refused_one(self, forwarded: Run) -> None:
        """What went into the port-forward may have arrived; where the server itself refuses, nothing was sent."""
        errors = {op.error: op.outcome for op in forwarded.history.ops if op.lane == "server" and op.f == "hello"}
        assert not [error for error in errors if "Connection refused" in error]
        assert {outcome for error, outcome in errors.items() if "closed the connection" in error} <= {"info"}
        assert "info" in errors.values()

    def test_leaves_no_secret_on_a_command_line_or_in_the_record(
        self, place: Path, kubeconfig: str, forwarded: Run
    ) -> None:
        (user,) = yaml.safe_load(Path(kubeconfig).read_text())["users"]
        token = user["user"]["token"]
        for file in [*place.glob("runs/*/*/*"), place / "chaostoolkit.log", place / "journal.json"]:
            assert token not in file.read_text(errors="replace"), file
        assert token not in forwarded.ended.output


def test_a_killed_runner_takes_its_port_forward_with_it(place: Path, kubeconfig: str) -> None:
    known = set(place.glob("runs/*/*"))
    process = start(CHAOS, place, KUBECONFIG=kubeconfig)
    end = time.monotonic() + 60
    while not [ops for run in set(place.glob("runs/*/*")) - known for ops in run.glob("ops*.jsonl")]:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    (line,) = tunnels(place)
    assert line.split()[1:] == ["-m", TUNNEL]
    process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    while tunnels(place):
        assert time.monotonic() - killed < GONE_WITHIN_S
        time.sleep(0.05)
    process.communicate(timeout=10)
    (directory,) = set(place.glob("runs/*/*")) - known
    undone = run(["chaos", "--no-version-check", "recovery", "undo", str(directory)], place, KUBECONFIG=kubeconfig)
    assert undone.status == 0, undone.output


FORWARD = """
import json, sys
from chaosmongo.tunnel.handle import Tunnel
tunnel = Tunnel()
print(tunnel.pod("pacman", "mongo-0", 27017), flush=True)
sys.stdin.read()
print(json.dumps(tunnel.close()))
"""


def test_a_node_without_power_is_a_lost_connection_and_no_orderly_end(place: Path, kubeconfig: str) -> None:
    node = run(
        ["kubectl", "get", "pod", "mongo-0", "-n", "pacman", "-o", "jsonpath={.spec.nodeName}"],
        place,
        KUBECONFIG=kubeconfig,
    ).output
    process = start([str(BIN / "python"), "-c", FORWARD], place, KUBECONFIG=kubeconfig)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"\x10")  # a message's first byte: the server waits for the others
            time.sleep(0.5)
            (kubelet,) = (
                int(entry.name)
                for entry in Path("/proc").iterdir()
                if entry.name.isdigit() and _is_kubelet(entry, node, place)
            )
            os.kill(kubelet, signal.SIGKILL)
            with pytest.raises(ConnectionResetError):
                assert connection.recv(1) != b"", "it ended in order"
    finally:
        process.kill()
        process.communicate()


def _is_kubelet(entry: Path, node: str, place: Path) -> bool:
    try:
        words = (entry / "cmdline").read_bytes().decode().split("\0")
    except OSError:
        return False
    return "kubelab.node" in words and f"--name={node}" in words and any(place.name in word for word in words)
