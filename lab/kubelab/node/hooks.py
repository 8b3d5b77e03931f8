"""Lifecycle hooks: what a container is asked to do after it has started and before it ends.

After kubernetes/pkg/kubelet/lifecycle (handlers.go).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp

from kubelab.node import probes
from kubelab.node.probes import Target

ANSWER_TIMEOUT_S = 3600.0
"""A hook has no time-out of its own: one before the end lasts as long as the grace period lets it."""


class HookFailed(Exception):
    """The command failed, or nobody answered."""


async def run(hook: Mapping[str, Any], target: Target) -> None:
    """Runs a handler to its end: exec, httpGet (any answer will do) or sleep. Raises HookFailed."""
    match hook:
        case {"exec": {"command": command}}:
            await _exec(command, target)
        case {"httpGet": action}:
            try:
                await probes.fetch(action, target, ANSWER_TIMEOUT_S, "kube-lifecycle/1.36")
            except (aiohttp.ClientError, OSError) as e:
                raise HookFailed(str(e)) from None
        case {"sleep": {"seconds": seconds}}:
            await asyncio.sleep(seconds)
        case _:
            raise HookFailed("a hook is one of exec, httpGet and sleep")


async def _exec(command: list[str], target: Target) -> None:
    try:
        code, output = await target.run(command, ANSWER_TIMEOUT_S)
    except OSError as e:
        raise HookFailed(str(e)) from None
    if code:
        raise HookFailed(f"exit code {code}: {output}")
