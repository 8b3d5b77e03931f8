"""Lists: kinds, selections, pages, versions. https://kubernetes.io/docs/reference/using-api/api-concepts/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from .conftest import Answer, Cluster, until
from .objects import config_map, idle_pod, lease, make_ready, names

Object = dict[str, Any]

FUTURE = "999999999999"
"""A resource version that no cluster has come to yet."""


def listed(answer: Answer) -> list[str]:
    """The names in a list, in their order."""
    assert answer.status == 200, answer.body
    return names(answer.body["items"])


def version_of(made: Object) -> str:
    return str(made["metadata"]["resourceVersion"])


def pages(cluster: Cluster, path: str, limit: int, **query: Any) -> Iterator[Object]:
    """One list after the other, to the last page."""
    token = None
    while token != "":
        more = {"continue": token} if token else {}
        answer = cluster.get(path, limit=limit, **query, **more)
        assert answer.status == 200, answer.body
        yield answer.body
        token = answer.body["metadata"].get("continue", "")


# What a list is


@pytest.mark.parametrize(
    ("path", "api_version", "kind"),
    [
        ("/api/v1/namespaces/{}/configmaps", "v1", "ConfigMapList"),
        ("/api/v1/namespaces/{}/pods", "v1", "PodList"),
        ("/api/v1/namespaces/{}/services", "v1", "ServiceList"),
        ("/api/v1/nodes", "v1", "NodeList"),
        ("/apis/apps/v1/namespaces/{}/statefulsets", "apps/v1", "StatefulSetList"),
        ("/apis/coordination.k8s.io/v1/namespaces/{}/leases", "coordination.k8s.io/v1", "LeaseList"),
        ("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", "discovery.k8s.io/v1", "EndpointSliceList"),
        ("/apis/events.k8s.io/v1/namespaces/{}/events", "events.k8s.io/v1", "EventList"),
        ("/apis/networking.k8s.io/v1/namespaces/{}/ingresses", "networking.k8s.io/v1", "IngressList"),
        ("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", "policy/v1", "PodDisruptionBudgetList"),
    ],
)
def test_a_list_names_its_kind(cluster: Cluster, namespace: str, path: str, api_version: str, kind: str) -> None:
    found = cluster.read(path.format(namespace))
    assert (found["apiVersion"], found["kind"]) == (api_version, kind)


def test_the_items_of_a_list_do_not_repeat_its_kind(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("a"))
    (item,) = cluster.read(leases)["items"]
    assert item["metadata"]["name"] == "a"
    assert not {"kind", "apiVersion"} & item.keys()


def test_a_list_of_nothing_has_an_empty_list_of_items(cluster: Cluster, leases: str) -> None:
    assert cluster.read(leases)["items"] == []


def test_a_namespace_that_is_not_there_has_no_objects(cluster: Cluster) -> None:
    answer = cluster.get("/api/v1/namespaces/conformance-none/pods")
    assert (answer.status, answer.body["items"]) == (200, [])


def test_a_list_of_all_namespaces_says_where_each_object_is(cluster: Cluster, namespace: str) -> None:
    api = client.CoordinationV1Api(cluster.connection)
    api.create_namespaced_lease(namespace, lease("here", labels={"of": namespace}))
    api.create_namespaced_lease("default", lease(namespace, labels={"of": namespace}))
    try:
        found = api.list_lease_for_all_namespaces(label_selector=f"of={namespace}").items
    finally:
        api.delete_namespaced_lease(namespace, "default")
    expected = {(namespace, "here"), ("default", namespace)}
    assert {(one.metadata.namespace, one.metadata.name) for one in found} == expected


# Labels


@pytest.fixture
def coloured(cluster: Cluster, core: str) -> str:
    """The path of a collection of four objects with some labels, and perhaps others without any."""
    labels = {
        "a": {"colour": "red", "size": "1"},
        "b": {"colour": "blue", "size": "2"},
        "c": {"size": "10"},
        "d": {"colour": ""},
    }
    for name, own in labels.items():
        cluster.make(f"{core}/configmaps", config_map(name, labels={"painted": "yes", **own}))
    return f"{core}/configmaps"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("colour=red", "a"),
        ("colour==red", "a"),
        ("colour=", "d"),
        ("colour=red,size=1", "a"),
        ("colour=red,size=2", ""),
        ("colour!=red", "bcd"),
        ("colour in (red, blue)", "ab"),
        ("colour in (red,)", "ad"),
        ("colour notin (red)", "bcd"),
        ("colour notin (red,blue),size", "c"),
        ("colour", "abd"),
        ("!colour", "c"),
        ("size>1", "bc"),
        ("size<10", "ab"),
        ("", "abcd"),
    ],
)
def test_labels_select(cluster: Cluster, coloured: str, selector: str, expected: str) -> None:
    wanted = ",".join(filter(None, (selector, "painted=yes")))
    assert "".join(listed(cluster.get(coloured, labelSelector=wanted))) == expected


@pytest.mark.parametrize(
    "selector",
    [
        "a in b",
        "a in (b",
        "a in (b c)",
        "a=b=c",
        "a b",
        ",a",
        "a,",
        "!a=b",
        "a=-b",
        "a/b/c=d",
        "-a",
        "a>b",
        "a=" + 64 * "x",
    ],
)
def test_a_label_selector_that_cannot_be_read_is_a_bad_request(cluster: Cluster, core: str, selector: str) -> None:
    answer = cluster.get(f"{core}/configmaps", labelSelector=selector)
    assert (answer.status, answer.reason) == (400, "BadRequest")


def test_labels_that_change_change_the_selection(cluster: Cluster, namespace: str) -> None:
    cluster.core.create_namespaced_config_map(namespace, config_map("moving", labels={"colour": "red"}))
    cluster.core.patch_namespaced_config_map("moving", namespace, {"metadata": {"labels": {"colour": "blue"}}})
    found = [cluster.core.list_namespaced_config_map(namespace, label_selector=f"colour={x}") for x in ("red", "blue")]
    assert [len(one.items) for one in found] == [0, 1]


# Fields


@pytest.fixture
def two_pods(cluster: Cluster, core: str) -> str:
    """The path of the pods waiting, which has no node, and running."""
    cluster.make(f"{core}/pods", idle_pod("waiting"))
    make_ready(cluster, cluster.make(f"{core}/pods", idle_pod("running", restartPolicy="OnFailure")))
    return f"{core}/pods"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("metadata.name=waiting", ["waiting"]),
        ("metadata.name==waiting", ["waiting"]),
        ("metadata.name!=waiting", ["running"]),
        ("status.phase=Running", ["running"]),
        ("status.phase!=Running,spec.schedulerName=nobody", ["waiting"]),
        ("spec.nodeName=", ["running", "waiting"]),
        ("spec.nodeName!=", []),
        ("spec.restartPolicy=OnFailure", ["running"]),
        ("status.podIP=192.0.2.7", ["running"]),
        ("", ["running", "waiting"]),
    ],
)
def test_fields_select_pods(cluster: Cluster, two_pods: str, selector: str, expected: list[str]) -> None:
    assert listed(cluster.get(two_pods, fieldSelector=selector)) == expected


@pytest.mark.usefixtures("two_pods")
def test_a_namespace_can_be_selected_as_a_field(cluster: Cluster, namespace: str) -> None:
    found = cluster.core.list_pod_for_all_namespaces(field_selector=f"metadata.namespace={namespace}")
    assert {one.metadata.name for one in found.items} == {"running", "waiting"}


def test_pods_can_be_selected_by_their_node(cluster: Cluster, core: str, silent_node: str) -> None:
    cluster.make(f"{core}/pods", idle_pod("placed", nodeName=silent_node))
    cluster.make(f"{core}/pods", idle_pod("elsewhere"))
    found = cluster.core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={silent_node}")
    assert "placed" in [one.metadata.name for one in found.items]
    assert {one.spec.node_name for one in found.items} == {silent_node}


def test_labels_and_fields_select_together(cluster: Cluster, core: str) -> None:
    for name, colour in (("a", "red"), ("b", "red"), ("c", "blue")):
        cluster.make(f"{core}/configmaps", config_map(name, labels={"colour": colour}))
    both = {"labelSelector": "colour=red", "fieldSelector": "metadata.name!=a"}
    assert listed(cluster.get(f"{core}/configmaps", **both)) == ["b"]


def test_secrets_can_be_selected_by_their_type(cluster: Cluster, namespace: str) -> None:
    for name, kind in (("a", "example.org/token"), ("b", "Opaque")):
        cluster.core.create_namespaced_secret(namespace, {"metadata": {"name": name}, "type": kind})
    found = cluster.core.list_namespaced_secret(namespace, field_selector="type=example.org/token")
    assert [one.metadata.name for one in found.items] == ["a"]


def test_services_can_be_selected_by_their_type(cluster: Cluster, namespace: str) -> None:
    for name, kind in (("a", "ClusterIP"), ("b", "NodePort")):
        made = {"metadata": {"name": name}, "spec": {"type": kind, "ports": [{"port": 80}]}}
        cluster.core.create_namespaced_service(namespace, made)
    found = cluster.core.list_namespaced_service(namespace, field_selector="spec.type=NodePort")
    assert [one.metadata.name for one in found.items] == ["b"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("involvedObject.name=web", ["of-web", "of-web-too"]),
        ("involvedObject.name=web,reason=Failed", ["of-web-too"]),
        ("involvedObject.kind=Pod,involvedObject.name=db", ["of-db"]),
        ("type=Warning", ["of-web-too"]),
        ("type!=Warning,involvedObject.uid=1", ["of-web"]),
        ("involvedObject.kind=Node", []),
    ],
)
def test_events_are_found_by_what_they_are_about(
    cluster: Cluster, namespace: str, selector: str, expected: list[str]
) -> None:
    events = [("of-web", "web", "1", "Started", "Normal"), ("of-web-too", "web", "1", "Failed", "Warning")]
    for name, about, uid, reason, kind in (*events, ("of-db", "db", "2", "Started", "Normal")):
        involved = client.V1ObjectReference(api_version="v1", kind="Pod", namespace=namespace, name=about, uid=uid)
        metadata = client.V1ObjectMeta(name=name)
        event = client.CoreV1Event(metadata=metadata, involved_object=involved, reason=reason, type=kind)
        cluster.core.create_namespaced_event(namespace, event)
    found = cluster.core.list_namespaced_event(namespace, field_selector=selector)
    assert sorted(one.metadata.name for one in found.items) == expected


@pytest.mark.parametrize(
    ("collection", "selector"),
    [
        ("/api/v1/namespaces/{}/configmaps", "data.k=v"),
        ("/api/v1/namespaces/{}/pods", "spec.priority=0"),
        ("/apis/apps/v1/namespaces/{}/deployments", "spec.replicas=1"),
        ("/api/v1/namespaces/{}/pods", "metadata.name"),
    ],
)
def test_a_field_by_which_nothing_can_be_selected_is_a_bad_request(
    cluster: Cluster, namespace: str, collection: str, selector: str
) -> None:
    answer = cluster.get(collection.format(namespace), fieldSelector=selector)
    assert (answer.status, answer.reason) == (400, "BadRequest")


# Pages


@pytest.fixture
def seven(cluster: Cluster, leases: str) -> str:
    """The path of a collection of seven objects, l0 to l6."""
    for number in range(7):
        cluster.make(leases, lease(f"l{number}", labels={"odd": str(number % 2)}))
    return leases


def test_pages_hold_every_object_once(cluster: Cluster, seven: str) -> None:
    found = [names(page["items"]) for page in pages(cluster, seven, limit=3)]
    assert found == [["l0", "l1", "l2"], ["l3", "l4", "l5"], ["l6"]]


def test_a_page_says_how_many_objects_are_left(cluster: Cluster, seven: str) -> None:
    left = [page["metadata"].get("remainingItemCount") for page in pages(cluster, seven, limit=3)]
    assert left == [4, 1, None]


def test_a_page_of_a_selection_does_not_say_how_many_are_left(cluster: Cluster, seven: str) -> None:
    found = list(pages(cluster, seven, limit=2, labelSelector="odd=0"))
    assert [names(page["items"]) for page in found] == [["l0", "l2"], ["l4", "l6"]]
    assert not any("remainingItemCount" in page["metadata"] for page in found)


def test_a_page_that_holds_all_has_no_successor(cluster: Cluster, seven: str) -> None:
    metadata = cluster.get(seven, limit=7).body["metadata"]
    assert not metadata.get("continue")
    assert "remainingItemCount" not in metadata


def test_all_pages_show_the_state_of_the_first(cluster: Cluster, seven: str) -> None:
    found = []
    for page in pages(cluster, seven, limit=3):
        found.append(page)
        if len(found) == 1:
            cluster.make(seven, lease("l4a"))
            cluster.patch(f"{seven}/l5", {"spec": {"holderIdentity": "late"}})
            assert cluster.delete(f"{seven}/l6").status == 200
    assert [name for page in found for name in names(page["items"])] == [f"l{number}" for number in range(7)]
    assert not any(one["spec"].get("holderIdentity") for page in found for one in page["items"])
    assert len({version_of(page) for page in found}) == 1


def test_pages_may_have_different_sizes(cluster: Cluster, seven: str) -> None:
    first = cluster.get(seven, limit=1).body["metadata"]
    assert listed(cluster.get(seven, limit=4, **{"continue": first["continue"]})) == ["l1", "l2", "l3", "l4"]
    assert listed(cluster.get(seven, **{"continue": first["continue"]})) == [f"l{number}" for number in range(1, 7)]


@pytest.mark.usefixtures("seven")
def test_the_official_client_reads_page_by_page(cluster: Cluster, namespace: str) -> None:
    api = client.CoordinationV1Api(cluster.connection)
    first = api.list_namespaced_lease(namespace, limit=5)
    second = api.list_namespaced_lease(namespace, limit=5, _continue=first.metadata._continue)
    assert (len(first.items), first.metadata.remaining_item_count) == (5, 2)
    assert [one.metadata.name for one in second.items] == ["l5", "l6"]
    assert second.metadata._continue is None


@pytest.mark.parametrize("token", ["xyz", "!", "eyJ2IjoidjAifQ"], ids=["not JSON", "not base64", "unknown version"])
def test_a_continue_token_of_ones_own_is_a_bad_request(cluster: Cluster, leases: str, token: str) -> None:
    answer = cluster.get(leases, limit=2, **{"continue": token})
    assert (answer.status, answer.reason) == (400, "BadRequest")


# Versions


def test_a_list_is_at_least_as_new_as_what_was_written_before_it(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("a"))
    found = cluster.read(leases)
    assert names(found["items"]) == ["a"]
    assert int(version_of(found)) >= int(version_of(made))


@pytest.mark.parametrize("query", [{}, {"resourceVersionMatch": "NotOlderThan"}], ids=["by default", "as asked for"])
def test_a_list_is_not_older_than_its_version(cluster: Cluster, leases: str, query: Object) -> None:
    made = cluster.make(leases, lease("a"))
    answer = cluster.get(leases, resourceVersion=version_of(made), **query)
    assert listed(answer) == ["a"]
    assert int(version_of(answer.body)) >= int(version_of(made))


def test_a_list_of_any_version_soon_shows_what_is_there(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("a"))
    until(lambda: listed(cluster.get(leases, resourceVersion="0")) == ["a"])


def test_a_list_of_an_exact_version_shows_the_state_of_then(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("a", "early"))
    then = version_of(cluster.make(leases, lease("b")))
    cluster.patch(f"{leases}/a", {"spec": {"holderIdentity": "late"}})
    cluster.delete(f"{leases}/b")
    cluster.make(leases, lease("c"))
    answer = cluster.get(leases, resourceVersion=then, resourceVersionMatch="Exact")
    assert listed(answer) == ["a", "b"]
    assert answer.body["items"][0]["spec"]["holderIdentity"] == "early"
    assert version_of(answer.body) == then


def test_a_list_of_a_version_that_is_yet_to_come_times_out(cluster: Cluster, leases: str) -> None:
    answer = cluster.get(leases, resourceVersion=FUTURE, resourceVersionMatch="NotOlderThan")
    assert (answer.status, answer.reason) == (504, "Timeout")
    assert answer.causes == [("", "ResourceVersionTooLarge")]
    assert answer.body["details"]["retryAfterSeconds"] == 1


def test_a_version_is_a_number(cluster: Cluster, leases: str) -> None:
    answer = cluster.get(leases, resourceVersion="new")
    assert (answer.status, answer.reason) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ({"resourceVersionMatch": "NotOlderThan"}, ("resourceVersionMatch", "FieldValueForbidden")),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "0"}, ("resourceVersionMatch", "FieldValueForbidden")),
        (
            {"resourceVersionMatch": "Newest", "resourceVersion": "1"},
            ("resourceVersionMatch", "FieldValueNotSupported"),
        ),
        (
            {"resourceVersionMatch": "NotOlderThan", "resourceVersion": "1", "continue": "x"},
            ("resourceVersionMatch", "FieldValueForbidden"),
        ),
        ({"sendInitialEvents": "true"}, ("sendInitialEvents", "FieldValueForbidden")),
        ({"sendInitialEvents": "false"}, ("sendInitialEvents", "FieldValueForbidden")),
    ],
    ids=lambda value: "&".join(f"{key}={text}" for key, text in value.items()) if isinstance(value, dict) else "",
)
def test_options_that_do_not_go_together_are_invalid(
    cluster: Cluster, leases: str, query: Object, cause: tuple[str, str]
) -> None:
    answer = cluster.get(leases, **query)
    assert (answer.status, answer.reason, answer.causes) == (422, "Invalid", [cause])
