"""Which nodes a pod would rather be on, or off, for the pods that are there: preferred inter-pod affinity.

After kubernetes/pkg/scheduler/framework/plugins/interpodaffinity (scoring.go), where the pods that are there have a say
as well. Terms that require are not heeded, nor is a namespaceSelector but the empty one, which means every namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kubelab.kinds import Object, matches_selector

PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
SIGNS = {"podAffinity": 1, "podAntiAffinity": -1}


def scores(pod: Object, placed: Iterable[tuple[Object, str]], nodes: Iterable[Object]) -> dict[str, int]:
    """By its name, how much each node is preferred. placed: pods, and the node of each."""
    labels = {node["metadata"]["name"]: node["metadata"].get("labels") or {} for node in nodes}
    found = dict.fromkeys(labels, 0)
    for other, place in placed:
        for key, weight in (*_preferences(pod, other), *_preferences(other, pod)):
            domain = labels.get(place, {}).get(key)
            for name, has in labels.items():
                if domain is not None and has.get(key) == domain:
                    found[name] += weight
    return found


def _preferences(who: Object, whom: Object) -> Iterator[tuple[str, int]]:
    """Topology keys, and how much `who` would rather be where `whom` is."""
    affinity: Mapping[str, Any] = who["spec"].get("affinity") or {}
    for kind, sign in SIGNS.items():
        for preference in (affinity.get(kind) or {}).get(PREFERRED) or ():
            term = preference["podAffinityTerm"]
            if _means(term, who, whom):
                yield term["topologyKey"], sign * preference["weight"]


def _means(term: Mapping[str, Any], who: Object, whom: Object) -> bool:
    spaces = term.get("namespaces") or [who["metadata"]["namespace"]]
    anywhere = term.get("namespaceSelector") == {}
    if not anywhere and whom["metadata"]["namespace"] not in spaces:
        return False
    selector = term.get("labelSelector")
    return selector is not None and matches_selector(selector, whom["metadata"].get("labels"))
