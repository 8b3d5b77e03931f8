"""Pods that are replaced without an outage. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"""

from __future__ import annotations

import time
from typing import Any

import pytest
from kubernetes import client

from .conftest import TIMEOUT_S, Cluster, Object, never, until
from .objects import condition_of, let_go, make_ready, pods_of, workload

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def make(cluster: Cluster, namespace: str, replicas: int, *, ready: bool = True, **spec: Any) -> None:
    """The Deployment "web", its first rollout done unless its pods are not to be ready."""
    cluster.make(f"/apis/apps/v1/namespaces/{namespace}/deployments", workload("web", replicas, **spec))
    until(lambda: sizes(cluster, namespace) == {"": replicas} and len(pods_of(cluster, namespace, "web")) == replicas)
    if ready:
        make_all_ready(cluster, namespace)
        until(lambda: reason_of(cluster, namespace, "Progressing") == "NewReplicaSetAvailable")


def make_all_ready(cluster: Cluster, namespace: str) -> None:
    """Leaves alone what is ready: when a new pod becomes ready, an old one may go at that moment."""
    for pod in pods_of(cluster, namespace, "web"):
        if not is_ready(pod):
            make_ready(cluster, pod)


def rolling(surge: int | str, unavailable: int | str) -> Object:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def change(cluster: Cluster, namespace: str, version: str, **spec: Any) -> None:
    """Another pod template."""
    template = {"metadata": {"annotations": {"version": version}}}
    cluster.apps.patch_namespaced_deployment("web", namespace, {"spec": {"template": template, **spec}})


def patch(cluster: Cluster, namespace: str, **spec: Any) -> None:
    cluster.apps.patch_namespaced_deployment("web", namespace, {"spec": spec})


def read(cluster: Cluster, namespace: str) -> client.V1Deployment:
    return cluster.apps.read_namespaced_deployment("web", namespace)


def status_of(cluster: Cluster, namespace: str) -> client.V1DeploymentStatus:
    return read(cluster, namespace).status


def is_observed(cluster: Cluster, namespace: str) -> bool:
    found = read(cluster, namespace)
    return bool(found.status.observed_generation == found.metadata.generation)


def condition(cluster: Cluster, namespace: str, kind: str) -> tuple[str, str]:
    """Status and reason."""
    found = condition_of(cluster.read(f"/apis/apps/v1/namespaces/{namespace}/deployments/web"), kind)
    return found.get("status", ""), found.get("reason", "")


def reason_of(cluster: Cluster, namespace: str, kind: str) -> str:
    return condition(cluster, namespace, kind)[1]


def sets_of(cluster: Cluster, namespace: str) -> dict[str, client.V1ReplicaSet]:
    """The ReplicaSets by the version of their template."""
    found = cluster.apps.list_namespaced_replica_set(namespace).items
    return {(one.spec.template.metadata.annotations or {}).get("version", ""): one for one in found}


def sizes(cluster: Cluster, namespace: str) -> dict[str, int]:
    """How many pods each ReplicaSet is to have, by the version of its template."""
    found = cluster.get(f"/apis/apps/v1/namespaces/{namespace}/replicasets").body["items"]
    return {version_of(one["spec"]["template"]): one["spec"]["replicas"] for one in found}


def revisions(cluster: Cluster, namespace: str) -> dict[str, str]:
    return {version: one.metadata.annotations[REVISION] for version, one in sets_of(cluster, namespace).items()}


def version_of(pod: Object) -> str:
    """Of a pod or a template."""
    return str(pod["metadata"].get("annotations", {}).get("version", ""))


def is_ready(pod: Object) -> bool:
    return bool(condition_of(pod, "Ready").get("status") == "True")


def test_a_replica_set_is_made_for_the_template(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2, ready=False)
    (made,) = cluster.apps.list_namespaced_replica_set(namespace).items
    version = made.metadata.labels[HASH]
    assert made.metadata.name == f"web-{version}"
    assert made.spec.selector.match_labels == {"app": "web", HASH: version}
    assert made.spec.template.metadata.labels == {"app": "web", HASH: version}
    assert {pod["metadata"]["labels"][HASH] for pod in pods_of(cluster, namespace, "web")} == {version}


