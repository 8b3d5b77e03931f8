"""What a server does with a new object. https://kubernetes.io/docs/reference/using-api/api-concepts/"""

from __future__ import annotations

from .conftest import Cluster
from .objects import config_map, idle_pod


def test_a_new_object_gets_uid_version_and_time(cluster: Cluster, core: str) -> None:
    metadata = cluster.make(f"{core}/configmaps", config_map("new"))["metadata"]
    assert {"uid", "resourceVersion", "creationTimestamp"} <= metadata.keys()


def test_a_name_is_generated_from_its_beginning(cluster: Cluster, core: str) -> None:
    made = [cluster.make(f"{core}/configmaps", {"metadata": {"generateName": "gen-"}}) for _ in range(2)]
    names = [one["metadata"]["name"] for one in made]
    assert names[0] != names[1]
    assert all(name.startswith("gen-") and len(name) == len("gen-") + 5 for name in names)


def test_a_name_that_is_taken_is_a_conflict(cluster: Cluster, core: str) -> None:
    cluster.make(f"{core}/configmaps", config_map("taken"))
    answer = cluster.post(f"{core}/configmaps", config_map("taken"))
    assert (answer.status, answer.reason) == (409, "AlreadyExists")


def test_a_pod_starts_as_pending(cluster: Cluster, core: str) -> None:
    assert cluster.make(f"{core}/pods", idle_pod("new"))["status"]["phase"] == "Pending"
