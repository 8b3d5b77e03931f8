"""python -m kubelab.node: one node of the lab."""

from __future__ import annotations

import argparse
import asyncio
import gc
import ipaddress
import logging
from pathlib import Path

from kubelab import process
from kubelab.client import Client, until_answered
from kubelab.errors import LabError
from kubelab.events import Recorder
from kubelab.informer import Informer
from kubelab.kinds import PODS, SERVICES
from kubelab.node.agent import Agent
from kubelab.node.machine import RELIST_PERIOD_S, Addresses, Machine, Relist
from kubelab.node.registration import KUBELET_PORT, Heartbeat, register
from kubelab.node.server import Server
from kubelab.parent import adopt_orphans

API_TIMEOUT_S = 30.0
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
        relist = Relist(options.relist_period)
        services = Informer(client, SERVICES)
        cidr = pod_cidr(options.address)
        machine = Machine(
            name=options.name,
            address=options.address,
            directory=state / "nodes" / options.name,
            hosts_file=state / "hosts",
            client=client,
            events=Recorder(client, "kubelet", options.name),
            services=services,
            addresses=Addresses(cidr),
            relist=relist,
        )
        machine.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        pods = Informer(client, PODS, query={"fieldSelector": f"spec.nodeName={options.name}"})
        agent = Agent(machine, pods)
        server = Server(agent.find, (state / "kubelet-token").read_text().strip())
        await server.start(options.address, KUBELET_PORT, state / "pki" / f"node-{options.name}.pem")
        await until_answered(client, timeout_s=API_TIMEOUT_S)
        await register(client, options.name, options.address, cidr, machine.now())
        gc.freeze()
        async with asyncio.TaskGroup() as tasks:
            for endless in (services.run(), machine.events.run(), relist.run(), agent.run()):
                tasks.create_task(endless)
            tasks.create_task(Heartbeat(client, options.name, options.address, cidr).run())
            await services.synced.wait()  # Containers are told about Services when they start.
            tasks.create_task(pods.run())


def main() -> None:
    parser = argparse.ArgumentParser(prog="kubelab.node", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the lab's state directory")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--address", required=True, help="where the node's server listens, and its InternalIP")
    parser.add_argument(
        "--relist-period", type=float, default=RELIST_PERIOD_S, help="seconds between looks at the containers"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    adopt_orphans()
    process.run(run(options))


if __name__ == "__main__":
    main()
