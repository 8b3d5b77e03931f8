"""The lab tells the same story as a real Kubernetes: the recorded traces, states and reasons in their order.

Left out, with the reason:
- how often the readiness probe fails: that depends on how fast the database starts
- the order among events of different components: they race on a real cluster, too
- what controllers say in between when a pod is deleted by force: two changes of it follow each other within a
  millisecond here, and are one to them; and how often its successor dies, which depends on when the first one ends
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from kubelab.client import Client
from kubelab.kinds import BUDGETS, PODS, STATEFUL_SETS

from tests.lab.conftest import RunningLab

from . import telling
from .recording import Line, record

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not telling.TRACES.is_dir(), reason=f"the recorded traces are not at {telling.TRACES}"),
]

NAMESPACE = "pacman"
DATABASE = Path(__file__).with_name("database.yaml")


@pytest.fixture(scope="module")
def database(lab: RunningLab) -> RunningLab:
    """The database of the recorded cluster, Ready."""
    lab.kubelab("up", "--apply", DATABASE)
    return lab


def is_ready_again(lines: Iterable[Line]) -> bool:
    """The last word of the StatefulSet is that it is ready, after it was not."""
    sets = [line["object"]["status"].get("readyReplicas", 0) for line in lines if _is_change(line, "statefulsets")]
    return 0 in sets and bool(sets) and sets[-1] == 1


def _is_change(line: Line, kind: str) -> bool:
    return line["resource"] == kind and "object" in line


def recording_of(
    lab: RunningLab,
    fault: Callable[[Client], Awaitable[Any]],
    is_over: Callable[[list[Line]], bool] = is_ready_again,
) -> list[Line]:
    async def scenario() -> list[Line]:
        async with Client.from_kubeconfig(lab.kubeconfig) as client:
            return await record(lab.kubeconfig, NAMESPACE, lambda: fault(client), is_over)

    return asyncio.run(scenario())


def story(lab: RunningLab, fault: Callable[[Client], Awaitable[Any]]) -> telling.Story:
    return telling.tell(recording_of(lab, fault), "mongo")


def told_by(events: list[str], component: str) -> list[str]:
    """What one component tells, repetitions of a failing probe aside, and trouble with a volume that is not here."""
    found = [e for e in events if e.endswith(f" {component}")]
    return [e for e in found if "Unhealthy" not in e and "FailedMount" not in e]


def compare(real: telling.Story, ours: telling.Story) -> None:
    for title, steps in real.steps.items():
        assert ours.steps.get(title) == steps
    assert ours.steps.keys() == real.steps.keys()
    for component in ("kubelet", "default-scheduler", "statefulset-controller"):
        assert told_by(ours.events, component) == told_by(real.events, component)


def test_pod_delete(database: RunningLab) -> None:
    async def fault(client: Client) -> None:
        await client.delete(PODS, "mongo-0", NAMESPACE)

    compare(telling.tell(telling.recorded("pod-delete"), "mongo"), story(database, fault))


def test_pod_delete_force(database: RunningLab) -> None:
    """A second server starts on the volume while the first one still runs, and dies on its lock."""

    async def fault(client: Client) -> None:
        await client.delete(PODS, "mongo-0", NAMESPACE, grace_period_s=0)

    real, ours = telling.tell(telling.recorded("pod-delete-force"), "mongo"), story(database, fault)
    assert ours.steps["pods 1"] == real.steps["pods 1"]
    until_it_has_died = 6
    assert ours.steps["pods 2"][:until_it_has_died] == real.steps["pods 2"][:until_it_has_died]
    assert ours.steps["pods 2"][-1] == real.steps["pods 2"][-1]


def test_scale_to_zero_and_back(database: RunningLab) -> None:
    async def fault(client: Client) -> None:
        await client.patch(STATEFUL_SETS, "mongo", {"spec": {"replicas": 0}}, NAMESPACE)
        while (await client.list(PODS, NAMESPACE))["items"]:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        await client.patch(STATEFUL_SETS, "mongo", {"spec": {"replicas": 1}}, NAMESPACE)

    compare(telling.tell(telling.recorded("scale-to-zero-and-back"), "mongo"), story(database, fault))


def test_a_killed_container_comes_back_in_the_same_pod(database: RunningLab) -> None:
    """As the recorded container-kill, but for the first time, so that no back-off delays the restart."""

    async def fault(client: Client) -> None:
        pod = await client.get(PODS, "mongo-0", NAMESPACE)
        container_id = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        os.kill(process_of(container_id), signal.SIGKILL)

    before = database.get("-n", NAMESPACE, "pod", "mongo-0")["metadata"]["uid"]
    found = story(database, fault)
    after = database.get("-n", NAMESPACE, "pod", "mongo-0")
    assert after["metadata"]["uid"] == before
    container = after["status"]["containerStatuses"][0]
    assert (container["restartCount"], container["lastState"]["terminated"]["exitCode"]) == (1, 137)
    assert [len(steps) for title, steps in found.steps.items() if title.startswith("pods")] == [3]


def process_of(container_id: str) -> int:
    """The first process of a container."""
    mark = f"KUBELAB_CONTAINER_ID={container_id}".encode()
    for path in sorted(Path("/proc").glob("[0-9]*"), key=lambda p: int(p.name)):
        try:
            if mark in (path / "environ").read_bytes().split(b"\0"):
                return int(path.name)
        except OSError:
            continue
    raise AssertionError(f"no process of container {container_id}")


def node_of(lab: RunningLab) -> str:
    """The node on which the database runs."""
    return str(lab.get("-n", NAMESPACE, "pod", "mongo-0")["spec"]["nodeName"])


def run_kubectl(lab: RunningLab, *arguments: str) -> Callable[[Client], Awaitable[Any]]:
    async def run(_: Client) -> None:
        await asyncio.to_thread(lab.kubectl, *arguments)

    return run


DRAINING = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s")


def test_node_drain(database: RunningLab) -> None:
    node = node_of(database)
    real = list(telling.recorded("node-drain"))
    ours = recording_of(database, run_kubectl(database, "drain", node, *DRAINING))
    ours += recording_of(database, run_kubectl(database, "uncordon", node), is_over=schedulable(node))
    compare(telling.tell(real, "mongo"), telling.tell(ours, "mongo"))
    assert telling.node_story(ours, node) == telling.node_story(real, "real-2")
    assert node_of(database) != node


def test_node_drain_blocked_by_a_budget(database: RunningLab) -> None:
    """The drain tries every 5 s; nothing happens to the pod before the budget is gone."""
    node = node_of(database)
    real = list(telling.recorded("node-drain-blocked-by-pdb"))
    database.kubectl("-n", NAMESPACE, "create", "pdb", "mongo", "--selector=name=mongo", "--min-available=1")

    async def fault(client: Client) -> None:
        draining = asyncio.create_task(asyncio.to_thread(database.kubectl, "drain", node, *DRAINING))
        await asyncio.sleep(4)
        found = await client.get(BUDGETS, "mongo", NAMESPACE)
        counts = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
        assert [found["status"][count] for count in counts] == [1, 1, 1, 0]
        assert "deletionTimestamp" not in (await client.get(PODS, "mongo-0", NAMESPACE))["metadata"]
        await client.delete(BUDGETS, "mongo", NAMESPACE)
        await draining

    ours = recording_of(database, fault)
    ours += recording_of(database, run_kubectl(database, "uncordon", node), is_over=schedulable(node))
    compare(telling.tell(real, "mongo"), telling.tell(ours, "mongo"))
    assert telling.node_story(ours, node) == telling.node_story(real, "real-3")


def schedulable(node: str) -> Callable[[list[Line]], bool]:
    """The node is neither cordoned nor tainted."""

    def is_over(lines: list[Line]) -> bool:
        changes = [line["object"] for line in lines if _is_change(line, "nodes")]
        return any(o["metadata"]["name"] == node and o["spec"].keys() <= {"podCIDR", "podCIDRs"} for o in changes)

    return is_over
