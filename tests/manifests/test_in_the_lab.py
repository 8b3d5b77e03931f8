"""The manifests' own users work when the lab's images start from them."""

from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest

from tests.lab.images.pod import Pod
from tests.manifests.loading import FOLDERS, Object, by_name


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    made = Pod(tmp_path)
    yield made
    made.close()


def container(folder: Path) -> Object:
    """The database's."""
    (found,) = by_name(folder)["StatefulSet", "mongo"]["spec"]["template"]["spec"]["containers"]
    return found


UNLIKE = [folder for n, folder in enumerate(FOLDERS) if container(folder) not in map(container, FOLDERS[:n])]
"""The first of those that start the database alike."""


@pytest.mark.parametrize("folder", UNLIKE, ids=lambda folder: folder.name)
def test_the_database_starts_is_probed_and_lets_the_application_in(pod: Pod, folder: Path) -> None:
    objects = by_name(folder)
    secret = objects["Secret", "mongodb-users-secret"]["stringData"]
    script = objects["ConfigMap", "mongo-init"]["data"]["create-application-user.js"]
    spec = container(folder)
    env = {entry["name"]: secret[entry["valueFrom"]["secretKeyRef"]["key"]] for entry in spec["env"]}
    made = pod.mongo(env=env, create_application_user_js=script)
    assert made.image == spec["image"]
    assert set(made.mounts) == {mount["mountPath"] for mount in spec["volumeMounts"]}
    pod.start(made, port=spec["ports"][0]["containerPort"])
    uri = f"mongodb://{secret['database-user']}:{secret['database-password']}@{pod.address}/{secret['database-name']}"
    with pymongo.MongoClient(uri, serverSelectionTimeoutMS=3000) as client:
        assert client.get_default_database().highscore.insert_one({"score": 1}).acknowledged
    if command := spec["readinessProbe"].get("exec", {}).get("command"):
        assert pod.run(made, *command).returncode == 0
