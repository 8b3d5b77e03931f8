"""Deployment and ReplicaSet."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from kubelab.controllers import replicaset
from kubelab.controllers.changes import Again, Create, Replace
from kubelab.controllers.deployment import HASH, REVISION, Observed, reconcile
from kubelab.kinds import DEPLOYMENTS, REPLICA_SETS

from .objects import NOW, TEMPLATE, events, meta, owned_by, pod, told, written_status


def deployment(replicas: int = 4, **spec: Any) -> dict[str, Any]:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    wanted = {
        "replicas": replicas,
        "selector": {"matchLabels": {"name": "mongo"}},
        "template": TEMPLATE,
        "strategy": strategy,
    }
    metadata = meta("pacman", annotations={REVISION: "1"})
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": wanted | spec}


def replica_set(owner: dict[str, Any], size: int, ready: int, image: str = "mongo:8", revision: int = 1) -> Any:
    template = copy.deepcopy(TEMPLATE)
    template["metadata"]["labels"][HASH] = image.replace(":", "")
    template["spec"]["containers"][0]["image"] = image  # type: ignore[index]
    annotations = {
        REVISION: str(revision),
        "deployment.kubernetes.io/desired-replicas": str(owner["spec"]["replicas"]),
        "deployment.kubernetes.io/max-replicas": str(owner["spec"]["replicas"] + 1),
    }
    name = f"pacman-{image.replace(':', '')}"
    metadata = meta(name, ownerReferences=owned_by(owner), annotations=annotations)
    spec = {"replicas": size, "selector": {"matchLabels": {"name": "mongo"}}, "template": template}
    status = {"replicas": size, "readyReplicas": ready, "availableReplicas": ready}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec, "status": status}


def sizes(changes: list[Any]) -> dict[str, int]:
    return {
        c.obj["metadata"]["name"]: c.obj["spec"]["replicas"]
        for c in changes
        if isinstance(c, Replace) and c.kind == REPLICA_SETS
    }


def test_a_new_deployment_gets_one_replica_set_of_full_size() -> None:
    changes = reconcile(Observed(deployment(4), NOW))
    created = next(c.obj for c in changes if isinstance(c, Create))
    assert created["spec"]["replicas"] == 4
    labels = created["spec"]["template"]["metadata"]["labels"]
    assert created["spec"]["selector"]["matchLabels"][HASH] == labels[HASH]
    assert created["metadata"]["name"] == f"pacman-{labels[HASH]}"


@pytest.mark.parametrize(
    ("old", "old_ready", "new", "new_ready", "expected"),
    [
        (4, 4, 0, 0, {"pacman-mongo8": 1}),  # The surge first,
        (4, 4, 1, 0, {"pacman-mongo7": 3}),  # then as many old ones as may be missing,
        (3, 3, 1, 0, {"pacman-mongo8": 2}),  # whose room the new ones take;
        (3, 3, 2, 0, {}),  # then all wait for the new ones
        (3, 3, 2, 2, {"pacman-mongo7": 1}),  # to serve.
        (0, 0, 4, 4, {}),
    ],
)
def test_a_rolling_update_keeps_to_surge_and_unavailable(
    old: int, old_ready: int, new: int, new_ready: int, expected: dict[str, int]
) -> None:
    owner = deployment(4)
    owner["metadata"]["annotations"][REVISION] = "2"
    sets = [replica_set(owner, old, old_ready, "mongo:7", 1), replica_set(owner, new, new_ready, "mongo:8", 2)]
    assert sizes(reconcile(Observed(owner, NOW, sets))) == expected


def test_scaling_changes_the_size_of_the_one_set() -> None:
    owner = deployment(10)
    changes = reconcile(Observed(owner, NOW, [replica_set(owner, 2, 2)]))
    assert sizes(changes) == {"pacman-mongo8": 10}
    assert events(changes) == ["ScalingReplicaSet: Scaled up replica set pacman-mongo8 from 2 to 10"]


def test_recreate_takes_the_old_ones_down_before_the_new_ones_come() -> None:
    owner = deployment(2, strategy={"type": "Recreate"})
    old = replica_set(owner, 2, 2, "mongo:7")
    assert sizes(reconcile(Observed(owner, NOW, [old], old_pods=2))) == {"pacman-mongo7": 0}
    empty = replica_set(owner, 0, 0, "mongo:7")
    assert told(reconcile(Observed(owner, NOW, [empty], old_pods=1))) == []
    created = told(reconcile(Observed(owner, NOW, [empty], old_pods=0)))
    assert created[0].startswith("create ReplicaSet pacman-")


def test_going_back_to_an_old_template_makes_its_set_the_newest_revision() -> None:
    owner = deployment(1)
    sets = [replica_set(owner, 0, 0, "mongo:8", 1), replica_set(owner, 1, 1, "mongo:7", 2)]
    changes = reconcile(Observed(owner, NOW, sets))
    marked = next(c.obj for c in changes if isinstance(c, Replace) and c.kind == DEPLOYMENTS)
    assert marked["metadata"]["annotations"][REVISION] == "3"


@pytest.mark.parametrize(("ready", "status"), [(4, "True"), (3, "True"), (2, "False")])
def test_available_means_no_more_missing_than_allowed(ready: int, status: str) -> None:
    owner = deployment(4)
    written = written_status(reconcile(Observed(owner, NOW, [replica_set(owner, 4, ready)])))
    assert written is not None
    assert [c["status"] for c in written["conditions"] if c["type"] == "Available"] == [status]
    assert written.get("unavailableReplicas", 0) == 4 - ready


class TestProgressDeadline:
    def rollout(self, since: str, ready: int = 0, **known: Any) -> list[Any]:
        """A rollout of two pods that has said since then that it progresses; known: its last status."""
        owner = deployment(2, progressDeadlineSeconds=60)
        text = 'ReplicaSet "pacman-mongo8" is progressing.'
        said = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": text}
        said |= {"lastUpdateTime": since, "lastTransitionTime": since}
        owner["status"] = {"replicas": 2, "updatedReplicas": 2, "conditions": [said]} | known
        return reconcile(Observed(owner, NOW, [replica_set(owner, 2, ready)]))

    def progressing(self, changes: list[Any]) -> tuple[str, str, str]:
        status = written_status(changes)
        assert status is not None
        (found,) = [c for c in status["conditions"] if c["type"] == "Progressing"]
        return found["status"], found["reason"], found["lastUpdateTime"]

    def test_a_rollout_without_progress_is_late_after_it(self) -> None:
        changes = self.rollout("2026-11-23T11:59:00Z")
        assert self.progressing(changes) == ("False", "ProgressDeadlineExceeded", "2026-11-23T12:00:00Z")

    def test_before_it_there_is_a_look_when_it_is_over(self) -> None:
        changes = self.rollout("2026-11-23T11:59:10Z")
        assert self.progressing(changes) == ("True", "ReplicaSetUpdated", "2026-11-23T11:59:10Z")
        assert [c.after_s for c in changes if isinstance(c, Again)] == [10.0]

    def test_progress_makes_it_count_anew(self) -> None:
        changes = self.rollout("2026-11-23T11:59:00Z", ready=1)
        assert self.progressing(changes) == ("True", "ReplicaSetUpdated", "2026-11-23T12:00:00Z")


class TestReplicaSet:
    def owner(self, size: int) -> dict[str, Any]:
        return replica_set(deployment(size), size, 0)  # type: ignore[no-any-return]

    def test_it_creates_what_is_missing_under_names_of_its_own(self) -> None:
        owner = self.owner(3)
        changes = replicaset.reconcile(replicaset.Observed(owner, NOW, [pod("a", owner=owner)]))
        names = [c.obj["metadata"]["name"] for c in changes if isinstance(c, Create)]
        assert len(set(names)) == 2
        assert all(name.startswith("pacman-mongo8-") for name in names)

    def test_a_terminating_or_finished_pod_is_replaced_at_once(self) -> None:
        owner = self.owner(2)
        pods = [pod("a", owner=owner, deleted=True), pod("b", owner=owner, phase="Failed")]
        changes = replicaset.reconcile(replicaset.Observed(owner, NOW, pods))
        assert len([c for c in changes if isinstance(c, Create)]) == 2
        status = written_status(changes)
        assert status is not None
        assert (status["replicas"], status["terminatingReplicas"]) == (0, 1)

    def test_it_deletes_first_what_serves_least(self) -> None:
        owner = self.owner(1)
        pods = [
            pod("serving", owner=owner),
            pod("unready", owner=owner, ready=False),
            pod("pending", owner=owner, phase="Pending", ready=False),
        ]
        changes = replicaset.reconcile(replicaset.Observed(owner, NOW, pods))
        assert told(changes) == ["delete Pod pending", "delete Pod unready"]
