"""LoadBalancer: gives each Service of that type an address of its own, which the service proxy serves."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from kubelab.controllers.changes import Changes, Event, Replace, with_status
from kubelab.controllers.loop import Cluster, Controller
from kubelab.kinds import SERVICES, Key, Kind, Object, is_terminating, key_of


class LoadBalancers(Controller):
    name = "service-controller"

    def __init__(self, cluster: Cluster, addresses: str) -> None:
        """addresses: a CIDR block that nothing else takes addresses from."""
        super().__init__(cluster)
        self._addresses = ipaddress.ip_network(addresses)

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:  # noqa: ARG002
        return [key_of(obj)] if obj["spec"].get("type") == "LoadBalancer" or address_of(obj) else []

    def decide(self, key: Key) -> Changes:
        service = self.cluster[SERVICES].get(*key)
        if service is None:
            return []
        taken = {address for s in self.cluster[SERVICES].all() if (address := address_of(s))}
        free = (str(a) for a in self._addresses.hosts() if str(a) not in taken)
        return reconcile(service, next(free, None))


def address_of(service: Object) -> str | None:
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    return ingress[0].get("ip")  # type: ignore[no-any-return]


def reconcile(service: Object, free: str | None) -> Changes:
    """free: an address that no Service has, None when all are taken."""
    wanted = service["spec"].get("type") == "LoadBalancer" and not is_terminating(service)
    known = address_of(service)
    if wanted == bool(known):
        return []
    if not wanted:
        return [Replace(SERVICES, with_status(service, {"loadBalancer": {}}), "status")]
    if free is None:
        message = "no load balancer address is left: delete a Service of type LoadBalancer"
        return [Event(service, "Warning", "SyncLoadBalancerFailed", message)]
    status = {"loadBalancer": {"ingress": [{"ip": free, "ipMode": "VIP"}]}}
    return [
        Replace(SERVICES, with_status(service, status), "status"),
        Event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer"),
    ]
