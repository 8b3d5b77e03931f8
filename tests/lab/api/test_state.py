"""What a server keeps: everything that it acknowledged, also through a SIGKILL."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kubelab.api.database import CHANGES, Database
from kubelab.api.store import HistoryLost, Store

from .conftest import PORT, ApiServer, free_block, write_state
from .test_watches import Watching

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def test_acknowledged_writes_outlive_a_sigkill(fresh_api: ApiServer) -> None:
    for number in range(50):
        assert fresh_api.post(CONFIG_MAPS, {"metadata": {"name": f"c{number:02}"}}).status == 201
    fresh_api.patch(f"{CONFIG_MAPS}/c00", {"data": {"a": "b"}})
    fresh_api.delete(f"{CONFIG_MAPS}/c01")
    before = fresh_api.get(CONFIG_MAPS).body
    fresh_api.stop(signal.SIGKILL)
    fresh_api.start()
    after = fresh_api.get(CONFIG_MAPS).body
    assert after == before and len(after["items"]) == 49
    created = fresh_api.post(CONFIG_MAPS, {"metadata": {"name": "new"}}).body["metadata"]["resourceVersion"]
    assert int(created) > int(before["metadata"]["resourceVersion"])


def test_a_watch_goes_on_after_a_sigkill_from_where_it_was(fresh_api: ApiServer) -> None:
    seen = fresh_api.post(CONFIG_MAPS, {"metadata": {"name": "a", "labels": {"colour": "red"}}}).body
    fresh_api.post(CONFIG_MAPS, {"metadata": {"name": "b", "labels": {"colour": "red"}}})
    fresh_api.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"colour": "blue"}}})
    fresh_api.delete(f"{CONFIG_MAPS}/b")
    fresh_api.stop(signal.SIGKILL)
    fresh_api.start()
    version = seen["metadata"]["resourceVersion"]
    watch = Watching(fresh_api, f"{CONFIG_MAPS}?resourceVersion={version}&labelSelector=colour=red")
    fresh_api.post(CONFIG_MAPS, {"metadata": {"name": "c", "labels": {"colour": "red"}}})
    assert watch.names(4) == [("ADDED", "b"), ("DELETED", "a"), ("DELETED", "b"), ("ADDED", "c")]
    watch.close()


class TestChangesFromBeforeARestart:
    """What a late watcher can still ask for."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """Started again after more changes of other things than are kept, and one of a thing."""
        path = tmp_path / "store.db"
        before = Store(Database(path))
        for number in range(CHANGES + 5):
            before.put("others", ("", str(number)), {"metadata": {}})
        before.put("things", ("", "thing"), {"metadata": {}})
        before.close()
        after = Store(Database(path))
        yield after
        after.close()

    def test_the_last_ones_are_known(self, store: Store) -> None:
        assert [change.entry.key[1] for change in store.changes_since("things", store.revision - CHANGES)] == ["thing"]
        assert len(store.changes_since("others", store.revision - CHANGES)) == CHANGES - 1
        assert store.changes_since("things", store.revision) == []

    @pytest.mark.parametrize("resource", ["things", "others", "never seen"])
    def test_what_is_older_is_lost_and_said_to_be(self, store: Store, resource: str) -> None:
        with pytest.raises(HistoryLost) as lost:
            store.changes_since(resource, store.revision - CHANGES - 1)
        assert lost.value.oldest == store.revision - CHANGES

    def test_before_a_gap_nothing_is_known(self, store: Store, tmp_path: Path) -> None:
        store.close()
        with closing(sqlite3.connect(tmp_path / "store.db")) as file, file:
            file.execute("DELETE FROM changes WHERE revision = ?", (store.revision - 2,))
        again = Store(Database(tmp_path / "store.db"))
        assert [len(again.changes_since(resource, again.revision - 2)) for resource in ("things", "others")] == [1, 1]
        with pytest.raises(HistoryLost):
            again.changes_since("things", again.revision - 3)
        again.close()


def test_the_store_is_for_its_owner_alone(fresh_api: ApiServer) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in fresh_api.state.glob("store.db*")}
    assert modes and set(modes.values()) == {0o600}, modes


def test_a_cluster_starts_with_its_namespaces_and_the_service_of_the_api(fresh_api: ApiServer) -> None:
    names = [item["metadata"]["name"] for item in fresh_api.get("/api/v1/namespaces").body["items"]]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    service = fresh_api.get("/api/v1/namespaces/default/services/kubernetes").body["spec"]
    assert service["clusterIP"] == f"127.{fresh_api.block}.240.1"
    slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
    assert fresh_api.get(slices).body["endpoints"][0]["addresses"] == [fresh_api.address]


def test_a_token_that_is_added_later_is_known_at_once(fresh_api: ApiServer) -> None:
    def answer() -> int:
        return fresh_api.get("/api/v1/services", headers={"Authorization": "Bearer later"}).status

    assert answer() == 401
    (fresh_api.state / "tokens.json").write_text('{"later": {"user": "system:node:n", "groups": ["system:nodes"]}}')
    assert answer() == 200


def run(state: Path, block: int, *options: str) -> str:
    """The message of a server that does not start."""
    address = f"127.{block}.0.1"
    command = [sys.executable, "-m", "kubelab.api", "--state", str(state), "--address", address, *options]
    done = subprocess.run(
        [*command, "--port", str(PORT), "--service-cidr", f"127.{block}.240.0/20"],
        capture_output=True,
        text=True,
        timeout=15,
    )
    assert done.returncode != 0 and "Traceback" not in done.stderr, done.stderr
    return done.stderr


def test_a_second_server_on_one_state_does_not_start(fresh_api: ApiServer) -> None:
    assert "another API server uses it" in run(fresh_api.state, free_block())
    assert fresh_api.get("/api/v1/namespaces").status == 200


def test_a_taken_address_is_named(fresh_api: ApiServer, tmp_path: Path) -> None:
    write_state(tmp_path / "other", fresh_api.address)
    assert f"cannot serve on {fresh_api.address}:6443" in run(tmp_path / "other", fresh_api.block)


@pytest.mark.parametrize("missing", ["pki/apiserver.pem", "tokens.json"])
def test_an_incomplete_state_directory_is_one_message(tmp_path: Path, missing: str) -> None:
    block = free_block()
    write_state(tmp_path / "state", f"127.{block}.0.1")
    (tmp_path / "state" / missing).unlink()
    assert "No such file or directory" in run(tmp_path / "state", block)


def test_only_loopback_addresses_are_listened_on(tmp_path: Path) -> None:
    assert "not a loopback address" in run(tmp_path, 128, "--address", "0.0.0.0")
