"""NetworkPolicies: the one that is enforced here says that nobody may come in, and is enforced at the proxies.

Connections through Services and Ingresses to a pod that such a policy selects are cut: silent, not reset. Those to a
pod's own address cannot be: all addresses are this machine's loopback. Nor is it enforced who else may come in, or what
may go out. An event on the policy says so. Probes and port-forward are subject to no policy, as on most clusters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kubelab.controllers.changes import Changes, Event
from kubelab.controllers.firewall import Firewall
from kubelab.controllers.loop import Cluster, Controller
from kubelab.kinds import NETWORK_POLICIES, PODS, Key, Kind, Object, matches_selector, uid_of

ALL: Key = ("", "")


class Shortcoming(NamedTuple):
    """What is not enforced of a policy, as an event tells it."""

    reason: str
    message: str


class NetworkPolicies(Controller):
    """ALL: who is cut off. A policy's key: what to tell about it."""

    name = "network-policy"

    def __init__(self, cluster: Cluster, firewall: Firewall) -> None:
        super().__init__(cluster)
        self._firewall = firewall
        self._told: set[tuple[str, Shortcoming]] = set()

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        return [ALL, (obj["metadata"]["namespace"], obj["metadata"]["name"])] if kind == NETWORK_POLICIES else [ALL]

    def decide(self, key: Key) -> Changes:
        policies = self.cluster[NETWORK_POLICIES]
        if key == ALL:
            self._firewall.cut(cut_off(policies.all(), self.cluster[PODS].all()))
            return []
        policy = policies.get(*key)
        if policy is None:
            return []
        news = [found for found in shortcomings(policy) if (uid_of(policy), found) not in self._told]
        self._told |= {(uid_of(policy), found) for found in news}
        return [Event(policy, "Warning", *found) for found in news]


def cut_off(policies: Iterable[Object], pods: Iterable[Object]) -> set[str]:
    """The addresses of pods that nobody may reach.

    What the policies of a pod allow adds up (networking.k8s.io/v1): where one of them has rules, somebody may come in.
    """
    about_ingress = [p for p in policies if "Ingress" in types(p)]
    if not about_ingress:
        return set()
    found = set()
    for pod in pods:
        address = pod.get("status", {}).get("podIP")
        selecting = [policy for policy in about_ingress if selects(policy, pod)]
        if address and selecting and not any(policy["spec"].get("ingress") for policy in selecting):
            found.add(address)
    return found


def selects(policy: Object, pod: Object) -> bool:
    """A policy selects pods of its own namespace; with an empty selector all of them."""
    metadata = pod["metadata"]
    is_near = policy["metadata"]["namespace"] == metadata["namespace"]
    return is_near and matches_selector(policy["spec"].get("podSelector") or {}, metadata.get("labels"))


def types(policy: Object) -> list[str]:
    """Ingress, Egress or both."""
    spec = policy["spec"]
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def shortcomings(policy: Object) -> list[Shortcoming]:
    """A rule without conditions allows everything, as does the lab."""
    found, spec = [], policy["spec"]
    ingress, egress = spec.get("ingress") or [], spec.get("egress") or []
    if "Ingress" in types(policy) and not ingress:
        told = (
            "connections through Services and Ingresses are cut; to a pod's own address they cannot be here, where all "
            "addresses are on the loopback of one machine"
        )
        found.append(Shortcoming("PartlyEnforced", told))
    elif "Ingress" in types(policy) and {} not in ingress:
        told = "rules about who may come in are not enforced here, only that nobody may: everybody may come in"
        found.append(Shortcoming("NotEnforced", told))
    if "Egress" in types(policy) and {} not in egress:
        found.append(Shortcoming("NotEnforced", "what may go out is not restricted here"))
    return found
