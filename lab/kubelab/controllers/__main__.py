"""python -m kubelab.controllers: all controllers, the scheduler, the service proxy, Ingress and cluster DNS.

Two halves that know nothing of each other: control, a part of a cluster's control plane, and network, which on a real
cluster is on its nodes. SIGUSR1 is a crash of the control half alone: it forgets everything and begins anew after a
moment, while connections go on.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubelab import process
from kubelab.client import Client, until_answered
from kubelab.controllers.cronjob import CronJobs
from kubelab.controllers.deployment import Deployments
from kubelab.controllers.disruption import Disruptions
from kubelab.controllers.dns import HostsFile
from kubelab.controllers.endpointslice import EndpointSlices
from kubelab.controllers.firewall import Firewall
from kubelab.controllers.garbage import GarbageCollector
from kubelab.controllers.httpproxy import HttpProxy
from kubelab.controllers.ingress import Ingresses, ensure_class
from kubelab.controllers.job import Jobs
from kubelab.controllers.loadbalancer import LoadBalancers
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.namespaces import Namespaces
from kubelab.controllers.nodelifecycle import NodeHealth, NodeTaints
from kubelab.controllers.podgc import PodCollector
from kubelab.controllers.policies import NetworkPolicies
from kubelab.controllers.proxy import ServiceProxy
from kubelab.controllers.replicaset import ReplicaSets
from kubelab.controllers.rootca import RootCertificates
from kubelab.controllers.scheduler import Scheduler
from kubelab.controllers.serviceaccounts import ServiceAccounts
from kubelab.controllers.statefulset import StatefulSets
from kubelab.controllers.storage import Claims, Volumes, ensure_classes
from kubelab.controllers.tainteviction import TaintEviction
from kubelab.controllers.ttl import FinishedJobs
from kubelab.kinds import (
    BUDGETS,
    CLAIMS,
    CONFIG_MAPS,
    CONTROLLER_REVISIONS,
    CRON_JOBS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    INGRESSES,
    JOBS,
    LEASES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
    STORAGE_CLASSES,
    VOLUMES,
    Kind,
)
from kubelab.state import NODE_GRACE_S, hosts_file

log = logging.getLogger(__name__)

OWNING = (
    PODS,
    REPLICA_SETS,
    DEPLOYMENTS,
    STATEFUL_SETS,
    CONTROLLER_REVISIONS,
    JOBS,
    CRON_JOBS,
    SERVICES,
    ENDPOINT_SLICES,
    CLAIMS,
    CONFIG_MAPS,
    SECRETS,
    INGRESSES,
    BUDGETS,
    LEASES,
)
"""Kinds that the garbage collector follows."""
API_TIMEOUT_S = 30.0
CRASH = signal.SIGUSR1
RESTART_PAUSE_S = 1.0
"""How long the control half is gone after a crash: as the API server, which the supervisor starts again."""

Watched = list[tuple[Controller, tuple[Kind, ...]]]


@dataclass(frozen=True)
class Settings:
    """directory: where volumes and the hosts file are. balancers: a CIDR block for Services of type LoadBalancer.

    ingress: the address of Ingresses. node_grace_s: how long a node may be silent. proxy_only: leave everything else to
    the controllers of the cluster.
    """

    directory: Path
    balancers: str | None
    ingress: str | None
    node_grace_s: float
    proxy_only: bool = False


def _control(cluster: Cluster, settings: Settings) -> Watched:
    """What kube-controller-manager and kube-scheduler do, and a provisioner of volumes."""
    found: Watched = [
        (ServiceAccounts(cluster), (NAMESPACES, SERVICE_ACCOUNTS)),
        (StatefulSets(cluster), (STATEFUL_SETS, PODS, CONTROLLER_REVISIONS)),
        (Deployments(cluster), (DEPLOYMENTS, REPLICA_SETS, PODS)),
        (ReplicaSets(cluster), (REPLICA_SETS, PODS)),
        (Jobs(cluster), (JOBS, PODS)),
        (CronJobs(cluster), (CRON_JOBS, JOBS)),
        (FinishedJobs(cluster), (JOBS,)),
        (EndpointSlices(cluster), (SERVICES, PODS, ENDPOINT_SLICES)),
        (Claims(cluster, settings.directory / "volumes"), (CLAIMS, VOLUMES, STORAGE_CLASSES, PODS)),
        (Volumes(cluster), (VOLUMES, CLAIMS)),
        (Scheduler(cluster), (PODS, NODES, CLAIMS, VOLUMES, STORAGE_CLASSES)),
        (Disruptions(cluster), (BUDGETS, PODS, STATEFUL_SETS, DEPLOYMENTS, REPLICA_SETS)),
        (NodeTaints(cluster), (NODES,)),
        (NodeHealth(cluster, settings.node_grace_s), (NODES, LEASES, PODS)),
        (TaintEviction(cluster), (NODES, PODS)),
        (PodCollector(cluster), (NODES, PODS)),
        (Namespaces(cluster), (NAMESPACES,)),
        (GarbageCollector(cluster, OWNING), ()),
    ]
    if authority := cluster.client.authority:
        found.append((RootCertificates(cluster, authority), (NAMESPACES, CONFIG_MAPS)))
    return found


def _network(cluster: Cluster, settings: Settings) -> Watched:
    """What kube-proxy, network policies, cluster DNS, a load balancer and an ingress controller do."""
    firewall = Firewall()
    found: Watched = [
        (NetworkPolicies(cluster, firewall), (NETWORK_POLICIES, PODS)),
        (ServiceProxy(cluster, firewall), (SERVICES, ENDPOINT_SLICES, NODES)),
        (HostsFile(cluster, hosts_file(settings.directory)), (SERVICES, ENDPOINT_SLICES)),
    ]
    if settings.balancers:
        found.append((LoadBalancers(cluster, settings.balancers), (SERVICES,)))
    if settings.ingress:
        found.append((Ingresses(cluster, settings.ingress), (INGRESSES,)))
        found.append((HttpProxy(cluster, settings.ingress, firewall), (INGRESSES, SERVICES, ENDPOINT_SLICES)))
    return found


async def run(kubeconfig: Path, settings: Settings) -> None:
    async with Client.from_kubeconfig(kubeconfig) as client:
        await until_answered(client, timeout_s=API_TIMEOUT_S)
        gc.freeze()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_network_half(client, settings))
            if not settings.proxy_only:
                tasks.create_task(_crashing(lambda: _control_half(client, settings)))


async def _network_half(client: Client, settings: Settings) -> None:
    cluster = Cluster(client)
    watched = _network(cluster, settings)
    if settings.ingress:
        await ensure_class(cluster)
    await _work(cluster, watched)


async def _control_half(client: Client, settings: Settings) -> None:
    cluster = Cluster(client)
    watched = _control(cluster, settings)
    await until_answered(client, timeout_s=API_TIMEOUT_S)
    await ensure_classes(cluster)
    await _work(cluster, watched)


async def _work(cluster: Cluster, watched: Watched) -> None:
    """Runs the controllers on the kinds that they watch."""
    for controller, kinds in watched:
        for kind in kinds:
            controller.watch(kind)
    async with asyncio.TaskGroup() as tasks:
        for informer in cluster.informers.values():
            tasks.create_task(informer.run())
        tasks.create_task(cluster.events.run())
        for controller, _ in watched:
            tasks.create_task(controller.run())


async def _crashing(half: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a half for ever; at each CRASH it is broken off wherever it is, and runs anew after a pause."""
    crashed = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(CRASH, crashed.set)
    while True:
        crashed.clear()
        working, crashing = asyncio.create_task(half()), asyncio.create_task(crashed.wait())
        try:
            await asyncio.wait({working, crashing}, return_when=asyncio.FIRST_COMPLETED)
            if not crashed.is_set():
                await working  # It never ends but by an error.
        finally:
            working.cancel()
            crashing.cancel()
            await asyncio.gather(working, crashing, return_exceptions=True)
        log.info("the control half crashed")
        await asyncio.sleep(RESTART_PAUSE_S)


def main() -> None:
    parser = argparse.ArgumentParser(prog="kubelab.controllers", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the lab's state directory")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--load-balancer-cidr", help="addresses for Services of type LoadBalancer; none without it")
    parser.add_argument("--ingress-address", help="where Ingresses are served; nowhere without it")
    parser.add_argument(
        "--node-monitor-grace-period", type=float, default=NODE_GRACE_S, help="seconds that a node may be silent"
    )
    parser.add_argument(
        "--proxy-only",
        action="store_true",
        help="Services, Ingresses and DNS alone, beside a cluster's own controllers",
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings(
        directory=options.state,
        balancers=options.load_balancer_cidr,
        ingress=options.ingress_address,
        node_grace_s=options.node_monitor_grace_period,
        proxy_only=options.proxy_only,
    )
    process.run(run(options.kubeconfig, settings))


if __name__ == "__main__":
    main()
