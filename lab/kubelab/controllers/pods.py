"""What several controllers ask of a pod, and how they make one from a template."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from kubelab.clock import parse
from kubelab.kinds import Kind, Object, condition, controlled_by, is_terminating, is_true


def phase(pod: Mapping[str, Any]) -> str:
    return str(pod.get("status", {}).get("phase", ""))


def is_finished(pod: Mapping[str, Any]) -> bool:
    """Its containers have ended for good."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Mapping[str, Any]) -> bool:
    """Counts towards a controller's replicas: neither finished nor on its way out."""
    return not is_finished(pod) and not is_terminating(pod)


def is_ready(pod: Mapping[str, Any]) -> bool:
    return is_true(pod, "Ready")


def is_running_and_ready(pod: Mapping[str, Any]) -> bool:
    return phase(pod) == "Running" and is_ready(pod)


def available_in_s(pod: Mapping[str, Any], min_ready_s: int, now: datetime) -> float | None:
    """Seconds until a ready pod counts as available (0: it does already); None when it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    if min_ready_s == 0:
        return 0.0
    if not (since := ready.get("lastTransitionTime")):
        return None  # Nobody knows since when.
    left = parse(since) + timedelta(seconds=min_ready_s) - now
    return max(0.0, left.total_seconds())


def is_available(pod: Mapping[str, Any], min_ready_s: int, now: datetime) -> bool:
    return available_in_s(pod, min_ready_s, now) == 0.0


def from_template(template: Mapping[str, Any], kind: Kind, owner: Object) -> Object:
    """A pod of owner, still without a name."""
    metadata = copy.deepcopy(dict(template.get("metadata") or {}))
    metadata |= {"namespace": owner["metadata"]["namespace"], "ownerReferences": [controlled_by(kind, owner)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copy.deepcopy(template["spec"])}
