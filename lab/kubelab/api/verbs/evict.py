"""Eviction: a deletion that a PodDisruptionBudget may refuse (pkg/registry/core/pod/storage/eviction.go)."""

from __future__ import annotations

from typing import Any

from kubelab.api.clock import now, stamp
from kubelab.api.kinds import Cluster
from kubelab.api.resources import BY_URL, PODS
from kubelab.api.selectors import selector_matches
from kubelab.api.status import ApiError
from kubelab.api.store import Entry

from .conditions import is_true, set_condition, set_pod_condition
from .delete import DeleteOptions, delete
from .update import find, update

Object = dict[str, Any]

BUDGETS = BY_URL["policy", "v1", "poddisruptionbudgets"]
RETRY_AFTER_S = 10
REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."
UNDISTURBED_PHASES = ("Failed", "Pending", "Succeeded")


def evict(cluster: Cluster, namespace: str, name: str, options: DeleteOptions) -> None:
    """Delete the pod if its budget allows that, and count it. Raises ApiError (404, 409, 429)."""
    pod = find(cluster, PODS, namespace, name).value
    budget = budget_of(cluster, pod)
    if budget is not None and needs_budget(pod, budget.value):
        spend(cluster, budget, name, options.dry_run)
    if not options.dry_run:
        update(cluster, PODS, namespace, name, condemned, part="status")
    delete(cluster, PODS, namespace, name, options)


def condemned(pod: Object) -> Object:
    """The pod with the condition that says why it goes."""
    set_pod_condition(pod, "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting")
    return pod


def budget_of(cluster: Cluster, pod: Object) -> Entry | None:
    """The budget that covers a pod. Raises ApiError if there are several: nobody can say which one counts."""
    metadata = pod["metadata"]
    found = [
        entry
        for entry in cluster.store.entries(BUDGETS.storage, metadata["namespace"])
        if selector_matches(entry.value["spec"].get("selector"), metadata.get("labels", {}))
    ]
    if len(found) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError(500, "", message)
    return found[0] if found else None


def needs_budget(pod: Object, budget: Object) -> bool:
    """A pod that serves nobody may go without asking."""
    status = pod.get("status", {})
    if "deletionTimestamp" in pod["metadata"] or status.get("phase") in UNDISTURBED_PHASES:
        return False
    if is_true(status, "Ready"):
        return True
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return False
    desired, current = (budget["status"].get(field, 0) for field in ("desiredHealthy", "currentHealthy"))
    return not 0 < desired <= current


def spend(cluster: Cluster, budget: Entry, pod_name: str, dry_run: bool) -> None:
    """Take one disruption from the budget. Raises ApiError (429) if none is left or nobody knows yet."""
    name, status = budget.key[1], budget.value.get("status", {})
    if status.get("observedGeneration", 0) < budget.value["metadata"].get("generation", 0):
        raise refused(f"The disruption budget {name} is still being processed by the server.", RETRY_AFTER_S)
    if status.get("disruptionsAllowed", 0) < 1:
        desired, current = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        raise refused(f"The disruption budget {name} needs {desired} healthy pods and has {current} currently")

    def counted(value: Object) -> Object:
        left = value["status"]["disruptionsAllowed"] = value["status"]["disruptionsAllowed"] - 1
        value["status"].setdefault("disruptedPods", {})[pod_name] = stamp(now())
        if left == 0:
            set_condition(value["status"], "DisruptionAllowed", "False", "InsufficientPods")["message"] = ""
        return value

    update(cluster, BUDGETS, *budget.key, counted, part="status", dry_run=dry_run)


def refused(cause: str, retry_after_s: int = 0) -> ApiError:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    return ApiError(429, "TooManyRequests", REFUSAL, details)