def test_the_replica_set_belongs_to_the_deployment(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1, ready=False)
    (owner,) = sets_of(cluster, namespace)[""].metadata.owner_references
    assert (owner.api_version, owner.kind, owner.uid) == (
        "apps/v1",
        "Deployment",
        read(cluster, namespace).metadata.uid,
    )
    assert (owner.controller, owner.block_owner_deletion) == (True, True)


def test_annotations_of_the_deployment_are_those_of_its_replica_set(cluster: Cluster, apps: str) -> None:
    wanted = workload("web", 0)
    wanted["metadata"]["annotations"] = {"example.org/why": "test"}
    cluster.make(f"{apps}/deployments", wanted)
    (made,) = until(lambda: cluster.get(f"{apps}/replicasets").body["items"])
    found = made["metadata"]["annotations"]
    assert (found["example.org/why"], found[REVISION]) == ("test", "1")


@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), (0, 1), ("50%", "25%")])
def test_an_update_stays_within_its_bounds(
    cluster: Cluster, namespace: str, surge: int | str, unavailable: int | str
) -> None:
    make(cluster, namespace, 4, strategy=rolling(surge, unavailable))
    most = 4 + (2 if surge == "50%" else int(surge))
    least = 4 - (1 if unavailable == "25%" else int(unavailable))
    change(cluster, namespace, "2")
    end = time.monotonic() + TIMEOUT_S
    while sizes(cluster, namespace) != {"": 0, "2": 4} or not all_ready(cluster, namespace, 4):
        assert sum(sizes(cluster, namespace).values()) <= most
        pods = pods_of(cluster, namespace, "web")
        assert sum(is_ready(pod) for pod in pods) >= least
        for pod in [pod for pod in pods if not is_ready(pod)][:1]:
            make_ready(cluster, pod)
        assert time.monotonic() < end
        time.sleep(0.02)


def all_ready(cluster: Cluster, namespace: str, count: int) -> bool:
    return [is_ready(pod) for pod in pods_of(cluster, namespace, "web")] == [True] * count


def test_a_share_of_pods_to_surge_is_rounded_up_and_one_to_miss_is_rounded_down(
    cluster: Cluster, namespace: str
) -> None:
    make(cluster, namespace, 3, strategy=rolling("50%", "50%"))
    change(cluster, namespace, "2")
    until(lambda: sizes(cluster, namespace) == {"": 2, "2": 3})
    never(lambda: sizes(cluster, namespace) != {"": 2, "2": 3})


def test_an_update_waits_for_new_pods_to_be_ready(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2, strategy=rolling(1, 0))
    change(cluster, namespace, "2")
    until(lambda: sizes(cluster, namespace) == {"": 2, "2": 1})
    never(lambda: sizes(cluster, namespace) != {"": 2, "2": 1})
    make_all_ready(cluster, namespace)
    until(lambda: sizes(cluster, namespace) == {"": 1, "2": 2})


def test_old_pods_that_serve_nobody_go_first(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 3, strategy=rolling(1, 1))
    make_ready(cluster, pods_of(cluster, namespace, "web")[0], ready=False)
    until(lambda: status_of(cluster, namespace).available_replicas == 2)
    change(cluster, namespace, "2")
    until(lambda: sizes(cluster, namespace) == {"": 2, "2": 2})
    until(lambda: len(pods_of(cluster, namespace, "web")) == 4)
    assert [version_of(pod) for pod in pods_of(cluster, namespace, "web") if is_ready(pod)] == ["", ""]


def test_recreate_makes_new_pods_when_the_old_ones_are_gone(cluster: Cluster, namespace: str, silent_node: str) -> None:
    wanted = workload("web", 1, strategy={"type": "Recreate"})
    wanted["spec"]["template"]["spec"]["nodeName"] = silent_node
    cluster.make(f"/apis/apps/v1/namespaces/{namespace}/deployments", wanted)
    (before,) = until(lambda: pods_of(cluster, namespace, "web"))
    change(cluster, namespace, "2")
    until(lambda: not pods_of(cluster, namespace, "web"))
    never(lambda: pods_of(cluster, namespace, "web"))
    let_go(cluster, before)
    (after,) = until(lambda: pods_of(cluster, namespace, "web"))
    assert version_of(after) == "2"


