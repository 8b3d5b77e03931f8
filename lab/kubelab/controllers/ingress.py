"""Ingress: which Ingresses are served here, and the address that they get.

Those of the class "kubelab", and those without a class, as ingress-nginx does with --watch-ingress-without-class.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubelab.controllers.changes import Changes, Event, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.errors import ApiError
from kubelab.kinds import INGRESS_CLASSES, INGRESSES, Key, Kind, Object, is_terminating, key_of

CLASS: Object = {
    "apiVersion": INGRESS_CLASSES.api_version,
    "kind": INGRESS_CLASSES.kind,
    "metadata": {"name": "kubelab"},
    "spec": {"controller": "kubelab.local/ingress"},
}
OLD_CLASS = "kubernetes.io/ingress.class"
"""The annotation from before there was spec.ingressClassName."""


class Ingresses(Controller):
    """Writes the status. address: where HTTP requests for the Ingresses are answered."""

    name = "ingress-controller"

    def __init__(self, cluster: Cluster, address: str) -> None:
        super().__init__(cluster)
        self._address = address

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [key_of(obj)]

    def decide(self, key: Key) -> Changes:
        found = self.cluster[INGRESSES].get(*key)
        return reconcile(found, self._address) if found else []


def reconcile(ingress: Object, address: str) -> Changes:
    """An Ingress that is served has the address in its status; one that no longer is loses it."""
    known: list[dict[str, Any]] = ingress.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    wanted = [{"ip": address}] if is_served(ingress) else [found for found in known if found.get("ip") != address]
    if wanted == known or is_terminating(ingress):
        return []
    changes: Changes = [Replace(INGRESSES, with_status(ingress, {"loadBalancer": {"ingress": wanted}}), "status")]
    return [*changes, Event(ingress, "Normal", "Sync", f"Served at {address}")] if is_served(ingress) else changes


def is_served(ingress: Object) -> bool:
    annotations = ingress["metadata"].get("annotations") or {}
    name = ingress["spec"].get("ingressClassName") or annotations.get(OLD_CLASS)
    return name in (None, CLASS["metadata"]["name"])


async def ensure_class(cluster: Cluster) -> None:
    try:
        await cluster.client.create(INGRESS_CLASSES, CLASS)
    except ApiError as e:
        if not e.already_exists:
            raise
