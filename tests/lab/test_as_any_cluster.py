"""`make experiments CLUSTER=current`: a lab that was not started for it is a cluster like any other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import current
from benchmarks.experiments import as_it_is, collection
from tests.e2e.commands import ROOT

from .conftest import RunningLab

pytestmark = pytest.mark.e2e

MANIFESTS = ROOT / "manifests"
EXPERIMENTS = {one.name: one for one in collection()}
DEMO = """
apiVersion: v1
kind: Namespace
metadata: {name: NAME, labels: {chaos.mongodb/allowed: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: told, namespace: NAME}
"""


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[current.Cluster]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KUBECONFIG", str(lab.kubeconfig))
        yield current.look()


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Path]:
    """A deployment that is ready at once, in a namespace of that name."""

    def make(name: str) -> Path:
        (tmp_path / "demo.yaml").write_text(DEMO.replace("NAME", name))
        return tmp_path

    return make


class TestTheDemo:
    def test_is_made_anew_and_taken_away(
        self, cluster: current.Cluster, lab: RunningLab, folder: Callable[[str], Path]
    ) -> None:
        assert (cluster.nodes, cluster.is_lab, cluster.classes) == (2, True, {"shared", "node-local"})
        seen = []
        for _ in range(2):
            with current.demo(folder("as-any"), "as-any"):
                assert lab.kubectl("get", "configmap", "told", "-n", "as-any", "-o", "name") == "configmap/told\n"
                seen.append(lab.get("namespace", "as-any")["metadata"])
        assert seen[0]["uid"] != seen[1]["uid"]
        assert seen[0]["labels"]["chaos.mongodb/allowed"] == "true"
        assert "not found" in lab.kubectl("get", "namespace", "as-any", check=False)

    @pytest.mark.usefixtures("cluster")
    def test_that_somebody_else_has_made_is_left_alone(
        self, lab: RunningLab, namespace: str, folder: Callable[[str], Path]
    ) -> None:
        with pytest.raises(RuntimeError, match=f"{namespace} is there already.*kubectl delete namespace {namespace}"):
            with current.demo(folder(namespace), namespace):
                pass
        assert lab.get("namespace", namespace)["status"]["phase"] == "Active"


class TestWhatTheClusterCannotDo:
    @pytest.mark.parametrize(
        ("name", "changes", "reason"),
        [
            ("replica-set/kill-primary", {}, "a MongoDB replica set"),
            ("mongo-disk-full", {}, "a cluster whose volumes have a size"),
            ("replica-set/kill-primary", {"is_lab": False}, "3 nodes that take any pod; this cluster has 2"),
            ("node-drain", {"nodes": 1}, "2 nodes that take any pod; this cluster has 1"),
            ("node-drain-local-volume", {"classes": frozenset({"standard"})}, "the StorageClass node-local; "),
            ("kubelet-stopped", {}, "KUBELET_STOP_COMMAND and NODE_START_COMMAND in the environment"),
        ],
    )
    def test_is_not_run_and_told(
        self, cluster: current.Cluster, name: str, changes: dict[str, Any], reason: str
    ) -> None:
        where = as_it_is(replace(cluster, **changes), MANIFESTS)
        with pytest.raises(current.NotHere, match=reason):
            with where(EXPERIMENTS[name]):
                pass

    def test_is_nothing_where_all_is_there(self, cluster: current.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        for key in ("NODE_CRASH_COMMAND", "NODE_START_COMMAND", "KUBELET_STOP_COMMAND"):
            monkeypatch.setenv(key, "true {node}")
        monkeypatch.setenv("CONTROL_PLANE_RESTART_COMMAND", "true")
        for one in EXPERIMENTS.values():
            if not one.elsewhere:
                current.check(cluster, MANIFESTS / one.demo, one.configuration, one.nodes, "")


def test_every_deployment_that_an_experiment_needs_makes_its_namespace() -> None:
    for one in EXPERIMENTS.values():
        made = [
            item["metadata"]["name"] for item in current.objects(MANIFESTS / one.demo) if item["kind"] == "Namespace"
        ]
        assert made == [one.namespace]
