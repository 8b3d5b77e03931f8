"""pidof in a container of the mongo image: its own processes, nobody else's."""

import os
import signal
from pathlib import Path

import pytest
from kubelab import images
from kubelab.images.mongo.pidof import named

from tests.lab.images.pod import Pod


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["/x/bin/python3", "-P", "-m", "secantus", "--host", "127.1.2.3"], {"python3", "mongod"}),
        (["/x/bin/python", "-I", "-S", "-c", "from mongo.mongosh import main; main()"], {"python", "mongosh"}),
        (["/x/bin/python", "-I", "-S", "-c", "from mongo.pidof import main; main()", "mongod"], {"python"}),
        (["sleep", "60"], {"sleep"}),
        (["/bin/sh", "/opt/run.sh", "mongod"], {"sh", "run.sh"}),
        (["sh", "-c", "kill $(pidof mongod)"], {"sh"}),
        (["-bash"], {"bash"}),
        (["tail", "-f", "mongod"], {"tail"}),
        ([], set()),
    ],
)
def test_a_command_line_has_the_names_of_its_program(words: list[str], names: set[str]) -> None:
    assert named("".join(f"{word}\0" for word in words)) == names


def test_mongod_is_the_server_of_this_container_and_no_other(
    mongo: tuple[Pod, images.Container], tmp_path: Path
) -> None:
    pod, container = mongo
    other = Pod(tmp_path)
    try:
        theirs = other.mongo(env={})
        their_server = other.start(theirs, port=27017)
        assert other.run(theirs, "pidof", "mongod").stdout == f"{their_server.pid}\n"
        found = pod.run(container, "pidof", "mongod")
        assert (found.returncode, found.stderr) == (0, "")
        assert int(found.stdout) != their_server.pid
        assert b"\0secantus\0" in Path(f"/proc/{int(found.stdout)}/cmdline").read_bytes()
        other.run(theirs, "sh", "-c", "kill -s KILL $(pidof mongod)")
        assert their_server.wait() == -signal.SIGKILL
        assert pod.run(container, "pidof", "mongod").stdout == found.stdout
        gone = other.run(theirs, "pidof", "mongod")
        assert (gone.returncode, gone.stdout, gone.stderr) == (1, "", "")
    finally:
        other.close()


def test_children_are_found_in_whatever_session_the_newest_first(pod: Pod) -> None:
    script = "sleep 61 & setsid sleep 62 & wait"
    container = pod.container("mongo:8", command=["sh", "-c", script])
    running = pod.start(container)
    while len(found := pod.run(container, "pidof", "sleep").stdout.split()) < 2:
        assert running.alive()
    assert sorted(found, key=int, reverse=True) == found
    one = pod.run(container, "pidof", "-s", "sleep").stdout.split()
    assert one == found[:1]
    assert str(running.pid) in pod.run(container, "pidof", "sh", "nothing").stdout.split()
    for pid in found:
        os.kill(int(pid), signal.SIGKILL)


def test_what_is_run_beside_the_first_process_is_found_from_where_it_was_started(pod: Pod) -> None:
    container = pod.container("mongo:8", command=["sleep", "60"])
    pod.start(container)
    done = pod.run(container, "sh", "-c", "tail -f /dev/null & pidof tail; kill $!")
    assert done.returncode == 0
    assert done.stdout.strip().isdigit()
