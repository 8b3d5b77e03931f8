"""Which pods of a Service are ready now, followed through a watch as kube-proxy does it.

A list for every connection would say the same and cost each of them another round trip to the API server.
"""

import json
import threading
from collections.abc import Iterable
from typing import NamedTuple

from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused, NoCluster

SERVICE_LABEL = "kubernetes.io/service-name"
RETRY_S = 0.2


class Target(NamedTuple):
    pod: str
    port: int


def ready_pods(slices: Iterable[Object], service: str, port_name: str) -> list[Target]:
    """The pods behind a Service's port that take part in it. A readiness that is not known counts (EndpointConditions
    in k8s.io/api/discovery/v1); an endpoint that is no pod cannot be forwarded to.
    """
    found = []
    for one in slices:
        if (one["metadata"].get("labels") or {}).get(SERVICE_LABEL) != service:
            continue
        ports = [port["port"] for port in one.get("ports") or [] if (port.get("name") or "") == port_name]
        for endpoint in one.get("endpoints") or []:
            reference = endpoint.get("targetRef") or {}
            ready = (endpoint.get("conditions") or {}).get("ready") is not False
            if ports and ready and reference.get("kind") == "Pod":
                found.append(Target(reference["name"], ports[0]))
    return found


class Endpoints:
    """The EndpointSlices of a namespace. While the API server is silent, what it said last holds."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        """Returns when they were listed once. Raises ApiRefused, NoCluster."""
        self._cluster = cluster
        self._path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        self._slices: dict[str, Object] = {}
        version = self._list()
        threading.Thread(target=self._follow, args=(version,), name=f"endpoints-{namespace}", daemon=True).start()

    def ready(self, service: str, port_name: str) -> list[Target]:
        return ready_pods(list(self._slices.values()), service, port_name)

    def _follow(self, version: str) -> None:
        retry = threading.Event()
        while True:
            try:
                version = self._watch(version or self._list())
            except (NoCluster, ApiRefused, ValueError):
                version = ""
                retry.wait(RETRY_S)

    def _list(self) -> str:
        answer = self._cluster.get(self._path)
        self._slices = {one["metadata"]["name"]: one for one in answer.get("items") or []}
        return str(answer["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> str:
        """Until the server ends it; the version to go on from ("": list again)."""
        for line in self._cluster.watch(self._path, version):
            event = json.loads(line)
            kind, one = event["type"], event["object"]
            if kind == "ERROR":
                return ""
            version = str(one["metadata"]["resourceVersion"])
            if kind == "DELETED":
                self._slices.pop(one["metadata"]["name"], None)
            elif kind != "BOOKMARK":
                self._slices[one["metadata"]["name"]] = one
        return version
