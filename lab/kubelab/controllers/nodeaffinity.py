"""Node selectors: which nodes a pod or a volume asks for.

After k8s.io/component-helpers/scheduling/corev1/nodeaffinity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubelab.kinds import Object, matches_expression


def matches(selector: Mapping[str, Any] | None, node: Object) -> bool:
    """A NodeSelector: one of its terms, with all that it says. None asks for nothing; an empty term fits no node."""
    if not selector:
        return True
    labels = node["metadata"].get("labels") or {}
    name = {"metadata.name": node["metadata"]["name"]}
    return any(
        all(_meets(e, labels) for e in term.get("matchExpressions") or ())
        and all(matches_expression(e, name) for e in term.get("matchFields") or ())
        for term in selector["nodeSelectorTerms"]
        if term.get("matchExpressions") or term.get("matchFields")
    )


def _meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Beside what all selectors know: Gt and Lt, of whole numbers."""
    if expression["operator"] not in ("Gt", "Lt"):
        return matches_expression(expression, labels)
    try:
        difference = int(labels[expression["key"]]) - int(expression["values"][0])
    except (KeyError, ValueError):
        return False
    return difference > 0 if expression["operator"] == "Gt" else difference < 0


def reaches(volume: Object, node: Object) -> bool:
    """Whether the volume can be used on the node."""
    return matches((volume["spec"].get("nodeAffinity") or {}).get("required"), node)
