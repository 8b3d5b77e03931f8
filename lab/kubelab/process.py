"""How each component of the lab runs: until SIGTERM, and never longer than the supervisor."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from kubelab.errors import ApiError, LabError


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs main until it ends or SIGTERM or SIGINT cancels it. A LabError ends the process with its message."""
    try:
        asyncio.run(_until_told(main))
    except (LabError, ApiError) as e:
        sys.exit(f"error: {e}")
    except BaseExceptionGroup as group:
        known, unknown = group.split((LabError, ApiError))
        if unknown is not None:
            raise
        sys.exit(f"error: {known}")


async def _until_told(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        pass
