"""Taints of nodes and what pods tolerate of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from kubelab.clock import timestamp
from kubelab.kinds import Object

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"

Taint = Mapping[str, Any]


def of(node: Object, *effects: str) -> list[Taint]:
    """The node's taints with one of these effects."""
    return [t for t in node["spec"].get("taints") or () if t["effect"] in effects]


def tolerates(toleration: Mapping[str, Any], taint: Taint) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def tolerations(pod: Object, taint: Taint) -> list[Mapping[str, Any]]:
    """Those of the pod's tolerations that tolerate the taint."""
    return [t for t in pod["spec"].get("tolerations") or () if tolerates(t, taint)]


def exchanged(node: Object, effect: str, owned: Iterable[str], wanted: Iterable[str], now: datetime) -> list[Taint]:
    """The node's taints when, of the owned keys with that effect, exactly the wanted ones are there."""
    wanted = list(wanted)
    kept = [t for t in node["spec"].get("taints") or () if t["effect"] != effect or t["key"] not in owned]
    there = {t["key"]: t for t in of(node, effect)}
    return [*kept, *(there.get(k) or {"key": k, "effect": effect, "timeAdded": timestamp(now)} for k in wanted)]
