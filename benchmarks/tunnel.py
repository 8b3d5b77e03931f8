"""What does a port-forward of our own add: to an answer, to a new connection, and to a measured recovery time?

In a lab: hello through the tunnel against the pod's own address, in turn, and runs of mongo-pod-delete by either way.
On a real cluster the API server and the network between have their own share: each run measures it when it is opened.
"""

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, extent, keep, median

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
LANES = ("server", "driver", "user")
WAYS = ("service", "port-forward")


def run(quick: bool) -> list[Row]:
    answers, connections, runs = (200, 20, 1) if quick else (5_000, 200, 10)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        state = directory / "lab"
        environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "KUBECONFIG": str(state / "kubeconfig")}
        _command(["kubelab", "up", "--state", str(state), "--apply", str(ROOT / "manifests")], directory, environment)
        try:
            probed = _command(
                [sys.executable, "-m", "benchmarks.tunnel", str(answers), str(connections)], ROOT, environment
            )
            took: dict[str, dict[str, list[float]]] = json.loads(probed.stdout)
            ways = random.sample(WAYS * runs, 2 * runs)
            recovered = [_recovered(directory, environment, way, number) for number, way in enumerate(ways)]
        finally:
            _command(["kubelab", "down", "--state", str(state)], directory, environment)
    keep("tunnel", [took, *recovered])
    return [_row(what, took[what]) for what in took] + [_recovery_row(lane, recovered) for lane in LANES]


def _row(what: str, took: dict[str, list[float]]) -> Row:
    forwarded, direct = took["port-forward"], took["pod"]
    return Row(
        f"port-forward: {what}",
        f"{median(forwarded):.2f} ms",
        f"{median(direct):.2f} ms by the pod's address",
        f"{median(forwarded) / median(direct):.1f}",
        len(forwarded),
        f"95 % within {_p95(forwarded):.2f} ms, directly {_p95(direct):.2f} ms",
    )


def _recovery_row(lane: str, recovered: list[dict[str, Any]]) -> Row:
    """The middles of the brackets by either way. Different runs: how long a pod took to come back differs, too."""
    middles: dict[str, list[float]] = {way: [] for way in WAYS}
    for one in recovered:
        bracket = one["recovered_s"].get(lane)
        if bracket and one["verdict"] != "unknown":
            middles[one["way"]].append(sum(bracket) / 2)
    if not all(middles.values()):
        return Row(f"port-forward: recovery time, {lane}", "not measured", met=None)
    forwarded, direct = middles["port-forward"], middles["service"]
    return Row(
        f"port-forward: recovery time, {lane}",
        f"{median(forwarded):.2f} s",
        f"{median(direct):.2f} s by the Service",
        f"{median(forwarded) / median(direct):.2f}",
        len(forwarded),
        f"{extent(forwarded, 's')}, directly {extent(direct, 's')}",
    )


def _recovered(directory: Path, environment: Mapping[str, str], way: str, number: int) -> dict[str, Any]:
    """The verdict of one run, and the bracket of each lane's recovery time, where it has one."""
    runs = directory / f"runs-{number}"
    experiment = str(ROOT / "experiments" / "mongo-pod-delete.yaml")
    subprocess.run(
        [str(BIN / "chaos"), "--no-version-check", "run", experiment, "--var", f"reach={way}", "--var", f"runs={runs}"],
        cwd=directory,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
        check=False,  # an unknown verdict is a sample, too
    )
    (file,) = runs.glob("*/*/verdict.json")
    verdict = json.loads(file.read_text())
    lanes = {one["lane"]: one["rta"] for one in verdict["recovery"]}
    brackets = {lane: [rta["lo_ns"] / 1e9, rta["hi_ns"] / 1e9] for lane, rta in lanes.items() if rta}
    return {"way": way, "verdict": verdict["verdict"], "doubts": verdict["doubts"], "recovered_s": brackets}


def _command(command: list[str], directory: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=300, check=True
    )


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def probe(answers: int, connections: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each hello, by the two ways in turn, with the cluster that KUBECONFIG names."""
    from chaosmongo.cluster import Cluster
    from chaosmongo.tunnel.handle import Tunnel

    pod = Cluster().get("/api/v1/namespaces/pacman/pods/mongo-0")
    tunnel = Tunnel()
    try:
        ways = {
            "port-forward": ("127.0.0.1", tunnel.pod("pacman", "mongo-0", 27017)),
            "pod": (pod["status"]["podIP"], 27017),
        }
        kept = {way: _connected(*address) for way, address in ways.items()}
        on_one: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(answers):
            for way, connection in kept.items():
                on_one[way].append(_timed(_hello, connection))
        on_new: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(connections):
            for way, address in ways.items():
                on_new[way].append(_timed(_first, *address))
    finally:
        tunnel.close()
    return {"hello on one connection": on_one, "hello on a new connection": on_new}


def _connected(host: str, port: int) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _hello(connection: socket.socket) -> None:
    from chaosmongo import wire

    connection.sendall(wire.message({"hello": 1, "$db": "admin"}))
    data = bytearray()
    while (length := wire.message_length(data)) is None or len(data) < length:
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        data += chunk


def _first(host: str, port: int) -> None:
    with _connected(host, port) as connection:
        _hello(connection)


def _timed(work: Callable[..., None], *arguments: Any) -> float:
    begin = time.perf_counter_ns()
    work(*arguments)
    return (time.perf_counter_ns() - begin) / 1e6


if __name__ == "__main__":
    json.dump(probe(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
