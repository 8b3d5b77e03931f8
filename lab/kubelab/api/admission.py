"""What the admission of a pod has to do with its ServiceAccount: the account must be there, and lends its token.

After kubernetes/plugin/pkg/admission/serviceaccount (admission.go).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from .names import generated
from .resources import BY_URL, PODS
from .status import ApiError, forbidden
from .store import Change, Store

Object = dict[str, Any]

ACCOUNTS = BY_URL["", "v1", "serviceaccounts"].storage
DEFAULT = "default"
DEFAULT_WAIT_S = 1.35
"""How long the default account of a new namespace is waited for: ten tries of Kubernetes, 100 to 200 ms apart."""
MIRROR = "kubernetes.io/config.mirror"
VOLUME = "kube-api-access-"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_S = 3607
"""How long a pod's token is good for. The kubelet gets another one in time."""


class AwaitedAccount(ApiError):
    """A namespace has no default account yet: one that may come any moment."""


def account_name(value: Object) -> str:
    spec = value.get("spec") or {}
    return str(spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT)


def admit(store: Store, namespace: str, pod: Object) -> None:
    """Fill in a new pod's account and token. Raises ApiError (403) if the account does not exist."""
    metadata = pod["metadata"]
    if MIRROR in (metadata.get("annotations") or {}):
        return
    spec = pod.setdefault("spec", {})
    name = spec["serviceAccountName"] = account_name(pod)
    entry = store.get(ACCOUNTS, (namespace, name))
    if entry is None:
        why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        shown = metadata.get("name") or metadata.get("generateName") or "Unknown"
        refused = forbidden(PODS.plural, PODS.group, shown, why)
        kind = AwaitedAccount if name == DEFAULT else ApiError
        raise kind(refused.code, refused.reason, refused.message, refused.details)
    account = entry.value
    if spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True)):
        mount_token(spec)
    if account.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]


def mount_token(spec: Object) -> None:
    """Into every container that has nothing there yet."""
    volumes = spec.get("volumes") or []
    existing = next((one["name"] for one in volumes if one.get("name", "").startswith(VOLUME)), "")
    name = existing or generated(VOLUME)
    is_needed = False
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        mounts = container.get("volumeMounts") or []
        if all(mount.get("mountPath") != MOUNT_PATH for mount in mounts):
            container["volumeMounts"] = [*mounts, {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}]
            is_needed = True
    if is_needed and not existing:
        spec["volumes"] = [*volumes, token_volume(name)]


def token_volume(name: str) -> Object:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_S, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}


async def await_default_account(store: Store, namespace: str) -> None:
    """Until a namespace has its default account, which a controller makes; not for ever."""
    made = asyncio.Event()

    def look(change: Change) -> None:
        if change.entry.key == (namespace, DEFAULT):
            made.set()

    stop = store.listen(ACCOUNTS, look)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(DEFAULT_WAIT_S):
                await made.wait()
    finally:
        stop()
