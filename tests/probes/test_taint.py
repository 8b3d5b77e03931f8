"""Taints of a node, changed on a real API server while others change them, too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaosmongo.cluster import Cluster
from chaosmongo.errors import ApiRefused
from chaosmongo.undo import taint

from tests.lab.api.conftest import ApiServer, running

NODE = "/api/v1/nodes/n1"
OURS = {"key": taint.KEY, "value": "chaos-01234567", "effect": "NoExecute"}
Object = dict[str, Any]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("state")) as server:
        yield server


@pytest.fixture
def cluster(api: ApiServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:  # noqa: ARG001
    monkeypatch.setenv("KUBECONFIG", str(api.state / "kubeconfig"))
    assert api.post("/api/v1/nodes", {"metadata": {"name": "n1"}}).status == 201
    yield Cluster()
    api.delete(NODE)


def keys(cluster: Cluster) -> list[str]:
    """Less the one that every new node has."""
    found = [one["key"] for one in cluster.get(NODE)["spec"].get("taints") or []]
    return [key for key in found if key != "node.kubernetes.io/not-ready"]


class Disturbed:
    """The node as it is read, changed by somebody else right afterwards, the first `times` times."""

    def __init__(self, cluster: Cluster, times: int) -> None:
        self.cluster, self.times, self.read = cluster, times, 0

    def __call__(self) -> Object:
        found = self.cluster.get(NODE)
        self.read += 1
        if self.read <= self.times:
            theirs = {"key": f"theirs-{self.read}", "effect": "NoSchedule"}
            self.cluster.patch(NODE, {"spec": {"taints": [*(found["spec"].get("taints") or []), theirs]}})
        return found


def test_what_somebody_else_has_set_meanwhile_is_kept(cluster: Cluster) -> None:
    assert taint.retaint(Disturbed(cluster, 2), cluster, lambda taints: [*taints, OURS])
    assert keys(cluster) == ["theirs-1", "theirs-2", taint.KEY]


def test_somebody_who_is_always_faster_is_named_in_the_end(cluster: Cluster) -> None:
    with pytest.raises(ApiRefused, match="HTTP 409"):
        taint.retaint(Disturbed(cluster, 1000), cluster, lambda taints: [*taints, OURS])
    assert taint.KEY not in keys(cluster)


def test_nothing_is_written_where_nothing_is_to_be_changed(cluster: Cluster) -> None:
    before = cluster.get(NODE)["metadata"]["resourceVersion"]
    assert not taint.retaint(lambda: cluster.get(NODE), cluster, lambda taints: taints)
    assert cluster.get(NODE)["metadata"]["resourceVersion"] == before


def test_a_node_that_may_not_be_changed_any_more_is_left_alone(cluster: Cluster) -> None:
    assert not taint.retaint(lambda: None, cluster, lambda taints: [*taints, OURS])
    assert keys(cluster) == []