def test_a_paused_deployment_rolls_nothing_out(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1)
    patch(cluster, namespace, paused=True)
    until(lambda: condition(cluster, namespace, "Progressing") == ("Unknown", "DeploymentPaused"))
    change(cluster, namespace, "2")
    until(lambda: is_observed(cluster, namespace))
    never(lambda: sizes(cluster, namespace) != {"": 1})
    patch(cluster, namespace, paused=False)
    until(lambda: "2" in sizes(cluster, namespace))
    until(lambda: reason_of(cluster, namespace, "Progressing") != "DeploymentPaused")


def test_a_paused_deployment_can_be_scaled(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1)
    patch(cluster, namespace, paused=True)
    cluster.apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
    until(lambda: sizes(cluster, namespace) == {"": 3})


def test_a_deployment_that_is_paused_from_the_start_makes_nothing(cluster: Cluster, namespace: str) -> None:
    cluster.make(f"/apis/apps/v1/namespaces/{namespace}/deployments", workload("web", 1, paused=True))
    until(lambda: reason_of(cluster, namespace, "Progressing") == "DeploymentPaused")
    assert sizes(cluster, namespace) == {}


def test_each_template_is_a_revision_with_a_higher_number(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 0)
    change(cluster, namespace, "2")
    until(lambda: revisions(cluster, namespace) == {"": "1", "2": "2"})
    until(lambda: read(cluster, namespace).metadata.annotations[REVISION] == "2")


def test_a_return_to_an_earlier_template_takes_its_replica_set_up_again(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 0)
    first = sets_of(cluster, namespace)[""].metadata.uid
    change(cluster, namespace, "2")
    until(lambda: len(sizes(cluster, namespace)) == 2)
    cluster.patch(
        f"/apis/apps/v1/namespaces/{namespace}/deployments/web",
        {"spec": {"template": {"metadata": {"annotations": None}}}},
    )
    until(lambda: revisions(cluster, namespace) == {"": "3", "2": "2"})
    found = sets_of(cluster, namespace)[""]
    assert found.metadata.uid == first
    assert found.metadata.annotations["deployment.kubernetes.io/revision-history"] == "1"


def test_old_replica_sets_are_kept_up_to_a_limit(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 0, revisionHistoryLimit=1)
    for version in ("2", "3", "4"):
        change(cluster, namespace, version)
        until(lambda version=version: version in sizes(cluster, namespace))
    until(lambda: set(sizes(cluster, namespace)) == {"3", "4"})


def test_scaling_is_no_new_revision(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1)
    patch(cluster, namespace, replicas=3)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 3)
    assert revisions(cluster, namespace) == {"": "1"}


def test_scaling_amid_an_update_keeps_the_proportion_of_old_and_new(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 5, strategy=rolling(1, 1))
    change(cluster, namespace, "2")
    until(lambda: sizes(cluster, namespace) == {"": 4, "2": 2})
    patch(cluster, namespace, replicas=10)
    until(lambda: sizes(cluster, namespace) == {"": 7, "2": 4})
    never(lambda: sizes(cluster, namespace) != {"": 7, "2": 4})


def test_a_deployment_without_ready_pods_is_not_available_but_makes_progress(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1, ready=False)
    until(lambda: condition(cluster, namespace, "Available") == ("False", "MinimumReplicasUnavailable"))
    until(lambda: condition(cluster, namespace, "Progressing") == ("True", "ReplicaSetUpdated"))


