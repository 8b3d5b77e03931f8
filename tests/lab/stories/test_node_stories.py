"""The lab tells the same story as a real Kubernetes when a node fails: power cuts, and a kubelet that stops.

Left out, with the reason:
- which of the two taints of an unreachable node comes first: two workers of the node controller race for it
- what a real kubelet tells of a pod's token volume, which pods do not have here
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import yaml
from kubelab.client import Client
from kubelab.kinds import NODES, PODS, is_true

from tests.lab.conftest import RunningLab

from . import telling
from .recording import Line, record
from .test_same_story import DATABASE, NAMESPACE, compare, is_ready_again, node_of

pytestmark = pytest.mark.e2e

GRACE_S = 2
TOLERATED = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab with the database of the recorded cluster, whose pod endures a failed node for a moment only."""
    folder = tmp_path_factory.mktemp("failing")
    objects = list(yaml.safe_load_all(DATABASE.read_text()))
    (workload,) = (o for o in objects if o["kind"] == "StatefulSet")
    workload["spec"]["template"]["spec"]["tolerations"] = [
        {"key": f"node.kubernetes.io/{key}", **TOLERATED} for key in ("not-ready", "unreachable")
    ]
    (folder / "database.yaml").write_text(yaml.safe_dump_all(objects))
    lab = RunningLab(folder / "state")
    try:
        lab.kubelab("up", f"--node-monitor-grace-period={GRACE_S}", "--apply", folder / "database.yaml")
        yield lab
    finally:
        lab.kubelab("down", check=False)


def recording_of(lab: RunningLab, node: str, *faults: Callable[[Client], Awaitable[Any]]) -> list[Line]:
    """Does one after the other; until the database is ready again and the node is as it was."""

    def is_over(lines: list[Line]) -> bool:
        nodes = [line["object"] for line in lines if line["resource"] == "nodes" and "object" in line]
        last = [n for n in nodes if n["metadata"]["name"] == node][-1:]
        return is_ready_again(lines) and bool(last) and is_true(last[0], "Ready") and "taints" not in last[0]["spec"]

    async def scenario() -> list[Line]:
        async with Client.from_kubeconfig(lab.kubeconfig) as client:

            async def fault() -> None:
                for step in faults:
                    await step(client)

            return await record(lab.kubeconfig, NAMESPACE, fault, is_over)

    return asyncio.run(scenario())


def command(lab: RunningLab, *arguments: str) -> Callable[[Client], Awaitable[Any]]:
    async def run(_: Client) -> None:
        await asyncio.to_thread(lab.kubelab, *arguments)

    return run


def kubectl(lab: RunningLab, *arguments: str) -> Callable[[Client], Awaitable[Any]]:
    async def run(_: Client) -> None:
        await asyncio.to_thread(lab.kubectl, *arguments)

    return run


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.1)


async def pod_of(client: Client) -> dict[str, Any]:
    """The pod mongo-0; an empty one while there is none."""
    found = (await client.list(PODS, NAMESPACE))["items"]
    return found[0] if found else {"metadata": {}}


async def until_condemned(client: Client) -> None:
    """The pod is being deleted; it is there a while later, too."""

    async def is_condemned() -> bool:
        return "deletionTimestamp" in (await pod_of(client))["metadata"]

    await until(is_condemned)
    await asyncio.sleep(2)
    assert (await pod_of(client))["status"]["phase"] == "Running"


async def until_successor_is_ready(client: Client) -> None:
    async def is_ready() -> bool:
        return is_true(await pod_of(client), "Ready")

    await until(is_ready)


def one_taint_with_the_other(told: list[str]) -> list[str]:
    """A node's story without the moment between the two taints."""
    return [s for s in told if s.count("unreachable") != 1 or "Ready=True" in s]


def check(ours: list[Line], node: str, trace: str, real_node: str) -> None:
    compare(telling.real(trace), telling.tell(ours, "mongo"))
    real = one_taint_with_the_other(telling.real_node(trace, real_node))
    assert one_taint_with_the_other(telling.node_story(ours, node)) == real


def test_kubelet_stopped_containers_serve(database: RunningLab) -> None:
    node = node_of(database)
    stop, start = (command(database, "node", fault, node) for fault in ("stop", "start"))
    check(
        recording_of(database, node, stop, until_condemned, start), node, "kubelet-stopped-containers-serve", "real-2"
    )


def test_power_cut_then_back(database: RunningLab) -> None:
    node = node_of(database)
    crash, start = (command(database, "node", fault, node) for fault in ("crash", "start"))
    check(recording_of(database, node, crash, until_condemned, start), node, "node-power-cut-then-back", "real-3")


def test_power_cut_then_force_delete(database: RunningLab) -> None:
    node = node_of(database)
    crash, start = (command(database, "node", fault, node) for fault in ("crash", "start"))
    force = kubectl(database, "-n", NAMESPACE, "delete", "pod", "mongo-0", "--force", "--wait=false")
    ours = recording_of(database, node, crash, until_condemned, force, until_successor_is_ready, start)
    check(ours, node, "node-power-cut-then-force-delete", "real-2")


def test_power_cut_then_out_of_service(database: RunningLab) -> None:
    node = node_of(database)
    crash, start = (command(database, "node", fault, node) for fault in ("crash", "start"))
    taint = kubectl(database, "taint", "node", node, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
    untaint = kubectl(database, "taint", "node", node, "node.kubernetes.io/out-of-service-")

    async def until_only_that_taint(client: Client) -> None:
        async def is_so() -> bool:
            return len((await client.get(NODES, node))["spec"].get("taints", ())) == 1

        await until(is_so)

    steps = crash, until_condemned, taint, until_successor_is_ready, start, until_only_that_taint, untaint
    check(recording_of(database, node, *steps), node, "node-power-cut-then-out-of-service", "real-2")
