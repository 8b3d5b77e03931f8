"""Namespaces, Nodes, Leases and Events."""

# ruff: noqa: ARG002 - a hook need not look at everything it is given

from __future__ import annotations

from typing import Any

from kubelab.api.fields import FieldError, invalid
from kubelab.api.names import label_errors
from kubelab.api.selectors import field_value

from .base import Cluster, Object, Strategy

NOT_READY = "node.kubernetes.io/not-ready"
KUBERNETES = "kubernetes"
NAME_LABEL = "kubernetes.io/metadata.name"


class NamespaceStrategy(Strategy):
    """A namespace outlives its deletion until its contents are gone: spec.finalizers says who has to see to that."""

    returns_deleted = True
    selectable = ("status.phase",)

    def name_errors(self, name: str) -> list[str]:
        return label_errors(name)

    def default(self, value: Object) -> None:
        metadata = value["metadata"]
        if metadata.get("name"):
            metadata.setdefault("labels", {})[NAME_LABEL] = metadata["name"]

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        finalizers = value.setdefault("spec", {}).setdefault("finalizers", [])
        if KUBERNETES not in finalizers:
            finalizers.append(KUBERNETES)
        value["status"] = {"phase": "Active"}

    def prepare_update(self, value: Object, old: Object, cluster: Cluster) -> None:
        value["spec"] = dict(old.get("spec", {}))


class NodeStrategy(Strategy):
    selectable = ("spec.unschedulable",)

    def default(self, value: Object) -> None:
        value.setdefault("spec", {})
        value.setdefault("status", {})

    def prepare_create(self, value: Object, cluster: Cluster) -> None:
        """As admission does: no pods before the node is known to be ready."""
        taints = value["spec"].setdefault("taints", [])
        if not any(taint.get("key") == NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
            taints.append({"key": NOT_READY, "effect": "NoSchedule"})

    def read_field(self, value: Any, path: str) -> str:
        if path == "spec.unschedulable":
            return "true" if value["spec"].get("unschedulable") else "false"
        return field_value(value, path)


class LeaseStrategy(Strategy):
    needs_version = True

    def validate(self, value: Object) -> list[FieldError]:
        spec, errors = value.get("spec", {}), []
        if spec.get("leaseDurationSeconds", 1) <= 0:
            errors.append(invalid("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], "must be greater than 0"))
        if spec.get("leaseTransitions", 0) < 0:
            text = "must be greater than or equal to 0"
            errors.append(invalid("spec.leaseTransitions", spec["leaseTransitions"], text))
        return errors


class EventStrategy(Strategy):
    selectable = (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    )

    def validate(self, value: Object) -> list[FieldError]:
        namespace = value["metadata"].get("namespace", "")
        involved = value.get("involvedObject", {}).get("namespace", "")
        if involved == namespace or (not involved and namespace == "default"):
            return []
        return [invalid("involvedObject.namespace", involved, "does not match event.namespace")]

    def read_field(self, value: Any, path: str) -> str:
        if path == "source":
            return field_value(value, "source.component") or field_value(value, "reportingComponent")
        return field_value(value, path)
