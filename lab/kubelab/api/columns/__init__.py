"""The columns that `kubectl get` shows of each kind, by the name under which its objects are stored."""

from __future__ import annotations

from . import batch, cluster, network, pods, storage, workloads
from .base import AGE, NAME, Column

RBAC = "rbac.authorization.k8s.io"
DEFAULT = (NAME, AGE)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "configmaps": cluster.CONFIGMAPS,
    "controllerrevisions.apps": workloads.REVISIONS,
    "cronjobs.batch": batch.CRON_JOBS,
    "deployments.apps": workloads.DEPLOYMENTS,
    "endpoints": network.ENDPOINTS,
    "endpointslices.discovery.k8s.io": network.SLICES,
    "events": cluster.EVENTS,
    "ingressclasses.networking.k8s.io": network.INGRESS_CLASSES,
    "ingresses.networking.k8s.io": network.INGRESSES,
    "jobs.batch": batch.JOBS,
    "leases.coordination.k8s.io": cluster.LEASES,
    "namespaces": cluster.NAMESPACES,
    "networkpolicies.networking.k8s.io": network.POLICIES,
    "nodes": cluster.NODES,
    "persistentvolumeclaims": storage.CLAIMS,
    "persistentvolumes": storage.VOLUMES,
    "poddisruptionbudgets.policy": workloads.BUDGETS,
    "pods": pods.COLUMNS,
    "replicasets.apps": workloads.REPLICASETS,
    f"clusterroles.{RBAC}": cluster.ROLES,
    f"roles.{RBAC}": cluster.ROLES,
    f"clusterrolebindings.{RBAC}": cluster.BINDINGS,
    f"rolebindings.{RBAC}": cluster.BINDINGS,
    "secrets": cluster.SECRETS,
    "serviceaccounts": cluster.ACCOUNTS,
    "services": network.SERVICES,
    "statefulsets.apps": workloads.STATEFULSETS,
    "storageclasses.storage.k8s.io": storage.CLASSES,
}


def columns_of(stored: str) -> tuple[Column, ...]:
    return COLUMNS.get(stored, DEFAULT)
