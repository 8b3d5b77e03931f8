"""PodDisruptionBudgets, roles and their bindings, ServiceAccounts."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

from kubelab.api.fields import FieldError, invalid
from kubelab.api.names import path_segment_errors

from .base import Cluster, Object, Strategy
from .shares import share_errors

RBAC = "rbac.authorization.k8s.io"


class BudgetStrategy(Strategy):
    counts_generations = True
    needs_version = True

    def default(self, value: Object) -> None:
        value.setdefault("spec", {})

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        value["status"] = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}

    def validate(self, value: Object) -> list[FieldError]:
        spec = value["spec"]
        limits = [name for name in ("minAvailable", "maxUnavailable") if name in spec]
        if len(limits) < 2:
            return [error for name in limits for error in share_errors(f"spec.{name}", spec[name])]
        printed = {
            "MinAvailable": spec["minAvailable"],
            "Selector": spec.get("selector"),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        return [invalid("spec", printed, "minAvailable and maxUnavailable cannot be both set")]


class RoleStrategy(Strategy):
    def name_errors(self, name: str) -> list[str]:
        return path_segment_errors(name)


class BindingStrategy(RoleStrategy):
    def default(self, value: Object) -> None:
        value.setdefault("roleRef", {}).setdefault("apiGroup", RBAC)
        for subject in value.get("subjects", ()):
            if subject.get("kind") in ("User", "Group"):
                subject.setdefault("apiGroup", RBAC)

    def validate_update(self, value: Object, old: Object) -> list[FieldError]:
        if value["roleRef"] == old["roleRef"]:
            return []
        return [invalid("roleRef", value["roleRef"], "cannot change roleRef")]


class AccountStrategy(Strategy):
    returns_deleted = True
