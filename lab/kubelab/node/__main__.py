"""python -m kubelab.node: one node of the lab."""

from __future__ import annotations

import argparse
import asyncio
import gc
import ipaddress
import logging
import signal
from pathlib import Path

from kubelab import process
from kubelab.client import Client
from kubelab.errors import LabError
from kubelab.events import Recorder
from kubelab.informer import Informer
from kubelab.kinds import SERVICES
from kubelab.node import processes
from kubelab.node.confinement import Confinement
from kubelab.node.kubelet import Kubelet
from kubelab.node.machine import RELIST_PERIOD_S, Addresses, Machine, Relist
from kubelab.node.registration import Registration
from kubelab.parent import adopt_orphans
from kubelab.state import NODE_GRACE_S, SEEN_BY_PODS, hosts_file

FIRST_NODE = 10
"""The last part of the first node's address."""
LAST_POD_BLOCK = 238


def pod_cidr(address: str) -> str:
    """Node 127.N.0.(10+i) gives its pods addresses from 127.N.(1+i).0/24. Raises LabError."""
    parts = ipaddress.IPv4Address(address).packed
    block = 1 + parts[3] - FIRST_NODE
    if not 1 <= block <= LAST_POD_BLOCK:
        raise LabError(f"{address} is no node's address: its last part is from {FIRST_NODE} to 247")
    return f"{parts[0]}.{parts[1]}.{block}.0/24"


async def run(options: argparse.Namespace) -> None:
    state: Path = options.state
    async with Client.from_kubeconfig(options.kubeconfig) as client:
        cidr = pod_cidr(options.address)
        machine = Machine(
            name=options.name,
            address=options.address,
            directory=state / "nodes" / options.name,
            hosts_file=hosts_file(state),
            client=client,
            events=Recorder(client, "kubelet", options.name),
            services=Informer(client, SERVICES),
            addresses=Addresses(cidr),
            relist=Relist(options.relist_period),
        )
        machine.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        processes.confine(Confinement(state, SEEN_BY_PODS))
        registration = Registration(client, options.name, options.address, cidr, options.lease_duration)
        token = (state / "kubelet-token").read_text().strip()
        kubelet = Kubelet(machine, registration, token, state / "pki" / f"node-{options.name}.pem")
        gc.freeze()
        await while_switched_on(kubelet)


async def while_switched_on(kubelet: Kubelet) -> None:
    """Runs the kubelet; SIGUSR1 stops it and leaves its containers alone, SIGUSR2 starts it again."""
    loop = asyncio.get_running_loop()
    wanted = asyncio.Event()
    wanted.set()
    running: asyncio.Task[None] | None = None

    def stop() -> None:
        wanted.clear()
        if running is not None:
            running.cancel()

    loop.add_signal_handler(signal.SIGUSR1, stop)
    loop.add_signal_handler(signal.SIGUSR2, wanted.set)
    while True:
        await wanted.wait()
        running = asyncio.create_task(kubelet.run())
        try:
            await running
        except asyncio.CancelledError:
            if wanted.is_set():  # The node itself ends.
                running.cancel()
                raise


def main() -> None:
    parser = argparse.ArgumentParser(prog="kubelab.node", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the lab's state directory")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--address", required=True, help="where the node's server listens, and its InternalIP")
    parser.add_argument(
        "--relist-period", type=float, default=RELIST_PERIOD_S, help="seconds between looks at the containers"
    )
    parser.add_argument(
        "--lease-duration", type=float, default=NODE_GRACE_S, help="seconds; renewed every quarter of it"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    adopt_orphans()
    process.run(run(options))


if __name__ == "__main__":
    main()
