"""Waits until a cluster, and what was applied to it, is ready; tells what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from kubelab.client import Client
from kubelab.errors import ApiError, NotReady
from kubelab.kinds import DEPLOYMENTS, EVENTS, NODES, PODS, STATEFUL_SETS, Kind, Object, condition, is_true, key_of

LOOK_S = 0.05

Applied = tuple[Kind, Object]


def is_ready(kind: Kind, obj: Object) -> bool:
    """Whether the object does what it was made for; kinds without readiness are ready."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    if kind in (DEPLOYMENTS, STATEFUL_SETS):
        replicas = spec.get("replicas", 1)
        if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 1):
            return False
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        return all(status.get(count, 0) == replicas for count in counts)
    if kind == PODS:
        return status.get("phase") == "Succeeded" or is_true(obj, "Ready")
    return True


def has_readiness(kind: Kind) -> bool:
    return kind in (DEPLOYMENTS, STATEFUL_SETS, PODS)


async def nodes_ready(client: Client, names: Iterable[str], timeout_s: float) -> None:
    """Raises NotReady."""
    await _nodes(client, names, timeout_s, lambda node: is_true(node, "Ready"))


async def nodes_reported(client: Client, names: Iterable[str], timeout_s: float) -> None:
    """Waits for nodes that come up; one that did is not waited for, whatever became of it since. Raises NotReady."""
    await _nodes(client, names, timeout_s, lambda node: condition(node, "Ready") is not None)


async def _nodes(client: Client, names: Iterable[str], timeout_s: float, is_there: Callable[[Object], bool]) -> None:
    wanted = set(names)
    missing: list[str] = []

    async def look() -> bool:
        found = (await client.list(NODES))["items"]
        missing[:] = sorted(wanted - {n["metadata"]["name"] for n in found if is_there(n)})
        return not missing

    if not await _until(look, timeout_s):
        raise NotReady(f"not Ready after {timeout_s:g} s: node {', '.join(missing)}; see logs/ in the state directory")


async def applied_ready(client: Client, applied: Iterable[Applied], timeout_s: float) -> None:
    """Raises NotReady, which says which pod waits for what."""
    waiting = [(kind, *key_of(obj)) for kind, obj in applied if has_readiness(kind)]

    async def look() -> bool:
        for kind, namespace, name in list(waiting):
            if is_ready(kind, await client.get(kind, name, namespace)):
                waiting.remove((kind, namespace, name))
        return not waiting

    if not await _until(look, timeout_s):
        titles = ", ".join(f"{kind.kind.lower()}/{name}" for kind, _, name in waiting)
        namespaces = sorted({namespace for _, namespace, _ in waiting})
        lines = [line for namespace in namespaces for line in await obstacles(client, namespace)]
        raise NotReady("\n".join([f"not Ready after {timeout_s:g} s: {titles}", *(f"  {line}" for line in lines)]))


async def _until(look: Callable[[], Awaitable[bool]], timeout_s: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        try:
            if await look():
                return True
        except ApiError as e:
            if not e.transient:
                raise
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(LOOK_S)


async def obstacles(client: Client, namespace: str) -> list[str]:
    """One line for each pod that is not ready: what it waits for."""
    pods = (await client.list(PODS, namespace))["items"]
    events = (await client.list(EVENTS, namespace))["items"]
    return [f"pod {p['metadata']['name']}: {obstacle(p, events)}" for p in pods if not is_ready(PODS, p)]


def obstacle(pod: Object, events: Iterable[Object]) -> str:
    """What a pod waits for: its scheduling, a container, or its probes; with the last warning about it."""
    scheduled = condition(pod, "PodScheduled")
    if scheduled and scheduled["status"] == "False":
        return str(scheduled.get("message", "not scheduled"))
    if not pod["spec"].get("nodeName"):
        return "no scheduler has looked at it"
    status = pod.get("status", {})
    for found in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        waiting = found["state"].get("waiting")
        if waiting and waiting["reason"] not in ("ContainerCreating", "PodInitializing"):
            return f"container {found['name']}: {waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    uid = pod["metadata"]["uid"]
    warnings = [e for e in events if e["involvedObject"].get("uid") == uid and e["type"] == "Warning"]
    warnings.sort(key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or "")
    if warnings:
        return f"{warnings[-1]['reason']}: {warnings[-1]['message'].strip()}"
    return f"{status.get('phase', 'Pending')}, not ready yet"
