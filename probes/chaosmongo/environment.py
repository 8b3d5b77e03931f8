"""The fingerprint of where a run takes place: what must be alike where runs are compared."""

import platform
from importlib.metadata import version
from typing import Any

from chaosmongo.cluster import Cluster, Object
from chaosmongo.config import Config
from chaosmongo.errors import ChaosMongoError
from chaosmongo.history.records import Environment

Settings = dict[str, str | int | float | bool]

PROBE_DEFAULTS = {"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3}
GRACE_DEFAULT_S = 30


def fingerprint(config: Config, cluster: Cluster | None, mongodb: str) -> Environment:
    """What can be read of the environment; what cannot be read is absent."""
    tool = {
        "chaostoolkit-mongodb": version("chaostoolkit-mongodb"),
        "python": platform.python_version(),
        "pymongo": version("pymongo"),
    }
    if cluster is None:
        return Environment(mongodb=mongodb, tool=tool)
    kubernetes = cluster.get("/version").get("gitVersion", "")
    return Environment(str(kubernetes), mongodb, _nodes(cluster), _settings(cluster, config), tool)


def _nodes(cluster: Cluster) -> dict[str, str]:
    try:
        nodes = cluster.get("/api/v1/nodes")["items"]
    except ChaosMongoError:
        return {}
    return {node["metadata"]["name"]: _node_version(node) for node in nodes}


def _node_version(node: Object) -> str:
    return str(node.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", ""))


def _settings(cluster: Cluster, config: Config) -> Settings:
    apps = f"/apis/apps/v1/namespaces/{config.namespace}"
    found: Settings = {}
    for path in (f"{apps}/statefulsets/{config.statefulset}", f"{apps}/deployments/{config.app_service}"):
        try:
            found |= _workload(cluster.get(path))
        except ChaosMongoError:
            continue
    try:
        claims = cluster.get(f"/api/v1/namespaces/{config.namespace}/persistentvolumeclaims")["items"]
        found |= {f"claim.{claim['metadata']['name']}.storageClass": _storage_class(claim) for claim in claims}
    except ChaosMongoError:
        pass
    return found


def _storage_class(claim: Object) -> str:
    return str(claim["spec"].get("storageClassName") or "")


def _workload(thing: Object) -> Settings:
    name, spec = thing["metadata"]["name"], thing["spec"]
    pod: dict[str, Any] = spec["template"]["spec"]
    found: Settings = {
        f"{name}.replicas": spec.get("replicas", 1),
        f"{name}.terminationGracePeriodSeconds": pod.get("terminationGracePeriodSeconds", GRACE_DEFAULT_S),
        f"{name}.volumes": ", ".join(f"{v['name']}: {_kind(v)}" for v in pod.get("volumes", [])),
    }
    for container in pod["containers"]:
        found[f"{name}.{container['name']}.image"] = container.get("image", "")
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            found |= _probe(f"{name}.{container['name']}.{probe}", container.get(probe))
    return found


def _kind(volume: dict[str, Any]) -> str:
    return next((key for key in volume if key != "name"), "")


def _probe(name: str, probe: dict[str, Any] | None) -> Settings:
    if not probe:
        return {}
    how = next((kind for kind in ("exec", "httpGet", "tcpSocket", "grpc") if kind in probe), "")
    return {name: how} | {f"{name}.{key}": probe.get(key, default) for key, default in PROBE_DEFAULTS.items()}
