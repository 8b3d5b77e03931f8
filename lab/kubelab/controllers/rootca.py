"""Root CA publisher: keeps the ConfigMap kube-root-ca.crt, by which pods know the API server, in every namespace.

After kubernetes/pkg/controller/certificates/rootcacertpublisher/publisher.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from kubelab.controllers.changes import Changes, Create, Replace
from kubelab.controllers.loop import Cluster, Controller
from kubelab.controllers.ownership import keys_of_namespaces
from kubelab.kinds import CONFIG_MAPS, NAMESPACES, Key, Kind, Object, is_terminating

NAME = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class RootCertificates(Controller):
    """certificate: of the authority, as PEM."""

    name = "root-ca-certificate-publisher"

    def __init__(self, cluster: Cluster, certificate: str) -> None:
        super().__init__(cluster)
        self._certificate = certificate

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        return keys_of_namespaces(kind, obj, NAME)

    def decide(self, key: Key) -> Changes:
        namespace = self.cluster[NAMESPACES].get(*key)
        return reconcile(namespace, self.cluster[CONFIG_MAPS].get(key[1], NAME), self._certificate)


def reconcile(namespace: Object | None, published: Object | None, certificate: str) -> Changes:
    if namespace is None or is_terminating(namespace):
        return []
    data = {"ca.crt": certificate}
    if published is None:
        annotations = {"kubernetes.io/description": DESCRIPTION}
        metadata = {"name": NAME, "namespace": namespace["metadata"]["name"], "annotations": annotations}
        return [Create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})]
    if published.get("data") == data:
        return []
    return [Replace(CONFIG_MAPS, {**published, "data": data})]
