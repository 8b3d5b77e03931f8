"""Tells on stderr what was reached, one line for each step, with the seconds since the beginning."""

from __future__ import annotations

import sys
import time


class Progress:
    """Steps since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=sys.stderr, flush=True)
