"""Pods with an identity. https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster, Object, never, until
from .objects import is_leaving, let_go, make_ready, names, pods_of, stateful_set

REVISION = "controller-revision-hash"
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "resources": {"requests": {"storage": "1Gi"}},
    },
}


def parallel(name: str, replicas: int, **spec: Any) -> Object:
    return stateful_set(name, replicas, podManagementPolicy="Parallel", **spec)


def on(node: str, wanted: Object) -> Object:
    """The workload with pods on a silent node: they stay when they are deleted."""
    wanted["spec"]["template"]["spec"]["nodeName"] = node
    return wanted


def make(cluster: Cluster, namespace: str, wanted: Object, ready: int | None = None) -> list[Object]:
    """Makes the set and as many of its pods Ready, one after the other; its pods, when all of these are there."""
    cluster.make(f"/apis/apps/v1/namespaces/{namespace}/statefulsets", wanted)
    name, replicas = wanted["metadata"]["name"], wanted["spec"]["replicas"]
    first = wanted["spec"].get("ordinals", {}).get("start", 0)
    count = replicas if ready is None else ready
    for ordinal in range(first, first + count):
        make_ready(cluster, pod_of(cluster, namespace, f"{name}-{ordinal}"))
    until(lambda: len(pods_of(cluster, namespace, name)) >= count)
    return pods_of(cluster, namespace, name)


def pod_of(cluster: Cluster, namespace: str, name: str, other_than: Object | None = None) -> Object:
    """The pod of that name, as soon as it is there, and not the other one."""

    def found() -> Object | None:
        answer = cluster.get(f"/api/v1/namespaces/{namespace}/pods/{name}")
        if answer.status == 404 or is_leaving(answer.body):
            return None
        same = other_than and answer.body["metadata"]["uid"] == other_than["metadata"]["uid"]
        return None if same else dict(answer.body)

    return dict(until(found))


def scale(cluster: Cluster, namespace: str, name: str, replicas: int) -> None:
    cluster.apps.patch_namespaced_stateful_set_scale(name, namespace, {"spec": {"replicas": replicas}})


def change(cluster: Cluster, namespace: str, name: str, version: str, **spec: Any) -> None:
    """Another pod template."""
    template = {"metadata": {"annotations": {"version": version}}}
    cluster.apps.patch_namespaced_stateful_set(name, namespace, {"spec": {"template": template, **spec}})


def version_of(pod: Object) -> str:
    return str(pod["metadata"].get("annotations", {}).get("version", ""))


def status_of(cluster: Cluster, namespace: str, name: str) -> client.V1StatefulSetStatus:
    return cluster.apps.read_namespaced_stateful_set(name, namespace).status


def is_observed(cluster: Cluster, namespace: str, name: str) -> bool:
    found = cluster.apps.read_namespaced_stateful_set(name, namespace)
    return bool(found.status.observed_generation == found.metadata.generation)


def revisions_of(cluster: Cluster, namespace: str) -> dict[str, int]:
    found = cluster.apps.list_namespaced_controller_revision(namespace).items
    return {one.metadata.name: one.revision for one in found}


def test_the_next_pod_is_made_when_the_one_before_is_ready(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 3), ready=0)
    first = pod_of(cluster, namespace, "web-0")
    never(lambda: names(pods_of(cluster, namespace, "web")) != ["web-0"])
    make_ready(cluster, first)
    pod_of(cluster, namespace, "web-1")
    never(lambda: cluster.get(f"/api/v1/namespaces/{namespace}/pods/web-2").status == 200)


def test_a_parallel_set_makes_all_pods_at_once(cluster: Cluster, namespace: str) -> None:
    cluster.make(f"/apis/apps/v1/namespaces/{namespace}/statefulsets", parallel("web", 3))
    until(lambda: names(pods_of(cluster, namespace, "web")) == ["web-0", "web-1", "web-2"])


def test_ordinals_begin_where_the_set_says(cluster: Cluster, namespace: str) -> None:
    made = make(cluster, namespace, stateful_set("web", 2, ordinals={"start": 5}))
    assert names(made) == ["web-5", "web-6"]


def test_a_pod_has_the_labels_of_its_template_and_of_its_identity(cluster: Cluster, namespace: str) -> None:
    pod = make(cluster, namespace, stateful_set("web", 1))[0]
    revision = until(lambda: status_of(cluster, namespace, "web").update_revision)
    assert pod["metadata"]["labels"] == {
        "app": "web",
        "apps.kubernetes.io/pod-index": "0",
        "statefulset.kubernetes.io/pod-name": "web-0",
        REVISION: revision,
    }


def test_a_pod_is_called_by_its_name_within_the_service(cluster: Cluster, namespace: str) -> None:
    wanted = stateful_set("web", 1)
    wanted["spec"]["serviceName"] = "within"
    make(cluster, namespace, wanted)
    spec = cluster.core.read_namespaced_pod("web-0", namespace).spec
    assert (spec.hostname, spec.subdomain) == ("web-0", "within")


def test_a_pod_belongs_to_its_set(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 1))
    made = cluster.apps.read_namespaced_stateful_set("web", namespace)
    (owner,) = cluster.core.read_namespaced_pod("web-0", namespace).metadata.owner_references
    assert (owner.api_version, owner.kind, owner.name, owner.uid) == (
        "apps/v1",
        "StatefulSet",
        "web",
        made.metadata.uid,
    )
    assert owner.controller
    assert owner.block_owner_deletion


def test_the_making_of_a_pod_is_told_as_an_event_of_the_set(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 1))
    selector = "involvedObject.kind=StatefulSet,involvedObject.name=web,reason=SuccessfulCreate"
    (told,) = until(lambda: cluster.core.list_namespaced_event(namespace, field_selector=selector).items)
    assert told.type == "Normal"
    assert "web-0" in told.message


def test_a_deleted_pod_comes_back_as_another_of_the_same_name(cluster: Cluster, namespace: str) -> None:
    before = make(cluster, namespace, stateful_set("web", 2))[1]
    cluster.core.delete_namespaced_pod("web-1", namespace)
    after = pod_of(cluster, namespace, "web-1", other_than=before)
    assert after["metadata"]["labels"] == before["metadata"]["labels"]


def test_there_is_one_pod_of_an_identity_while_its_end_is_awaited(
    cluster: Cluster, namespace: str, silent_node: str
) -> None:
    before = make(cluster, namespace, on(silent_node, stateful_set("web", 1)))[0]
    cluster.core.delete_namespaced_pod("web-0", namespace)
    never(lambda: len(cluster.core.list_namespaced_pod(namespace).items) != 1)
    assert cluster.core.read_namespaced_pod("web-0", namespace).metadata.uid == before["metadata"]["uid"]
    let_go(cluster, before)
    pod_of(cluster, namespace, "web-0", other_than=before)


def test_a_finalizer_of_a_pod_keeps_its_successor_away(cluster: Cluster, namespace: str, core: str) -> None:
    before = make(cluster, namespace, stateful_set("web", 1))[0]
    cluster.patch(f"{core}/pods/web-0", {"metadata": {"finalizers": ["example.org/hold"]}})
    cluster.delete(f"{core}/pods/web-0")
    never(lambda: cluster.read(f"{core}/pods/web-0")["metadata"]["uid"] != before["metadata"]["uid"])
    cluster.patch(f"{core}/pods/web-0", {"metadata": {"finalizers": None}})
    pod_of(cluster, namespace, "web-0", other_than=before)


def test_pods_that_ended_are_made_again(cluster: Cluster, namespace: str, core: str) -> None:
    before = make(cluster, namespace, parallel("web", 2))
    for ordinal, phase in enumerate(("Failed", "Succeeded")):
        cluster.patch(f"{core}/pods/web-{ordinal}/status", {"status": {"phase": phase}})
    for ordinal in (0, 1):
        pod_of(cluster, namespace, f"web-{ordinal}", other_than=before[ordinal])


def test_a_set_shrinks_from_the_highest_ordinal_one_by_one(cluster: Cluster, namespace: str, silent_node: str) -> None:
    made = make(cluster, namespace, on(silent_node, stateful_set("web", 3)))
    scale(cluster, namespace, "web", 1)
    until(lambda: names(pods_of(cluster, namespace, "web")) == ["web-0", "web-1"])
    never(lambda: names(pods_of(cluster, namespace, "web")) != ["web-0", "web-1"])
    let_go(cluster, made[2])
    until(lambda: names(pods_of(cluster, namespace, "web")) == ["web-0"])


def test_a_parallel_set_shrinks_at_once(cluster: Cluster, namespace: str, silent_node: str) -> None:
    make(cluster, namespace, on(silent_node, parallel("web", 3)))
    scale(cluster, namespace, "web", 1)
    until(lambda: names(pods_of(cluster, namespace, "web")) == ["web-0"])


def test_a_set_does_not_shrink_while_a_pod_that_stays_is_not_ready(cluster: Cluster, namespace: str) -> None:
    made = make(cluster, namespace, stateful_set("web", 2))
    make_ready(cluster, made[0], ready=False)
    scale(cluster, namespace, "web", 1)
    never(lambda: len(pods_of(cluster, namespace, "web")) != 2)
    make_ready(cluster, made[0])
    until(lambda: names(pods_of(cluster, namespace, "web")) == ["web-0"])


def test_of_two_pods_too_many_that_are_not_ready_the_lower_has_to_be_ready_first(
    cluster: Cluster, namespace: str
) -> None:
    made = make(cluster, namespace, stateful_set("web", 3))
    for pod in made[1:]:
        make_ready(cluster, pod, ready=False)
    scale(cluster, namespace, "web", 1)
    never(lambda: len(pods_of(cluster, namespace, "web")) != 3)
    make_ready(cluster, made[1])
    until(lambda: names(pods_of(cluster, namespace, "web")) == ["web-0"])


def test_a_new_template_replaces_pods_from_the_highest_ordinal(cluster: Cluster, namespace: str) -> None:
    before = make(cluster, namespace, stateful_set("web", 3))
    change(cluster, namespace, "web", "2")
    for ordinal in (2, 1, 0):
        after = pod_of(cluster, namespace, f"web-{ordinal}", other_than=before[ordinal])
        assert version_of(after) == "2"
        assert [version_of(pod) for pod in pods_of(cluster, namespace, "web")[:ordinal]] == [""] * ordinal
        make_ready(cluster, after)


def test_an_update_waits_until_the_new_pod_is_ready(cluster: Cluster, namespace: str) -> None:
    before = make(cluster, namespace, stateful_set("web", 2))
    change(cluster, namespace, "web", "2")
    after = pod_of(cluster, namespace, "web-1", other_than=before[1])
    never(lambda: pods_of(cluster, namespace, "web")[0]["metadata"]["uid"] != before[0]["metadata"]["uid"])
    make_ready(cluster, after)
    pod_of(cluster, namespace, "web-0", other_than=before[0])


def test_a_partition_holds_lower_ordinals_back(cluster: Cluster, namespace: str, apps: str) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    before = make(cluster, namespace, stateful_set("web", 2, updateStrategy=strategy))
    change(cluster, namespace, "web", "2")
    make_ready(cluster, pod_of(cluster, namespace, "web-1", other_than=before[1]))
    never(lambda: [version_of(pod) for pod in pods_of(cluster, namespace, "web")] != ["", "2"])
    status = until(lambda: (found := status_of(cluster, namespace, "web")).updated_replicas == 1 and found)
    assert (status.current_replicas, status.current_revision == status.update_revision) == (1, False)
    cluster.patch(f"{apps}/statefulsets/web", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
    assert version_of(pod_of(cluster, namespace, "web-0", other_than=before[0])) == "2"


def test_a_pod_below_the_partition_comes_back_as_it_was(cluster: Cluster, namespace: str) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 5}}
    before = make(cluster, namespace, stateful_set("web", 1, updateStrategy=strategy))[0]
    change(cluster, namespace, "web", "2")
    until(lambda: is_observed(cluster, namespace, "web"))
    cluster.core.delete_namespaced_pod("web-0", namespace)
    after = pod_of(cluster, namespace, "web-0", other_than=before)
    assert version_of(after) == ""
    assert after["metadata"]["labels"][REVISION] == before["metadata"]["labels"][REVISION]


def test_on_delete_updates_only_what_is_deleted(cluster: Cluster, namespace: str) -> None:
    before = make(cluster, namespace, stateful_set("web", 2, updateStrategy={"type": "OnDelete"}))
    change(cluster, namespace, "web", "2")
    never(lambda: {version_of(pod) for pod in pods_of(cluster, namespace, "web")} != {""})
    cluster.core.delete_namespaced_pod("web-1", namespace)
    assert version_of(pod_of(cluster, namespace, "web-1", other_than=before[1])) == "2"
    assert version_of(pod_of(cluster, namespace, "web-0")) == ""


def test_a_template_is_kept_as_a_revision_of_the_set(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 1))
    owner = cluster.apps.read_namespaced_stateful_set("web", namespace)
    (kept,) = cluster.apps.list_namespaced_controller_revision(namespace).items
    assert (kept.revision, kept.metadata.owner_references[0].uid) == (1, owner.metadata.uid)
    assert kept.metadata.name.startswith("web-")
    assert kept.metadata.labels["app"] == "web"
    assert kept.data["spec"]["template"]["metadata"]["labels"] == {"app": "web"}


def test_the_status_names_the_revision_from_which_and_to_which_pods_go(cluster: Cluster, namespace: str) -> None:
    before = make(cluster, namespace, stateful_set("web", 1))[0]
    first = until(lambda: status_of(cluster, namespace, "web").current_revision)
    change(cluster, namespace, "web", "2")
    during = until(lambda: (found := status_of(cluster, namespace, "web")).update_revision != first and found)
    assert during.current_revision == first
    make_ready(cluster, pod_of(cluster, namespace, "web-0", other_than=before))
    until(lambda: status_of(cluster, namespace, "web").current_revision == during.update_revision)


def test_a_return_to_an_earlier_template_takes_its_revision_up_again(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 0))
    until(lambda: is_observed(cluster, namespace, "web"))
    numbers = []
    for version in ("1", "2", "1"):
        change(cluster, namespace, "web", version)
        until(lambda: is_observed(cluster, namespace, "web"))
        numbers.append((status_of(cluster, namespace, "web").update_revision, revisions_of(cluster, namespace)))
    (name, _), (other, _), (again, last) = numbers
    assert name == again != other
    assert (last[name], last[other], len(last)) == (4, 3, 3)


def test_old_revisions_are_kept_up_to_a_limit(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 0, revisionHistoryLimit=1))
    until(lambda: is_observed(cluster, namespace, "web"))
    for version in ("2", "3", "4"):
        change(cluster, namespace, "web", version)
        until(lambda: is_observed(cluster, namespace, "web"))
    until(lambda: sorted(revisions_of(cluster, namespace).values()) == [3, 4])


def test_each_pod_gets_a_claim_of_its_own(cluster: Cluster, namespace: str) -> None:
    pod = make(cluster, namespace, stateful_set("web", 1, volumeClaimTemplates=[CLAIM]))[0]
    claim = cluster.core.read_namespaced_persistent_volume_claim("data-web-0", namespace)
    assert claim.metadata.labels["app"] == "web"
    assert claim.spec.access_modes == ["ReadWriteOnce"]
    volumes = {one["name"]: one.get("persistentVolumeClaim") for one in pod["spec"]["volumes"]}
    assert volumes["data"]["claimName"] == "data-web-0"


def test_a_pod_that_comes_back_gets_the_same_claim(cluster: Cluster, namespace: str) -> None:
    pod = make(cluster, namespace, stateful_set("web", 1, volumeClaimTemplates=[CLAIM]))[0]
    before = cluster.core.read_namespaced_persistent_volume_claim("data-web-0", namespace)
    cluster.core.delete_namespaced_pod("web-0", namespace)
    pod_of(cluster, namespace, "web-0", other_than=pod)
    after = cluster.core.read_namespaced_persistent_volume_claim("data-web-0", namespace)
    assert after.metadata.uid == before.metadata.uid


def test_claims_outlive_the_pods_that_a_smaller_set_does_without(cluster: Cluster, namespace: str, core: str) -> None:
    make(cluster, namespace, parallel("web", 2, volumeClaimTemplates=[CLAIM]))
    scale(cluster, namespace, "web", 1)
    until(lambda: names(pods_of(cluster, namespace, "web")) == ["web-0"])
    never(lambda: cluster.is_gone(f"{core}/persistentvolumeclaims/data-web-1"))


@pytest.mark.parametrize(("when_deleted", "owners"), [("Retain", []), ("Delete", [("StatefulSet", "web")])])
def test_the_policy_for_deletion_says_whether_claims_belong_to_the_set(
    cluster: Cluster, namespace: str, core: str, when_deleted: str, owners: list[tuple[str, str]]
) -> None:
    policy = {"whenDeleted": when_deleted}
    wanted = stateful_set("web", 1, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
    make(cluster, namespace, wanted)

    def found() -> list[tuple[str, str]]:
        claim = cluster.read(f"{core}/persistentvolumeclaims/data-web-0")
        return [(one["kind"], one["name"]) for one in claim["metadata"].get("ownerReferences", [])]

    until(lambda: found() == owners)
    never(lambda: found() != owners)


def test_claims_that_belong_to_the_set_go_with_it(cluster: Cluster, namespace: str, apps: str, core: str) -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    wanted = stateful_set("web", 1, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
    make(cluster, namespace, wanted)
    where = f"{core}/persistentvolumeclaims/data-web-0"
    until(lambda: cluster.read(where)["metadata"].get("ownerReferences"))
    cluster.delete(f"{apps}/statefulsets/web")
    until(lambda: cluster.is_gone(where))


def test_the_policy_for_scaling_takes_the_claims_of_removed_pods_along(
    cluster: Cluster, namespace: str, core: str
) -> None:
    policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    wanted = parallel("web", 2, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
    make(cluster, namespace, wanted)
    scale(cluster, namespace, "web", 1)
    until(lambda: cluster.is_gone(f"{core}/persistentvolumeclaims/data-web-1"))
    assert "ownerReferences" not in cluster.read(f"{core}/persistentvolumeclaims/data-web-0")["metadata"]


def test_the_status_counts_pods_that_are_there_and_those_that_are_ready(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, parallel("web", 3), ready=1)

    def counts() -> tuple[int | None, ...]:
        found = status_of(cluster, namespace, "web")
        counted = (found.replicas, found.current_replicas, found.updated_replicas)
        return (*counted, found.ready_replicas, found.available_replicas)

    until(lambda: counts() == (3, 3, 3, 1, 1))


def test_the_status_says_which_generation_it_is_of(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 0))
    scale(cluster, namespace, "web", 1)
    until(lambda: status_of(cluster, namespace, "web").observed_generation == 2)


def test_some_fields_can_never_be_changed(cluster: Cluster, apps: str) -> None:
    cluster.make(f"{apps}/statefulsets", stateful_set("web", 0))
    for changed in (
        {"serviceName": "other"},
        {"podManagementPolicy": "Parallel"},
        {"selector": {"matchLabels": {"tier": "b"}}, "template": {"metadata": {"labels": {"tier": "b"}}}},
    ):
        answer = cluster.patch(f"{apps}/statefulsets/web", {"spec": changed})
        assert (answer.status, answer.reason) == (422, "Invalid"), changed
        assert ("spec", "FieldValueForbidden") in answer.causes


def test_a_pod_is_available_when_it_was_ready_for_long_enough(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, parallel("web", 1, minReadySeconds=3600), ready=0)
    pod = pod_of(cluster, namespace, "web-0")
    make_ready(cluster, pod, since=seconds_ago(0))
    until(lambda: status_of(cluster, namespace, "web").ready_replicas == 1)
    assert not status_of(cluster, namespace, "web").available_replicas
    make_ready(cluster, pod, since=seconds_ago(7200))
    until(lambda: status_of(cluster, namespace, "web").available_replicas == 1)


def test_the_next_pod_is_made_when_the_one_before_is_available(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, stateful_set("web", 2, minReadySeconds=3600), ready=0)
    pod = pod_of(cluster, namespace, "web-0")
    make_ready(cluster, pod, since=seconds_ago(0))
    never(lambda: cluster.get(f"/api/v1/namespaces/{namespace}/pods/web-1").status == 200)
    make_ready(cluster, pod, since=seconds_ago(7200))
    pod_of(cluster, namespace, "web-1")


def seconds_ago(seconds: int) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_orphaned_pods_stay_and_are_adopted_by_a_set_that_selects_them(
    cluster: Cluster, namespace: str, apps: str
) -> None:
    before = make(cluster, namespace, stateful_set("web", 2))
    cluster.delete(f"{apps}/statefulsets/web", {"propagationPolicy": "Orphan"})
    until(lambda: cluster.is_gone(f"{apps}/statefulsets/web"))
    assert [one["metadata"].get("ownerReferences") for one in pods_of(cluster, namespace, "web")] == [None, None]
    adopter = cluster.make(f"{apps}/statefulsets", stateful_set("web", 2))

    def owners() -> list[str]:
        found = [one["metadata"].get("ownerReferences", [{}]) for one in pods_of(cluster, namespace, "web")]
        return [owner.get("uid", "") for (owner,) in found]

    until(lambda: owners() == [adopter["metadata"]["uid"]] * 2)
    after = pods_of(cluster, namespace, "web")
    assert [one["metadata"]["uid"] for one in after] == [one["metadata"]["uid"] for one in before]


def test_a_set_lets_go_of_a_pod_that_its_selector_no_longer_finds(cluster: Cluster, namespace: str, core: str) -> None:
    make(cluster, namespace, stateful_set("web", 1))
    cluster.patch(f"{core}/pods/web-0", {"metadata": {"labels": {"app": "other"}}})
    until(lambda: "ownerReferences" not in cluster.read(f"{core}/pods/web-0")["metadata"])
