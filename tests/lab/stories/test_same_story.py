"""The lab tells the same story as a real Kubernetes: the recorded traces, states and reasons in their order.

Left out, with the reason:
- how often the readiness probe fails: that depends on how fast the database starts
- the order among events of different components: they race on a real cluster, too
- that a real API server shows a pod with its grace period at 0 in a change of its own before it says DELETED, and that
  it writes null for no endpoints
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from kubelab.client import Client
from kubelab.kinds import PODS, STATEFUL_SETS

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


def story(lab: RunningLab, fault: Callable[[Client], Awaitable[Any]]) -> telling.Story:
    async def scenario() -> list[Line]:
        async with Client.from_kubeconfig(lab.kubeconfig) as client:
            return await record(lab.kubeconfig, NAMESPACE, lambda: fault(client), is_ready_again)

    return telling.tell(asyncio.run(scenario()), "mongo")


def told_by(events: list[str], component: str) -> list[str]:
    """What one component tells, repetitions of a failing probe aside."""
    found = [e for e in events if e.endswith(f" {component}")]
    return [e for e in found if "Unhealthy" not in e]


def compare(real: telling.Story, ours: telling.Story) -> None:
    assert _without_last_words(ours) == _without_last_words(real)
    for component in ("kubelet", "default-scheduler", "statefulset-controller"):
        assert told_by(ours.events, component) == told_by(real.events, component)


def _without_last_words(story: telling.Story) -> dict[str, list[str]]:
    """The steps; an end is just an end, and an empty list is as good as none."""
    found = {}
    for title, steps in story.steps.items():
        kept = [re.sub(r", \.(endpoints|ports)(=None|=\[\]| gone)(?=,|$)", "", f", {step}")[2:] for step in steps]
        kept = [re.sub(r"^(\w+) \.(endpoints|ports)(=None|=\[\]| gone), ", r"\1 ", step) for step in kept]
        kept = ["DELETED" if step.startswith("DELETED") else step for step in kept]
        found[title] = [s for s in kept if not s.startswith("MODIFIED .metadata.deletionGracePeriodSeconds=0")]
    return found


def test_pod_delete(database: RunningLab) -> None:
    async def fault(client: Client) -> None:
        await client.delete(PODS, "mongo-0", NAMESPACE)

    compare(telling.tell(telling.recorded("pod-delete"), "mongo"), story(database, fault))


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
