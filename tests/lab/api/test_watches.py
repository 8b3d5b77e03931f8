"""Watches and lists: a client that lists and then watches misses nothing and sees nothing twice."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing
from typing import Any

import pytest

from .conftest import TOKEN, ApiServer

INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Watching:
    """A watch on a connection of its own."""

    def __init__(self, api: ApiServer, path: str, accept: str = "application/json") -> None:
        self._connection = api.connection()
        separator = "&" if "?" in path else "?"
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept}
        self._connection.request("GET", f"{path}{separator}watch=true", headers=headers)
        self._response = self._connection.getresponse()
        assert self._response.status == 200

    def next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self._response.readline())
        return event

    def names(self, count: int) -> list[tuple[str, str]]:
        events = [self.next() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def config_maps(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def create(api: ApiServer, url: str, name: str, **labels: str) -> int:
    created = api.post(url, {"metadata": {"name": name, "labels": labels}})
    return int(created.body["metadata"]["resourceVersion"])


def test_a_watch_goes_on_from_where_a_list_ended(api: ApiServer, config_maps: str) -> None:
    create(api, config_maps, "before")
    listed = api.get(config_maps).body["metadata"]["resourceVersion"]
    create(api, config_maps, "between")
    watch = Watching(api, f"{config_maps}?resourceVersion={listed}")
    create(api, config_maps, "after")
    api.patch(f"{config_maps}/after", {"data": {"a": "b"}})
    api.delete(f"{config_maps}/before")
    assert watch.names(4) == [("ADDED", "between"), ("ADDED", "after"), ("MODIFIED", "after"), ("DELETED", "before")]
    watch.close()


def test_entering_and_leaving_a_selection_is_being_added_and_deleted(api: ApiServer, config_maps: str) -> None:
    watch = Watching(api, f"{config_maps}?labelSelector=color=red")
    create(api, config_maps, "c", color="blue")
    api.patch(f"{config_maps}/c", {"metadata": {"labels": {"color": "red"}}})
    api.patch(f"{config_maps}/c", {"metadata": {"labels": {"size": "big"}}})
    api.patch(f"{config_maps}/c", {"metadata": {"labels": {"color": "blue"}}})
    events = [watch.next() for _ in range(3)]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    last = events[-1]["object"]["metadata"]  # as it was when it was selected, under the version of the change
    assert last["labels"]["color"] == "red"
    assert int(last["resourceVersion"]) > int(events[-2]["object"]["metadata"]["resourceVersion"])
    watch.close()


def test_a_watch_sees_its_namespace_and_its_resource_alone(api: ApiServer, config_maps: str, namespace: str) -> None:
    watch = Watching(api, config_maps)
    create(api, "/api/v1/namespaces/default/configmaps", f"other-{namespace}")
    api.post(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}})
    create(api, config_maps, "mine")
    assert watch.names(1) == [("ADDED", "mine")]
    watch.close()


def test_a_watch_list_ends_with_a_bookmark(api: ApiServer, config_maps: str) -> None:
    create(api, config_maps, "a")
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    watch = Watching(api, f"{config_maps}?{query}")
    assert watch.names(1) == [("ADDED", "a")]
    bookmark = watch.next()
    assert (bookmark["type"], bookmark["object"]["metadata"]["annotations"]) == ("BOOKMARK", INITIAL_END)
    create(api, config_maps, "b")
    assert watch.names(1) == [("ADDED", "b")]
    watch.close()


def test_a_watch_of_tables_names_its_columns_once(api: ApiServer, config_maps: str) -> None:
    watch = Watching(api, config_maps, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    create(api, config_maps, "a")
    create(api, config_maps, "b")
    first, second = watch.next()["object"], watch.next()["object"]
    assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert (first["rows"][0]["cells"][0], second["rows"][0]["cells"][0]) == ("a", "b")
    assert second["columnDefinitions"] is None
    watch.close()


def test_a_watch_of_metadata_shows_nothing_else(api: ApiServer, config_maps: str) -> None:
    watch = Watching(api, config_maps, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
    api.post(config_maps, {"metadata": {"name": "a"}, "data": {"k": "v"}})
    shown = watch.next()["object"]
    assert (shown["kind"], shown["metadata"]["name"]) == ("PartialObjectMetadata", "a") and "data" not in shown
    watch.close()


def test_a_watch_ends_after_its_timeout(api: ApiServer, config_maps: str) -> None:
    started = time.monotonic()
    assert api.get(f"{config_maps}?watch=1&timeoutSeconds=1").body == []
    assert 0.9 < time.monotonic() - started < 3


def test_a_deleted_objects_version_is_that_of_its_deletion(api: ApiServer, config_maps: str) -> None:
    created = create(api, config_maps, "c")
    watch = Watching(api, f"{config_maps}?resourceVersion={created}")
    api.delete(f"{config_maps}/c")
    assert int(watch.next()["object"]["metadata"]["resourceVersion"]) > created
    watch.close()


def test_a_watch_from_before_what_a_server_knows_has_expired(fresh_api: ApiServer) -> None:
    url = "/api/v1/namespaces/default/configmaps"
    old = create(fresh_api, url, "a")
    latest = create(fresh_api, url, "b")
    fresh_api.stop()
    with closing(sqlite3.connect(fresh_api.state / "store.db")) as store, store:
        store.execute("DELETE FROM changes")
    fresh_api.start()
    expired = fresh_api.get(f"{url}?watch=1&resourceVersion={old}&timeoutSeconds=1").body
    assert [(event["type"], event["object"]["code"], event["object"]["reason"]) for event in expired] == [
        ("ERROR", 410, "Expired")
    ]
    watch = Watching(fresh_api, f"{url}?resourceVersion={latest}")
    create(fresh_api, url, "c")
    assert watch.names(1) == [("ADDED", "c")]
    watch.close()


def test_every_watcher_sees_every_change_in_order(api: ApiServer, config_maps: str) -> None:
    watches = [Watching(api, config_maps) for _ in range(4)]
    create(api, config_maps, "c")

    def change() -> None:
        for number in range(100):
            api.patch(f"{config_maps}/c", {"data": {"n": str(number)}})

    writer = threading.Thread(target=change)
    writer.start()
    for watch in watches:
        assert watch.next()["type"] == "ADDED"
        assert [watch.next()["object"]["data"]["n"] for _ in range(100)] == [str(number) for number in range(100)]
        watch.close()
    writer.join()


# Lists


def test_pages_show_one_state_although_objects_change_in_between(api: ApiServer, config_maps: str) -> None:
    for number in range(6):
        create(api, config_maps, f"c{number}")
    first = api.get(f"{config_maps}?limit=2").body
    assert first["metadata"]["remainingItemCount"] == 4
    create(api, config_maps, "c3a")
    api.delete(f"{config_maps}/c4")
    names, token = [item["metadata"]["name"] for item in first["items"]], first["metadata"]["continue"]
    while token:
        page = api.get(f"{config_maps}?limit=2&continue={token}").body
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
    assert names == [f"c{number}" for number in range(6)]


def test_an_exact_version_shows_the_state_of_then(api: ApiServer, config_maps: str) -> None:
    then = create(api, config_maps, "a")
    create(api, config_maps, "b")
    api.delete(f"{config_maps}/a")
    listed = api.get(f"{config_maps}?resourceVersion={then}&resourceVersionMatch=Exact").body
    assert [item["metadata"]["name"] for item in listed["items"]] == ["a"]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("app=x", ["a", "b"]),
        ("app==x,tier!=front", ["b"]),
        ("tier in (front, back)", ["a", "b"]),
        ("tier notin (front)", ["b", "c"]),
        ("!app", ["c"]),
        ("app", ["a", "b"]),
        ("", ["a", "b", "c"]),
    ],
)
def test_label_selectors(api: ApiServer, config_maps: str, selector: str, names: list[str]) -> None:
    create(api, config_maps, "a", app="x", tier="front")
    create(api, config_maps, "b", app="x", tier="back")
    create(api, config_maps, "c")
    query = selector.replace(" ", "%20").replace("!", "%21").replace("=", "%3D")
    assert [i["metadata"]["name"] for i in api.get(f"{config_maps}?labelSelector={query}").body["items"]] == names
