"""The official Python client lists, watches, patches and deletes."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client, config, watch

from .conftest import ApiServer


@pytest.fixture(scope="module")
def kubernetes(api: ApiServer) -> Any:
    return config.new_client_from_config(str(api.state / "kubeconfig"))


@pytest.fixture
def core(kubernetes: Any) -> Any:
    return client.CoreV1Api(kubernetes)


def pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def test_typed_objects_come_back_as_they_were_sent(core: Any, namespace: str) -> None:
    container = client.V1Container(name="c", image="i", env=[client.V1EnvVar(name="A", value="1")])
    body = client.V1Pod(metadata=client.V1ObjectMeta(name="p"), spec=client.V1PodSpec(containers=[container]))
    created = core.create_namespaced_pod(namespace, body)
    read = core.read_namespaced_pod("p", namespace)
    assert read == created and read.spec.containers[0].env[0].value == "1"
    assert [item.metadata.name for item in core.list_namespaced_pod(namespace).items] == ["p"]


def test_a_watch_yields_typed_events(core: Any, namespace: str) -> None:
    core.create_namespaced_pod(namespace, pod("a"))
    listed = core.list_namespaced_pod(namespace)
    core.create_namespaced_pod(namespace, pod("b"))
    core.patch_namespaced_pod("b", namespace, {"metadata": {"labels": {"x": "y"}}})
    core.delete_namespaced_pod("a", namespace)
    stream = watch.Watch().stream(
        core.list_namespaced_pod,
        namespace,
        resource_version=listed.metadata.resource_version,
        timeout_seconds=1,
    )
    seen = [(event["type"], event["object"].metadata.name) for event in stream]
    # The end of a pod's grace period is a change of its own, also when it had none.
    assert seen == [("ADDED", "b"), ("MODIFIED", "b"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_a_conflict_is_an_api_exception(core: Any, namespace: str) -> None:
    created = core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}, "data": {"k": "v"}})
    created.data = {"k": "w"}
    core.replace_namespaced_config_map("c", namespace, created)
    with pytest.raises(client.ApiException) as refused:
        core.replace_namespaced_config_map("c", namespace, created)
    assert refused.value.status == 409


def test_every_kind_of_patch(kubernetes: Any, namespace: str) -> None:
    apps = client.AppsV1Api(kubernetes)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    apps.create_namespaced_deployment(namespace, {"metadata": {"name": "d"}, "spec": spec})
    scaled = apps.patch_namespaced_deployment_scale("d", namespace, {"spec": {"replicas": 4}})
    assert scaled.spec.replicas == 4
    strategic = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "j"}]}}}}
    patched = apps.patch_namespaced_deployment("d", namespace, strategic)
    assert [item.image for item in patched.spec.template.spec.containers] == ["j"]
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 2}]
    assert apps.patch_namespaced_deployment("d", namespace, operations).spec.replicas == 2


def test_deleting_answers_with_what_the_client_expects(core: Any, namespace: str) -> None:
    core.create_namespaced_pod(namespace, pod("p"))
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    assert core.delete_namespaced_pod("p", namespace, grace_period_seconds=0).metadata.name == "p"
    assert core.delete_namespaced_config_map("c", namespace)["status"] == "Success"
    core.delete_collection_namespaced_pod(namespace)


def test_an_eviction_by_its_own_type(core: Any, namespace: str) -> None:
    core.create_namespaced_pod(namespace, pod("p"))
    body = client.V1Eviction(metadata=client.V1ObjectMeta(name="p", namespace=namespace))
    core.create_namespaced_pod_eviction("p", namespace, body)
    assert core.list_namespaced_pod(namespace).items == []
