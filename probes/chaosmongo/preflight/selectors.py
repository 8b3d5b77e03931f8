"""Which labels a selector means, as Kubernetes reads it."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.cluster import Object


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """A LabelSelector. An empty one matches everything, None nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        meets(expression, labels) for expression in selector.get("matchExpressions") or []
    )


def meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """One requirement of a LabelSelector or of a node selector; one that is not known is not met."""
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt" | "Lt":
            try:
                difference = int(labels[key]) - int(values[0])
            except (KeyError, ValueError, IndexError):
                return False
            return difference > 0 if operator == "Gt" else difference < 0
    return False


def selects_node(selector: Mapping[str, Any] | None, node: Object) -> bool:
    """A NodeSelector: one of its terms, with all that it says. None asks for nothing; an empty term fits no node."""
    if not selector:
        return True
    labels = node["metadata"].get("labels") or {}
    name = {"metadata.name": node["metadata"]["name"]}
    return any(
        all(meets(e, labels) for e in term.get("matchExpressions") or [])
        and all(meets(e, name) for e in term.get("matchFields") or [])
        for term in selector.get("nodeSelectorTerms") or []
        if term.get("matchExpressions") or term.get("matchFields")
    )
