"""Conditions of an object's status that the API server itself sets or reads."""

from __future__ import annotations

from typing import Any

from kubelab.api.clock import now, stamp

Object = dict[str, Any]


def is_true(status: Object, kind: str) -> bool:
    conditions = status.get("conditions", ())
    return any(item.get("type") == kind and item.get("status") == "True" for item in conditions)


def set_condition(status: Object, kind: str, value: str, reason: str = "", message: str = "") -> Object:
    """Set a condition and return it; its time changes only with its value."""
    conditions = status.setdefault("conditions", [])
    condition = next((item for item in conditions if item.get("type") == kind), None)
    if condition is None:
        condition = {"type": kind}
        conditions.append(condition)
    if condition.get("status") != value:
        condition["lastTransitionTime"] = stamp(now())
    condition["status"] = value
    for field, text in (("reason", reason), ("message", message)):
        condition.pop(field, None)
        if text:
            condition[field] = text
    return condition


def set_pod_condition(pod: Object, kind: str, value: str, reason: str = "", message: str = "") -> None:
    """Set a condition of a pod, which has a time of its last probe, even if there never is one."""
    set_condition(pod["status"], kind, value, reason, message).setdefault("lastProbeTime", None)
