"""Writes a pod's status to the API server: every state in its order, as long as the server can be reached."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from kubelab.client import Client
from kubelab.errors import ApiError
from kubelab.kinds import PODS, Object, uid_of
from kubelab.node.status import OWN_CONDITIONS, of_others

log = logging.getLogger(__name__)

RETRY_S = 0.2


class Reporter:
    """The statuses of one pod, sent one after the other in the background."""

    def __init__(self, client: Client, pod: Object) -> None:
        self._client = client
        self._latest = pod
        self._uid = uid_of(pod)
        self._waiting: deque[dict[str, Any]] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def known_status(self) -> dict[str, Any]:
        """The status as it will be on the server when everything is sent."""
        if self._waiting:
            return dict(self._with(self._waiting[-1])["status"])
        return dict(self._latest.get("status", {}))

    def observe(self, pod: Object) -> None:
        """Takes in the pod as the server has it."""
        if int(pod["metadata"]["resourceVersion"]) > int(self._latest["metadata"]["resourceVersion"]):
            self._latest = pod

    def tell(self, status: dict[str, Any]) -> None:
        """Sends the status, unless it says nothing new."""
        if status != self.known_status:
            self._waiting.append(status)
            self._idle.clear()
            self._wake.set()

    async def sent(self) -> None:
        """Waits until everything told was sent."""
        await self._idle.wait()

    async def run(self) -> None:
        while True:
            while self._waiting:
                await self._send(self._waiting[0])
            self._idle.set()
            self._wake.clear()
            await self._wake.wait()

    async def _send(self, status: dict[str, Any]) -> None:
        try:
            answer = await self._client.replace(PODS, self._with(status), "status")
            self.observe(answer)
        except ApiError as e:
            if e.conflict:
                if await self._refresh():
                    return
            elif e.transient:
                await asyncio.sleep(RETRY_S)
                while len(self._waiting) > 1:  # What could not be told in time is not told any more.
                    self._waiting.popleft()
                return
            elif not e.not_found:
                log.error("status of pod %s: %s", self._latest["metadata"]["name"], e)
        self._waiting.popleft()

    async def _refresh(self) -> bool:
        """Reads the pod after a conflict; False when it is gone (or another one of its name is there)."""
        metadata = self._latest["metadata"]
        try:
            found = await self._client.get(PODS, metadata["name"], metadata["namespace"])
        except ApiError as e:
            return e.transient
        if uid_of(found) != self._uid:
            return False
        self._latest = found
        return True

    def _with(self, status: dict[str, Any]) -> Object:
        """The latest pod with this status; conditions that others keep are as they are now."""
        own = [c for c in status["conditions"] if c["type"] in OWN_CONDITIONS]
        others = of_others(self._latest.get("status", {}).get("conditions") or (), status["observedGeneration"])
        return {**self._latest, "status": status | {"conditions": own + others}}
