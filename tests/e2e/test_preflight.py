"""Looking ahead, at one lab with the demo in it: what is told, how it exits, and that nothing is changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ended, run, running_lab

pytestmark = pytest.mark.e2e

BUDGET = "manifests/variants/with-budget"


class Lab:
    """A lab with the demo, as a person asks it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.kubeconfig = str(place / "lab" / "kubeconfig")

    def preflight(self, experiment: str, *options: str, **changes: str) -> Ended:
        command = ["chaos", "--no-version-check", "recovery", "preflight", f"experiments/{experiment}.yaml", *options]
        return run(command, self.place, **({"KUBECONFIG": self.kubeconfig} | changes))

    def kubectl(self, *arguments: str) -> str:
        ended = run(["kubectl", *arguments], self.place, KUBECONFIG=self.kubeconfig)
        assert ended.status == 0, ended.output
        return ended.output

    def state(self) -> list[Any]:
        """Everything that a fault could change: specs, labels, taints, and which objects there are."""
        kinds = "namespaces,nodes,pods,statefulsets,deployments,services,persistentvolumeclaims,poddisruptionbudgets"
        items = json.loads(self.kubectl("get", f"{kinds},networkpolicies", "-A", "-o", "json"))["items"]
        kept = ("name", "namespace", "uid", "labels", "annotations", "deletionTimestamp")
        return [
            [item["kind"], {key: item["metadata"].get(key) for key in kept}, item.get("spec")]
            for item in sorted(items, key=lambda item: item["metadata"]["uid"])
        ]


@pytest.fixture(scope="module")
def lab(place: Path) -> Iterator[Lab]:
    with running_lab(place, "--apply", "manifests"):
        yield Lab(place)


@pytest.fixture
def unchanged(lab: Lab) -> Iterator[None]:
    before = lab.state()
    yield
    assert lab.state() == before


@pytest.mark.usefixtures("unchanged")
class TestTheDemo:
    def test_can_have_its_pod_deleted(self, lab: Lab) -> None:
        ended = lab.preflight("mongo-pod-delete")
        assert ended.status == 0, ended.output
        assert "pod pacman/mongo-0 on node" in ended.output
        assert "of StatefulSet mongo" in ended.output
        assert "0 to 2 s  readiness" in ended.output
        assert "that a run needs are there" in ended.output

    def test_can_have_its_nodes_power_cut(self, lab: Lab) -> None:
        ended = lab.preflight("node-power-cut", "--var", "rto_s=60")
        assert ended.status == 0, ended.output
        assert "300 s  tolerationSeconds of the pod" in ended.output
        assert "rto_s 60 s: missed, whatever the database does" in ended.output

    def test_could_not_be_brought_back_without_a_command(self, lab: Lab) -> None:
        ended = lab.preflight("node-power-cut", NODE_START_COMMAND="")
        assert ended.status == 1, ended.output
        assert "it could not be taken back: configuration node_start_command" in ended.output

    def test_is_not_hit_under_another_name(self, lab: Lab) -> None:
        ended = lab.preflight("mongo-pod-delete", "--var", "statefulset=redis")
        assert ended.status == 1, ended.output
        assert "there is no pod redis-0 in namespace pacman: it hits nothing" in ended.output

    def test_may_be_looked_at_in_its_namespace_alone(self, lab: Lab) -> None:
        ended = lab.preflight("mongo-pod-delete", "--var", "namespace=default")
        assert ended.status == 1, ended.output
        assert "kubectl label namespace default chaos.mongodb/allowed=true" in ended.output


def test_a_budget_that_refuses_is_what_the_experiment_is_about(lab: Lab) -> None:
    budgets = [file for file in (lab.place / BUDGET).glob("*.yaml") if "PodDisruptionBudget" in file.read_text()]
    for file in budgets:
        lab.kubectl("apply", "-f", str(file))
    try:
        lab.kubectl("wait", "--for=jsonpath={.status.expectedPods}=1", "pdb/mongo", "-n", "pacman", "--timeout=30s")
        before = lab.state()
        ended = lab.preflight("node-drain-budget")
        assert lab.state() == before
    finally:
        for file in budgets:
            lab.kubectl("delete", "-f", str(file))
    assert ended.status == 0, ended.output
    assert "PodDisruptionBudget mongo lets nobody evict pacman/mongo-0 now" in ended.output


class TestWhatCannotBeRead:
    def test_is_the_experiment(self, lab: Lab) -> None:
        ended = lab.preflight("no-such-one")
        assert ended.status == 2
        assert "no-such-one.yaml cannot be read as an experiment" in ended.output
        assert "Traceback" not in ended.output

    def test_is_the_cluster(self, lab: Lab) -> None:
        ended = lab.preflight("mongo-pod-delete", KUBECONFIG="/nonexistent")
        assert ended.status == 2
        assert "No Kubernetes cluster is configured" in ended.output
        assert "Traceback" not in ended.output
