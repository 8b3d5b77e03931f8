"""Where the kinds of objects that the lab works with live in the Kubernetes API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str]
"""(namespace, name); the namespace of a cluster-scoped object is empty."""


@dataclass(frozen=True)
class Kind:
    """One kind: its API version, its name, and its name in URLs."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of a collection (all namespaces when namespace is empty), object or subresource."""
        root = "/api" if "/" not in self.api_version else "/apis"
        parts = [root, self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


NAMESPACES = Kind("v1", "Namespace", "namespaces", namespaced=False)
NODES = Kind("v1", "Node", "nodes", namespaced=False)
PODS = Kind("v1", "Pod", "pods")
SERVICES = Kind("v1", "Service", "services")
SECRETS = Kind("v1", "Secret", "secrets")
CONFIG_MAPS = Kind("v1", "ConfigMap", "configmaps")
SERVICE_ACCOUNTS = Kind("v1", "ServiceAccount", "serviceaccounts")
EVENTS = Kind("v1", "Event", "events")
CLAIMS = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
VOLUMES = Kind("v1", "PersistentVolume", "persistentvolumes", namespaced=False)
STATEFUL_SETS = Kind("apps/v1", "StatefulSet", "statefulsets")
DEPLOYMENTS = Kind("apps/v1", "Deployment", "deployments")
REPLICA_SETS = Kind("apps/v1", "ReplicaSet", "replicasets")
CONTROLLER_REVISIONS = Kind("apps/v1", "ControllerRevision", "controllerrevisions")
ENDPOINT_SLICES = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
STORAGE_CLASSES = Kind("storage.k8s.io/v1", "StorageClass", "storageclasses", namespaced=False)
INGRESS_CLASSES = Kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False)
INGRESSES = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
NETWORK_POLICIES = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
BUDGETS = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
LEASES = Kind("coordination.k8s.io/v1", "Lease", "leases")
JOBS = Kind("batch/v1", "Job", "jobs")
CRON_JOBS = Kind("batch/v1", "CronJob", "cronjobs")


def key_of(obj: Mapping[str, Any]) -> Key:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def uid_of(obj: Mapping[str, Any]) -> str:
    return str(obj["metadata"]["uid"])


def is_terminating(obj: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The owner reference that is marked as the controller."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return owner  # type: ignore[no-any-return]
    return None


def controlled_by(kind: Kind, owner: Mapping[str, Any]) -> Object:
    """The owner reference for what a controller creates on behalf of owner."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def matches_labels(selector: Mapping[str, str] | None, labels: Mapping[str, str] | None) -> bool:
    """Equality-based selector; an absent or empty one matches nothing (a Service's meaning)."""
    have = labels or {}
    return bool(selector) and all(have.get(k) == v for k, v in (selector or {}).items())


def matches_selector(selector: Mapping[str, Any], labels: Mapping[str, str] | None) -> bool:
    """A LabelSelector (matchLabels and matchExpressions); an empty one matches everything."""
    have = labels or {}
    if any(have.get(k) != v for k, v in (selector.get("matchLabels") or {}).items()):
        return False
    return all(matches_expression(e, have) for e in selector.get("matchExpressions") or ())


def matches_expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """One requirement: operator In, NotIn, Exists or DoesNotExist."""
    value = labels.get(expression["key"])
    values = expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False


def condition(obj: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    for found in obj.get("status", {}).get("conditions") or ():
        if found["type"] == name:
            return found  # type: ignore[no-any-return]
    return None


def is_true(obj: Mapping[str, Any], name: str) -> bool:
    """Whether the named condition has status True."""
    found = condition(obj, name)
    return found is not None and found["status"] == "True"
