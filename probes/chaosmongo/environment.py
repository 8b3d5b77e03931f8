"""The fingerprint of where a run takes place: what must be alike where runs are compared.

Only what is named here is ever taken: no value of an environment variable, nothing of a Secret, and of a container's
command the names of its long options alone. What we are not allowed to read is named as such, so that nobody takes "not
read" for "not set".
"""

import os
import platform
import re
from importlib.metadata import version
from typing import Any

from chaosmongo.cluster import Cluster, Object
from chaosmongo.config import Config
from chaosmongo.errors import ApiRefused, ChaosMongoError
from chaosmongo.history.records import Environment

Settings = dict[str, str | int | float | bool]

PROBE_DEFAULTS = {
    "initialDelaySeconds": 0,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "failureThreshold": 3,
    "successThreshold": 1,
}
GRACE_DEFAULT_S = 30
TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
"""Taints of a failed node. A pod without a toleration of its own gets one of 300 s from the API server."""

OPTION = re.compile(r"--[A-Za-z][\w-]*")


def fingerprint(config: Config, cluster: Cluster | None, mongodb: str) -> Environment:
    """What can be read of the environment. mongodb: the version, as the server names itself."""
    if cluster is None:
        return Environment(mongodb=mongodb, tool=_tool())
    kubernetes = cluster.get("/version").get("gitVersion", "")
    reading = _Reading(cluster)
    nodes = reading.items("nodes", "/api/v1/nodes")
    settings = _settings(reading, config)
    unread: Settings = {f"not readable.{what}": why for what, why in reading.refused.items()}
    described = {node["metadata"]["name"]: _node(node) for node in nodes}
    return Environment(str(kubernetes), mongodb, described, settings | unread, _tool())


