"""Cluster names inside containers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kubelab.images.resolver import Hosts, belongs_to_cluster, candidates, parse

ASK = """
import asyncio, json, os, socket, sys
import aiohttp.resolver
async def main():
    name = sys.argv[1]
    found = {"socket": sorted({entry[4][0] for entry in socket.getaddrinfo(name, 27017, type=socket.SOCK_STREAM)})}
    loop = asyncio.get_running_loop()
    found["asyncio"] = sorted({e[4][0] for e in await loop.getaddrinfo(name, 27017, type=socket.SOCK_STREAM)})
    found["aiohttp"] = sorted({e["host"] for e in await aiohttp.resolver.DefaultResolver().resolve(name, 80)})
    with open(os.environ["KUBELAB_HOSTS"], "w") as hosts:
        hosts.write("127.1.1.9 mongo.pacman.svc.cluster.local\\n")
    found["later"] = [socket.getaddrinfo("mongo", 1, type=socket.SOCK_STREAM)[0][4][0]]
    print(json.dumps(found))
asyncio.run(main())
"""


def test_search_order_is_that_of_a_pod() -> None:
    assert candidates("mongo", "pacman") == [
        "mongo.pacman.svc.cluster.local",
        "mongo.svc.cluster.local",
        "mongo.cluster.local",
        "mongo",
    ]
    assert candidates("Mongo.pacman.svc.cluster.local.", "x") == ["mongo.pacman.svc.cluster.local"]
    assert candidates("a.b.c.d.e.f", "x")[0] == "a.b.c.d.e.f"


def test_hosts_lines() -> None:
    text = "# a comment\n127.0.0.1 a.b  c.d # more\n\n127.0.0.2 A.b\n"
    assert parse(text) == {"a.b": ["127.0.0.1", "127.0.0.2"], "c.d": ["127.0.0.1"]}


def test_the_file_is_read_again_when_it_changes_and_may_be_missing(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path / "hosts")
    assert hosts.addresses("a") == []
    (tmp_path / "hosts").write_text("127.0.0.1 a\n")
    assert hosts.addresses("a") == ["127.0.0.1"]
    (tmp_path / "new").write_text("127.0.0.2 a\n")
    (tmp_path / "new").replace(tmp_path / "hosts")
    assert hosts.addresses("a") == ["127.0.0.2"]
    (tmp_path / "hosts").unlink()
    assert hosts.addresses("a") == []


@pytest.mark.parametrize(
    ("name", "cluster"),
    [("mongo", True), ("mongo.pacman.svc", True), ("x.cluster.local", True), ("localhost", False), ("a.com", False)],
)
def test_names_that_only_the_cluster_could_know_are_not_asked_elsewhere(name: str, cluster: bool) -> None:
    assert belongs_to_cluster(name) == cluster


def launch(tmp_path: Path, name: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "ask.py").write_text(ASK)
    hosts = tmp_path / "hosts"
    hosts.write_text("127.1.1.1 mongo.pacman.svc.cluster.local\n127.1.1.2 mongo.pacman.svc.cluster.local\n")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "KUBELAB_HOSTS": str(hosts)}
    command = [sys.executable, "-m", "kubelab.images.launcher", "ask", name]
    env["KUBELAB_NAMESPACE"] = "pacman"
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("name", ["mongo", "mongo.pacman", "mongo.pacman.svc", "mongo.pacman.svc.cluster.local"])
def test_python_programs_resolve_services_in_threads_and_in_asyncio(tmp_path: Path, name: str) -> None:
    done = launch(tmp_path, name)
    both = ["127.1.1.1", "127.1.1.2"]
    assert json.loads(done.stdout) == {"socket": both, "asyncio": both, "aiohttp": both, "later": ["127.1.1.9"]}


def test_a_missing_service_fails_at_once(tmp_path: Path) -> None:
    done = launch(tmp_path, "redis")
    assert "redis: no such name in the cluster (namespace pacman)" in done.stderr
