"""Which pods nobody may reach: what forwards connections asks it, and is told of changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

Heed = Callable[[bool], None]
"""Called with whether the address is cut off now."""


class Firewall:
    """Addresses of pods that are cut off. Nothing goes to them or comes from them, and nobody is told so."""

    def __init__(self) -> None:
        self._cut: frozenset[str] = frozenset()
        self._heeding: dict[str, set[Heed]] = {}

    def is_cut(self, address: str) -> bool:
        return address in self._cut

    def cut(self, addresses: Iterable[str]) -> None:
        """Cuts off these, and lets in all others."""
        before, self._cut = self._cut, frozenset(addresses)
        for address in before ^ self._cut:
            for heed in tuple(self._heeding.get(address, ())):
                heed(address in self._cut)

    def heed(self, address: str, heed: Heed) -> Callable[[], None]:
        """Calls heed at each change for this address; the result ends that."""
        self._heeding.setdefault(address, set()).add(heed)

        def end() -> None:
            known = self._heeding.get(address, set())
            known.discard(heed)
            if not known:
                self._heeding.pop(address, None)

        return end

    async def let_in(self, address: str) -> None:
        """Waits as long as the address is cut off."""
        while self.is_cut(address):
            changed = asyncio.Event()
            end = self.heed(address, lambda _: changed.set())  # noqa: B023 - it is waited for right here
            try:
                await changed.wait()
            finally:
                end()
