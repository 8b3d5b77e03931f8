"""ServiceAccount: keeps the account `default` in every namespace.

After kubernetes/pkg/controller/serviceaccount/serviceaccounts_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from kubelab.controllers.changes import Changes, Create
from kubelab.controllers.loop import Controller
from kubelab.controllers.ownership import keys_of_namespaces
from kubelab.kinds import NAMESPACES, SERVICE_ACCOUNTS, Key, Kind, Object, is_terminating

NAME = "default"


class ServiceAccounts(Controller):
    name = "service-account-controller"

    def keys(self, kind: Kind, obj: Object) -> Iterable[Key]:
        return keys_of_namespaces(kind, obj, NAME)

    def decide(self, key: Key) -> Changes:
        namespace = self.cluster[NAMESPACES].get(*key)
        return reconcile(namespace, self.cluster[SERVICE_ACCOUNTS].get(key[1], NAME))


def reconcile(namespace: Object | None, account: Object | None) -> Changes:
    if namespace is None or is_terminating(namespace) or account is not None:
        return []
    metadata = {"name": NAME, "namespace": namespace["metadata"]["name"]}
    return [Create(SERVICE_ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})]
