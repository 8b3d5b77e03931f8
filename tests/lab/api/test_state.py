"""What a server keeps: everything that it acknowledged, also through a SIGKILL."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PORT, ApiServer, free_block, write_state

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
        return fresh_api.get("/api/v1/namespaces", headers={"Authorization": "Bearer later"}).status

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
