"""What a server says that it serves. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, dynamic

from .conftest import Cluster
from .objects import config_map

Object = dict[str, Any]

AGGREGATED: dict[str, str | None] = {
    "Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
}
GROUP_VERSIONS = [
    "apps/v1",
    "authorization.k8s.io/v1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "events.k8s.io/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "storage.k8s.io/v1",
]
WRITABLE = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}


def resources_of(cluster: Cluster, path: str) -> dict[str, Object]:
    """Name -> resource of an APIResourceList."""
    found = cluster.read(path)
    assert found["kind"] == "APIResourceList"
    return {one["name"]: one for one in found["resources"]}


def aggregated(cluster: Cluster, path: str) -> dict[str, dict[str, Object]]:
    """Group and version -> resources by their names, of aggregated discovery."""
    answer = cluster.get(path, headers=AGGREGATED)
    assert (answer.status, answer.body["kind"]) == (200, "APIGroupDiscoveryList")
    assert "as=APIGroupDiscoveryList" in answer.headers["Content-Type"]
    return {
        f"{group['metadata'].get('name', '')}/{version['version']}": {
            one["resource"]: one for one in version["resources"]
        }
        for group in answer.body["items"]
        for version in group["versions"]
    }


# Groups and resources


def test_the_core_group_has_one_version(cluster: Cluster) -> None:
    found = cluster.read("/api")
    assert (found["kind"], found["versions"]) == ("APIVersions", ["v1"])


@pytest.mark.parametrize("group_version", GROUP_VERSIONS)
def test_a_group_prefers_one_of_its_versions(cluster: Cluster, group_version: str) -> None:
    group = group_version.partition("/")[0]
    listed = {one["name"]: one for one in cluster.read("/apis")["groups"]}
    found = cluster.read(f"/apis/{group}")
    assert found["kind"] == "APIGroup"
    assert group_version in [one["groupVersion"] for one in found["versions"]]
    assert found["preferredVersion"] in found["versions"]
    assert {key: found[key] for key in ("name", "versions", "preferredVersion")} == listed[group]


@pytest.mark.parametrize(
    ("path", "name", "kind", "namespaced", "short"),
    [
        ("/api/v1", "configmaps", "ConfigMap", True, "cm"),
        ("/api/v1", "nodes", "Node", False, "no"),
        ("/api/v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, "pvc"),
        ("/api/v1", "persistentvolumes", "PersistentVolume", False, "pv"),
        ("/api/v1", "pods", "Pod", True, "po"),
        ("/api/v1", "services", "Service", True, "svc"),
        ("/apis/apps/v1", "deployments", "Deployment", True, "deploy"),
        ("/apis/apps/v1", "statefulsets", "StatefulSet", True, "sts"),
        ("/apis/networking.k8s.io/v1", "ingresses", "Ingress", True, "ing"),
        ("/apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", True, "pdb"),
        ("/apis/storage.k8s.io/v1", "storageclasses", "StorageClass", False, "sc"),
    ],
)
def test_a_resource_says_how_it_is_called_and_what_it_can_do(
    cluster: Cluster, path: str, name: str, kind: str, namespaced: bool, short: str
) -> None:
    found = resources_of(cluster, path)[name]
    assert (found["kind"], found["singularName"], found["namespaced"]) == (kind, kind.lower(), namespaced)
    assert short in found["shortNames"]
    assert set(found["verbs"]) == WRITABLE


def test_namespaces_are_not_deleted_all_at_once(cluster: Cluster) -> None:
    assert set(resources_of(cluster, "/api/v1")["namespaces"]["verbs"]) == WRITABLE - {"deletecollection"}


@pytest.mark.parametrize(
    ("path", "name", "kind", "verbs"),
    [
        ("/api/v1", "pods/status", "Pod", {"get", "patch", "update"}),
        ("/api/v1", "pods/log", "Pod", {"get"}),
        ("/api/v1", "pods/binding", "Binding", {"create"}),
        ("/api/v1", "pods/eviction", "Eviction", {"create"}),
        ("/api/v1", "pods/exec", "PodExecOptions", {"create", "get"}),
        ("/api/v1", "namespaces/finalize", "Namespace", {"update"}),
        ("/apis/apps/v1", "deployments/scale", "Scale", {"get", "patch", "update"}),
        ("/apis/apps/v1", "statefulsets/status", "StatefulSet", {"get", "patch", "update"}),
    ],
)
def test_a_subresource_is_listed_beside_its_resource(
    cluster: Cluster, path: str, name: str, kind: str, verbs: set[str]
) -> None:
    found = resources_of(cluster, path)[name]
    assert (found["kind"], set(found["verbs"])) == (kind, verbs)


def test_a_subresource_of_another_group_says_which(cluster: Cluster) -> None:
    scale = resources_of(cluster, "/apis/apps/v1")["statefulsets/scale"]
    eviction = resources_of(cluster, "/api/v1")["pods/eviction"]
    assert (scale["group"], scale["version"]) == ("autoscaling", "v1")
    assert (eviction["group"], eviction["version"]) == ("policy", "v1")


@pytest.mark.parametrize("name", ["deployments", "replicasets", "statefulsets"])
def test_workloads_are_among_all(cluster: Cluster, name: str) -> None:
    assert "all" in resources_of(cluster, "/apis/apps/v1")[name]["categories"]


@pytest.mark.parametrize("path", ["/apis/none.example.org", "/apis/none.example.org/v1", "/apis/apps/v99", "/api/v99"])
def test_what_is_not_served_is_not_found(cluster: Cluster, path: str) -> None:
    assert cluster.get(path).status == 404


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_all_resources_come_in_one_answer(cluster: Cluster, path: str) -> None:
    found = aggregated(cluster, path)
    wanted = ["/v1"] if path == "/api" else GROUP_VERSIONS
    assert set(wanted) <= found.keys()
    for group_version in wanted:
        plain = resources_of(cluster, f"{path}{group_version}" if path == "/api" else f"{path}/{group_version}")
        assert found[group_version].keys() == {name for name in plain if "/" not in name}


def test_an_aggregated_resource_holds_its_subresources(cluster: Cluster) -> None:
    found = aggregated(cluster, "/apis")["apps/v1"]["deployments"]
    assert (found["scope"], found["responseKind"]["kind"]) == ("Namespaced", "Deployment")
    assert (found["singularResource"], found["shortNames"], set(found["verbs"])) == ("deployment", ["deploy"], WRITABLE)
    below = {one["subresource"]: one["responseKind"]["kind"] for one in found["subresources"]}
    assert below == {"scale": "Scale", "status": "Deployment"}


# Clients


def test_the_official_client_reads_the_groups(cluster: Cluster) -> None:
    found = client.ApisApi(cluster.connection).get_api_versions()
    assert {one.rpartition("/")[0] for one in GROUP_VERSIONS} <= {group.name for group in found.groups}
    assert client.CoreApi(cluster.connection).get_api_versions().versions == ["v1"]


def test_the_official_client_reads_the_resources(cluster: Cluster) -> None:
    found = {one.name: one for one in client.AppsV1Api(cluster.connection).get_api_resources().resources}
    assert (found["statefulsets"].kind, found["statefulsets"].namespaced) == ("StatefulSet", True)
    found = {one.name: one for one in client.CoreV1Api(cluster.connection).get_api_resources().resources}
    assert (found["persistentvolumes"].kind, found["persistentvolumes"].namespaced) == ("PersistentVolume", False)


def test_a_client_that_knows_no_kinds_learns_them(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    learner = dynamic.DynamicClient(cluster.connection, cache_file=str(tmp_path / "discovery"))
    maps = learner.resources.get(api_version="v1", kind="ConfigMap")
    made = maps.create(body=config_map("c", {"a": "1"}), namespace=namespace)
    assert (maps.get(name="c", namespace=namespace).data.a, made.kind) == ("1", "ConfigMap")
    assert learner.resources.get(api_version="apps/v1", kind="StatefulSet").name == "statefulsets"
    maps.delete(name="c", namespace=namespace)
    assert "c" not in [one.metadata.name for one in maps.get(namespace=namespace).items]


# Version, health, schemas


def test_the_version_is_that_of_kubernetes(cluster: Cluster) -> None:
    found = client.VersionApi(cluster.connection).get_code()
    assert (found.major, found.git_version.partition("+")[0].split(".")[:2]) == ("1", ["v1", found.minor.rstrip("+")])


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_a_healthy_server_says_ok(cluster: Cluster, path: str) -> None:
    answer = cluster.get(path)
    assert (answer.status, answer.body) == (200, "ok")


def test_the_root_lists_what_is_below_it(cluster: Cluster) -> None:
    below = {"/api/v1", "/apis/apps/v1", "/healthz", "/openapi/v3", "/version"}
    assert below <= set(cluster.read("/")["paths"])


@pytest.mark.parametrize("group_version", ["api/v1", *(f"apis/{one}" for one in GROUP_VERSIONS)])
def test_every_group_version_has_its_schemas(cluster: Cluster, group_version: str) -> None:
    assert group_version in cluster.read("/openapi/v3")["paths"]


@pytest.mark.parametrize(
    ("group_version", "group", "kind"), [("api/v1", "", "Pod"), ("apis/apps/v1", "apps", "StatefulSet")]
)
def test_the_schemas_of_a_group_version_describe_its_kinds(
    cluster: Cluster, group_version: str, group: str, kind: str
) -> None:
    path = cluster.read("/openapi/v3")["paths"][group_version]["serverRelativeURL"]
    with cluster.open("GET", path, headers={"Accept": "application/json"}) as response:
        document = json.loads(response.data)
    assert document["openapi"].startswith("3.")
    described = [
        (one["group"], one["version"], one["kind"])
        for schema in document["components"]["schemas"].values()
        for one in schema.get("x-kubernetes-group-version-kind", ())
    ]
    assert (group, "v1", kind) in described
