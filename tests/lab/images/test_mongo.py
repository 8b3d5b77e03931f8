"""The mongo image behaves as the official one does: first start, users, signals, exit codes."""

import os
import subprocess
import time
from pathlib import Path

import pymongo
import pytest
from kubelab import images
from pymongo.errors import OperationFailure

from tests.lab.images.pod import CREDENTIALS, Pod

ROOT = {"username": "root", "password": "root's own"}
PLAYER = {"username": "player", "password": "pla@yer", "authSource": "pacman"}


def client(pod: Pod, **options: str) -> pymongo.MongoClient:
    return pymongo.MongoClient(pod.address, 27017, serverSelectionTimeoutMS=3000, **options)


def processes_on(path: Path) -> list[str]:
    """Command lines of all processes that name this path."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(path) in line and folder.name != str(os.getpid()):
            found.append(line)
    return found


class TestFirstStart:
    def test_makes_the_root_user_and_runs_the_mounted_script(self, mongo: tuple[Pod, images.Container]) -> None:
        pod, _ = mongo
        with client(pod, **ROOT) as root, client(pod, **PLAYER) as player:
            assert root.admin.command("ping")["ok"] == 1
            player.pacman.things.insert_one({"_id": 1})
            assert root.pacman.things.find_one() == {"_id": 1}

    def test_the_applications_user_is_one_of_its_database_and_of_no_other(
        self, mongo: tuple[Pod, images.Container]
    ) -> None:
        pod, _ = mongo
        with client(pod, **PLAYER | {"authSource": "admin"}) as player, pytest.raises(OperationFailure) as refused:
            player.pacman.things.find_one()
        assert refused.value.code == 18
        with client(pod, **PLAYER) as player, pytest.raises(OperationFailure, match="not authorized"):
            player.other.things.insert_one({})

    @pytest.mark.parametrize("wrong", [PLAYER | {"password": "wrong"}, PLAYER | {"username": "nobody"}])
    def test_a_wrong_password_or_name_is_refused(
        self, mongo: tuple[Pod, images.Container], wrong: dict[str, str]
    ) -> None:
        with client(mongo[0], **wrong) as player, pytest.raises(OperationFailure) as refused:
            player.pacman.things.find_one()
        assert refused.value.code == 18

    def test_without_a_password_nothing_can_be_read(self, mongo: tuple[Pod, images.Container]) -> None:
        with client(mongo[0]) as nobody, pytest.raises(OperationFailure, match="requires authentication"):
            nobody.pacman.things.find_one()

    def test_no_password_is_on_a_command_line_or_in_the_log(self, mongo: tuple[Pod, images.Container]) -> None:
        pod, _ = mongo
        shown = (pod.directory / "log").read_text() + " ".join(processes_on(pod.directory))
        assert "secantus" in shown
        assert not any(CREDENTIALS[key] in shown for key in CREDENTIALS if key.endswith("PASSWORD"))

    def test_without_users_it_asks_for_no_password(self, pod: Pod) -> None:
        pod.start(pod.container("mongo:8", mounts={"/data/db": pod.volume("data")}), port=27017)
        with client(pod) as anyone:
            anyone.pacman.things.insert_one({"_id": 1})

    def test_a_shell_script_is_run_with_mongosh_at_the_new_server(self, pod: Pod) -> None:
        make = "mongosh --quiet admin --eval \"db.createUser({user: 'x', pwd: 'y', roles: ['root']})\""
        pod.start(pod.mongo(make_sh=make), port=27017)
        with client(pod, username="x", password="y") as made:
            assert made.admin.command("ping")["ok"] == 1

    def test_a_failing_script_ends_the_container_and_is_named(self, pod: Pod) -> None:
        running = pod.start(pod.mongo(bad_js="db.createUser({user: 'x'})"))
        assert running.wait() == 1
        assert "createUser" in running.log.read_text()
        assert "Traceback" not in running.log.read_text()

    def test_half_of_the_root_credentials_is_refused(self, pod: Pod) -> None:
        running = pod.start(pod.mongo(env={"MONGO_INITDB_ROOT_USERNAME": "root"}))
        assert running.wait() == 2
        assert "MONGO_INITDB_ROOT_PASSWORD" in running.log.read_text()

    @pytest.mark.parametrize("after_ms", [0, 200])
    def test_sigterm_in_the_middle_of_it_leaves_no_server_behind(self, pod: Pod, after_ms: int) -> None:
        running = pod.start(pod.mongo())
        end = time.monotonic() + 10
        while not processes_on(pod.volume("data")) and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(after_ms / 1000)
        running.terminate()
        assert running.wait() in (143, -15, 0)  # the latter two when it was over already
        assert processes_on(pod.volume("data")) == []


class TestRestart:
    def test_data_and_users_survive_and_are_not_made_again(self, pod: Pod) -> None:
        container = pod.mongo()
        running = pod.start(container, port=27017)
        with client(pod, **PLAYER) as player:
            player.pacman.things.insert_one({"_id": 1})
        assert running.stop(pod.address, 27017) == 0
        running.log.write_text("")
        killed = pod.start(container, port=27017)
        with client(pod, **PLAYER) as player:
            player.pacman.get_collection("things", write_concern=pymongo.WriteConcern(j=True)).insert_one({"_id": 2})
        assert "first start" not in killed.log.read_text()
        killed.kill()
        assert processes_on(pod.volume("data")) == []
        pod.start(container, port=27017)
        with client(pod, **PLAYER) as player:
            assert [row["_id"] for row in player.pacman.things.find().sort("_id")] == [1, 2]

    def test_a_second_server_on_the_volume_ends_with_an_error(self, mongo: tuple[Pod, images.Container]) -> None:
        pod, container = mongo
        second = pod.start(container)
        assert second.wait() != 0


class TestCommandLine:
    def test_writes_are_journaled_at_once_only_when_asked_for(self, mongo: tuple[Pod, images.Container]) -> None:
        (line,) = processes_on(mongo[0].volume("data"))
        assert "--sync-on-commit" not in line
        assert "--auth" in line
        assert "--standalone" in line

    def test_options_of_mongod_are_understood(self, pod: Pod) -> None:
        asked = ["mongod", "--port=27018", "--bind_ip_all", "--wiredTigerCacheSizeGB", "0.5"]
        pod.start(pod.mongo(args=asked), port=27018)
        (line,) = processes_on(pod.volume("data"))
        assert "--cache-size 512M" in line

    def test_an_option_that_cannot_be_honoured_is_refused_by_name(self, pod: Pod) -> None:
        running = pod.start(pod.mongo(args=["--replSet", "rs0"]))
        assert running.wait() == 2
        assert "'--replSet'" in running.log.read_text()

    def test_mongod_as_the_command_serves_without_preparing_anything(self, pod: Pod) -> None:
        container = pod.mongo()
        bare = images.Container(**{**vars(container), "command": ("mongod",), "args": ("--port", "27019")})
        running = pod.start(bare, port=27019)
        assert "first start" not in running.log.read_text()


def test_bitnamis_image_takes_bitnamis_variables(pod: Pod) -> None:
    env = {
        "MONGODB_ROOT_PASSWORD": "r",
        "MONGODB_USERNAME": "player",
        "MONGODB_PASSWORD": "p",
        "MONGODB_DATABASE": "pac",
    }
    volume = pod.volume("bitnami")
    pod.start(pod.container("bitnamilegacy/mongodb:4.4.8", env=env, mounts={"/bitnami/mongodb": volume}), port=27017)
    with (
        client(pod, username="root", password="r") as root,
        client(pod, username="player", password="p", authSource="pac") as player,
    ):
        player.pac.things.insert_one({"_id": 1})
        assert root.pac.things.count_documents({}) == 1
    assert (volume / "data/db/WiredTiger").exists()


def test_start_up_is_quick_enough_for_recovery_to_be_the_databases_own(mongo: tuple[Pod, images.Container]) -> None:
    """The entrypoint adds little to the 0.35 s in which the database itself starts."""
    _, container = mongo
    took_s = []
    for _ in range(5):
        start_s = time.monotonic()
        process = images.run_inside(container, [*images.start(container).argv, "true"], os.getpid())
        subprocess.run(process.argv, env=dict(process.env), cwd=process.cwd, check=True)
        took_s.append(time.monotonic() - start_s)
    assert min(took_s) < 0.2
