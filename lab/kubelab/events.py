"""Writes Events (core/v1): one object for a story that repeats, with a count."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

from kubelab.client import Client
from kubelab.clock import micro_timestamp, timestamp
from kubelab.errors import ApiError
from kubelab.kinds import EVENTS, Object

log = logging.getLogger(__name__)

REMEMBERED = 4096
"""How many events are remembered for counting repetitions (as client-go's correlator does)."""
AT_ONCE = 32
"""How many events are sent at a time: a node that starts many containers takes its time for each."""


@dataclass(frozen=True)
class Story:
    """What makes two events the same one."""

    uid: str
    field_path: str
    type: str
    reason: str
    message: str
    component: str


class Recorder:
    """Sends events in the background, those about one object in order; one that fails is logged and dropped."""

    def __init__(self, client: Client, component: str, host: str | None = None) -> None:
        self._client = client
        self._component = component
        self._host = host
        self._queue: asyncio.Queue[tuple[Story, Object]] = asyncio.Queue()
        self._told: OrderedDict[Story, tuple[str, int]] = OrderedDict()

    def tell(
        self,
        obj: Object,
        event_type: str,
        reason: str,
        message: str,
        *,
        field_path: str = "",
        action: str | None = None,
        component: str | None = None,
    ) -> None:
        """An event about obj. With an action it is written in the newer format (eventTime, no count or source)."""
        metadata = obj["metadata"]
        component = component or self._component
        story = Story(metadata.get("uid", ""), field_path, event_type, reason, message, component)
        involved = {
            "kind": obj["kind"],
            "namespace": metadata.get("namespace"),
            "name": metadata["name"],
            "uid": metadata.get("uid"),
            "apiVersion": obj["apiVersion"],
            "resourceVersion": metadata.get("resourceVersion"),
            "fieldPath": field_path or None,
        }
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name']}.{time.time_ns():x}",
                "namespace": metadata.get("namespace") or "default",
            },
            "involvedObject": {k: v for k, v in involved.items() if v},
            "reason": reason,
            "message": message,
            "type": event_type,
            "reportingComponent": component,
        }
        if action:
            event |= {
                "eventTime": micro_timestamp(),
                "action": action,
                "reportingInstance": f"{component}-{self._host or 'kubelab'}",
            }
        else:
            source = {"component": component} | ({"host": self._host} if self._host else {})
            now = timestamp()
            event |= {"source": source, "firstTimestamp": now, "lastTimestamp": now, "count": 1}
            event["reportingInstance"] = self._host or ""
        self._queue.put_nowait((story, event))

    async def run(self) -> None:
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < AT_ONCE and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            about: dict[str, list[tuple[Story, Object]]] = {}
            for story, event in waiting:
                about.setdefault(story.uid, []).append((story, event))
            await asyncio.gather(*map(self._send_all, about.values()))

    async def _send_all(self, events: list[tuple[Story, Object]]) -> None:
        for story, event in events:
            try:
                await self._send(story, event)
            except ApiError as e:
                if e.transient:
                    await asyncio.sleep(0.2)
                log.warning("event %s about %s: %s", event["reason"], event["involvedObject"]["name"], e)

    async def _send(self, story: Story, event: Object) -> None:
        namespace = event["metadata"]["namespace"]
        told = self._told.pop(story, None)
        if told and "count" in event:
            name, count = told[0], told[1] + 1
            update = {"count": count, "lastTimestamp": event["lastTimestamp"], "message": event["message"]}
            try:
                await self._client.patch(EVENTS, name, update, namespace)
                self._remember(story, name, count)
                return
            except ApiError as e:
                if not e.not_found:
                    raise
        await self._client.create(EVENTS, event)
        self._remember(story, event["metadata"]["name"], 1)

    def _remember(self, story: Story, name: str, count: int) -> None:
        self._told[story] = (name, count)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
