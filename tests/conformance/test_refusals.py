"""What is refused, and how a refusal is told.

https://kubernetes.io/docs/reference/using-api/api-concepts/ (field validation, content types) and "HTTP Status codes",
"Response Status Kind" of the API conventions (sig-architecture/api-conventions.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from .conftest import Cluster, own_namespace
from .objects import Object, config_map, idle_pod, stateful_set, workload

CORE = "/api/v1/namespaces/{namespace}"
APPS = "/apis/apps/v1/namespaces/{namespace}"
BODY_LIMIT_BYTES = 3 * 1024 * 1024
DATA_LIMIT_BYTES = 1024 * 1024
CONTAINER = {"name": "c", "image": "example.org/image:1"}
BACKEND = {"service": {"name": "s", "port": {"number": 80}}}
INVALID = "FieldValueInvalid"
REQUIRED = "FieldValueRequired"
NOT_SUPPORTED = "FieldValueNotSupported"
DUPLICATE = "FieldValueDuplicate"


@pytest.fixture
def maps(core: str) -> str:
    """The path of the ConfigMaps of the case."""
    return f"{core}/configmaps"


@pytest.fixture(scope="module")
def refusing(cluster: Cluster) -> Iterator[str]:
    """A namespace in which nothing comes to be: for objects that are refused."""
    with own_namespace(cluster) as name:
        yield name


def in_short(value: Any) -> str:
    """The name of a variant: its texts."""
    return value if isinstance(value, str) else ""


# What is not there


def test_an_object_that_is_not_there_is_named_in_the_refusal(cluster: Cluster, apps: str) -> None:
    answer = cluster.get(f"{apps}/deployments/none")
    assert (answer.status, answer.reason, answer.body["kind"]) == (404, "NotFound", "Status")
    assert answer.body["status"] == "Failure" and answer.body["code"] == 404
    assert answer.body["message"] == 'deployments.apps "none" not found'
    assert answer.body["details"] == {"name": "none", "group": "apps", "kind": "deployments"}


def test_a_refusal_is_an_exception_of_the_official_client(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(ApiException) as raised:
        cluster.core.read_namespaced_pod("none", namespace)
    assert (raised.value.status, raised.value.reason) == (404, "Not Found")
    assert json.loads(raised.value.body)["details"] == {"name": "none", "kind": "pods"}


@pytest.mark.parametrize(
    "path",
    [
        CORE + "/nothings",
        CORE + "/nothings/name",
        CORE + "/pods/name/nothing",
        CORE + "/deployments",
        APPS + "/pods",
        "/api/v1/nothings",
    ],
)
def test_a_resource_that_there_is_not_is_not_found(cluster: Cluster, refusing: str, path: str) -> None:
    answer = cluster.get(path.format(namespace=refusing))
    assert (answer.status, answer.reason) == (404, "NotFound")
    assert answer.body["message"] == "the server could not find the requested resource"


@pytest.mark.parametrize(
    "path", ["/apis/none.example.org/v1/things", "/apis/apps/v9/deployments", "/api/v9/pods", "/nothing"]
)
def test_a_group_or_version_that_there_is_not_is_not_found(cluster: Cluster, path: str) -> None:
    assert cluster.get(path).status == 404


def test_a_namespace_that_there_is_not_takes_nothing(cluster: Cluster, namespace: str) -> None:
    missing = f"{namespace}-none"
    answer = cluster.post(f"/api/v1/namespaces/{missing}/configmaps", config_map("c"))
    assert (answer.status, answer.reason) == (404, "NotFound")
    assert answer.body["details"] == {"name": missing, "kind": "namespaces"}


def test_a_namespace_that_there_is_not_has_empty_lists(cluster: Cluster, namespace: str) -> None:
    assert cluster.core.list_namespaced_config_map(f"{namespace}-none").items == []


# Names in a URL


@pytest.mark.parametrize("name", ["%2e%2e", "%2e", "%2e%2e%2fsecrets%2fs", "..%2f..%2fsecrets%2fs", "c%2f..%2fc"])
def test_no_name_leads_out_of_its_collection(cluster: Cluster, core: str, name: str) -> None:
    cluster.make(f"{core}/configmaps", config_map("c"))
    cluster.make(f"{core}/secrets", {"metadata": {"name": "s"}})
    answer = cluster.get(f"{core}/configmaps/{name}")
    assert (answer.status in (400, 404), answer.body["kind"]) == (True, "Status")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a%b"])
def test_no_object_is_named_like_a_path(cluster: Cluster, refusing: str, name: str) -> None:
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{refusing}/roles"
    answer = cluster.post(roles, {"metadata": {"name": name}, "rules": []})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("metadata.name", INVALID) in answer.causes


# What cannot be done, or said


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", CORE + "/configmaps"),
        ("PATCH", CORE + "/configmaps"),
        ("POST", CORE + "/configmaps/c"),
        ("DELETE", "/api/v1/namespaces"),
        ("DELETE", "/api/v1/configmaps"),
        ("POST", "/api/v1/configmaps"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_not_allowed(
    cluster: Cluster, refusing: str, method: str, path: str
) -> None:
    answer = cluster.call(method, path.format(namespace=refusing), config_map("c"))
    assert (answer.status, answer.reason) == (405, "MethodNotAllowed")
    assert answer.body["message"] == "the server does not allow this method on the requested resource"


@pytest.mark.parametrize("accept", ["application/xml", "image/png", "text/html"])
def test_a_form_that_there_is_not_is_not_acceptable(cluster: Cluster, maps: str, accept: str) -> None:
    cluster.make(maps, config_map("c"))
    answer = cluster.get(f"{maps}/c", headers={"Accept": accept})
    assert (answer.status, answer.reason) == (406, "NotAcceptable")


def test_the_first_form_that_there_is_is_taken(cluster: Cluster, maps: str) -> None:
    cluster.make(maps, config_map("c"))
    answer = cluster.get(f"{maps}/c", headers={"Accept": "application/xml, application/json;q=0.5"})
    assert (answer.status, answer.body["kind"]) == (200, "ConfigMap")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/merge-patch+json"])
def test_a_body_of_a_type_that_there_is_not_is_not_supported(
    cluster: Cluster, maps: str, method: str, content_type: str
) -> None:
    cluster.make(maps, config_map("c"))
    path = maps if method == "POST" else f"{maps}/c"
    answer = cluster.call(method, path, config_map("c"), content_type=content_type)
    assert (answer.status, answer.reason) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize("body", [b"", b"{", b'{"metadata": ', b"nonsense", b"[]", b'"text"'])
def test_a_body_that_is_no_object_is_a_bad_request(cluster: Cluster, refusing: str, body: bytes) -> None:
    answer = cluster.post(f"/api/v1/namespaces/{refusing}/configmaps", body)
    assert (answer.status, answer.reason) == (400, "BadRequest")


@pytest.mark.parametrize(
    "body",
    [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c"}},
        {"apiVersion": "v9", "kind": "ConfigMap", "metadata": {"name": "c"}},
        {"apiVersion": "v1", "kind": "Nothing", "metadata": {"name": "c"}},
        {"metadata": {"name": "c", "namespace": "default"}},
        {"metadata": {"name": "c"}, "data": {"k": 1}},
        {"metadata": {"name": "c"}, "data": ["k"]},
        {"metadata": {"name": 1}},
        {"metadata": {"name": "c"}, "binaryData": {"k": "***"}},
    ],
    ids=in_short,
)
def test_a_body_that_does_not_belong_to_the_url_is_a_bad_request(cluster: Cluster, refusing: str, body: Object) -> None:
    answer = cluster.post(f"/api/v1/namespaces/{refusing}/configmaps", body)
    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_a_number_in_the_place_of_a_text_is_named(cluster: Cluster, maps: str) -> None:
    answer = cluster.post(maps, {"metadata": {"name": "c"}, "data": {"k": 1}})
    told = "cannot unmarshal number into Go struct field ConfigMap.data of type string"
    assert told in answer.body["message"]


@pytest.mark.parametrize(("value", "met"), [(0.5, "number 0.5"), ([1], "array"), ({}, "object"), (True, "bool")])
def test_what_is_neither_a_whole_number_nor_a_text_is_no_share(
    cluster: Cluster, refusing: str, value: object, met: str
) -> None:
    """A share of pods, like a port, is an int32 or a text."""
    budget = {"metadata": {"name": "b"}, "spec": {"minAvailable": value, "selector": {}}}
    answer = cluster.post(f"/apis/policy/v1/namespaces/{refusing}/poddisruptionbudgets", budget)
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert f"cannot unmarshal {met} into Go value of type int32" in answer.body["message"]


def test_an_update_under_another_name_is_a_bad_request(cluster: Cluster, maps: str) -> None:
    cluster.make(maps, config_map("c"))
    answer = cluster.put(f"{maps}/c", config_map("other"))
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.body["message"] == "the name of the object (other) does not match the name on the URL (c)"


def test_an_update_in_another_namespace_is_a_bad_request(cluster: Cluster, maps: str) -> None:
    cluster.make(maps, config_map("c"))
    answer = cluster.put(f"{maps}/c", config_map("c", namespace="default"))
    assert (answer.status, answer.reason) == (400, "BadRequest")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_of_more_than_three_mebibytes_is_too_large(cluster: Cluster, maps: str, method: str) -> None:
    cluster.make(maps, config_map("c"))
    large = json.dumps({"metadata": {"name": "d"}, "data": {"k": ""}}).encode().ljust(BODY_LIMIT_BYTES + 1)
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    answer = cluster.call(method, maps + ("/c" if method == "PATCH" else ""), large, content_type=kind)
    assert (answer.status, answer.reason) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
def test_data_of_more_than_one_mebibyte_is_too_long(cluster: Cluster, core: str, plural: str) -> None:
    field = "data" if plural == "configmaps" else "stringData"
    answer = cluster.post(f"{core}/{plural}", {"metadata": {"name": "c"}, field: {"k": "a" * (DATA_LIMIT_BYTES + 1)}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert [reason for _, reason in answer.causes] == ["FieldValueTooLong"]


# Who asks


@pytest.fixture
def stranger(cluster: Cluster) -> client.ApiClient:
    """A connection to the same server without any credentials."""
    known = cluster.connection.configuration
    settings = client.Configuration(host=known.host)
    settings.ssl_ca_cert, settings.verify_ssl = known.ssl_ca_cert, known.verify_ssl
    settings.tls_server_name = known.tls_server_name
    return client.ApiClient(settings)


def test_who_shows_no_token_sees_nothing(stranger: client.ApiClient, namespace: str) -> None:
    with pytest.raises(ApiException) as raised:
        client.CoreV1Api(stranger).list_namespaced_secret(namespace)
    # 401 where nobody is anonymous, 403 where somebody anonymous has no rights.
    assert raised.value.status in (401, 403)
    assert json.loads(raised.value.body)["reason"] in ("Unauthorized", "Forbidden")


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Bearer a.b.c"])
def test_who_shows_a_wrong_token_is_nobody(stranger: client.ApiClient, namespace: str, authorization: str) -> None:
    stranger.set_default_header("Authorization", authorization)
    with pytest.raises(ApiException) as raised:
        client.CoreV1Api(stranger).list_namespaced_pod(namespace)
    assert raised.value.status == 401
    assert json.loads(raised.value.body)["reason"] == "Unauthorized"


# Fields that there are not


def test_strictly_an_unknown_field_is_refused(cluster: Cluster, maps: str) -> None:
    answer = cluster.post(maps, {"metadata": {"name": "c"}, "dataa": {"k": "v"}}, fieldValidation="Strict")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.body["message"].endswith('strict decoding error: unknown field "dataa"')
    assert cluster.is_gone(f"{maps}/c")


def test_strictly_a_field_that_is_there_twice_is_refused(cluster: Cluster, maps: str) -> None:
    body = b'{"metadata": {"name": "c"}, "immutable": false, "immutable": true}'
    answer = cluster.post(maps, body, fieldValidation="Strict")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.body["message"].endswith('strict decoding error: duplicate field "immutable"')


def test_an_unknown_field_is_named_by_its_path(cluster: Cluster, apps: str) -> None:
    body = workload("d", 0)
    body["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    answer = cluster.post(f"{apps}/deployments", body, fieldValidation="Strict")
    assert answer.status == 400
    assert 'unknown field "spec.template.spec.containers[0].imagee"' in answer.body["message"]


def warnings_of(answer: Any) -> list[str]:
    """The texts of its Warning headers, which may have been joined to one."""
    joined = next((value for name, value in answer.headers.items() if name.lower() == "warning"), "")
    return [text.replace('\\"', '"') for text in re.findall(r'299 - "((?:[^"\\]|\\.)*)"', joined)]


@pytest.mark.parametrize("asked", [{"fieldValidation": "Warn"}, {}])
def test_otherwise_an_unknown_field_is_a_warning_and_is_dropped(
    cluster: Cluster, maps: str, asked: dict[str, str]
) -> None:
    answer = cluster.post(maps, {"metadata": {"name": "c"}, "dataa": {"k": "v"}}, **asked)
    assert (answer.status, warnings_of(answer)) == (201, ['unknown field "dataa"'])
    assert "dataa" not in cluster.read(f"{maps}/c")


def test_a_field_that_is_there_twice_is_a_warning_and_the_last_one_counts(cluster: Cluster, maps: str) -> None:
    answer = cluster.post(maps, b'{"metadata": {"name": "c"}, "immutable": false, "immutable": true}')
    assert (answer.status, warnings_of(answer)) == (201, ['duplicate field "immutable"'])
    assert answer.body["immutable"] is True


def test_who_ignores_unknown_fields_is_not_warned(cluster: Cluster, maps: str) -> None:
    body = {"metadata": {"name": "c"}, "dataa": {"k": "v"}}
    answer = cluster.post(maps, body, fieldValidation="Ignore")
    assert (answer.status, warnings_of(answer)) == (201, [])


def test_an_update_warns_as_well(cluster: Cluster, maps: str) -> None:
    cluster.make(maps, config_map("c"))
    answer = cluster.put(f"{maps}/c", {"metadata": {"name": "c"}, "dataa": {}})
    assert (answer.status, warnings_of(answer)) == (200, ['unknown field "dataa"'])


@pytest.mark.parametrize("kind", ["merge-patch", "strategic-merge-patch"])
def test_a_patch_warns_as_well(cluster: Cluster, maps: str, kind: str) -> None:
    cluster.make(maps, config_map("c"))
    answer = cluster.patch(f"{maps}/c", {"dataa": {"k": "v"}}, kind)
    assert (answer.status, warnings_of(answer)) == (200, ['unknown field "dataa"'])


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("json-patch", [{"op": "add", "path": "/dataa", "value": {"k": "v"}}]),
        ("merge-patch", {"dataa": {"k": "v"}}),
        ("strategic-merge-patch", {"dataa": {"k": "v"}}),
    ],
)
def test_strictly_a_patch_with_an_unknown_field_is_invalid(cluster: Cluster, maps: str, kind: str, patch: Any) -> None:
    made = cluster.make(maps, config_map("c"))
    answer = cluster.patch(f"{maps}/c", patch, kind, fieldValidation="Strict")
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("patch", INVALID)]
    assert 'unknown field "dataa"' in answer.body["message"]
    assert cluster.read(f"{maps}/c") == made


def test_a_way_to_validate_that_there_is_not_is_invalid(cluster: Cluster, maps: str) -> None:
    answer = cluster.post(maps, config_map("c"), fieldValidation="Sometimes")
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("fieldValidation", NOT_SUPPORTED)]


# Objects that are not as they must be


def pod_with(container: Object | None = None, **spec: Any) -> Object:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{**CONTAINER, **(container or {})}], **spec}}


def workload_with(**spec: Any) -> Object:
    body = workload("w", 0)
    return {**body, "spec": {**body["spec"], **spec}}


def service_with(*ports: Object, **spec: Any) -> Object:
    return {"metadata": {"name": "s"}, "spec": {"ports": list(ports), **spec}}


def never_restarted() -> Object:
    body = workload("w", 0)
    body["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    return body


METADATA = [
    ({"name": "Bad_Name"}, "metadata.name", INVALID),
    ({"name": "-c"}, "metadata.name", INVALID),
    ({"name": "c."}, "metadata.name", INVALID),
    ({"name": "a" * 254}, "metadata.name", INVALID),
    ({}, "metadata.name", REQUIRED),
    ({"name": "c", "labels": {"bad key": "v"}}, "metadata.labels", INVALID),
    ({"name": "c", "labels": {"k": "bad value"}}, "metadata.labels", INVALID),
    ({"name": "c", "labels": {"k": "a" * 64}}, "metadata.labels", INVALID),
    ({"name": "c", "annotations": {"bad key": "v"}}, "metadata.annotations", INVALID),
    ({"name": "c", "annotations": {"k": "a" * 256 * 1024}}, "metadata.annotations", "FieldValueTooLong"),
    ({"name": "c", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p"}]}, "uid", INVALID),
    ({"name": "c", "finalizers": ["bad name"]}, "metadata.finalizers", INVALID),
]


@pytest.mark.parametrize(("metadata", "field", "reason"), METADATA, ids=in_short)
def test_metadata_that_is_not_as_it_must_be_is_invalid(
    cluster: Cluster, refusing: str, metadata: Object, field: str, reason: str
) -> None:
    answer = cluster.post(f"/api/v1/namespaces/{refusing}/configmaps", {"metadata": metadata})
    assert (answer.status, answer.reason, answer.body["details"]["kind"]) == (422, "Invalid", "ConfigMap")
    assert any(path.endswith(field) and why == reason for path, why in answer.causes), answer.causes


PODS = [
    (pod_with(containers=[]), "spec.containers", REQUIRED),
    (pod_with({"name": ""}), "spec.containers[0].name", REQUIRED),
    (pod_with({"name": "Bad_Name"}), "spec.containers[0].name", INVALID),
    (pod_with({"image": ""}), "spec.containers[0].image", REQUIRED),
    (pod_with(containers=[CONTAINER, CONTAINER]), "spec.containers[1].name", DUPLICATE),
    (pod_with({"imagePullPolicy": "Sometimes"}), "spec.containers[0].imagePullPolicy", NOT_SUPPORTED),
    (pod_with({"ports": [{"containerPort": 70000}]}), "spec.containers[0].ports[0].containerPort", INVALID),
    (
        pod_with({"ports": [{"containerPort": 1, "protocol": "X"}]}),
        "spec.containers[0].ports[0].protocol",
        NOT_SUPPORTED,
    ),
    (pod_with({"env": [{"value": "v"}]}), "spec.containers[0].env[0].name", REQUIRED),
    (pod_with({"env": [{"name": "a=b"}]}), "spec.containers[0].env[0].name", INVALID),
    (
        pod_with({"volumeMounts": [{"name": "none", "mountPath": "/v"}]}),
        "spec.containers[0].volumeMounts[0].name",
        "FieldValueNotFound",
    ),
    (pod_with({"livenessProbe": {}}), "spec.containers[0].livenessProbe", REQUIRED),
    (
        pod_with({"livenessProbe": {"tcpSocket": {"port": 1}, "successThreshold": 2}}),
        "spec.containers[0].livenessProbe.successThreshold",
        INVALID,
    ),
    (
        pod_with({"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": -1}}),
        "spec.containers[0].readinessProbe.periodSeconds",
        INVALID,
    ),
    (pod_with(restartPolicy="Sometimes"), "spec.restartPolicy", NOT_SUPPORTED),
    (pod_with(dnsPolicy="Sometimes"), "spec.dnsPolicy", NOT_SUPPORTED),
    (pod_with(volumes=[{"name": "v"}, {"name": "v"}]), "spec.volumes[1].name", DUPLICATE),
    (pod_with(initContainers=[{**CONTAINER, "image": "", "name": "i"}]), "spec.initContainers[0].image", REQUIRED),
    (pod_with(nodeName="Bad_Name"), "spec.nodeName", INVALID),
]
SERVICES = [
    (service_with(), "spec.ports", REQUIRED),
    (service_with({"port": 0}), "spec.ports[0].port", INVALID),
    (service_with({"port": 65536}), "spec.ports[0].port", INVALID),
    (service_with({"port": 80, "targetPort": 70000}), "spec.ports[0].targetPort", INVALID),
    (service_with({"port": 80}, {"port": 81}), "spec.ports[0].name", REQUIRED),
    (service_with({"name": "a", "port": 80}, {"name": "a", "port": 81}), "spec.ports[1].name", DUPLICATE),
    (service_with({"port": 80, "protocol": "X"}), "spec.ports[0].protocol", NOT_SUPPORTED),
    (service_with({"port": 80}, type="Sometimes"), "spec.type", NOT_SUPPORTED),
    (service_with({"port": 80, "nodePort": 80}, type="NodePort"), "spec.ports[0].nodePort", INVALID),
    (service_with(type="ExternalName"), "spec.externalName", REQUIRED),
]


@pytest.mark.parametrize(("body", "field", "reason"), [*PODS, *SERVICES], ids=in_short)
def test_an_object_that_is_not_as_it_must_be_is_invalid(
    cluster: Cluster, refusing: str, body: Object, field: str, reason: str
) -> None:
    plural, kind = ("services", "Service") if "ports" in body["spec"] else ("pods", "Pod")
    answer = cluster.post(f"/api/v1/namespaces/{refusing}/{plural}", body)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert (answer.body["details"]["kind"], answer.body["details"]["name"]) == (kind, body["metadata"]["name"])
    assert (field, reason) in answer.causes


WORKLOADS = [
    (workload_with(replicas=-1), "spec.replicas", INVALID),
    (workload_with(minReadySeconds=-1), "spec.minReadySeconds", INVALID),
    (workload_with(selector={"matchLabels": {"app": "other"}}), "spec.template.metadata.labels", INVALID),
    (workload_with(selector=None), "spec.selector", REQUIRED),
    (workload_with(selector={}), "spec.selector", INVALID),
    (never_restarted(), "spec.template.spec.restartPolicy", NOT_SUPPORTED),
]


@pytest.mark.parametrize("plural", ["deployments", "replicasets", "statefulsets"])
@pytest.mark.parametrize(("body", "field", "reason"), WORKLOADS, ids=in_short)
def test_a_workload_that_is_not_as_it_must_be_is_invalid(
    cluster: Cluster, refusing: str, plural: str, body: Object, field: str, reason: str
) -> None:
    answer = cluster.post(f"/apis/apps/v1/namespaces/{refusing}/{plural}", body)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.body["details"]["group"] == "apps"
    assert (field, reason) in answer.causes


@pytest.mark.parametrize("plural", ["deployments", "replicasets"])
def test_the_pods_of_a_workload_must_be_as_pods_must_be(cluster: Cluster, apps: str, plural: str) -> None:
    template = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": []}}
    answer = cluster.post(f"{apps}/{plural}", workload_with(template=template))
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert ("spec.template.spec.containers", REQUIRED) in answer.causes


def test_each_thing_that_is_wrong_is_told(cluster: Cluster, namespace: str) -> None:
    body = pod_with({"ports": [{"containerPort": 70000}], "imagePullPolicy": "Sometimes"}, restartPolicy="Sometimes")
    with pytest.raises(ApiException) as raised:
        cluster.core.create_namespaced_pod(namespace, body)
    causes = json.loads(raised.value.body)["details"]["causes"]
    assert {cause["field"] for cause in causes} == {
        "spec.containers[0].ports[0].containerPort",
        "spec.containers[0].imagePullPolicy",
        "spec.restartPolicy",
    }


@pytest.mark.parametrize(
    ("group", "plural", "body", "field", "reason"),
    [
        (
            "policy/v1",
            "poddisruptionbudgets",
            {"spec": {"minAvailable": 1, "maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}}},
            "spec",
            INVALID,
        ),
        ("networking.k8s.io/v1", "ingresses", {"spec": {}}, "spec", INVALID),
        (
            "networking.k8s.io/v1",
            "ingresses",
            {"spec": {"rules": [{"http": {"paths": [{"path": "/", "backend": BACKEND}]}}]}},
            "spec.rules[0].http.paths[0].pathType",
            REQUIRED,
        ),
        (
            "discovery.k8s.io/v1",
            "endpointslices",
            {"addressType": "Sometimes", "endpoints": []},
            "addressType",
            NOT_SUPPORTED,
        ),
    ],
)
def test_other_groups_say_what_is_invalid_too(
    cluster: Cluster, refusing: str, group: str, plural: str, body: Object, field: str, reason: str
) -> None:
    answer = cluster.post(f"/apis/{group}/namespaces/{refusing}/{plural}", {"metadata": {"name": "n"}, **body})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.body["details"]["group"] == group.partition("/")[0]
    assert (field, reason) in answer.causes


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"resources": {"requests": {"storage": "1Gi"}}}, "spec.accessModes"),
        ({"accessModes": ["ReadWriteOnce"]}, "spec.resources[storage]"),
    ],
)
def test_a_claim_says_how_much_and_for_whom(cluster: Cluster, refusing: str, spec: Object, field: str) -> None:
    claims = f"/api/v1/namespaces/{refusing}/persistentvolumeclaims"
    answer = cluster.post(claims, {"metadata": {"name": "v"}, "spec": spec})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert (field, REQUIRED) in answer.causes


@pytest.mark.parametrize("name", ["Bad", "with.dot", "a" * 64])
def test_a_namespace_is_named_by_a_dns_label(cluster: Cluster, name: str) -> None:
    with pytest.raises(ApiException) as raised:
        cluster.core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    assert raised.value.status == 422
    assert "metadata.name" in {cause["field"] for cause in json.loads(raised.value.body)["details"]["causes"]}


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
@pytest.mark.parametrize("key", ["a b", "a/b", "..", ""])
def test_a_key_of_data_could_be_the_name_of_a_file(cluster: Cluster, refusing: str, plural: str, key: str) -> None:
    answer = cluster.post(f"/api/v1/namespaces/{refusing}/{plural}", {"metadata": {"name": "c"}, "data": {key: ""}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes[0] == (f"data[{key}]", INVALID)


# What cannot be changed


def test_what_is_immutable_stays(cluster: Cluster, namespace: str) -> None:
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="c"), data={"k": "1"}, immutable=True)
    cluster.core.create_namespaced_config_map(namespace, body)
    with pytest.raises(ApiException) as raised:
        cluster.core.patch_namespaced_config_map("c", namespace, {"data": {"k": "2"}})
    assert raised.value.status == 422
    (cause,) = json.loads(raised.value.body)["details"]["causes"]
    assert (cause["field"], cause["reason"]) == ("data", "FieldValueForbidden")


FIXED = [
    (CORE + "/pods", idle_pod("f"), {"spec": {"hostNetwork": True}}, "spec", "FieldValueForbidden"),
    (CORE + "/secrets", {"metadata": {"name": "f"}}, {"type": "example.org/t"}, "type", INVALID),
    (
        APPS + "/deployments",
        workload("f", 0),
        {
            "spec": {
                "selector": {"matchLabels": {"app": "f", "x": "y"}},
                "template": {"metadata": {"labels": {"x": "y"}}},
            }
        },
        "spec.selector",
        INVALID,
    ),
    (APPS + "/statefulsets", stateful_set("f", 0), {"spec": {"serviceName": "other"}}, "spec", "FieldValueForbidden"),
    (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
        {
            "metadata": {"name": "f"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        },
        {"roleRef": {"name": "edit"}},
        "roleRef",
        INVALID,
    ),
]


@pytest.mark.parametrize(("path", "body", "patch", "field", "reason"), FIXED, ids=in_short)
def test_what_was_decided_at_creation_stays(
    cluster: Cluster, namespace: str, path: str, body: Object, patch: Object, field: str, reason: str
) -> None:
    collection = path.format(namespace=namespace)
    made = cluster.make(collection, body)
    answer = cluster.patch(f"{collection}/f", patch)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert (field, reason) in answer.causes
    assert cluster.read(f"{collection}/f").get("spec") == made.get("spec")
