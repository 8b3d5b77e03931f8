"""Objects: created, read, changed under optimistic concurrency, deleted when nobody holds them any more."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ApiServer

Object = dict[str, Any]


def config_map(name: str, **metadata: Any) -> Object:
    return {"metadata": {"name": name, **metadata}, "data": {"k": "v"}}


@pytest.fixture
def config_maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def deployment(replicas: int = 1) -> Object:
    template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "d"}}, "template": template}
    return {"metadata": {"name": "d"}, "spec": spec}


# Optimistic concurrency


def test_of_two_writers_with_the_same_version_one_gets_a_conflict(api: ApiServer, config_maps: str) -> None:
    seen = api.post(config_maps, config_map("c")).body
    assert api.put(f"{config_maps}/c", {**seen, "data": {"k": "first"}}).status == 200
    second = api.put(f"{config_maps}/c", {**seen, "data": {"k": "second"}})
    assert (second.status, second.body["reason"]) == (409, "Conflict")
    assert api.get(f"{config_maps}/c").body["data"] == {"k": "first"}


def test_a_patch_without_a_version_is_applied_to_the_latest(api: ApiServer, config_maps: str) -> None:
    api.post(config_maps, config_map("c"))
    for number in range(5):
        assert api.patch(f"{config_maps}/c", {"data": {f"n{number}": "x"}}).status == 200
    assert len(api.get(f"{config_maps}/c").body["data"]) == 6


def test_a_patch_with_an_old_version_is_a_conflict(api: ApiServer, config_maps: str) -> None:
    old = api.post(config_maps, config_map("c")).body["metadata"]["resourceVersion"]
    api.patch(f"{config_maps}/c", {"data": {"a": "b"}})
    stale = {"metadata": {"resourceVersion": old}, "data": {"a": "c"}}
    assert api.patch(f"{config_maps}/c", stale, "merge-patch").status == 409


def test_every_change_has_a_greater_version_and_no_change_keeps_it(api: ApiServer, config_maps: str) -> None:
    versions = [int(api.post(config_maps, config_map("c")).body["metadata"]["resourceVersion"])]
    for data in ({"a": "1"}, {"a": "2"}, {"a": "2"}):
        answer = api.patch(f"{config_maps}/c", {"data": data})
        versions.append(int(answer.body["metadata"]["resourceVersion"]))
    assert versions[0] < versions[1] < versions[2] == versions[3]


def test_another_objects_uid_is_a_conflict(api: ApiServer, config_maps: str) -> None:
    api.post(config_maps, config_map("c"))
    assert api.put(f"{config_maps}/c", config_map("c", uid="00000000-0000-0000-0000-000000000000")).status == 409


# Creation


def test_system_fields_that_a_client_sends_are_ignored(api: ApiServer, config_maps: str) -> None:
    lies = {"uid": "x", "generation": 7, "creationTimestamp": "2000-01-01T00:00:00Z"}
    metadata = api.post(config_maps, config_map("c", **lies)).body["metadata"]
    assert metadata["uid"] != "x" and "generation" not in metadata
    assert not metadata["creationTimestamp"].startswith("2000")


def test_dry_run_stores_nothing_and_reserves_nothing(api: ApiServer, namespace: str) -> None:
    services = f"/api/v1/namespaces/{namespace}/services"
    answer = api.post(f"{services}?dryRun=All", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    assert answer.status == 201 and answer.body["spec"]["clusterIP"]
    assert api.get(f"{services}/s").status == 404


def test_a_namespaced_object_needs_its_namespace(api: ApiServer) -> None:
    assert api.post("/api/v1/namespaces/nowhere/configmaps", config_map("c")).status == 404
    assert api.post("/api/v1/configmaps", config_map("c")).status == 405


# Generation and status


def test_generation_counts_changes_of_the_spec_alone(api: ApiServer, namespace: str) -> None:
    url = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    api.post(url, deployment())

    def generation() -> int:
        return int(api.get(f"{url}/d").body["metadata"]["generation"])

    assert generation() == 1
    api.patch(f"{url}/d", {"metadata": {"labels": {"a": "b"}}})
    api.patch(f"{url}/d/status", {"status": {"replicas": 1}})
    assert generation() == 1
    api.patch(f"{url}/d", {"spec": {"replicas": 2}})
    assert generation() == 2
    api.patch(f"{url}/d/scale", {"spec": {"replicas": 3}}, "merge-patch")
    assert generation() == 3


def test_main_resource_and_status_do_not_write_each_others_part(api: ApiServer, namespace: str) -> None:
    url = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    created = api.post(url, deployment()).body
    changed = {**created, "spec": {**created["spec"], "replicas": 5}, "status": {"replicas": 9}}
    by_main = api.put(f"{url}/d", changed).body
    assert by_main["spec"]["replicas"] == 5 and "replicas" not in by_main["status"]
    changed["metadata"] = by_main["metadata"]
    changed["spec"]["replicas"] = 7
    by_status = api.put(f"{url}/d/status", changed).body
    assert by_status["spec"]["replicas"] == 5 and by_status["status"]["replicas"] == 9


# Deletion


def test_a_finalizer_keeps_a_deleted_object_until_it_is_taken_off(api: ApiServer, config_maps: str) -> None:
    api.post(config_maps, config_map("c", finalizers=["example.org/a", "example.org/b"]))
    assert "deletionTimestamp" in api.delete(f"{config_maps}/c").body["metadata"]
    refused = api.patch(f"{config_maps}/c", {"metadata": {"finalizers": ["example.org/c"]}})
    assert refused.status == 422
    api.patch(f"{config_maps}/c", {"metadata": {"finalizers": ["example.org/a"]}}, "merge-patch")
    assert api.get(f"{config_maps}/c").status == 200
    api.patch(f"{config_maps}/c", {"metadata": {"finalizers": None}}, "merge-patch")
    assert api.get(f"{config_maps}/c").status == 404


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
def test_dependents_are_left_to_the_garbage_collector(
    api: ApiServer, config_maps: str, policy: str, finalizer: str
) -> None:
    api.post(config_maps, config_map("c"))
    last = api.delete(f"{config_maps}/c", {"propagationPolicy": policy}).body
    assert last["metadata"]["finalizers"] == [finalizer]
    assert api.get(f"{config_maps}/c").status == 200


def test_preconditions_protect_a_successor_of_the_same_name(api: ApiServer, config_maps: str) -> None:
    first = api.post(config_maps, config_map("c")).body["metadata"]["uid"]
    api.delete(f"{config_maps}/c")
    api.post(config_maps, config_map("c"))
    assert api.delete(f"{config_maps}/c", {"preconditions": {"uid": first}}).status == 409
    assert api.get(f"{config_maps}/c").status == 200


def test_a_namespace_waits_for_its_finalizer(api: ApiServer) -> None:
    api.post("/api/v1/namespaces", {"metadata": {"name": "leaving"}})
    assert api.delete("/api/v1/namespaces/leaving").body["status"]["phase"] == "Terminating"
    assert api.post("/api/v1/namespaces/leaving/configmaps", config_map("late")).status == 403
    finalized = {"metadata": {"name": "leaving"}, "spec": {"finalizers": []}}
    assert api.put("/api/v1/namespaces/leaving/finalize", finalized).status == 200
    assert api.get("/api/v1/namespaces/leaving").status == 404


def test_system_namespaces_cannot_be_deleted(api: ApiServer) -> None:
    assert api.delete("/api/v1/namespaces/default").status == 403


# Kinds


def test_secrets_take_plain_text_and_give_base64(api: ApiServer, namespace: str) -> None:
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    created = api.post(secrets, {"metadata": {"name": "s"}, "stringData": {"a": "b"}}).body
    assert created["data"] == {"a": "Yg=="} and "stringData" not in created


def test_a_claim_without_a_class_gets_the_default_class(api: ApiServer, namespace: str) -> None:
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": 1024}}}
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    classes = "/apis/storage.k8s.io/v1/storageclasses"
    api.post(classes, {"metadata": {"name": "fast", "annotations": marked}, "provisioner": "x"})
    created = api.post(claims, {"metadata": {"name": "a"}, "spec": spec}).body
    assert created["spec"]["storageClassName"] == "fast"
    assert created["spec"]["resources"]["requests"]["storage"] == "1024"
    api.delete(f"{classes}/fast")
    assert "storageClassName" not in api.post(claims, {"metadata": {"name": "b"}, "spec": spec}).body["spec"]
    empty = {**spec, "storageClassName": ""}
    assert api.post(claims, {"metadata": {"name": "c"}, "spec": empty}).body["spec"]["storageClassName"] == ""


def test_events_are_one_set_of_objects_in_two_groups(api: ApiServer, namespace: str) -> None:
    event = {
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "p", "namespace": namespace},
        "reason": "Because",
        "note": "text",
        "type": "Normal",
        "reportingController": "test",
    }
    assert api.post(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", event).status == 201
    core = api.get(f"/api/v1/namespaces/{namespace}/events/e").body
    assert (core["involvedObject"]["name"], core["message"], core["reportingComponent"]) == ("p", "text", "test")
    chosen = f"/api/v1/namespaces/{namespace}/events?fieldSelector=involvedObject.name=p,reason=Because"
    assert len(api.get(chosen).body["items"]) == 1


def test_unknown_fields_are_dropped_and_reported(api: ApiServer, namespace: str) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", "imagee": "j"}]}}
    answer = api.post(f"/api/v1/namespaces/{namespace}/pods", pod)
    assert answer.status == 201 and "imagee" not in answer.body["spec"]["containers"][0]
    assert 'unknown field \\"spec.containers[0].imagee\\"' in answer.headers["Warning"]
