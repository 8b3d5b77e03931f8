"""Watches: every change once and in order, bookmarks. https://kubernetes.io/docs/reference/using-api/api-concepts/"""

from __future__ import annotations

import threading
import time
from itertools import islice
from typing import Any

import pytest
from kubernetes import client, watch

from .conftest import Cluster
from .objects import config_map, idle_pod, lease, make_ready
from .watching import told, watching

Object = dict[str, Any]

INITIAL_EVENTS = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}
METADATA_ALONE: dict[str, str | None] = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}


def version_of(made: Object) -> int:
    return int(made["metadata"]["resourceVersion"])


# What is told


def test_a_watch_tells_what_happened_after_its_version(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("before"))
    version = version_of(cluster.read(leases))
    cluster.make(leases, lease("between"))
    with watching(cluster, leases, resourceVersion=version) as events:
        cluster.make(leases, lease("after"))
        cluster.patch(f"{leases}/before", {"spec": {"holderIdentity": "h"}})
        cluster.delete(f"{leases}/between")
        assert told(events, 4) == [
            ("ADDED", "between"),
            ("ADDED", "after"),
            ("MODIFIED", "before"),
            ("DELETED", "between"),
        ]


@pytest.mark.parametrize("query", [{}, {"resourceVersion": "0"}], ids=["no version", "version 0"])
def test_a_watch_of_no_version_begins_with_what_is_there(cluster: Cluster, leases: str, query: Object) -> None:
    cluster.make(leases, lease("a", "first"))
    with watching(cluster, leases, **query) as events:
        begun = next(events)
        cluster.patch(f"{leases}/a", {"spec": {"holderIdentity": "second"}})
        changed = next(events)
    assert [one["type"] for one in (begun, changed)] == ["ADDED", "MODIFIED"]
    assert [one["object"]["spec"]["holderIdentity"] for one in (begun, changed)] == ["first", "second"]


def test_an_event_holds_the_whole_object(cluster: Cluster, leases: str) -> None:
    before = version_of(cluster.read(leases))
    made = cluster.make(leases, lease("a", "h"))
    with watching(cluster, leases, resourceVersion=before) as events:
        assert next(events) == {"type": "ADDED", "object": made}


def test_what_was_deleted_is_told_as_it_was_with_the_version_of_its_deletion(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("a", "h"))
    with watching(cluster, leases, resourceVersion=version_of(made)) as events:
        cluster.delete(f"{leases}/a")
        event = next(events)
    assert (event["type"], event["object"]["spec"]["holderIdentity"]) == ("DELETED", "h")
    assert version_of(event["object"]) > version_of(made)


def test_what_waits_for_a_finalizer_is_modified_before_it_is_deleted(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("a", finalizers=["example.org/wait"]))
    with watching(cluster, leases, resourceVersion=version_of(made)) as events:
        cluster.delete(f"{leases}/a")
        cluster.patch(f"{leases}/a", {"metadata": {"finalizers": None}})
        asked, gone = next(events), next(events)
    assert (asked["type"], gone["type"]) == ("MODIFIED", "DELETED")
    assert "deletionTimestamp" in asked["object"]["metadata"]


def test_a_write_that_changes_nothing_is_not_told(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("a", "h"))
    with watching(cluster, leases, resourceVersion=version_of(made)) as events:
        assert cluster.put(f"{leases}/a", made).status == 200
        assert cluster.patch(f"{leases}/a", {"spec": {"holderIdentity": "h"}}).status == 200
        cluster.make(leases, lease("b"))
        assert told(events, 1) == [("ADDED", "b")]


def test_a_dry_run_is_not_told(cluster: Cluster, leases: str) -> None:
    version = version_of(cluster.read(leases))
    with watching(cluster, leases, resourceVersion=version) as events:
        cluster.make(leases, lease("tried"), dryRun="All")
        cluster.make(leases, lease("made"))
        assert told(events, 1) == [("ADDED", "made")]


def test_a_watch_sees_its_namespace_alone(cluster: Cluster, namespace: str, leases: str) -> None:
    elsewhere = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    with watching(cluster, leases, resourceVersion=version_of(cluster.read(leases))) as events:
        cluster.make(elsewhere, lease(namespace))
        cluster.delete(f"{elsewhere}/{namespace}")
        cluster.make(leases, lease("mine"))
        assert told(events, 1) == [("ADDED", "mine")]


def test_every_watch_tells_the_same_in_the_same_order(cluster: Cluster, leases: str) -> None:
    version = version_of(cluster.read(leases))
    with watching(cluster, leases, resourceVersion=version) as one:
        with watching(cluster, leases, resourceVersion=version) as other:
            for number in range(10):
                cluster.make(leases, lease(f"l{number}"))
                cluster.delete(f"{leases}/l{number}")
            events = [[next(seen) for _ in range(20)] for seen in (one, other)]
    assert events[0] == events[1]
    versions = [version_of(event["object"]) for event in events[0]]
    assert versions == sorted(set(versions))


