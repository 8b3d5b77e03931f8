"""How many pods may go at once. https://kubernetes.io/docs/tasks/run-application/configure-pdb/

Evictions: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client

from .conftest import Answer, Cluster, Object, never, until
from .objects import condition_of, idle_pod, make_ready, names, pods_of, workload

SELECTOR = {"matchLabels": {"app": "web"}}
REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."


def make(cluster: Cluster, namespace: str, replicas: int, ready: int) -> list[str]:
    """A ReplicaSet "web": the names of its pods, which run, as many of them as wanted Ready."""
    cluster.make(f"/apis/apps/v1/namespaces/{namespace}/replicasets", workload("web", replicas))
    until(lambda: len(pods_of(cluster, namespace, "web")) == replicas)
    pods = pods_of(cluster, namespace, "web")
    for number, pod in enumerate(pods):
        make_ready(cluster, pod, ready=number < ready)
    return names(pods)


def limit(cluster: Cluster, namespace: str, name: str = "limit", **spec: Any) -> None:
    """A budget for these pods."""
    wanted = {"metadata": {"name": name}, "spec": {"selector": SELECTOR, **spec}}
    cluster.make(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets", wanted)


def status_of(cluster: Cluster, namespace: str) -> client.V1PodDisruptionBudgetStatus:
    return client.PolicyV1Api(cluster.connection).read_namespaced_pod_disruption_budget("limit", namespace).status


def until_allowed(cluster: Cluster, namespace: str, allowed: int, healthy: int) -> None:
    """Waits until so many may go of so many that are healthy."""

    def counts() -> tuple[int, int, int]:
        found = status_of(cluster, namespace)
        return (found.disruptions_allowed, found.current_healthy, found.observed_generation or 0)

    until(lambda: counts() == (allowed, healthy, 1))


def evict(
    cluster: Cluster, namespace: str, name: str, options: Object | None = None, dry_run: str | None = None
) -> Answer:
    """options: of the deletion. dry_run: as a query."""
    body: Object = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    query = {"dryRun": dry_run} if dry_run else {}
    body |= {"deleteOptions": options} if options else {}
    return cluster.post(f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", body, **query)


def is_there(cluster: Cluster, namespace: str, name: str) -> bool:
    return cluster.get(f"/api/v1/namespaces/{namespace}/pods/{name}").status == 200


@pytest.mark.parametrize(
    ("field", "desired"),
    [
        ("minAvailable", {3: 3, "50%": 2, "60%": 3, "100%": 4}),
        ("maxUnavailable", {1: 3, "25%": 3, "30%": 2, 9: 0}),
    ],
)
def test_a_budget_says_how_many_pods_are_needed(
    cluster: Cluster, namespace: str, field: str, desired: dict[int | str, int]
) -> None:
    make(cluster, namespace, 4, ready=4)
    for number, value in enumerate(desired):
        limit(cluster, namespace, f"limit-{number}", **{field: value})

    def found() -> list[tuple[int, int, int, int]]:
        listed = client.PolicyV1Api(cluster.connection).list_namespaced_pod_disruption_budget(namespace).items
        counts = [one.status for one in sorted(listed, key=lambda one: one.metadata.name)]
        return [(x.expected_pods, x.current_healthy, x.desired_healthy, x.disruptions_allowed) for x in counts]

    until(lambda: found() == [(4, 4, wanted, 4 - wanted) for wanted in desired.values()])


def test_pods_that_are_not_ready_are_not_healthy(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 4, ready=3)
    limit(cluster, namespace, maxUnavailable=2)
    until_allowed(cluster, namespace, 1, healthy=3)
    assert status_of(cluster, namespace).expected_pods == 4


def test_a_budget_follows_its_pods(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2, ready=2)
    limit(cluster, namespace, minAvailable=1)
    until_allowed(cluster, namespace, 1, healthy=2)
    make_ready(cluster, pods_of(cluster, namespace, "web")[0], ready=False)
    until_allowed(cluster, namespace, 0, healthy=1)


def test_a_budget_with_fewer_healthy_pods_than_needed_allows_none(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2, ready=1)
    limit(cluster, namespace, minAvailable=2)
    until_allowed(cluster, namespace, 0, healthy=1)


def test_a_budget_without_pods_allows_nothing(cluster: Cluster, namespace: str) -> None:
    limit(cluster, namespace, minAvailable=0)
    until_allowed(cluster, namespace, 0, healthy=0)
    assert status_of(cluster, namespace).expected_pods == 0


@pytest.mark.parametrize(("ready", "told"), [(2, ("True", "SufficientPods")), (1, ("False", "InsufficientPods"))])
def test_a_condition_says_whether_a_pod_may_go(
    cluster: Cluster, namespace: str, ready: int, told: tuple[str, str]
) -> None:
    make(cluster, namespace, 2, ready=ready)
    limit(cluster, namespace, minAvailable=1)
    until_allowed(cluster, namespace, ready - 1, healthy=ready)
    budget = cluster.read(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/limit")
    condition = condition_of(budget, "DisruptionAllowed")
    assert (condition["status"], condition["reason"], condition["observedGeneration"]) == (*told, 1)


def test_pods_that_nothing_controls_count_towards_a_number(cluster: Cluster, namespace: str, core: str) -> None:
    for name in ("a", "b"):
        make_ready(cluster, cluster.make(f"{core}/pods", idle_pod(name, labels={"app": "web"})))
    limit(cluster, namespace, minAvailable=1)
    until_allowed(cluster, namespace, 1, healthy=2)


def test_pods_that_nothing_controls_may_not_be_missing(cluster: Cluster, namespace: str, core: str) -> None:
    make_ready(cluster, cluster.make(f"{core}/pods", idle_pod("a", labels={"app": "web"})))
    limit(cluster, namespace, maxUnavailable=1)
    until_allowed(cluster, namespace, 0, healthy=1)
    assert status_of(cluster, namespace).expected_pods == 0


def test_a_deployment_counts_once_also_amid_an_update(cluster: Cluster, namespace: str, apps: str) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    cluster.make(f"{apps}/deployments", workload("web", 2, strategy=rolling))
    until(lambda: len(pods_of(cluster, namespace, "web")) == 2)
    for pod in pods_of(cluster, namespace, "web"):
        make_ready(cluster, pod)
    limit(cluster, namespace, maxUnavailable=1)
    until_allowed(cluster, namespace, 1, healthy=2)
    cluster.patch(f"{apps}/deployments/web", {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}})
    until(lambda: len(pods_of(cluster, namespace, "web")) == 3)
    never(lambda: status_of(cluster, namespace).expected_pods != 2)
    assert status_of(cluster, namespace).disruptions_allowed == 1


def test_another_budget_is_another_generation(cluster: Cluster, namespace: str) -> None:
    make(cluster, namespace, 2, ready=2)
    limit(cluster, namespace, minAvailable=1)
    until_allowed(cluster, namespace, 1, healthy=2)
    where = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/limit"
    cluster.patch(where, {"spec": {"minAvailable": 2}})
    until(lambda: status_of(cluster, namespace).observed_generation == 2)
    assert status_of(cluster, namespace).disruptions_allowed == 0


@pytest.mark.parametrize("field", ["minAvailable", "maxUnavailable"])
def test_a_limit_that_means_nothing_is_refused(cluster: Cluster, namespace: str, field: str) -> None:
    for value in (-1, "101%", "half"):
        wanted = {"metadata": {"name": "limit"}, "spec": {"selector": SELECTOR, field: value}}
        answer = cluster.post(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets", wanted)
        assert answer.status == 422, value
        assert (f"spec.{field}", "FieldValueInvalid") in answer.causes


def test_a_pod_without_budget_is_evicted(cluster: Cluster, namespace: str, core: str) -> None:
    make_ready(cluster, cluster.make(f"{core}/pods", idle_pod("alone")))
    answer = evict(cluster, namespace, "alone")
    assert (answer.status, answer.body["status"]) == (201, "Success")
    until(lambda: cluster.is_gone(f"{core}/pods/alone"))


def test_an_eviction_that_the_budget_forbids_is_refused(cluster: Cluster, namespace: str) -> None:
    pods = make(cluster, namespace, 2, ready=2)
    limit(cluster, namespace, minAvailable=2)
    until_allowed(cluster, namespace, 0, healthy=2)
    answer = evict(cluster, namespace, pods[0])
    assert (answer.status, answer.reason, answer.body["message"]) == (429, "TooManyRequests", REFUSAL)
    (cause,) = answer.body["details"]["causes"]
    assert cause == {
        "reason": "DisruptionBudget",
        "message": "The disruption budget limit needs 2 healthy pods and has 2 currently",
    }
    assert is_there(cluster, namespace, pods[0])


def test_the_official_client_sees_the_refusal(cluster: Cluster, namespace: str) -> None:
    pods = make(cluster, namespace, 1, ready=1)
    limit(cluster, namespace, maxUnavailable=0)
    until_allowed(cluster, namespace, 0, healthy=1)
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=pods[0], namespace=namespace))
    with pytest.raises(client.ApiException) as refused:
        cluster.core.create_namespaced_pod_eviction(pods[0], namespace, eviction)
    assert refused.value.status == 429


def test_an_eviction_that_the_budget_allows_is_spent(cluster: Cluster, namespace: str) -> None:
    pods = make(cluster, namespace, 3, ready=3)
    limit(cluster, namespace, minAvailable=2)
    until_allowed(cluster, namespace, 1, healthy=3)
    assert evict(cluster, namespace, pods[0]).status == 201
    assert evict(cluster, namespace, pods[1]).status == 429
    until_allowed(cluster, namespace, 0, healthy=2)
    assert not is_there(cluster, namespace, pods[0])


def test_a_replacement_that_is_ready_allows_the_next_eviction(cluster: Cluster, namespace: str) -> None:
    pods = make(cluster, namespace, 2, ready=2)
    limit(cluster, namespace, maxUnavailable=1)
    until_allowed(cluster, namespace, 1, healthy=2)
    assert evict(cluster, namespace, pods[0]).status == 201
    until_allowed(cluster, namespace, 0, healthy=1)
    until(lambda: len(pods_of(cluster, namespace, "web")) == 2)
    for pod in pods_of(cluster, namespace, "web"):
        make_ready(cluster, pod)
    until_allowed(cluster, namespace, 1, healthy=2)
    assert evict(cluster, namespace, pods[1]).status == 201


def test_a_pod_of_two_budgets_cannot_be_evicted(cluster: Cluster, namespace: str) -> None:
    pods = make(cluster, namespace, 2, ready=2)
    limit(cluster, namespace, minAvailable=1)
    limit(cluster, namespace, "other", minAvailable=1)
    until_allowed(cluster, namespace, 1, healthy=2)
    answer = evict(cluster, namespace, pods[0])
    assert (answer.status, answer.body["code"], answer.body.get("reason")) == (500, 500, None)
    assert "more than one PodDisruptionBudget" in answer.body["message"]
    assert is_there(cluster, namespace, pods[0])


def test_a_pod_that_is_not_ready_goes_when_enough_others_are(cluster: Cluster, namespace: str) -> None:
    pods = make(cluster, namespace, 3, ready=2)
    limit(cluster, namespace, minAvailable=2)
    until_allowed(cluster, namespace, 0, healthy=2)
    assert evict(cluster, namespace, pods[0]).status == 429
    assert evict(cluster, namespace, pods[2]).status == 201
    until(lambda: not is_there(cluster, namespace, pods[2]))


@pytest.mark.parametrize(("policy", "status"), [("IfHealthyBudget", 429), ("AlwaysAllow", 201)])
def test_a_policy_says_whether_a_pod_that_is_not_ready_goes_amid_a_shortage(
    cluster: Cluster, namespace: str, policy: str, status: int
) -> None:
    pods = make(cluster, namespace, 2, ready=1)
    limit(cluster, namespace, minAvailable=2, unhealthyPodEvictionPolicy=policy)
    until_allowed(cluster, namespace, 0, healthy=1)
    assert evict(cluster, namespace, pods[1]).status == status
    assert evict(cluster, namespace, pods[0]).status == 429


def test_a_pod_that_does_not_run_needs_no_budget(cluster: Cluster, namespace: str, core: str) -> None:
    make_ready(cluster, cluster.make(f"{core}/pods", idle_pod("running", labels={"app": "web"})))
    for phase in ("Pending", "Failed", "Succeeded"):
        cluster.make(f"{core}/pods", idle_pod(phase.lower(), labels={"app": "web"}))
        cluster.patch(f"{core}/pods/{phase.lower()}/status", {"status": {"phase": phase}})
    limit(cluster, namespace, minAvailable=2)
    until_allowed(cluster, namespace, 0, healthy=1)
    for name in ("pending", "failed", "succeeded"):
        assert evict(cluster, namespace, name).status == 201
    until(lambda: names(cluster.read(f"{core}/pods")["items"]) == ["running"])


def test_a_dry_run_evicts_and_spends_nothing(cluster: Cluster, namespace: str) -> None:
    pods = make(cluster, namespace, 2, ready=2)
    limit(cluster, namespace, minAvailable=1)
    until_allowed(cluster, namespace, 1, healthy=2)
    assert evict(cluster, namespace, pods[0], {"dryRun": ["All"]}).status == 201
    assert evict(cluster, namespace, pods[0], dry_run="All").status == 201
    assert evict(cluster, namespace, pods[0], {"gracePeriodSeconds": 0}, dry_run="All").status == 201
    assert is_there(cluster, namespace, pods[0])
    never(lambda: status_of(cluster, namespace).disruptions_allowed != 1)


def test_an_evicted_pod_says_why_it_goes_and_has_its_time(
    cluster: Cluster, namespace: str, core: str, silent_node: str
) -> None:
    made = cluster.make(f"{core}/pods", idle_pod("placed", nodeName=silent_node))
    make_ready(cluster, made)
    assert evict(cluster, namespace, "placed", {"gracePeriodSeconds": 7}).status == 201
    pod = cluster.read(f"{core}/pods/placed")
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 7
    condition = condition_of(pod, "DisruptionTarget")
    assert (condition["status"], condition["reason"]) == ("True", "EvictionByEvictionAPI")


def test_an_eviction_names_its_pod(cluster: Cluster, namespace: str, core: str) -> None:
    cluster.make(f"{core}/pods", idle_pod("one"))
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "two", "namespace": namespace}}
    answer = cluster.post(f"{core}/pods/one/eviction", body)
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert is_there(cluster, namespace, "one")
