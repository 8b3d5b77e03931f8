"""The Lease by which one run at a time is at work in a namespace (coordination.k8s.io/v1): as it is found, and whether
its holder still renews it.

No clock but our own is trusted, and that one only for durations (as client-go's leader election does): a Lease is stale
when we have seen it unchanged for its own leaseDurationSeconds.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaosmongo.cluster import Cluster, Object
from chaosmongo.errors import ApiRefused, ChaosMongoError, NotAllowed

logger = logging.getLogger("chaostoolkit")

LEASE = "chaos-mongodb"
DURATION_S = 30
LOOKS_EVERY_S = 1.0

RUN, PROCESS = "chaos.mongodb/run", "chaos.mongodb/process"
"""Annotations: the name of the holder's run, and which process it is."""

GROUP, RESOURCE, VERBS = "coordination.k8s.io", "leases", ("create", "get", "patch", "delete")
FORBIDDEN, GONE, CONFLICT = 403, 404, 409


def path(namespace: str, name: str = "") -> str:
    below = f"/{name}" if name else ""
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases{below}"


@dataclass(frozen=True)
class Held:
    """A Lease as it was found. holder: "" where nobody holds it. since: a label, by the holder's clock."""

    version: str
    holder: str
    run: str
    since: str
    duration_s: float
    transitions: int
    process: Mapping[str, Any]

    @classmethod
    def of(cls, lease: Object) -> "Held":
        """Whatever stands in it: anybody may have made it."""
        metadata, spec = lease["metadata"], lease.get("spec") or {}
        notes = metadata.get("annotations") or {}
        return cls(
            str(metadata.get("resourceVersion", "")),
            str(spec.get("holderIdentity") or ""),
            str(notes.get(RUN) or ""),
            str(spec.get("acquireTime") or "a time that is not known"),
            float(spec.get("leaseDurationSeconds") or DURATION_S),
            int(spec.get("leaseTransitions") or 0),
            _process(notes.get(PROCESS)),
        )


def read(cluster: Cluster, namespace: str) -> Held | None:
    """None where there is none. Raises NotAllowed where we may not look."""
    try:
        lease = cluster.find(path(namespace, LEASE))
    except ApiRefused as refusal:
        if refusal.status == FORBIDDEN:
            raise forbidden(namespace, "get", refusal) from None
        raise
    return None if lease is None else Held.of(lease)


def until_stale(cluster: Cluster, namespace: str, seen: Held) -> Held | None:
    """`seen` itself, when it was not renewed for its duration; what is there now as soon as that is something else."""
    since = time.monotonic()
    logger.warning(
        "The lock of namespace %s is held by %s since %s: waiting for at most %g s whether it is still renewed",
        *(namespace, seen.holder, seen.since, seen.duration_s),
    )
    while time.monotonic() - since < seen.duration_s:
        time.sleep(LOOKS_EVERY_S)
        now = read(cluster, namespace)
        if now is None or now.version != seen.version:
            return now
    return seen


def forbidden(namespace: str, verb: str, refusal: ChaosMongoError) -> NotAllowed:
    return NotAllowed(
        f"We may not {verb} {RESOURCE}.{GROUP} in namespace {namespace}, and without its lock no run begins: nothing "
        f"was touched ({refusal}). A Role in namespace {namespace} grants it:\n"
        f'- {{apiGroups: ["{GROUP}"], resources: [{RESOURCE}], verbs: [{", ".join(VERBS)}]}}'
    )


def _process(text: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
