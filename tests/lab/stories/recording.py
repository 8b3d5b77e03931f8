"""Records what a cluster says, as the recorded traces do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from kubelab.client import Client
from kubelab.kinds import DEPLOYMENTS, ENDPOINT_SLICES, EVENTS, NODES, PODS, REPLICA_SETS, STATEFUL_SETS, Kind

Line = dict[str, Any]

KINDS = (PODS, STATEFUL_SETS, DEPLOYMENTS, REPLICA_SETS, ENDPOINT_SLICES, EVENTS, NODES)


async def record(
    kubeconfig: Path, namespace: str, fault: Callable[[], Awaitable[Any]], is_over: Callable[[list[Line]], bool]
) -> list[Line]:
    """What the namespace's objects do from the fault on, until is_over, at most 60 s."""
    lines: list[Line] = []
    async with Client.from_kubeconfig(kubeconfig) as client:

        async def follow(kind: Kind, listed: asyncio.Event) -> None:
            place = namespace if kind.namespaced else ""
            found = await client.list(kind, place)
            lines.append({"resource": kind.plural, "type": "LIST", "items": found["items"]})
            listed.set()
            async for event in client.watch(kind, found["metadata"]["resourceVersion"], place):
                if event.type != "BOOKMARK":
                    lines.append({"resource": kind.plural, "type": event.type, "object": event.object})

        listed = [asyncio.Event() for _ in KINDS]
        tasks = [asyncio.create_task(follow(k, e)) for k, e in zip(KINDS, listed, strict=True)]
        await asyncio.gather(*(event.wait() for event in listed))
        await fault()
        deadline = time.monotonic() + 60
        while not is_over(lines) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
        for task in tasks:
            task.cancel()
    return lines
