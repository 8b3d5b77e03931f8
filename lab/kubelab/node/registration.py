"""The Node object and its heartbeat. After kubernetes/pkg/kubelet/kubelet_node_status.go and nodelease."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from kubelab.client import Client
from kubelab.clock import micro_timestamp, timestamp
from kubelab.errors import ApiError
from kubelab.kinds import LEASES, NODES, Object, is_true

log = logging.getLogger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
RENEW_SHARE = 0.25
"""A lease is renewed each time that this share of its duration has passed (nodeLeaseRenewIntervalFraction)."""
REPORT_S = 300.0
"""How often an unchanged status is written again (nodeStatusReportFrequency)."""
MOST_PODS = 110
KUBELET_PORT = 10250
VERSION = "v1.36.2"
"""The version of Kubernetes whose behaviour the lab follows."""

PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def node_object(name: str, pod_cidr: str) -> Object:
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": _architecture(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]},
    }


def node_status(name: str, address: str, before: Object, now: datetime, port: int = KUBELET_PORT) -> Object:
    """The status of a healthy node. before: its last one, from which unchanged conditions keep their times."""
    known = {c["type"]: c for c in before.get("conditions") or ()}
    conditions = [_condition(known.get(t), t, "False", r, m, now) for t, r, m in PRESSURES]
    ready = "Ready", "True", "KubeletReady", "kubelet is posting ready status"
    conditions.append(_condition(known.get("Ready"), *ready, now))
    capacity = _capacity()
    return before | {
        "capacity": capacity,
        "allocatable": capacity,
        "conditions": conditions,
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "nodeInfo": _info(),
    }


def _condition(before: Object | None, name: str, status: str, reason: str, message: str, now: datetime) -> Object:
    since = before["lastTransitionTime"] if before and before["status"] == status else timestamp(now)
    return {
        "type": name,
        "status": status,
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }


def _capacity() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
    disk = os.statvfs("/")
    return {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{memory}Ki",
        "ephemeral-storage": f"{disk.f_frsize * disk.f_blocks // 1024}Ki",
        "pods": str(MOST_PODS),
    }


def _info() -> dict[str, str]:
    def text(path: str) -> str:
        try:
            return Path(path).read_text().strip()
        except OSError:
            return ""

    return {
        "architecture": _architecture(),
        "bootID": text("/proc/sys/kernel/random/boot_id"),
        "containerRuntimeVersion": "kubelab://0.1.0",
        "kernelVersion": platform.release(),
        "kubeProxyVersion": "",
        "kubeletVersion": VERSION,
        "machineID": text("/etc/machine-id"),
        "operatingSystem": "linux",
        "osImage": f"Kubelab on {platform.system()}",
        "systemUUID": "",
    }


def _architecture() -> str:
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


class Registration:
    """The Node object of one node. lease_s: how long the node counts as alive after it renewed its lease."""

    def __init__(self, client: Client, name: str, address: str, pod_cidr: str, lease_s: float) -> None:
        self.client = client
        self.name = name
        self.lease_s = lease_s
        self._address = address
        self._pod_cidr = pod_cidr

    async def register(self, now: datetime) -> Object:
        """Makes the Node object, or takes up the one that is there; reports it as ready."""
        try:
            await self.client.create(NODES, node_object(self.name, self._pod_cidr))
        except ApiError as e:
            if not e.already_exists:
                raise
        return await self.report(now)

    async def report(self, now: datetime) -> Object:
        """Writes the status of a healthy node. Raises ApiError, also when the Node was deleted."""
        node = await self.client.get(NODES, self.name)
        status = node_status(self.name, self._address, node.get("status") or {}, now)
        return await self.client.replace(NODES, {**node, "status": status}, "status")


class Heartbeat:
    """Renews the node's Lease, and now and then its status. A Node that is deleted is not made again."""

    def __init__(self, registration: Registration) -> None:
        self._registration = registration

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        report_at = loop.time() + REPORT_S
        while True:
            try:
                await self._renew()
                if loop.time() >= report_at or not await self._is_ready():
                    await self._registration.report(datetime.now(UTC))
                    report_at = loop.time() + REPORT_S
            except ApiError as e:
                log.warning("heartbeat: %s", e)
            await asyncio.sleep(self._registration.lease_s * RENEW_SHARE)

    async def _is_ready(self) -> bool:
        node = await self._registration.client.get(NODES, self._registration.name)
        return is_true(node, "Ready")

    async def _renew(self) -> None:
        client, name = self._registration.client, self._registration.name
        renewed = {
            "holderIdentity": name,
            "leaseDurationSeconds": math.ceil(self._registration.lease_s),
            "renewTime": micro_timestamp(),
        }
        try:
            await client.patch(LEASES, name, {"spec": renewed}, LEASE_NAMESPACE)
        except ApiError as e:
            if not e.not_found:
                raise
            metadata = {"name": name, "namespace": LEASE_NAMESPACE}
            await client.create(
                LEASES,
                {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": metadata, "spec": renewed},
            )
