"""What a server does with a new object. https://kubernetes.io/docs/reference/using-api/api-concepts/"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from .conftest import Cluster, own_namespace
from .objects import Object, config_map, idle_pod, stateful_set, workload

CONTAINER = {"name": "c", "image": "example.org/image:1"}


@pytest.fixture(scope="module")
def trying(cluster: Cluster) -> Iterator[str]:
    """A namespace in which creations are only tried."""
    with own_namespace(cluster) as name:
        yield name


def at(document: Any, path: str) -> Any:
    """The part of a document at a path as in spec.ports.0.port."""
    for part in path.split("."):
        document = document[int(part) if part.isdigit() else part]
    return document


def test_a_new_object_gets_uid_version_and_time(cluster: Cluster, core: str) -> None:
    metadata = cluster.make(f"{core}/configmaps", config_map("new"))["metadata"]
    assert {"uid", "resourceVersion", "creationTimestamp"} <= metadata.keys()


def test_what_was_created_is_what_is_read(cluster: Cluster, namespace: str) -> None:
    made = cluster.core.create_namespaced_config_map(namespace, config_map("new", {"a": "b"}))
    assert made.data == {"a": "b"}
    assert cluster.core.read_namespaced_config_map("new", namespace) == made


def test_a_name_is_generated_from_its_beginning(cluster: Cluster, core: str) -> None:
    made = [cluster.make(f"{core}/configmaps", {"metadata": {"generateName": "gen-"}}) for _ in range(2)]
    names = [one["metadata"]["name"] for one in made]
    assert names[0] != names[1]
    assert all(name.startswith("gen-") and len(name) == len("gen-") + 5 for name in names)


def test_a_long_beginning_is_cut_so_that_the_generated_name_has_63_characters(cluster: Cluster, namespace: str) -> None:
    beginning = "a" * 80
    metadata = client.V1ObjectMeta(generate_name=beginning)
    made = cluster.core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
    assert re.fullmatch("a{58}[a-z0-9]{5}", made.metadata.name)
    assert made.metadata.generate_name == beginning


def test_a_name_is_not_generated_where_one_is_given(cluster: Cluster, namespace: str) -> None:
    metadata = client.V1ObjectMeta(name="given", generate_name="gen-")
    made = cluster.core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
    assert made.metadata.name == "given"


def test_a_name_that_is_taken_is_a_conflict(cluster: Cluster, core: str) -> None:
    cluster.make(f"{core}/configmaps", config_map("taken"))
    answer = cluster.post(f"{core}/configmaps", config_map("taken"))
    assert (answer.status, answer.reason) == (409, "AlreadyExists")


def test_a_conflict_of_names_says_which_object_is_there(cluster: Cluster, apps: str) -> None:
    cluster.make(f"{apps}/deployments", workload("taken", 0))
    answer = cluster.post(f"{apps}/deployments", workload("taken", 0))
    assert answer.body["details"] == {"name": "taken", "group": "apps", "kind": "deployments"}
    assert answer.body["message"] == 'deployments.apps "taken" already exists'


def test_the_same_name_is_free_for_another_kind(cluster: Cluster, namespace: str) -> None:
    metadata = client.V1ObjectMeta(name="same")
    first = cluster.core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
    second = cluster.core.create_namespaced_secret(namespace, client.V1Secret(metadata=metadata))
    assert first.metadata.name == second.metadata.name
    assert first.metadata.uid != second.metadata.uid


def test_a_name_is_free_again_when_its_object_is_gone(cluster: Cluster, namespace: str) -> None:
    first = cluster.core.create_namespaced_config_map(namespace, config_map("again"))
    cluster.core.delete_namespaced_config_map("again", namespace)
    second = cluster.core.create_namespaced_config_map(namespace, config_map("again"))
    assert second.metadata.uid != first.metadata.uid


@pytest.mark.parametrize(
    ("field", "lie"),
    [
        ("uid", "11111111-2222-3333-4444-555555555555"),
        ("creationTimestamp", "2000-01-01T00:00:00Z"),
        ("deletionTimestamp", "2000-01-01T00:00:00Z"),
        ("deletionGracePeriodSeconds", 77),
        ("generation", 77),
    ],
)
def test_what_the_system_says_of_an_object_cannot_be_said_by_its_creator(
    cluster: Cluster, apps: str, field: str, lie: Any
) -> None:
    body = workload("new", 0)
    body["metadata"][field] = lie
    assert cluster.make(f"{apps}/deployments", body)["metadata"].get(field) != lie


def test_an_object_cannot_be_created_as_a_version(cluster: Cluster, core: str) -> None:
    answer = cluster.post(f"{core}/configmaps", config_map("new", resourceVersion="1"))
    assert answer.status == 500
    assert answer.body["message"] == "resourceVersion should not be set on objects to be created"
    assert cluster.is_gone(f"{core}/configmaps/new")


def test_kind_and_version_are_those_of_the_url_where_a_body_does_not_say(cluster: Cluster, core: str) -> None:
    made = cluster.make(f"{core}/configmaps", {"metadata": {"name": "new"}})
    assert (made["kind"], made["apiVersion"]) == ("ConfigMap", "v1")


def test_the_namespace_is_that_of_the_url_where_a_body_does_not_say(cluster: Cluster, namespace: str) -> None:
    made = cluster.core.create_namespaced_config_map(namespace, config_map("new"))
    assert made.metadata.namespace == namespace


def test_a_body_may_be_yaml(cluster: Cluster, core: str) -> None:
    body = b"metadata:\n  name: new\ndata:\n  text: |\n    a\n    b\n"
    made = cluster.make(f"{core}/configmaps", body, content_type="application/yaml")
    assert made["data"] == {"text": "a\nb\n"}


def test_a_pod_starts_as_pending(cluster: Cluster, core: str) -> None:
    assert cluster.make(f"{core}/pods", idle_pod("new"))["status"]["phase"] == "Pending"


def test_a_status_that_comes_with_a_new_object_is_ignored(cluster: Cluster, namespace: str) -> None:
    body = {**idle_pod("new"), "status": {"phase": "Running", "podIP": "192.0.2.1"}}
    made = cluster.core.create_namespaced_pod(namespace, body)
    assert (made.status.phase, made.status.pod_ip) == ("Pending", None)


def test_a_namespace_gets_a_label_with_its_name(cluster: Cluster, namespace: str) -> None:
    assert cluster.core.read_namespace(namespace).metadata.labels["kubernetes.io/metadata.name"] == namespace


def test_text_of_a_secret_is_stored_as_data(cluster: Cluster, namespace: str) -> None:
    body = {"metadata": {"name": "new"}, "data": {"a": "MQ==", "b": "MQ=="}, "stringData": {"b": "2"}}
    made = cluster.core.create_namespaced_secret(namespace, body)
    assert (made.data, made.string_data) == ({"a": "MQ==", "b": "Mg=="}, None)


def pod_with(container: Object | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": "new"},
        "spec": {"schedulerName": "nobody", "containers": [{**CONTAINER, **(container or {})}], **spec},
    }


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        (pod_with(), "restartPolicy", "Always"),
        (pod_with(), "terminationGracePeriodSeconds", 30),
        (pod_with(), "dnsPolicy", "ClusterFirst"),
        (pod_with(), "serviceAccountName", "default"),
        (pod_with(), "enableServiceLinks", True),
        (pod_with(), "containers.0.terminationMessagePath", "/dev/termination-log"),
        (pod_with(), "containers.0.imagePullPolicy", "IfNotPresent"),
        (pod_with({"image": "example.org/image"}), "containers.0.imagePullPolicy", "Always"),
        (pod_with({"image": "example.org/image:latest"}), "containers.0.imagePullPolicy", "Always"),
        (pod_with({"image": "example.org:5000/image"}), "containers.0.imagePullPolicy", "Always"),
        (pod_with({"ports": [{"containerPort": 80}]}), "containers.0.ports.0.protocol", "TCP"),
        (
            pod_with({"resources": {"limits": {"cpu": "1"}}}),
            "containers.0.resources",
            {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}},
        ),
        (
            pod_with({"livenessProbe": {"tcpSocket": {"port": 1}}}),
            "containers.0.livenessProbe",
            {
                "tcpSocket": {"port": 1},
                "timeoutSeconds": 1,
                "periodSeconds": 10,
                "successThreshold": 1,
                "failureThreshold": 3,
            },
        ),
        (
            pod_with({"readinessProbe": {"httpGet": {"port": 1}}}),
            "containers.0.readinessProbe.httpGet",
            {"port": 1, "path": "/", "scheme": "HTTP"},
        ),
        (pod_with(volumes=[{"name": "v"}]), "volumes.0.emptyDir", {}),
        (pod_with(volumes=[{"name": "v", "configMap": {"name": "c"}}]), "volumes.0.configMap.defaultMode", 0o644),
    ],
)
def test_a_pod_gets_what_was_left_out(cluster: Cluster, trying: str, body: Object, field: str, value: Any) -> None:
    made = cluster.make(f"/api/v1/namespaces/{trying}/pods", body, dryRun="All")
    assert at(made["spec"], field) == value


def test_a_pod_tolerates_failing_nodes_for_five_minutes(cluster: Cluster, namespace: str) -> None:
    found = cluster.core.create_namespaced_pod(namespace, idle_pod("new")).spec.tolerations
    told = {(one.key, one.operator, one.effect, one.toleration_seconds) for one in found}
    assert told == {
        ("node.kubernetes.io/not-ready", "Exists", "NoExecute", 300),
        ("node.kubernetes.io/unreachable", "Exists", "NoExecute", 300),
    }


def test_a_deployment_gets_what_was_left_out(cluster: Cluster, namespace: str) -> None:
    body = workload("new", 0)
    del body["spec"]["replicas"]
    spec = cluster.apps.create_namespaced_deployment(namespace, body).spec
    assert (spec.replicas, spec.revision_history_limit, spec.progress_deadline_seconds) == (1, 10, 600)
    rolling = spec.strategy.rolling_update
    assert (spec.strategy.type, rolling.max_surge, rolling.max_unavailable) == ("RollingUpdate", "25%", "25%")


def test_a_stateful_set_gets_what_was_left_out(cluster: Cluster, namespace: str) -> None:
    spec = cluster.apps.create_namespaced_stateful_set(namespace, stateful_set("new", 0)).spec
    assert (spec.pod_management_policy, spec.revision_history_limit) == ("OrderedReady", 10)
    assert (spec.update_strategy.type, spec.update_strategy.rolling_update.partition) == ("RollingUpdate", 0)
    policy = spec.persistent_volume_claim_retention_policy
    assert (policy.when_deleted, policy.when_scaled) == ("Retain", "Retain")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "ClusterIP"),
        ("sessionAffinity", "None"),
        ("internalTrafficPolicy", "Cluster"),
        ("ports.0.protocol", "TCP"),
        ("ports.0.targetPort", 80),
    ],
)
def test_a_service_gets_what_was_left_out(cluster: Cluster, trying: str, field: str, value: Any) -> None:
    body = {"metadata": {"name": "new"}, "spec": {"ports": [{"port": 80}]}}
    made = cluster.make(f"/api/v1/namespaces/{trying}/services", body, dryRun="All")
    assert at(made["spec"], field) == value


def test_a_claim_gets_what_was_left_out(cluster: Cluster, namespace: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "none"}
    made = cluster.core.create_namespaced_persistent_volume_claim(namespace, {"metadata": {"name": "v"}, "spec": spec})
    assert (made.spec.volume_mode, made.status.phase) == ("Filesystem", "Pending")
    assert made.metadata.finalizers == ["kubernetes.io/pvc-protection"]
