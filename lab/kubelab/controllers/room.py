"""Room on a node: what it has, what pods ask for, and what is missing for one more.

After kubernetes/pkg/scheduler/framework/plugins/noderesources (fit.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from kubelab.kinds import Object
from kubelab.quantities import quantity

RESOURCES = ("cpu", "memory", "ephemeral-storage")
PODS = "pods"

Amounts = Mapping[str, Fraction]
"""By resource, in its base unit; `pods` are places."""


def requested(pod: Object) -> dict[str, Fraction]:
    """What a pod asks for: all that runs at the same time, at the time when that is most."""
    return {PODS: Fraction(1)} | {name: _most(pod["spec"], name) for name in RESOURCES}


def together(one: Amounts, other: Amounts) -> Amounts:
    return {name: one.get(name, 0) + other.get(name, Fraction(0)) for name in (PODS, *RESOURCES)}


def shortages(asked: Amounts, node: Object, taken: Amounts) -> list[str]:
    """What the node has too little of beside what is taken, in the words of Kubernetes."""
    missing = [name for name in asked if asked[name] and taken.get(name, 0) + asked[name] > _has(node, name)]
    return ["Too many pods" if name == PODS else f"Insufficient {name}" for name in missing]


def is_too_small(asked: Amounts, node: Object) -> bool:
    """Whether the pod would not fit on the empty node either."""
    return any(asked[name] > _has(node, name) for name in RESOURCES)


def _most(spec: Object, resource: str) -> Fraction:
    beside = most = Fraction(0)  # Init containers that go on running count beside all that come later.
    for container in spec.get("initContainers") or ():
        amount = _asked(container, resource)
        if container.get("restartPolicy") == "Always":
            beside += amount
            amount = Fraction(0)
        most = max(most, beside + amount)
    return max(most, beside + sum(_asked(container, resource) for container in spec["containers"]))


def _asked(container: Object, resource: str) -> Fraction:
    return _amount(((container.get("resources") or {}).get("requests") or {}).get(resource, "0"))


def _has(node: Object, resource: str) -> Fraction:
    return _amount((node["status"].get("allocatable") or {}).get(resource, "0"))


@lru_cache(1024)
def _amount(text: str) -> Fraction:
    return quantity(text)