def test_a_deployment_is_available_and_done_when_its_pods_are_ready(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2)
    assert condition(cluster, namespace, "Available") == ("True", "MinimumReplicasAvailable")
    assert condition(cluster, namespace, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_a_deployment_that_lost_a_pod_is_done_all_the_same(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1)
    make_ready(cluster, pods_of(cluster, namespace, "web")[0], ready=False)
    until(lambda: condition(cluster, namespace, "Available") == ("False", "MinimumReplicasUnavailable"))
    assert condition(cluster, namespace, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_an_update_that_makes_no_progress_is_late(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 1, ready=False, progressDeadlineSeconds=1)
    until(lambda: condition(cluster, namespace, "Progressing") == ("False", "ProgressDeadlineExceeded"))
    make_all_ready(cluster, namespace)
    until(lambda: condition(cluster, namespace, "Progressing") == ("True", "NewReplicaSetAvailable"))


def test_the_status_counts_old_and_new_pods(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2, strategy=rolling(1, 0))

    def counts() -> tuple[int | None, ...]:
        found = status_of(cluster, namespace)
        counted = (found.replicas, found.updated_replicas, found.ready_replicas, found.available_replicas)
        return (*counted, found.unavailable_replicas)

    until(lambda: counts() == (2, 2, 2, 2, None))
    change(cluster, namespace, "2")
    until(lambda: counts() == (3, 1, 2, 2, 1))


def test_the_status_says_which_generation_it_is_of(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 0)
    before = status_of(cluster, namespace).observed_generation
    patch(cluster, namespace, minReadySeconds=1)
    until(lambda: is_observed(cluster, namespace))
    assert read(cluster, namespace).metadata.generation == before + 1


def test_the_time_to_be_available_is_passed_on(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 0)
    patch(cluster, namespace, minReadySeconds=7)
    until(lambda: sets_of(cluster, namespace)[""].spec.min_ready_seconds == 7)


def test_a_replica_set_without_owner_is_adopted(cluster: Cluster, namespace: str, apps: str) -> None:
    make(cluster, namespace, 1)
    before = sets_of(cluster, namespace)[""].metadata
    cluster.delete(f"{apps}/deployments/web", {"propagationPolicy": "Orphan"})
    until(lambda: cluster.is_gone(f"{apps}/deployments/web"))
    assert sets_of(cluster, namespace)[""].metadata.owner_references is None
    adopter = cluster.make(f"{apps}/deployments", workload("web", 1))["metadata"]["uid"]

    def owners() -> list[str]:
        found = cluster.apps.list_namespaced_replica_set(namespace).items
        return [one.metadata.owner_references[0].uid for one in found if one.metadata.owner_references]

    until(lambda: owners() == [adopter])
    assert sets_of(cluster, namespace)[""].metadata.uid == before.uid


def test_the_scaling_of_a_replica_set_is_told_as_an_event(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2)
    name = sets_of(cluster, namespace)[""].metadata.name
    selector = "involvedObject.kind=Deployment,involvedObject.name=web,reason=ScalingReplicaSet"
    (told,) = until(lambda: cluster.core.list_namespaced_event(namespace, field_selector=selector).items)
    assert told.message.startswith(f"Scaled up replica set {name}")


def test_a_rollout_that_could_never_work_is_refused(cluster: Cluster, apps: str) -> None:
    for spec, field in (
        ({"strategy": rolling(0, 0)}, "spec.strategy.rollingUpdate.maxUnavailable"),
        ({"strategy": rolling(0, "0%")}, "spec.strategy.rollingUpdate.maxUnavailable"),
        ({"strategy": rolling(-1, 1)}, "spec.strategy.rollingUpdate.maxSurge"),
        ({"strategy": rolling(1, "101%")}, "spec.strategy.rollingUpdate.maxUnavailable"),
        ({"minReadySeconds": -1}, "spec.minReadySeconds"),
        ({"progressDeadlineSeconds": 5, "minReadySeconds": 5}, "spec.progressDeadlineSeconds"),
        ({"revisionHistoryLimit": -1}, "spec.revisionHistoryLimit"),
    ):
        answer = cluster.post(f"{apps}/deployments", workload("web", 1, **spec))
        assert (answer.status, answer.causes) == (422, [(field, "FieldValueInvalid")]), spec
