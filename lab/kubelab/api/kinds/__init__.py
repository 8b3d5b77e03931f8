"""Rules of each kind, by the name under which its objects are stored."""

from __future__ import annotations

from .base import Cluster, Strategy
from .batch import CronJobStrategy, JobStrategy
from .cluster import EventStrategy, LeaseStrategy, NamespaceStrategy, NodeStrategy
from .config import ConfigMapStrategy, SecretStrategy
from .networking import EndpointSliceStrategy, IngressClassStrategy, IngressStrategy, NetworkPolicyStrategy
from .pod import PodStrategy
from .policy import RBAC, AccountStrategy, BindingStrategy, BudgetStrategy, RoleStrategy
from .service import ServiceStrategy
from .storage import ClaimStrategy, StorageClassStrategy, VolumeStrategy
from .workloads import DeploymentStrategy, ReplicaSetStrategy, StatefulSetStrategy

__all__ = ["Cluster", "Strategy", "strategy_of"]

PLAIN = Strategy()
STRATEGIES: dict[str, Strategy] = {
    "configmaps": ConfigMapStrategy(),
    "cronjobs.batch": CronJobStrategy(),
    "deployments.apps": DeploymentStrategy(),
    "endpointslices.discovery.k8s.io": EndpointSliceStrategy(),
    "events": EventStrategy(),
    "ingressclasses.networking.k8s.io": IngressClassStrategy(),
    "ingresses.networking.k8s.io": IngressStrategy(),
    "jobs.batch": JobStrategy(),
    "leases.coordination.k8s.io": LeaseStrategy(),
    "namespaces": NamespaceStrategy(),
    "networkpolicies.networking.k8s.io": NetworkPolicyStrategy(),
    "nodes": NodeStrategy(),
    "persistentvolumeclaims": ClaimStrategy(),
    "persistentvolumes": VolumeStrategy(),
    "poddisruptionbudgets.policy": BudgetStrategy(),
    "pods": PodStrategy(),
    "replicasets.apps": ReplicaSetStrategy(),
    f"clusterroles.{RBAC}": RoleStrategy(),
    f"roles.{RBAC}": RoleStrategy(),
    f"clusterrolebindings.{RBAC}": BindingStrategy(),
    f"rolebindings.{RBAC}": BindingStrategy(),
    "secrets": SecretStrategy(),
    "serviceaccounts": AccountStrategy(),
    "services": ServiceStrategy(),
    "statefulsets.apps": StatefulSetStrategy(),
    "storageclasses.storage.k8s.io": StorageClassStrategy(),
}


def strategy_of(storage: str) -> Strategy:
    return STRATEGIES.get(storage, PLAIN)
