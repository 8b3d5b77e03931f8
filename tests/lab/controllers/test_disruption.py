"""How many pods a budget lets go."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.controllers.changes import Again, Event, Replace
from kubelab.controllers.disruption import Observed, reconcile

from .objects import LONG_AGO, NOW, meta, pod, stateful_set


def budget(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    selector = {"selector": {"matchLabels": {"name": "mongo"}}}
    found = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta("mongo"),
        "spec": selector | spec,
    }
    return found | {"status": status or {}}


def counts(observed: Observed) -> tuple[int, ...]:
    """expected, desired, healthy and allowed."""
    (written,) = (c for c in reconcile(observed) if isinstance(c, Replace))
    names = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    return tuple(written.obj["status"][name] for name in names)


def pods(healthy: int, unhealthy: int = 0) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Pods of one StatefulSet, and what it wants."""
    owner = stateful_set(healthy + unhealthy)
    found = [pod(f"mongo-{i}", ready=i < healthy, owner=owner) for i in range(healthy + unhealthy)]
    return found, {owner["metadata"]["uid"]: healthy + unhealthy}


@pytest.mark.parametrize(
    ("spec", "healthy", "unhealthy", "expected"),
    [
        ({"minAvailable": 1}, 1, 0, (1, 1, 1, 0)),
        ({"minAvailable": 1}, 3, 0, (3, 1, 3, 2)),
        ({"minAvailable": 2}, 1, 2, (3, 2, 1, 0)),
        ({"minAvailable": "50%"}, 3, 0, (3, 2, 3, 1)),
        ({"maxUnavailable": 1}, 3, 0, (3, 2, 3, 1)),
        ({"maxUnavailable": 1}, 2, 1, (3, 2, 2, 0)),
        ({"maxUnavailable": "34%"}, 3, 0, (3, 1, 3, 2)),
        ({"maxUnavailable": 0}, 3, 0, (3, 3, 3, 0)),
        ({"maxUnavailable": 5}, 3, 0, (3, 0, 3, 3)),
    ],
)
def test_what_is_healthy_beyond_what_is_wanted_may_go(
    spec: dict[str, Any], healthy: int, unhealthy: int, expected: tuple[int, ...]
) -> None:
    found, replicas = pods(healthy, unhealthy)
    assert counts(Observed(budget(**spec), NOW, found, replicas)) == expected


def test_a_pod_that_is_being_deleted_is_not_healthy() -> None:
    found = [pod("mongo-0"), pod("mongo-1", deleted=True)]
    assert counts(Observed(budget(minAvailable=1), NOW, found)) == (2, 1, 1, 0)


def test_an_evicted_pod_does_not_count_until_it_is_clear_that_nobody_deletes_it() -> None:
    def status(since: str) -> dict[str, Any]:
        return {"disruptedPods": {"mongo-1": since}}

    found = [pod("mongo-0"), pod("mongo-1")]
    just_now = Observed(budget(status("2026-11-23T11:59:00Z"), minAvailable=1), NOW, found)
    assert counts(just_now) == (2, 1, 1, 0)
    assert [c.after_s for c in reconcile(just_now) if isinstance(c, Again)] == [60.0]
    assert counts(Observed(budget(status(LONG_AGO), minAvailable=1), NOW, found)) == (2, 1, 2, 1)


def test_pods_without_controller_are_no_base_for_a_share() -> None:
    assert counts(Observed(budget(maxUnavailable=1), NOW, [pod("mongo-0")])) == (0, 0, 1, 0)


def test_nothing_is_written_when_nothing_changed() -> None:
    found, replicas = pods(1)
    observed = Observed(budget(minAvailable=1), NOW, found, replicas)
    (written,) = reconcile(observed)
    assert isinstance(written, Replace)
    assert reconcile(Observed(written.obj, NOW, found, replicas)) == []


def test_a_budget_for_nobody_says_so_once() -> None:
    observed = Observed(budget(minAvailable=1), NOW)
    written, told = reconcile(observed)
    assert isinstance(told, Event)
    assert told.reason == "NoPods"
    assert isinstance(written, Replace)
    assert reconcile(Observed(written.obj, NOW)) == []