def test_a_watch_of_metadata_tells_nothing_else(cluster: Cluster, core: str) -> None:
    secrets = f"{core}/secrets"
    version = version_of(cluster.read(secrets))
    with watching(cluster, secrets, headers=METADATA_ALONE, resourceVersion=version) as events:
        cluster.make(secrets, {"metadata": {"name": "s", "labels": {"a": "b"}}, "stringData": {"k": "v"}})
        shown = next(events)["object"]
    assert (shown["kind"], shown["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert shown["metadata"]["labels"] == {"a": "b"}
    assert shown.keys() == {"kind", "apiVersion", "metadata"}


# Selections


def test_one_object_is_watched_by_its_name(cluster: Cluster, leases: str) -> None:
    version = version_of(cluster.read(leases))
    with watching(cluster, leases, resourceVersion=version, fieldSelector="metadata.name=mine") as events:
        for name in ("other", "mine"):
            cluster.make(leases, lease(name))
            cluster.delete(f"{leases}/{name}")
        assert told(events, 2) == [("ADDED", "mine"), ("DELETED", "mine")]


def test_what_enters_a_selection_is_added_and_what_leaves_it_is_deleted(cluster: Cluster, leases: str) -> None:
    version = version_of(cluster.make(leases, lease("a", labels={"colour": "blue"})))
    with watching(cluster, leases, resourceVersion=version, labelSelector="colour=red") as events:
        for labels in ({"colour": "red"}, {"size": "big"}, {"colour": "blue"}, {"colour": "green"}, {"colour": "red"}):
            cluster.patch(f"{leases}/a", {"metadata": {"labels": labels}})
        found = [next(events) for _ in range(4)]
    assert [event["type"] for event in found] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]


def test_what_leaves_a_selection_is_told_as_it_last_was_in_it(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("a", labels={"colour": "red"}))
    with watching(cluster, leases, resourceVersion=version_of(made), labelSelector="colour=red") as events:
        changed = cluster.patch(f"{leases}/a", {"metadata": {"labels": {"colour": "blue"}}}).body
        event = next(events)
    assert (event["type"], event["object"]["metadata"]["labels"]) == ("DELETED", {"colour": "red"})
    assert version_of(event["object"]) == version_of(changed)


def test_a_pod_enters_the_selection_of_a_phase_with_its_status(cluster: Cluster, core: str) -> None:
    made = cluster.make(f"{core}/pods", idle_pod("p"))
    query = {"resourceVersion": version_of(made), "fieldSelector": "status.phase=Running"}
    with watching(cluster, f"{core}/pods", **query) as events:
        cluster.patch(f"{core}/pods/p", {"metadata": {"labels": {"a": "b"}}})
        make_ready(cluster, made)
        event = next(events)
    assert (event["type"], event["object"]["status"]["phase"]) == ("ADDED", "Running")


def test_a_selector_that_cannot_be_read_is_refused_before_anything_is_told(cluster: Cluster, leases: str) -> None:
    answer = cluster.get(leases, watch="true", labelSelector="a in b", timeoutSeconds=1)
    assert answer.status == 400


# Where it begins and where it ends


def test_a_watch_ends_after_its_time(cluster: Cluster, leases: str) -> None:
    started = time.monotonic()
    answer = cluster.get(leases, watch="true", resourceVersion=version_of(cluster.read(leases)), timeoutSeconds=1)
    assert (answer.status, answer.body) == (200, [])
    assert 0.9 < time.monotonic() - started < 10


def test_a_watch_from_long_ago_tells_everything_or_that_it_cannot(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("a"))
    cluster.delete(f"{leases}/a")
    query = {"resourceVersion": 1, "fieldSelector": "metadata.name=a"}
    with watching(cluster, leases, **query) as events:
        first = next(events)
        if first["type"] == "ERROR":
            assert (first["object"]["code"], first["object"]["reason"]) == (410, "Expired")
        else:
            assert [(first["type"], next(events)["type"])] == [("ADDED", "DELETED")]


def test_initial_events_end_with_a_bookmark(cluster: Cluster, leases: str) -> None:
    made = [cluster.make(leases, lease(name)) for name in ("a", "b")]
    with watching(cluster, leases, **INITIAL_EVENTS) as events:
        assert {next(events)["object"]["metadata"]["name"] for _ in made} == {"a", "b"}
        bookmark = next(events)
        assert (bookmark["type"], bookmark["object"]["kind"]) == ("BOOKMARK", "Lease")
        assert bookmark["object"]["metadata"]["annotations"] == INITIAL_EVENTS_END
        assert version_of(bookmark["object"]) >= max(map(version_of, made))
        cluster.make(leases, lease("c"))
        assert told(events, 1) == [("ADDED", "c")]


def test_initial_events_are_those_of_the_selection(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("a", labels={"colour": "red"}))
    with watching(cluster, leases, labelSelector="colour=blue", **INITIAL_EVENTS) as events:
        assert next(events)["type"] == "BOOKMARK"


def test_a_watch_goes_on_from_a_bookmark(cluster: Cluster, leases: str) -> None:
    cluster.make(leases, lease("a"))
    with watching(cluster, leases, **INITIAL_EVENTS) as events:
        version = [version_of(next(events)["object"]) for _ in range(2)][-1]
    cluster.make(leases, lease("b"))
    with watching(cluster, leases, resourceVersion=version) as events:
        assert told(events, 1) == [("ADDED", "b")]


def test_without_initial_events_a_watch_begins_with_the_next_change(cluster: Cluster, leases: str) -> None:
    made = cluster.make(leases, lease("a"))
    query = INITIAL_EVENTS | {"sendInitialEvents": "false", "resourceVersion": version_of(made)}
    with watching(cluster, leases, **query) as events:
        cluster.make(leases, lease("b"))
        assert told(events, 1) == [("ADDED", "b")]


@pytest.mark.parametrize(
    "query",
    [{"sendInitialEvents": "true"}, {"sendInitialEvents": "false"}, {"resourceVersionMatch": "NotOlderThan"}],
    ids=["initial events alone", "no initial events alone", "match alone"],
)
def test_initial_events_and_a_match_of_versions_go_together(cluster: Cluster, leases: str, query: Object) -> None:
    answer = cluster.get(leases, watch="true", timeoutSeconds=1, **query)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert answer.causes == [("resourceVersionMatch", "FieldValueForbidden")]


# Clients


def test_the_official_client_watches_from_a_list_on(cluster: Cluster, namespace: str) -> None:
    api = client.CoordinationV1Api(cluster.connection)
    api.create_namespaced_lease(namespace, lease("before"))
    version = api.list_namespaced_lease(namespace).metadata.resource_version
    api.create_namespaced_lease(namespace, lease("after"))
    api.delete_namespaced_lease("before", namespace)
    stream = watch.Watch().stream(
        api.list_namespaced_lease, namespace, resource_version=version, timeout_seconds=30, _request_timeout=30
    )
    events = [(event["type"], event["object"].metadata.name) for event in islice(stream, 2)]
    assert events == [("ADDED", "after"), ("DELETED", "before")]


def test_the_official_client_resumes_a_watch_that_was_stopped(cluster: Cluster, namespace: str) -> None:
    made = cluster.core.create_namespaced_config_map(namespace, config_map("c", {"n": "0"}))
    watcher = watch.Watch()
    selected = {"field_selector": "metadata.name=c", "timeout_seconds": 30, "_request_timeout": 30}
    seen, version = [], made.metadata.resource_version
    for number in range(1, 4):
        cluster.core.patch_namespaced_config_map("c", namespace, {"data": {"n": str(number)}})
        list_them = cluster.core.list_namespaced_config_map
        for event in watcher.stream(list_them, namespace, resource_version=version, **selected):
            seen.append(event["object"].data["n"])
            watcher.stop()
        version = watcher.resource_version
    assert seen == ["1", "2", "3"]


WRITERS = 4
WRITES = 25
STRETCH = 10
"""Events that are read before the watch is begun anew from where it was."""


def write(cluster: Cluster, path: str) -> None:
    for number in range(WRITES):
        cluster.patch(path, {"metadata": {"annotations": {"n": str(number)}}})
    cluster.delete(path)


def what_of(event: Object) -> str:
    """What a writer wrote."""
    return "gone" if event["type"] == "DELETED" else str(event["object"]["metadata"]["annotations"]["n"])


def are_gone(seen: dict[str, list[str]]) -> bool:
    return all(found[-1] == "gone" for found in seen.values())


def test_a_list_and_its_watches_miss_nothing_and_tell_nothing_twice(cluster: Cluster, leases: str) -> None:
    writers = [f"w{number}" for number in range(WRITERS)]
    for name in writers:
        cluster.make(leases, lease(name, annotations={"n": "-1"}))
    threads = [threading.Thread(target=write, args=(cluster, f"{leases}/{name}")) for name in writers]
    for thread in threads:
        thread.start()
    listed = cluster.read(leases)
    seen = {one["metadata"]["name"]: [one["metadata"]["annotations"]["n"]] for one in listed["items"]}
    versions = [version_of(listed)]
    while not are_gone(seen):
        with watching(cluster, leases, resourceVersion=versions[-1]) as events:
            for event in islice(events, STRETCH):
                seen[event["object"]["metadata"]["name"]].append(what_of(event))
                versions.append(version_of(event["object"]))
                if are_gone(seen):
                    break
    for thread in threads:
        thread.join()
    expected = {name: [str(number) for number in range(int(found[0]), WRITES)] for name, found in seen.items()}
    assert seen == {name: [*found, "gone"] for name, found in expected.items()}
    assert versions == sorted(set(versions))
