"""Other forms of an answer: tables as kubectl shows them, and metadata alone.

https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Answer, Cluster, until
from .objects import config_map, idle_pod, lease, pods_of, stateful_set, workload
from .watching import watching

Object = dict[str, Any]
Headers = dict[str, str | None]

TABLE: Headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
METADATA: Headers = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
METADATA_LIST: Headers = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}


def table(cluster: Cluster, path: str, **query: Any) -> Object:
    answer = cluster.get(path, headers=TABLE, **query)
    assert (answer.status, answer.body["kind"], answer.body["apiVersion"]) == (200, "Table", "meta.k8s.io/v1")
    return dict(answer.body)


def rows(found: Object) -> list[dict[str, Any]]:
    """Column -> cell of each row, but for the age."""
    columns = [column["name"] for column in found["columnDefinitions"]]
    cells = [dict(zip(columns, row["cells"], strict=True)) for row in found["rows"] or ()]
    return [{name: cell for name, cell in row.items() if name != "Age"} for row in cells]


def shown(found: Object) -> list[dict[str, Any]]:
    """The same of the columns that are shown without `-o wide`."""
    wide = {column["name"] for column in found["columnDefinitions"] if column["priority"]}
    return [{name: cell for name, cell in row.items() if name not in wide} for row in rows(found)]


@pytest.mark.parametrize(
    ("path", "columns", "wide"),
    [
        (
            "/api/v1/namespaces/{}/pods",
            "Name Ready Status Restarts Age",
            "IP|Node|Nominated Node|Readiness Gates",
        ),
        (
            "/api/v1/nodes",
            "Name Status Roles Age Version",
            "Internal-IP|External-IP|OS-Image|Kernel-Version|Container-Runtime",
        ),
        ("/api/v1/namespaces", "Name Status Age", ""),
        ("/api/v1/namespaces/{}/configmaps", "Name Data Age", ""),
        ("/api/v1/namespaces/{}/secrets", "Name Type Data Age", ""),
        ("/api/v1/namespaces/{}/services", "Name Type Cluster-IP External-IP Port(s) Age", "Selector"),
        (
            "/apis/apps/v1/namespaces/{}/deployments",
            "Name Ready Up-to-date Available Age",
            "Containers|Images|Selector",
        ),
        ("/apis/apps/v1/namespaces/{}/replicasets", "Name Desired Current Ready Age", "Containers|Images|Selector"),
        ("/apis/apps/v1/namespaces/{}/statefulsets", "Name Ready Age", "Containers|Images"),
        ("/apis/apps/v1/namespaces/{}/controllerrevisions", "Name Controller Revision Age", ""),
        ("/apis/coordination.k8s.io/v1/namespaces/{}/leases", "Name Holder Age", ""),
        ("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", "Name AddressType Ports Endpoints Age", ""),
        ("/apis/networking.k8s.io/v1/namespaces/{}/ingresses", "Name Class Hosts Address Ports Age", ""),
    ],
)
def test_a_table_has_the_columns_that_kubectl_shows(
    cluster: Cluster, namespace: str, path: str, columns: str, wide: str
) -> None:
    found = table(cluster, path.format(namespace), limit=1)["columnDefinitions"]
    assert [column["name"] for column in found if not column["priority"]] == columns.split()
    assert "|".join(column["name"] for column in found if column["priority"]) == wide
    assert found[0]["format"] == "name"


def test_an_empty_table_has_columns_and_no_rows(cluster: Cluster, leases: str) -> None:
    assert not table(cluster, leases)["rows"]


def test_a_pod_without_a_node_waits(cluster: Cluster, core: str) -> None:
    cluster.make(f"{core}/pods", idle_pod("p"))
    pending = {"Name": "p", "Ready": "0/1", "Status": "Pending", "Restarts": "0"}
    elsewhere = {"IP": "<none>", "Node": "<none>", "Nominated Node": "<none>", "Readiness Gates": "<none>"}
    assert rows(table(cluster, f"{core}/pods")) == [pending | elsewhere]


@pytest.mark.parametrize(
    ("status", "text", "ready", "restarts"),
    [
        ({"state": {"running": {}}, "ready": True, "restartCount": 3}, "Running", "1/1", "3"),
        ({"state": {"waiting": {"reason": "ImagePullBackOff"}}}, "ImagePullBackOff", "0/1", "0"),
        ({"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}, "Error", "0/1", "0"),
        ({"state": {"terminated": {"exitCode": 3}}}, "ExitCode:3", "0/1", "0"),
        ({"state": {"terminated": {"exitCode": 0, "signal": 9}}}, "Signal:9", "0/1", "0"),
    ],
    ids=["running", "waiting", "ended", "ended without a reason", "ended by a signal"],
)
def test_a_pod_is_what_its_container_is(
    cluster: Cluster, core: str, status: Object, text: str, ready: str, restarts: str
) -> None:
    cluster.make(f"{core}/pods", idle_pod("p"))
    container = {"name": "main", "image": "i", "imageID": "", "ready": False, "restartCount": 0, **status}
    told = {"status": {"phase": "Running", "containerStatuses": [container]}}
    assert cluster.patch(f"{core}/pods/p/status", told).status == 200
    (row,) = shown(table(cluster, f"{core}/pods"))
    assert row == {"Name": "p", "Ready": ready, "Status": text, "Restarts": restarts}


def test_a_pod_that_is_being_deleted_is_terminating(cluster: Cluster, core: str) -> None:
    kept = idle_pod("p")
    kept["metadata"]["finalizers"] = ["example.org/wait"]
    cluster.make(f"{core}/pods", kept)
    cluster.delete(f"{core}/pods/p")
    status = [row["Status"] for row in rows(table(cluster, f"{core}/pods"))]
    cluster.patch(f"{core}/pods/p", {"metadata": {"finalizers": None}})
    assert status == ["Terminating"]


def test_workloads_say_how_many_pods_are_ready(cluster: Cluster, namespace: str, apps: str) -> None:
    cluster.make(f"{apps}/deployments", workload("d", 2))
    cluster.make(f"{apps}/statefulsets", stateful_set("s", 1))
    until(lambda: len(pods_of(cluster, namespace, "d")) == 2)
    until(lambda: shown(table(cluster, f"{apps}/deployments"))[0]["Up-to-date"] == 2)
    expected = {"Name": "d", "Ready": "0/2", "Up-to-date": 2, "Available": 0}
    assert shown(table(cluster, f"{apps}/deployments")) == [expected]
    assert shown(table(cluster, f"{apps}/statefulsets")) == [{"Name": "s", "Ready": "0/1"}]
    (replicas,) = shown(table(cluster, f"{apps}/replicasets"))
    assert (replicas["Desired"], replicas["Ready"]) == (2, 0)


@pytest.mark.parametrize(
    ("spec", "row"),
    [
        ({}, {"Type": "ClusterIP", "External-IP": "<none>", "Port(s)": "80/TCP"}),
        ({"clusterIP": "None"}, {"Type": "ClusterIP", "Cluster-IP": "None", "External-IP": "<none>"}),
        (
            {"type": "ExternalName", "externalName": "example.org", "ports": None},
            {"Type": "ExternalName", "Cluster-IP": "<none>", "External-IP": "example.org", "Port(s)": "<none>"},
        ),
        ({"selector": {"b": "2", "a": "1"}}, {"Selector": "a=1,b=2"}),
        (
            {"ports": [{"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 80}]},
            {"Port(s)": "53/UDP,80/TCP"},
        ),
    ],
    ids=["plain", "headless", "another name", "selecting", "two ports"],
)
def test_a_service_says_where_it_is(cluster: Cluster, core: str, spec: Object, row: Object) -> None:
    cluster.make(f"{core}/services", {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}], **spec}})
    (found,) = rows(table(cluster, f"{core}/services"))
    assert found | row == found


def test_a_service_shows_its_node_ports(cluster: Cluster, core: str) -> None:
    made = cluster.make(
        f"{core}/services", {"metadata": {"name": "web"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    )
    (found,) = rows(table(cluster, f"{core}/services"))
    assert found["Port(s)"] == f"80:{made['spec']['ports'][0]['nodePort']}/TCP"


def test_a_cordoned_node_takes_no_pods(cluster: Cluster, silent_node: str) -> None:
    cluster.core.patch_node(silent_node, {"spec": {"unschedulable": True}})
    (row,) = shown(table(cluster, "/api/v1/nodes", fieldSelector=f"metadata.name={silent_node}"))
    assert row["Status"] == "Ready,SchedulingDisabled"


def test_a_table_of_one_object_has_one_row(cluster: Cluster, core: str) -> None:
    made = cluster.make(f"{core}/configmaps", config_map("c", {"a": "1", "b": "2"}))
    found = table(cluster, f"{core}/configmaps/c")
    assert rows(found) == [{"Name": "c", "Data": 2}]
    assert found["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


@pytest.mark.parametrize("include", [None, "Metadata", "Object", "None"])
def test_beside_a_row_stands_as_much_of_the_object_as_wanted(
    cluster: Cluster, leases: str, include: str | None
) -> None:
    made = cluster.make(leases, lease("a", "h"))
    (row,) = table(cluster, leases, **({"includeObject": include} if include else {}))["rows"]
    metadata = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": made["metadata"]}
    assert row["object"] == {None: metadata, "Metadata": metadata, "Object": made, "None": None}[include]


def test_beside_a_row_stands_nothing_else(cluster: Cluster, leases: str) -> None:
    answer = cluster.get(leases, headers=TABLE, includeObject="Everything")
    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_tables_come_in_pages(cluster: Cluster, leases: str) -> None:
    for name in ("a", "b", "c"):
        cluster.make(leases, lease(name))
    first = table(cluster, leases, limit=2)
    second = table(cluster, leases, limit=2, **{"continue": first["metadata"]["continue"]})
    assert first["metadata"]["remainingItemCount"] == 1
    assert [row["Name"] for row in rows(first) + rows(second)] == ["a", "b", "c"]


def test_a_watch_of_tables_names_the_columns_once(cluster: Cluster, leases: str) -> None:
    version = cluster.read(leases)["metadata"]["resourceVersion"]
    with watching(cluster, leases, headers=TABLE, resourceVersion=version) as events:
        for name in ("a", "b"):
            cluster.make(leases, lease(name))
        first, second = (next(events)["object"] for _ in range(2))
    assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Holder", "Age"]
    assert not second["columnDefinitions"]
    assert [found["rows"][0]["cells"][0] for found in (first, second)] == ["a", "b"]


# Metadata alone


def metadata_of(answer: Answer) -> Object:
    assert answer.status == 200, answer.body
    return dict(answer.body)


def test_metadata_of_one_object(cluster: Cluster, core: str) -> None:
    made = cluster.make(f"{core}/configmaps", config_map("c", {"a": "1"}, labels={"a": "b"}))
    found = metadata_of(cluster.get(f"{core}/configmaps/c", headers=METADATA))
    assert found == {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": made["metadata"]}


def test_metadata_of_a_list(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("a", "h"))
    found = metadata_of(cluster.get(leases, headers=METADATA_LIST))
    assert (found["kind"], found["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    item = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": made["metadata"]}
    assert found["items"] == [item]
    assert int(found["metadata"]["resourceVersion"]) >= int(made["metadata"]["resourceVersion"])


def test_the_first_form_that_is_known_is_taken(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("a"))
    unknown = "application/json;as=Poem;v=v1;g=meta.k8s.io"
    assert cluster.get(leases, headers={"Accept": f"{unknown},application/json"}).body["kind"] == "LeaseList"
    assert cluster.get(leases, headers={"Accept": unknown}).status == 406
