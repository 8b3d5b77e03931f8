"""What a cluster has from its first moment: namespaces, roles, and the service under which pods reach the API."""

from __future__ import annotations

from typing import Any

from .authorization import policy
from .kinds import Cluster
from .resources import BY_URL, NAMESPACES, SERVICES
from .verbs.create import create

Object = dict[str, Any]

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
ENDPOINT_SLICES = BY_URL["discovery.k8s.io", "v1", "endpointslices"]
CLUSTER_ROLES = BY_URL[policy.GROUP, "v1", "clusterroles"]
CLUSTER_BINDINGS = BY_URL[policy.GROUP, "v1", "clusterrolebindings"]
SERVICE_LABELS = {"component": "apiserver", "provider": "kubernetes"}


def bootstrap(cluster: Cluster, address: str, port: int) -> None:
    """Create what is not there yet; address and port: where this server listens. Raises DatabaseError."""
    for name in SYSTEM_NAMESPACES:
        if cluster.store.get(NAMESPACES.storage, ("", name)) is None:
            create(cluster, NAMESPACES, "", {"metadata": {"name": name}})
    for name in policy.CLUSTER_ROLES:
        if cluster.store.get(CLUSTER_ROLES.storage, ("", name)) is None:
            create(cluster, CLUSTER_ROLES, "", policy.cluster_role(name))
    for name in policy.BINDINGS:
        if cluster.store.get(CLUSTER_BINDINGS.storage, ("", name)) is None:
            create(cluster, CLUSTER_BINDINGS, "", policy.cluster_role_binding(name))
    if cluster.store.get(SERVICES.storage, ("default", "kubernetes")) is None:
        create(cluster, SERVICES, "default", kubernetes_service(cluster, port))
    key = ("default", "kubernetes")
    existing = cluster.store.get(ENDPOINT_SLICES.storage, key)
    wanted = kubernetes_endpoints(address, port)
    if existing is None:
        create(cluster, ENDPOINT_SLICES, "default", wanted)
    elif existing.value["endpoints"] != wanted["endpoints"] or existing.value["ports"] != wanted["ports"]:
        cluster.store.put(ENDPOINT_SLICES.storage, key, {**wanted, "metadata": dict(existing.value["metadata"])})


def kubernetes_service(cluster: Cluster, port: int) -> Object:
    return {
        "metadata": {"name": "kubernetes", "labels": dict(SERVICE_LABELS)},
        "spec": {
            "clusterIP": str(cluster.service_cidr[1]),
            "ports": [{"name": "https", "port": 443, "targetPort": port, "protocol": "TCP"}],
        },
    }


def kubernetes_endpoints(address: str, port: int) -> Object:
    return {
        "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }
