"""The cluster that KUBECONFIG names, as it is: the demo applied anew before each run, and taken away after it.

Only kubectl is asked, so that any cluster will do. A namespace that is there already, and was not made here, is left
alone: taking it away would take its volumes along.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import laboratory

MADE_HERE = "chaos.mongodb/made-by=experiments"
"""The label of a namespace that may be deleted."""
READY_S = 300
GONE_S = 180
LAB = "+kubelab"
"""What the lab's version ends in."""


class NotHere(Exception):
    """What an experiment needs and this cluster does not have."""


@dataclass(frozen=True)
class Cluster:
    """What decides which experiments can be run in it.

    nodes: how many take any pod. classes: names of StorageClasses. is_lab: its database is no MongoDB, and its volumes
    have no size.
    """

    kubeconfig: Path
    nodes: int
    classes: frozenset[str]
    is_lab: bool


def look() -> Cluster:
    """Raises RuntimeError where KUBECONFIG names no file, or its cluster does not answer."""
    kubeconfig = Path(os.environ.get("KUBECONFIG", "")).absolute()
    if not kubeconfig.is_file():
        raise RuntimeError("KUBECONFIG names no file: say which cluster it is, like: KUBECONFIG=$HOME/.kube/config")
    version = json.loads(kubectl("get", "--raw", "/version"))["gitVersion"]
    nodes = [node for node in _items("nodes") if _takes_pods(node)]
    classes = frozenset(one["metadata"]["name"] for one in _items("storageclasses"))
    return Cluster(kubeconfig, len(nodes), classes, version.endswith(LAB))


def check(cluster: Cluster, folder: Path, configuration: dict[str, Any], nodes: int, elsewhere: str) -> None:
    """Raises NotHere where an experiment, or the demo in `folder` that it needs, cannot be run in the cluster.

    nodes: how many it needs that take any pod. elsewhere: what it needs that the lab does not have.
    """
    if elsewhere and cluster.is_lab:
        raise NotHere(elsewhere)
    if cluster.nodes < nodes:
        raise NotHere(f"{nodes} nodes that take any pod; this cluster has {cluster.nodes}")
    claims = [one for one in objects(folder) if one["kind"] == "PersistentVolumeClaim"]
    named = {claim["spec"]["storageClassName"] for claim in claims if "storageClassName" in claim["spec"]}
    if missing := named - cluster.classes:
        raise NotHere(f"the StorageClass {', '.join(sorted(missing))}; say where yours is named: MANIFESTS=DIR")
    commands = [told["key"] for name, told in configuration.items() if name.endswith("_command")]
    if unset := [key for key in commands if not os.environ.get(key)]:
        raise NotHere(f"{' and '.join(unset)} in the environment: no API of Kubernetes does this")


def check_volume(namespace: str, pod: str, path: str, most_mib: int) -> None:
    """Raises NotHere where so much is free that the volume has no size of its own (of `fill_disk`)."""
    told = kubectl("exec", "-n", namespace, pod, "--", "df", "-Pk", path)
    free_mib = int(told.splitlines()[-1].split()[3]) // 1024
    if free_mib > most_mib:
        raise NotHere(f"a volume with a size of its own: {free_mib:,} MiB are free on that of {pod}")


@contextmanager
def demo(folder: Path, namespace: str) -> Iterator[None]:
    """The manifests of a folder applied, and ready. Raises RuntimeError where they do not get so."""
    _delete(namespace)
    try:
        kubectl("create", "namespace", namespace)
        kubectl("label", "namespace", namespace, MADE_HERE)
        kubectl("apply", "-f", folder)
        for one in objects(folder):
            name = f"{one['kind'].lower()}/{one['metadata']['name']}"
            if one["kind"] in ("StatefulSet", "Deployment"):
                kubectl("rollout", "status", name, "-n", namespace, f"--timeout={READY_S}s")
            if one["kind"] == "Job":
                kubectl("wait", "--for=condition=complete", name, "-n", namespace, f"--timeout={READY_S}s")
        yield
    finally:
        with laboratory.to_the_end():
            _delete(namespace)


def _delete(namespace: str) -> None:
    """Raises RuntimeError where it is not ours."""
    found = [one for one in _items("namespaces") if one["metadata"]["name"] == namespace]
    if not found:
        return
    key, _, value = MADE_HERE.partition("=")
    if (found[0]["metadata"].get("labels") or {}).get(key) != value:
        raise RuntimeError(
            f"namespace {namespace} is there already, and was not made here; it is left alone. If nothing in it is "
            f"needed any more: kubectl delete namespace {namespace}"
        )
    kubectl("delete", "namespace", namespace, f"--timeout={GONE_S}s")


def kubectl(*arguments: str | Path) -> str:
    """What it printed. Raises RuntimeError with what it said where it fails."""
    return laboratory.command("kubectl", *arguments)


def _items(kind: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(kubectl("get", kind, "-o", "json"))["items"]
    return items


def _takes_pods(node: dict[str, Any]) -> bool:
    conditions = {one["type"]: one["status"] for one in node["status"].get("conditions", ())}
    taints = [one for one in node["spec"].get("taints") or () if one["effect"] != "PreferNoSchedule"]
    return conditions.get("Ready") == "True" and not taints and not node["spec"].get("unschedulable")


def objects(folder: Path) -> list[dict[str, Any]]:
    """Of its manifests, in order."""
    files = sorted(folder.glob("*.yaml"))
    return [one for file in files for one in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) if one]
