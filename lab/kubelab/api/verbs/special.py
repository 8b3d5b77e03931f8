"""Subresources with a meaning of their own: binding and scale."""

from __future__ import annotations

from typing import Any

from kubelab.api import fields
from kubelab.api.kinds import Cluster
from kubelab.api.resources import PODS
from kubelab.api.status import bad_request, conflict, invalid

from .conditions import set_pod_condition
from .update import update

Object = dict[str, Any]


def bind(cluster: Cluster, namespace: str, name: str, binding: Object, dry_run: bool = False) -> None:
    """Assign a pod to a node, once. Raises ApiError."""
    node = binding.get("target", {}).get("name", "")
    if not node:
        raise invalid("Binding", "", name, [fields.required("target.name")])

    def assign(pod: Object) -> Object:
        if pod["metadata"].get("deletionTimestamp"):
            raise conflict("pods/binding", "", name, f"pod {name} is being deleted, cannot be assigned to a host")
        if assigned := pod["spec"].get("nodeName"):
            raise conflict("pods/binding", "", name, f'pod {name} is already assigned to node "{assigned}"')
        pod["spec"]["nodeName"] = node
        pod["metadata"].setdefault("annotations", {}).update(binding.get("metadata", {}).get("annotations", {}))
        if not pod["metadata"]["annotations"]:
            del pod["metadata"]["annotations"]
        set_pod_condition(pod, "PodScheduled", "True")
        return pod

    update(cluster, PODS, namespace, name, assign, part="binding", dry_run=dry_run)


def scale_of(value: Object) -> Object:
    """The Scale of a workload, with kind and apiVersion."""
    metadata = value["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = value["spec"].get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": value.get("status", {}).get("replicas", 0),
            "selector": selector_text(value["spec"].get("selector", {})),
        },
    }


def selector_text(selector: Object) -> str:
    """A label selector as in a query: app=x,tier in (a,b)."""
    parts = [f"{key}={value}" for key, value in sorted(selector.get("matchLabels", {}).items())]
    operators = {"In": "in", "NotIn": "notin"}
    for expression in selector.get("matchExpressions", ()):
        key, operator = expression.get("key", ""), expression.get("operator", "")
        if operator in operators:
            parts.append(f"{key} {operators[operator]} ({','.join(sorted(expression.get('values', ())))})")
        else:
            parts.append(f"!{key}" if operator == "DoesNotExist" else key)
    return ",".join(parts)


def rescaled(value: Object, scale: Object, name: str) -> Object:
    """The workload with the replicas and the resourceVersion of a Scale. Raises ApiError (400, 422)."""
    if scale.get("metadata", {}).get("name", name) != name:
        raise bad_request(
            f"the name of the object ({scale['metadata']['name']}) does not match the name on the URL ({name})"
        )
    replicas = scale.get("spec", {}).get("replicas", 0)
    if replicas < 0:
        error = fields.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid("Scale", "autoscaling", name, [error])
    value["spec"]["replicas"] = replicas
    metadata = scale.get("metadata", {})
    if "resourceVersion" in metadata:
        value["metadata"]["resourceVersion"] = metadata["resourceVersion"]
    return value
