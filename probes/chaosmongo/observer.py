"""Watches the namespace and its nodes and records every event, stamped on arrival.

A watch that ends or breaks is begun again from the last version seen, so that nothing is missed; where it broke the
record carries a note `broken`: what happened meanwhile was told late. Where the server does not know the version any
more the resource is listed anew and the record carries a note `gap`: what happened in between was not seen.
"""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from .cluster import Cluster, Object
from .errors import ApiRefused, NoCluster
from .history import Writer
from .history.records import ClusterEvent, Note

NAMESPACED = {
    "pods": "/api/v1/namespaces/{}/pods",
    "events": "/api/v1/namespaces/{}/events",
    "persistentvolumeclaims": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "statefulsets": "/apis/apps/v1/namespaces/{}/statefulsets",
    "deployments": "/apis/apps/v1/namespaces/{}/deployments",
    "endpointslices": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "poddisruptionbudgets": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
}
CLUSTER_WIDE = {"nodes": "/api/v1/nodes"}

GONE = 410
"""The version is too old."""
AGAIN_AFTER_S = 0.2

Listener = Callable[[ClusterEvent], None]


class Observer:
    """Records what the API server says of a namespace, from `start` to `stop`.

    Listeners are called with each event, on the thread that received it, after it was recorded.
    """

    def __init__(self, cluster: Cluster, namespace: str, writer: Writer) -> None:
        self._cluster = cluster
        self._writer = writer
        self._paths = {name: path.format(namespace) for name, path in NAMESPACED.items()} | CLUSTER_WIDE
        self._stopped = threading.Event()
        self._recording = threading.Lock()
        self._listed: dict[str, threading.Event] = {name: threading.Event() for name in self._paths}
        self._listeners: list[Listener] = []
        self._versions: dict[str, str] = {}
        """By resource, the version that was seen last; each is its own thread's alone."""

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def start(self, timeout_s: float = 10) -> None:
        """Begins to watch; returns when every resource was listed once. Raises NoCluster when that takes longer."""
        for resource, path in self._paths.items():
            threading.Thread(target=self._follow, args=(resource, path), name=f"watch-{resource}", daemon=True).start()
        deadline = time.monotonic() + timeout_s
        for resource, listed in self._listed.items():
            if not listed.wait(max(0, deadline - time.monotonic())):
                raise NoCluster(f"{resource} could not be listed within {timeout_s:g} s at {self._cluster.server}")

    def stop(self) -> None:
        """Nothing is recorded after this. The threads end with the process."""
        with self._recording:
            self._stopped.set()
            self._writer.close()

    def _follow(self, resource: str, path: str) -> None:
        broken = False
        while not self._stopped.is_set():
            try:
                if broken and self._is_ahead(resource, path):
                    self._note(resource, "gap", "the server is behind what it has told before")
                    self._versions[resource] = ""
                if not self._versions.get(resource):
                    self._list(resource, path)
                self._watch(resource, path)
                broken = False
            except (NoCluster, ApiRefused, ValueError) as error:
                refused = error.status if isinstance(error, ApiRefused) else 0
                known = bool(self._versions.get(resource))
                if refused in (403, 404) and not known:
                    self._note(resource, "not watched", error)
                    self._listed[resource].set()
                    return
                if known and refused != GONE and not isinstance(error, ValueError):
                    if not broken:  # once, however long the server is away
                        self._note(resource, "broken", error)
                    broken = True
                else:
                    self._note(resource, "gap", error)
                    self._versions[resource] = ""
                self._stopped.wait(AGAIN_AFTER_S)

    def _is_ahead(self, resource: str, path: str) -> bool:
        """Whether the version to go on from is later than the server's, which was restored from a backup, say: it would
        be waited for without end. Versions are compared as numbers, as Kubernetes' own clients do.
        """
        now = str(self._cluster.get(path, limit=1)["metadata"]["resourceVersion"])
        known = self._versions.get(resource, "")
        return known.isdecimal() and now.isdecimal() and int(known) > int(now)

    def _list(self, resource: str, path: str) -> None:
        answer = self._cluster.get(path)
        items = [tidied(item) for item in answer.get("items") or []]
        self._record(ClusterEvent(time.monotonic_ns(), resource, "LIST", items=items))
        self._listed[resource].set()
        self._versions[resource] = str(answer["metadata"]["resourceVersion"])

    def _watch(self, resource: str, path: str) -> None:
        """Records until the server ends the watch; keeps the version to go on from ("": list again)."""
        for line in self._cluster.watch(path, self._versions[resource]):
            arrived_ns = time.monotonic_ns()
            if self._stopped.is_set():
                break
            event = json.loads(line)
            kind, thing = event["type"], event["object"]
            if kind == "ERROR":
                self._note(resource, "gap", str(thing.get("message", "")))
                self._versions[resource] = ""
                return
            self._versions[resource] = str(thing["metadata"]["resourceVersion"])
            if kind != "BOOKMARK":
                self._record(ClusterEvent(arrived_ns, resource, kind, object=tidied(thing)))

    def _record(self, event: ClusterEvent) -> None:
        self._write(event)
        for listener in self._listeners:
            listener(event)

    def _note(self, resource: str, what: str, error: object) -> None:
        reason = str(error).splitlines()[0] if str(error) else ""
        self._write(Note(time.monotonic_ns(), what, {"resource": resource, "reason": reason}))

    def _write(self, record: ClusterEvent | Note) -> None:
        with self._recording:
            if not self._stopped.is_set():
                self._writer.write(record)


def tidied(thing: Object) -> Object:
    """The object without managedFields, without what kubectl keeps in an annotation, and without the literal values of
    environment variables, which may be secrets.
    """
    metadata = {key: value for key, value in thing.get("metadata", {}).items() if key != "managedFields"}
    if "annotations" in metadata:
        metadata["annotations"] = {
            key: value
            for key, value in metadata["annotations"].items()
            if key != "kubectl.kubernetes.io/last-applied-configuration"
        }
    without: Object = _without_values({**thing, "metadata": metadata})
    return without


def _without_values(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_values(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: [_name_only(variable) for variable in value]
        if key == "env" and isinstance(value, list)
        else _without_values(value)
        for key, value in part.items()
    }


def _name_only(variable: Any) -> Any:
    if isinstance(variable, dict) and "value" in variable:
        return {**variable, "value": "(not recorded)"}
    return variable