class _Reading:
    """GETs that may fail: what is not there is absent, what we may not read is noted in `refused`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.refused: dict[str, str] = {}

    def get(self, what: str, path: str) -> Object:
        """The object at `path`; an empty one where it is not there or cannot be read."""
        try:
            return self._cluster.get(path)
        except ApiRefused as error:
            if error.status != 404:
                self.refused[what] = f"HTTP {error.status}"
        except ChaosMongoError:
            self.refused[what] = "no answer"
        return {}

    def items(self, what: str, path: str) -> list[Object]:
        return list(self.get(what, path).get("items") or [])


def _tool() -> dict[str, str]:
    """What measures: its versions, and the machine it runs on."""
    packages = ("chaostoolkit-mongodb", "chaostoolkit", "chaostoolkit-lib", "pymongo", "kubernetes")
    machine = f"{platform.system()} {platform.release()} {platform.machine()}, {_cpus()} CPUs"
    return {name: version(name) for name in packages} | {"python": platform.python_version(), "machine": machine}


def _cpus() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def _node(node: Object) -> str:
    """Version, platform, size and runtime, like "v1.36.2 linux/amd64, 4 CPUs, 16384Ki memory, containerd://2.0"."""
    status = node.get("status", {})
    info, capacity = status.get("nodeInfo", {}), status.get("capacity", {})
    system = f"{info.get('operatingSystem', '?')}/{info.get('architecture', '?')}"
    return (
        f"{info.get('kubeletVersion', '?')} {system}, {capacity.get('cpu', '?')} CPUs, "
        f"{capacity.get('memory', '?')} memory, {info.get('containerRuntimeVersion', '?')}, "
        f"kernel {info.get('kernelVersion', '?')}"
    )


def _settings(reading: _Reading, config: Config) -> Settings:
    core, apps = f"/api/v1/namespaces/{config.namespace}", f"/apis/apps/v1/namespaces/{config.namespace}"
    found: Settings = {}
    for what, path, name in (
        ("StatefulSet", f"{apps}/statefulsets", config.statefulset),
        ("Deployment", f"{apps}/deployments", config.app_service),
    ):
        if name:  # a path without one would list them all
            found |= _workload(reading.get(what, f"{path}/{name}"))
    pod = reading.get("pod", f"{core}/pods/{config.statefulset}-0")
    found |= _running(pod, config.statefulset)
    for name in _claims(pod):
        found |= _claim(reading, name, reading.get("PersistentVolumeClaim", f"{core}/persistentvolumeclaims/{name}"))
    budgets = f"/apis/policy/v1/namespaces/{config.namespace}/poddisruptionbudgets"
    for budget in reading.items("PodDisruptionBudgets", budgets):
        found |= _budget(budget)
    return found


def _workload(thing: Object) -> Settings:
    """What a StatefulSet or a Deployment asks for."""
    if not thing:
        return {}
    name, spec = thing["metadata"]["name"], thing["spec"]
    pod: dict[str, Any] = spec["template"]["spec"]
    found: Settings = {
        f"{name}.replicas": spec.get("replicas", 1),
        f"{name}.minReadySeconds": spec.get("minReadySeconds", 0),
        f"{name}.terminationGracePeriodSeconds": pod.get("terminationGracePeriodSeconds", GRACE_DEFAULT_S),
        f"{name}.volumes": ", ".join(f"{v['name']}: {_kind(v)}" for v in pod.get("volumes") or []),
    }
    if "podManagementPolicy" in spec:
        found[f"{name}.podManagementPolicy"] = spec["podManagementPolicy"]
    for container in pod.get("initContainers") or []:
        found[f"{name}.{container['name']}.image"] = container.get("image", "")
    for container in pod["containers"]:
        found |= _container(f"{name}.{container['name']}", container)
    return found


def _container(name: str, container: dict[str, Any]) -> Settings:
    words = [str(word) for word in [*(container.get("command") or []), *(container.get("args") or [])]]
    options = sorted({word.partition("=")[0] for word in words if OPTION.fullmatch(word.partition("=")[0])})
    found: Settings = {f"{name}.image": container.get("image", "")}
    if options:
        found[f"{name}.options"] = " ".join(options)
    for kind, amounts in (container.get("resources") or {}).items():
        if isinstance(amounts, dict):
            found |= {f"{name}.{kind}.{resource}": str(amount) for resource, amount in amounts.items()}
    if hook := (container.get("lifecycle") or {}).get("preStop"):
        found[f"{name}.preStop"] = _kind(hook)  # it takes its time from the grace period
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        found |= _probe(f"{name}.{probe}", container.get(probe))
    return found


def _kind(volume: dict[str, Any]) -> str:
    return next((key for key in volume if key != "name"), "")


def _probe(name: str, probe: dict[str, Any] | None) -> Settings:
    if not probe:
        return {}
    how = next((kind for kind in ("exec", "httpGet", "tcpSocket", "grpc") if kind in probe), "")
    return {name: how} | {f"{name}.{key}": probe.get(key, default) for key, default in PROBE_DEFAULTS.items()}


def _running(pod: Object, statefulset: str) -> Settings:
    """What the API server and the node made of it: images by their content, how long a failed node is tolerated."""
    if not pod:
        return {}
    found: Settings = {
        f"{statefulset}.{container['name']}.imageID": container.get("imageID", "")
        for container in pod.get("status", {}).get("containerStatuses") or []
    }
    tolerations = pod["spec"].get("tolerations") or []
    for taint in TOLERATED:
        seconds = [t.get("tolerationSeconds", "for ever") for t in tolerations if t.get("key") in (taint, None, "")]
        found[f"{statefulset}.tolerationSeconds.{taint.rpartition('/')[2]}"] = seconds[0] if seconds else 0
    return found


def _claims(pod: Object) -> list[str]:
    """Names of the claims that the pod's volumes are bound by, those of volumeClaimTemplates among them."""
    volumes = pod.get("spec", {}).get("volumes") or []
    return [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume]


def _claim(reading: _Reading, name: str, claim: Object) -> Settings:
    """The class that the claim got, and who provisions it."""
    if not claim:
        return {}
    spec = claim["spec"]
    notes = claim["metadata"].get("annotations") or {}
    kind = spec.get("storageClassName") or ""
    storage = reading.get("StorageClass", f"/apis/storage.k8s.io/v1/storageclasses/{kind}") if kind else {}
    provisioner = storage.get("provisioner") or notes.get("volume.kubernetes.io/storage-provisioner") or ""
    found: Settings = {
        f"claim.{name}.storageClass": kind,
        f"claim.{name}.provisioner": provisioner,
        f"claim.{name}.accessModes": ", ".join(spec.get("accessModes") or []),
        f"claim.{name}.storage": str(claim.get("status", {}).get("capacity", {}).get("storage", "")),
    }
    if "volumeBindingMode" in storage:
        found[f"claim.{name}.volumeBindingMode"] = storage["volumeBindingMode"]
    return found


def _budget(budget: Object) -> Settings:
    name, spec = budget["metadata"]["name"], budget["spec"]
    return {
        f"budget.{name}.{key}": spec[key] for key in ("minAvailable", "maxUnavailable") if spec.get(key) is not None
    }
