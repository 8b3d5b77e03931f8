"""StatefulSet: one pod per identity, in order.

observed                                          -> what it does
nothing                                           creates ordinal 0 alone
0 is ready                                        creates 1
0 is terminating                                  waits, whatever else is missing
0 has ended but is still there                    waits for it to go
too many                                          deletes the highest
another template                                  deletes outdated pods from the highest down, one at a time
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from kubelab.controllers.changes import Again, Create, Patch
from kubelab.controllers.statefulset import REVISION, Observed, reconcile
from kubelab.kinds import CONTROLLER_REVISIONS, PODS

from .objects import NOW, events, meta, owned_by, pod, stateful_set, told, written_status


def revision(owner: dict[str, Any], name: str = "mongo-1", number: int = 1, template: Any = None) -> dict[str, Any]:
    wanted = template or owner["spec"]["template"]
    return {"metadata": {"name": name, "uid": name}, "revision": number, "data": {"spec": {"template": wanted}}}


def member(owner: dict[str, Any], ordinal: int, revision: str = "mongo-1", **options: Any) -> dict[str, Any]:
    return pod(f"mongo-{ordinal}", owner=owner, labels={"name": "mongo", REVISION: revision}, **options)


def step(owner: dict[str, Any], *pods: dict[str, Any], **observed: Any) -> list[Any]:
    observed.setdefault("revisions", [revision(owner)])
    return reconcile(Observed(owner, NOW, list(pods), **observed))


def test_a_new_set_gets_its_first_revision_and_its_first_pod() -> None:
    changes = step(stateful_set(3), revisions=[])
    created = [c for c in changes if isinstance(c, Create)]
    assert [c.kind for c in created] == [CONTROLLER_REVISIONS, PODS]
    name = created[0].obj["metadata"]["name"]
    metadata, spec = created[1].obj["metadata"], created[1].obj["spec"]
    assert (metadata["name"], spec["hostname"], spec["subdomain"]) == ("mongo-0", "mongo-0", "mongo")
    assert metadata["labels"] == {
        "name": "mongo",
        "apps.kubernetes.io/pod-index": "0",
        "statefulset.kubernetes.io/pod-name": "mongo-0",
        REVISION: name,
    }
    assert events(changes) == ["SuccessfulCreate: Create Pod mongo-0 in StatefulSet mongo successful"]
    assert written_status(changes) == {
        "observedGeneration": 1,
        "replicas": 0,
        "currentRevision": name,
        "updateRevision": name,
        "collisionCount": 0,
        "availableReplicas": 0,
    }


def test_the_next_ordinal_waits_until_the_one_before_it_is_ready() -> None:
    owner = stateful_set(2)
    assert told(step(owner, member(owner, 0, ready=False))) == []
    assert told(step(owner, member(owner, 0))) == ["create Pod mongo-1"]


def test_parallel_pods_do_not_wait() -> None:
    owner = stateful_set(3, podManagementPolicy="Parallel")
    assert told(step(owner, member(owner, 0, ready=False))) == ["create Pod mongo-1", "create Pod mongo-2"]


@pytest.mark.parametrize("phase", ["Running", "Succeeded", "Failed"])
def test_an_identity_is_never_there_twice(phase: str) -> None:
    owner = stateful_set(1)
    assert told(step(owner, member(owner, 0, phase=phase, deleted=True))) == []


def test_a_pod_that_ended_by_itself_is_deleted_to_come_again() -> None:
    owner = stateful_set(1)
    assert told(step(owner, member(owner, 0, phase="Failed", ready=False))) == ["delete Pod mongo-0"]


def test_scaling_down_deletes_the_highest_ordinal_and_waits_for_its_end() -> None:
    owner = stateful_set(1)
    members = [member(owner, n) for n in range(3)]
    assert told(step(owner, *members)) == ["delete Pod mongo-2"]
    assert told(step(owner, members[0], members[1], member(owner, 2, deleted=True))) == []


def test_a_terminating_pod_counts_as_ready_but_no_longer_as_current() -> None:
    owner = stateful_set(1)
    status = written_status(step(owner, member(owner, 0, deleted=True)))
    assert status is not None
    counts = {k: v for k, v in status.items() if k.endswith("eplicas")}
    assert counts == {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}


def test_a_settled_set_is_left_alone() -> None:
    owner = stateful_set(1)
    owner["status"] = written_status(step(owner, member(owner, 0)))
    assert step(owner, member(owner, 0)) == []


def test_minimum_ready_seconds_delay_availability() -> None:
    owner = stateful_set(2, minReadySeconds=10)
    changes = step(owner, member(owner, 0, since="2026-11-23T11:59:56Z"))
    assert told(changes) == []
    assert [c.after_s for c in changes if isinstance(c, Again)] == [6.0]


OLD = {"metadata": {"labels": {"name": "mongo"}}, "spec": {"containers": [{"name": "mongo", "image": "mongo:7"}]}}


class TestRollingUpdate:
    def updated(self, replicas: int, partition: int = 0) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
        owner = stateful_set(replicas, updateStrategy=strategy)
        owner["status"] = {"currentRevision": "old"}
        return owner, [revision(owner, "old", 1, OLD), revision(owner, "new", 2)]

    def test_it_goes_from_the_highest_ordinal_down(self) -> None:
        owner, revisions = self.updated(2)
        changes = step(owner, member(owner, 0, "old"), member(owner, 1, "old"), revisions=revisions)
        assert told(changes) == ["delete Pod mongo-1"]
        status = written_status(changes)
        assert status is not None
        assert status["currentReplicas"] == 1

    def test_it_waits_for_the_replacement_to_be_ready(self) -> None:
        owner, revisions = self.updated(2)
        pods = member(owner, 0, "old"), member(owner, 1, "new", ready=False)
        assert told(step(owner, *pods, revisions=revisions)) == []

    def test_it_stops_at_the_partition(self) -> None:
        owner, revisions = self.updated(2, partition=1)
        assert told(step(owner, member(owner, 0, "old"), member(owner, 1, "new"), revisions=revisions)) == []

    def test_a_pod_lost_below_the_partition_comes_back_as_it_was(self) -> None:
        owner, revisions = self.updated(2, partition=1)
        changes = step(owner, member(owner, 1, "new"), revisions=revisions)
        created = next(c.obj for c in changes if isinstance(c, Create))
        assert created["spec"]["containers"][0]["image"] == "mongo:7"

    def test_the_new_revision_becomes_current_when_all_are_ready(self) -> None:
        owner, revisions = self.updated(1)
        status = written_status(step(owner, member(owner, 0, "new"), revisions=revisions))
        assert status is not None
        assert (status["currentRevision"], status["currentReplicas"]) == ("new", 1)

    def test_on_delete_leaves_the_pods_to_the_user(self) -> None:
        owner, revisions = self.updated(1)
        owner["spec"]["updateStrategy"] = {"type": "OnDelete"}
        assert told(step(owner, member(owner, 0, "old"), revisions=revisions)) == []


def test_a_revision_is_the_patch_that_brings_its_template_back_whole() -> None:
    owner = stateful_set(1)
    (made, *_) = (c.obj for c in step(owner, revisions=[]) if isinstance(c, Create))
    template = owner["spec"]["template"]
    assert made["data"] == {"spec": {"template": {**template, "$patch": "replace"}}}
    kept = revision(owner, made["metadata"]["name"], template=made["data"]["spec"]["template"])
    (created,) = (c.obj for c in step(owner, revisions=[kept]) if isinstance(c, Create))  # known again: the pod alone
    assert created["spec"]["containers"] == template["spec"]["containers"]
    assert "$patch" not in created


def test_claim_templates_make_a_claim_for_each_pod_that_outlives_it() -> None:
    template = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    owner = stateful_set(1, volumeClaimTemplates=[template])
    changes = step(owner)
    assert told(changes) == ["create PersistentVolumeClaim data-mongo-0", "create Pod mongo-0"]
    volumes = [c.obj for c in changes if isinstance(c, Create)][1]["spec"]["volumes"]
    assert volumes == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-mongo-0"}}]
    assert told(step(owner, claims={"data-mongo-0": claim(0)})) == ["create Pod mongo-0"]


def claim(ordinal: int, *owners: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": meta(f"data-mongo-{ordinal}", ownerReferences=[r for owner in owners for r in owned_by(owner)])}


class TestRetentionOfClaims:
    TEMPLATES: ClassVar = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]

    def owner(self, replicas: int, when_deleted: str, when_scaled: str) -> dict[str, Any]:
        policy = {"whenDeleted": when_deleted, "whenScaled": when_scaled}
        return stateful_set(replicas, volumeClaimTemplates=self.TEMPLATES, persistentVolumeClaimRetentionPolicy=policy)

    def owners_of_claim(self, owner: dict[str, Any], ordinal: int, *known: dict[str, Any]) -> list[str] | None:
        """The kinds of the owners that the claim of this ordinal gets, None where nothing is changed."""
        pods = [member(owner, n) for n in range(2)]
        claims = {f"data-mongo-{n}": claim(n, *known) for n in range(2)}
        patches = [c for c in step(owner, *pods, claims=claims) if isinstance(c, Patch)]
        found = [p.body["metadata"]["ownerReferences"] for p in patches if p.obj == claims[f"data-mongo-{ordinal}"]]
        return [o["kind"] for o in found[0] or ()] if found else None

    @pytest.mark.parametrize(
        ("when_deleted", "when_scaled", "kept", "condemned"),
        [
            ("Retain", "Retain", None, None),
            ("Delete", "Retain", ["StatefulSet"], ["StatefulSet"]),
            ("Retain", "Delete", None, ["Pod"]),
            ("Delete", "Delete", ["StatefulSet"], ["Pod"]),
        ],
    )
    def test_a_claim_belongs_to_what_takes_it_along(
        self, when_deleted: str, when_scaled: str, kept: list[str] | None, condemned: list[str] | None
    ) -> None:
        owner = self.owner(1, when_deleted, when_scaled)
        assert self.owners_of_claim(owner, 0) == kept
        assert self.owners_of_claim(owner, 1) == condemned

    def test_a_claim_that_is_to_be_kept_after_all_belongs_to_nobody_again(self) -> None:
        owner = self.owner(2, "Retain", "Retain")
        assert self.owners_of_claim(owner, 1, owner) == []

    def test_a_pod_that_comes_back_waits_until_the_claim_of_its_predecessor_is_gone(self) -> None:
        owner = self.owner(1, "Retain", "Delete")
        old = member(owner, 0)
        changes = step(owner, claims={"data-mongo-0": claim(0, old)})
        assert told(changes) == []
        assert any(isinstance(c, Again) for c in changes)
