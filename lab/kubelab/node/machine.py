"""What the pods of a node share."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kubelab.client import Client
from kubelab.events import Recorder
from kubelab.informer import Informer

RELIST_PERIOD_S = 1.0
"""How often a node looks at its containers (kubelet's generic PLEG): an exit is noticed up to that much later."""


class Relist:
    """The node's regular look at its containers; pods wait for the next one."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._next: asyncio.Event = asyncio.Event()

    async def next(self) -> None:
        await self._next.wait()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            done, self._next = self._next, asyncio.Event()
            done.set()


class Addresses:
    """Addresses for pods from the node's podCIDR, counting upwards: none comes again soon."""

    def __init__(self, pod_cidr: str) -> None:
        self._network, _, length = pod_cidr.rpartition(".0/")
        if length != "24":
            raise ValueError(f"podCIDR {pod_cidr} is not a /24 block")
        self._used: set[int] = set()
        self._last = 1

    def take(self) -> str:
        """The next free address. Raises RuntimeError when all are in use."""
        for _ in range(253):
            self._last = self._last + 1 if self._last < 254 else 2
            if self._last not in self._used:
                self._used.add(self._last)
                return f"{self._network}.{self._last}"
        raise RuntimeError(f"no pod address is left in {self._network}.0/24")

    def skip(self, address: str) -> None:
        """An address that a pod had before this process started: the next ones come after it."""
        prefix, _, last = address.rpartition(".")
        if prefix == self._network:
            self._last = max(self._last, int(last))

    def release(self, address: str) -> None:
        self._used.discard(int(address.rpartition(".")[2]))


@dataclass
class Machine:
    """A node: its name and address, where it keeps files, and what its pods use together."""

    name: str
    address: str
    directory: Path
    hosts_file: Path
    client: Client
    events: Recorder
    services: Informer
    addresses: Addresses
    relist: Relist
    random: random.Random = field(default_factory=random.Random)

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def pod_directory(self, uid: str) -> Path:
        return self.directory / "pods" / uid

    def log_file(self, uid: str, container: str, restarts: int) -> Path:
        """One file for each run of a container."""
        return self.directory / "logs" / uid / container / f"{restarts}.log"
