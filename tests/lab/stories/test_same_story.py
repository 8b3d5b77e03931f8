"""The lab tells the same story as a real Kubernetes: the recorded traces, states and reasons in their order.

Left out, with the reason:
- how often the readiness probe fails: that depends on how fast the database starts
- the order among events of different components: they race on a real cluster, too
- whether a Killing event of a pod that is deleted comes before or after another's: kubelets race
- which of an application's pods is served first: each pod is told by itself
- of a crash loop what follows its first death: the next ones wait 20, 40 and 80 s (tests/lab/node/test_probes.py)
- what controllers say in between when a pod is deleted by force: two changes of it follow each other within a
  millisecond here, and are one to them; and how often its successor dies, which depends on when the first one ends
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from kubelab.client import Client
from kubelab.kinds import BUDGETS, PODS, STATEFUL_SETS

from tests.lab.conftest import RunningLab

from . import telling
from .recording import Line, record

pytestmark = pytest.mark.e2e

NAMESPACE = "pacman"
DATABASE = Path(__file__).with_name("database.yaml")
APPLICATION = Path(__file__).with_name("application.yaml")
PROBE_PERIOD_S = 3


@pytest.fixture(scope="module")
def database(lab: RunningLab) -> RunningLab:
    """The database of the recorded cluster, Ready."""
    lab.kubelab("up", "--apply", DATABASE)
    return lab


@pytest.fixture(scope="module")
def application(lab: RunningLab) -> RunningLab:
    """What stood for the application in the recorded cluster, Ready: it does not end when it is told to."""
    lab.kubelab("up", "--apply", APPLICATION)
    return lab


def is_ready_again(lines: Iterable[Line]) -> bool:
    """The last word of the StatefulSet is that it is ready, after it was not."""
    sets = [line["object"]["status"].get("readyReplicas", 0) for line in lines if _is_change(line, "statefulsets")]
    return 0 in sets and bool(sets) and sets[-1] == 1


ATTEMPTS = 3


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


def story(
    lab: RunningLab,
    fault: Callable[[Client], Awaitable[Any]],
    is_over: Callable[[list[Line]], bool] = is_ready_again,
    app: str = "mongo",
) -> telling.Story:
    return telling.tell(recording_of(lab, fault, is_over), app)


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


def signal_database(number: int) -> Callable[[Client], Awaitable[Any]]:
    """A signal for the container's process."""

    async def fault(client: Client) -> None:
        pod = await client.get(PODS, "mongo-0", NAMESPACE)
        container_id = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        os.kill(process_of(container_id), number)

    return fault


def test_pod_delete(database: RunningLab) -> None:
    async def fault(client: Client) -> None:
        await client.delete(PODS, "mongo-0", NAMESPACE)

    compare(telling.real("pod-delete"), story(database, fault))


def test_pod_delete_force(database: RunningLab) -> None:
    """A second server starts on the volume while the first one still runs, and dies on its lock.

    The real first one took its time to end. Here it is frozen, so that it lives until its SIGKILL, 2 s later.
    """

    async def fault(client: Client) -> None:
        await signal_database(signal.SIGSTOP)(client)
        await client.delete(PODS, "mongo-0", NAMESPACE, grace_period_s=0)

    until_it_has_died = 6
    real = telling.real("pod-delete-force")
    for _ in range(ATTEMPTS):
        ours = story(database, fault)
        if "state.terminated" in ours.steps["pods 2"][until_it_has_died - 1]:
            break  # else this machine was so busy that the first one had ended before the second one began
    assert ours.steps["pods 1"] == real.steps["pods 1"]
    assert ours.steps["pods 2"][:until_it_has_died] == real.steps["pods 2"][:until_it_has_died]
    assert ours.steps["pods 2"][-1] == real.steps["pods 2"][-1]


def test_scale_to_zero_and_back(database: RunningLab) -> None:
    async def fault(client: Client) -> None:
        await client.patch(STATEFUL_SETS, "mongo", {"spec": {"replicas": 0}}, NAMESPACE)
        while (await client.list(PODS, NAMESPACE))["items"]:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        await client.patch(STATEFUL_SETS, "mongo", {"spec": {"replicas": 1}}, NAMESPACE)

    compare(telling.real("scale-to-zero-and-back"), story(database, fault))


def test_rollout_restart(database: RunningLab) -> None:
    restart = run_kubectl(database, "-n", NAMESPACE, "rollout", "restart", "statefulset/mongo")
    compare(telling.real("rollout-restart"), story(database, restart))


