"""python -m kubelab.controllers: all controllers, the scheduler, the service proxy and cluster DNS."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
from pathlib import Path

from kubelab import process
from kubelab.client import Client, until_answered
from kubelab.controllers.deployment import Deployments
from kubelab.controllers.disruption import Disruptions
from kubelab.controllers.dns import HostsFile
from kubelab.controllers.endpointslice import EndpointSlices
from kubelab.controllers.garbage import GarbageCollector
from kubelab.controllers.loadbalancer import LoadBalancers
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.namespaces import Namespaces
from kubelab.controllers.nodelifecycle import NodeHealth, NodeTaints
from kubelab.controllers.podgc import PodCollector
from kubelab.controllers.proxy import ServiceProxy
from kubelab.controllers.replicaset import ReplicaSets
from kubelab.controllers.scheduler import Scheduler
from kubelab.controllers.statefulset import StatefulSets
from kubelab.controllers.storage import Claims, Volumes, ensure_shared_class
from kubelab.controllers.tainteviction import TaintEviction
from kubelab.kinds import (
    BUDGETS,
    CLAIMS,
    CONFIG_MAPS,
    CONTROLLER_REVISIONS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    INGRESSES,
    LEASES,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    STORAGE_CLASSES,
    VOLUMES,
    Kind,
)
from kubelab.state import NODE_GRACE_S

OWNING = (PODS, REPLICA_SETS, DEPLOYMENTS, STATEFUL_SETS, CONTROLLER_REVISIONS, SERVICES, ENDPOINT_SLICES, CLAIMS)
"""Kinds that the garbage collector follows."""
CONTENT = (
    *(DEPLOYMENTS, STATEFUL_SETS, REPLICA_SETS, PODS, SERVICES, ENDPOINT_SLICES, CONTROLLER_REVISIONS, CLAIMS),
    *(INGRESSES, SECRETS, CONFIG_MAPS, BUDGETS),
)
"""Kinds that are deleted with their namespace, in this order."""
API_TIMEOUT_S = 30.0


def controllers(cluster: Cluster, state: Path, balancer_addresses: str | None, node_grace_s: float) -> list[Controller]:
    """Every controller with the kinds it watches."""
    watched: list[tuple[Controller, tuple[Kind, ...]]] = [
        (StatefulSets(cluster), (STATEFUL_SETS, PODS, CONTROLLER_REVISIONS)),
        (Deployments(cluster), (DEPLOYMENTS, REPLICA_SETS, PODS)),
        (ReplicaSets(cluster), (REPLICA_SETS, PODS)),
        (EndpointSlices(cluster), (SERVICES, PODS, ENDPOINT_SLICES)),
        (Claims(cluster, state / "volumes"), (CLAIMS, VOLUMES, STORAGE_CLASSES, PODS)),
        (Volumes(cluster), (VOLUMES, CLAIMS)),
        (Scheduler(cluster), (PODS, NODES, CLAIMS, VOLUMES)),
        (Disruptions(cluster), (BUDGETS, PODS, STATEFUL_SETS, DEPLOYMENTS, REPLICA_SETS)),
        (NodeTaints(cluster), (NODES,)),
        (NodeHealth(cluster, node_grace_s), (NODES, LEASES, PODS)),
        (TaintEviction(cluster), (NODES, PODS)),
        (PodCollector(cluster), (NODES, PODS)),
        (Namespaces(cluster, CONTENT), (NAMESPACES, *CONTENT)),
        (GarbageCollector(cluster, OWNING), ()),
        (ServiceProxy(cluster), (SERVICES, ENDPOINT_SLICES, NODES)),
        (HostsFile(cluster, state / "hosts"), (SERVICES, ENDPOINT_SLICES)),
    ]
    if balancer_addresses:
        watched.append((LoadBalancers(cluster, balancer_addresses), (SERVICES,)))
    for controller, kinds in watched:
        for kind in kinds:
            controller.watch(kind)
    return [controller for controller, _ in watched]


async def run(state: Path, kubeconfig: Path, balancer_addresses: str | None, node_grace_s: float) -> None:
    async with Client.from_kubeconfig(kubeconfig) as client:
        cluster = Cluster(client)
        running = controllers(cluster, state, balancer_addresses, node_grace_s)
        await until_answered(client, timeout_s=API_TIMEOUT_S)
        await ensure_shared_class(cluster)
        gc.freeze()
        async with asyncio.TaskGroup() as tasks:
            for informer in cluster.informers.values():
                tasks.create_task(informer.run())
            tasks.create_task(cluster.events.run())
            for controller in running:
                tasks.create_task(controller.run())


def main() -> None:
    parser = argparse.ArgumentParser(prog="kubelab.controllers", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the lab's state directory")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--load-balancer-cidr", help="addresses for Services of type LoadBalancer; none without it")
    parser.add_argument(
        "--node-monitor-grace-period", type=float, default=NODE_GRACE_S, help="seconds that a node may be silent"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    grace_s = options.node_monitor_grace_period
    process.run(run(options.state, options.kubeconfig, options.load_balancer_cidr, grace_s))


if __name__ == "__main__":
    main()
