"""SIGTERM during the first start: noted when it comes, acted upon between steps, so that no step is left half done."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


class Termination:
    """Takes SIGTERM from its creation until `end`."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._note)

    def check(self) -> None:
        """Leave with status 143, as one whom SIGTERM ended, once it has come."""
        if self.asked:
            raise SystemExit(128 + signal.SIGTERM)

    def end(self) -> None:
        """From now on SIGTERM does what it does by default; leave when it came before."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.check()

    def _note(self, _signum: int, _frame: FrameType | None) -> None:
        self.asked = True
