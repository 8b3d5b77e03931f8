"""Connections to the ports of a pod, for whoever forwards them."""

from __future__ import annotations

import asyncio
import os

from kubelab.kinds import uid_of
from kubelab.node.pod import PodWorker

CONNECT_TIMEOUT_S = 5


class PortError(Exception):
    """Nothing can be forwarded, or no more; the text is for the client."""


def address_of(worker: PodWorker) -> str:
    """Where the pod's containers listen, "" before its sandbox is made and once the pod is over."""
    over = worker.state.ended or worker.pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return "" if over else worker.state.pod_ip


def no_sandbox(worker: PodWorker) -> str:
    return f"the sandbox of pod {worker.pod['metadata']['name']} is not running"


def port_error(worker: PodWorker, port: int, why: str) -> PortError:
    pod = worker.pod
    return PortError(f"error forwarding port {port} to pod {pod['metadata']['name']}, uid {uid_of(pod)}: {why}")


async def connect(worker: PodWorker, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises PortError."""
    address = address_of(worker)
    if not address:
        raise port_error(worker, port, no_sandbox(worker))
    try:
        return await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_TIMEOUT_S)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "timed out"
        raise port_error(worker, port, f"failed to connect to {address}:{port}: {why}") from None