def test_process_frozen(database: RunningLab) -> None:
    """Nobody notices: the port still takes connections, which is all that the readiness probe asks for."""

    async def fault(client: Client) -> None:
        await signal_database(signal.SIGSTOP)(client)
        await asyncio.sleep(2 * PROBE_PERIOD_S)
        await signal_database(signal.SIGCONT)(client)

    assert story(database, fault, is_over=lambda _: True) == telling.real("process-frozen")


def test_container_kill(database: RunningLab) -> None:
    """A first death is made up for at once, the next one after 10 s: what the recorded crash loop tells each time."""
    before = database.get("-n", NAMESPACE, "pod", "mongo-0")["metadata"]["uid"]
    recording_of(database, signal_database(signal.SIGHUP))  # its exit code is another one
    ours, loop = story(database, signal_database(signal.SIGKILL)), telling.real("container-crash-loop")
    compare(telling.real("container-kill"), ours)
    for kind in ("statefulsets", "endpointslices"):
        (steps,), (real_steps,) = ours.of(kind), loop.of(kind)
        assert steps == real_steps[: len(steps)] == real_steps[len(steps) : 2 * len(steps)]
    assert database.get("-n", NAMESPACE, "pod", "mongo-0")["metadata"]["uid"] == before


def pods_ready(count: int) -> Callable[[list[Line]], bool]:
    """The application's Deployment says that so many of its pods are ready, and no other is left."""

    def is_over(lines: list[Line]) -> bool:
        told = [line["object"]["status"] for line in lines if _is_change(line, "deployments")][-1:]
        alive: dict[str, str] = {}
        for line in lines:
            for obj in [line["object"]] if "object" in line else line.get("items", ()):
                if line["resource"] == "pods" and obj["metadata"]["name"].startswith("pacman"):
                    alive[obj["metadata"]["name"]] = line["type"]
        return bool(told) and told[0].get("readyReplicas") == count == len(
            [t for t in alive.values() if t != "DELETED"]
        )

    return is_over


def test_pacman_delete_all(application: RunningLab) -> None:
    delete = run_kubectl(application, "-n", NAMESPACE, "delete", "pods", "-l", "name=pacman", "--wait=false")
    ours, real = story(application, delete, pods_ready(2), "pacman"), telling.real("pacman-delete-all", "pacman")
    assert sorted(ours.of("pods")) == sorted(real.of("pods"))
    for component in ("kubelet", "default-scheduler", "replicaset-controller"):
        assert sorted(told_by(ours.events, component)) == sorted(told_by(real.events, component))


def test_pacman_scale_to_ten(application: RunningLab) -> None:
    def scale(count: int) -> Callable[[Client], Awaitable[Any]]:
        return run_kubectl(application, "-n", NAMESPACE, "scale", "deployment", "pacman", f"--replicas={count}")

    lines = recording_of(application, scale(10), pods_ready(10))
    lines += recording_of(application, scale(2), pods_ready(2))
    ours, real = telling.tell(lines, "pacman"), telling.real("pacman-scale-to-ten", "pacman")
    assert lives(ours) == lives(real)
    for component in ("deployment-controller", "default-scheduler"):
        assert told_by(ours.events, component) == told_by(real.events, component)


def lives(story: telling.Story) -> tuple[Counter[str], Counter[str]]:
    """How pods came up, and how they ended: which ones of those that are alike go again is not told."""
    found: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for steps in story.of("pods"):
        end = next((n for n, step in enumerate(steps) if "deletionTimestamp" in step), len(steps))
        for counter, part in zip(found, (steps[:end], steps[end:]), strict=True):
            counter.update(["\n".join(part)] if part else [])
    return found


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
    ours = recording_of(database, run_kubectl(database, "drain", node, *DRAINING))
    ours += recording_of(database, run_kubectl(database, "uncordon", node), is_over=schedulable(node))
    compare(telling.real("node-drain"), telling.tell(ours, "mongo"))
    assert telling.node_story(ours, node) == telling.real_node("node-drain", "real-2")
    assert node_of(database) != node


def test_node_drain_blocked_by_a_budget(database: RunningLab) -> None:
    """The drain tries every 5 s; nothing happens to the pod before the budget is gone."""
    node = node_of(database)
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
    compare(telling.real("node-drain-blocked-by-pdb"), telling.tell(ours, "mongo"))
    assert telling.node_story(ours, node) == telling.real_node("node-drain-blocked-by-pdb", "real-3")


def schedulable(node: str) -> Callable[[list[Line]], bool]:
    """The node is neither cordoned nor tainted."""

    def is_over(lines: list[Line]) -> bool:
        changes = [line["object"] for line in lines if _is_change(line, "nodes")]
        return any(o["metadata"]["name"] == node and o["spec"].keys() <= {"podCIDR", "podCIDRs"} for o in changes)

    return is_over
