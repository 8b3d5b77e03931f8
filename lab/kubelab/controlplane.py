"""A crash of the control plane and its end: the API server and the controllers, while nodes and connections go on.

The API server's process is killed, and the supervisor starts it again after a pause. The controllers share a process
with the service proxy, which on a real cluster is on the nodes: they are broken off wherever they are, forget
everything, and begin anew after the same pause.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time

from kubelab.components import component, is_alive
from kubelab.errors import ApiError, LabError
from kubelab.state import Lab, State

CRASH_CONTROLLERS = signal.SIGUSR1
TIMEOUT_S = 30.0
LOOK_S = 0.01


def restart(state: State, lab: Lab) -> str:
    """Returns what was done, when the API server answers again. Raises LabError."""
    server, controllers = (component(state, lab, f"kubelab.{part}") for part in ("api", "controllers"))
    if server is None or controllers is None:
        raise LabError("the control plane is down, and about to be started again")
    began = time.monotonic()
    os.kill(server, signal.SIGKILL)
    os.kill(controllers, CRASH_CONTROLLERS)
    while is_alive(server):
        time.sleep(LOOK_S)
    asyncio.run(_answers(state))
    took_s = time.monotonic() - began
    return f"control plane restarted: API server killed, controllers begun anew; it answers again after {took_s:.1f} s"


async def _answers(state: State) -> None:
    from kubelab.client import Client, until_answered

    async with Client.from_kubeconfig(state.kubeconfig) as client:
        try:
            await until_answered(client, timeout_s=TIMEOUT_S)
        except ApiError as e:
            raise LabError(f"the API server does not answer: {e}; see {state.logs / 'apiserver.log'}") from None
