"""From an image name to a process."""

from pathlib import Path

import pytest
from kubelab import images
from kubelab.images.catalogue import _recipe
from kubelab.images.reference import repository

from tests.lab.images.pod import Pod


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("mongo", "mongo"),
        ("mongo:8", "mongo"),
        ("mongo:8.0.4@sha256:0123", "mongo"),
        ("docker.io/library/mongo:7", "mongo"),
        ("registry.example:5000/mirror/mongo", "mongo"),
        ("bitnami/mongodb:4.4.8", "bitnami/mongodb"),
        ("docker.io/bitnamilegacy/mongodb:latest", "bitnami/mongodb"),
        ("quay.io/ifont/pacman-nodejs-app:latest", "quay.io/ifont/pacman-nodejs-app"),
        ("localhost:5000/my-pacman:dev", "quay.io/ifont/pacman-nodejs-app"),
        ("chaostoolkit-mongodb:0.1.0", "chaostoolkit-mongodb"),
        ("registry.example:5000/team/chaostoolkit-mongodb:dev", "chaostoolkit-mongodb"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause"),
    ],
)
def test_an_image_has_its_recipe_whatever_its_registry_and_tag(image: str, name: str) -> None:
    assert _recipe(image).name == name


@pytest.mark.parametrize("image", ["nginx", "mongo-express", "example/mongodb", "pacman/nginx", "mongo/", ""])
def test_another_image_is_refused_with_the_list_of_known_ones(pod: Pod, image: str) -> None:
    with pytest.raises(images.UnknownImage) as refused:
        images.start(pod.container(image))
    assert repr(image) in str(refused.value)
    assert all(name in str(refused.value) for name in images.known())


def test_a_registry_port_is_not_a_tag() -> None:
    assert repository("localhost:5000/mongo") == "localhost:5000/mongo"
    assert repository("localhost:5000/mongo:8@sha256:00") == "localhost:5000/mongo"


def test_a_command_replaces_the_entrypoint_and_args_follow_it(pod: Pod) -> None:
    process = images.start(pod.container("mongo:8", command=["sh", "-c"], args=["exit 7"]))
    assert process.argv == ("sh", "-c", "exit 7")


def test_args_alone_are_given_to_the_entrypoint(pod: Pod) -> None:
    plain = images.start(pod.container("mongo:8"))
    assert images.start(pod.container("mongo:8", args=["--quiet"])).argv == (*plain.argv, "--quiet")


def test_a_process_sees_only_the_environment_of_its_container(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PASSWORD", "not for pods")
    process = images.start(pod.container("mongo:8", env={"A": "1"}))
    assert "MY_PASSWORD" not in process.env
    assert process.env["A"] == "1"
    assert process.env["KUBELAB_POD_IP"] == pod.address
    assert process.cwd == pod.directory / "container"


def test_the_images_own_programs_come_first_on_the_path(pod: Pod) -> None:
    container = pod.container("mongo:8")
    found = pod.run(container, "sh", "-c", "command -v mongosh").stdout.strip()
    assert Path(found).parent.parent == container.directory


def test_exit_codes_of_a_command_pass_through(pod: Pod) -> None:
    assert pod.start(pod.container("mongo:8", command=["sh", "-c", "exit 7"])).wait() == 7
    assert pod.start(pod.container("mongo:8", args=["sh", "-c", "exit 8"])).wait() == 8


def test_pause_sleeps_until_it_is_told_to_end(pod: Pod) -> None:
    running = pod.start(pod.container("registry.k8s.io/pause:3.10", command=["sh", "-c", "sleep 0"]))
    assert running.wait() == 0
    running = pod.start(pod.container("registry.k8s.io/pause:3.10"))
    with pytest.raises(Exception, match="timed out"):
        running.wait(timeout_s=0.2)
    running.terminate()
    assert running.wait(timeout_s=1) == 0
