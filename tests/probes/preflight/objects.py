"""A small cluster as literals, and an experiment with one fault."""

from collections.abc import Mapping
from typing import Any

from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.preflight import obstacles, targets
from chaosmongo.preflight.experiment import Experiment, Planned, parse
from chaosmongo.preflight.findings import Finding
from chaosmongo.preflight.seen import Seen

CONFIG = Config()


def pod(name: str = "mongo-0", node: str = "one", of: str = "StatefulSet mongo", **spec: Any) -> Object:
    """of: kind and name of the owner, "" for nobody. spec: fields of its spec, or labels, namespace, status."""
    kind, _, owner = of.partition(" ")
    metadata: Object = {
        "name": name,
        "namespace": spec.pop("namespace", "pacman"),
        "labels": spec.pop("labels", {"name": "mongo"}),
    }
    if kind:
        metadata["ownerReferences"] = [{"kind": kind, "name": owner, "controller": True}]
    running = {"containerStatuses": [{"name": "mongo", "restartCount": 0, "state": {"running": {}}}]}
    status = spec.pop("status", running)
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "mongo-storage"}}
    base = {"nodeName": node, "containers": [{"name": "mongo"}], "volumes": [volume]}
    return {"metadata": metadata, "spec": base | spec, "status": status}


def node(name: str, ready: bool = True, **spec: Any) -> Object:
    labels = {"kubernetes.io/hostname": name} | spec.pop("labels", {})
    conditions = [{"type": "Ready", "status": "True" if ready else "Unknown"}]
    return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {"conditions": conditions}}


def budget(name: str = "mongo", allowed: int = 0, **labels: str) -> Object:
    return {
        "metadata": {"name": name, "namespace": "pacman"},
        "spec": {"selector": {"matchLabels": labels or {"name": "mongo"}}},
        "status": {"disruptionsAllowed": allowed},
    }


def claim(name: str = "mongo-storage", volume: str = "pv-1") -> Object:
    return {"metadata": {"name": name, "namespace": "pacman"}, "spec": {"volumeName": volume}}


def volume(name: str = "pv-1", only_on: str = "", **source: Any) -> Object:
    """only_on: the node that it can be used on, "" for all."""
    spec: Object = source if source else {"csi": {"driver": "shared.example.org", "volumeHandle": name}}
    if only_on:
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [only_on]}]}
        spec = spec | {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}
    return {"metadata": {"name": name}, "spec": spec}


def workload(name: str, replicas: int = 1, ready: int = 1) -> Object:
    return {
        "metadata": {"name": name, "namespace": "pacman"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"name": name}}},
        "status": {"readyReplicas": ready},
    }


def service(name: str) -> Object:
    return {"metadata": {"name": name, "namespace": "pacman"}, "spec": {}}


def seen(*pods: Object, others: tuple[Object, ...] = (), **fields: Any) -> Seen:
    """The demo on two nodes, of which one carries its database. others: pods of other namespaces."""
    pods = pods or (pod(),)
    nodes = fields.pop("nodes", (node("one"), node("two")))
    on_node = {
        one["metadata"]["name"]: [p for p in (*pods, *others) if p["spec"]["nodeName"] == one["metadata"]["name"]]
        for one in nodes
    }
    demo: dict[str, Any] = {
        "server": "https://cluster.example.org",
        "namespace": "pacman",
        "pods": pods,
        "on_node": on_node,
        "nodes": nodes,
        "statefulsets": (workload("mongo"),),
        "deployments": (workload("pacman"),),
        "services": (service("mongo"), service("pacman")),
        "claims": {("pacman", "mongo-storage"): claim()},
        "volumes": {"pv-1": volume()},
    }
    return Seen(**(demo | fields))


def step(function: str, **arguments: Any) -> Object:
    provider = {"type": "python", "module": "chaosmongo.actions", "func": function, "arguments": arguments}
    return {"type": "action", "name": function.replace("_", " "), "provider": provider}


def experiment(*method: Object, rollbacks: tuple[Object, ...] = (), **configuration: Any) -> Experiment:
    return parse({"title": "t", "method": list(method), "rollbacks": list(rollbacks)}, configuration)


def planned(function: str, *later: Object, **arguments: Any) -> Planned:
    """A fault in namespace pacman, if not said otherwise, with the steps that follow it."""
    if function not in ("restart_control_plane", "remove_acknowledged_write"):
        arguments = {"namespace": "pacman"} | arguments
    return experiment(step(function, **arguments), *later).faults[0]


def findings(fault: Planned, there: Seen, config: Config = CONFIG) -> list[Finding]:
    return obstacles.find(fault, targets.find(fault, there), there, config)


def told(fault: Planned, there: Seen, config: Config = CONFIG) -> list[str]:
    """The findings, each as "level: text"."""
    return [f"{finding.level}: {finding.text}" for finding in findings(fault, there, config)]


def remedies(fault: Planned, there: Seen, config: Config = CONFIG) -> list[str]:
    return [finding.remedy for finding in findings(fault, there, config) if finding.remedy]


def commands(**given: str) -> Config:
    """A configuration whose commands are there, but for those given."""
    settings: Mapping[str, str] = {
        "node_crash_command": "true {node}",
        "node_start_command": "true {node}",
        "kubelet_stop_command": "true {node}",
        "control_plane_restart_command": "true",
    }
    return Config(**{**settings, **given})  # type: ignore[arg-type]
