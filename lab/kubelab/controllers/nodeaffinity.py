"""Node selectors: which nodes a pod or a volume asks for.

After k8s.io/component-helpers/scheduling/corev1/nodeaffinity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubelab.kinds import Object, matches_expression


def matches(selector: Mapping[str, Any] | None, node: Object) -> bool:
    """A NodeSelector: any of its terms, each with all of its expressions. None asks for nothing."""
    if not selector:
        return True
    labels = node["metadata"].get("labels") or {}
    name = {"metadata.name": node["metadata"]["name"]}
    return any(
        all(matches_expression(e, labels) for e in term.get("matchExpressions") or ())
        and all(matches_expression(e, name) for e in term.get("matchFields") or ())
        for term in selector["nodeSelectorTerms"]
    )


def reaches(volume: Object, node: Object) -> bool:
    """Whether the volume can be used on the node."""
    return matches((volume["spec"].get("nodeAffinity") or {}).get("required"), node)
