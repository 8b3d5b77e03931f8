"""What containers write, commands in them, and their ports.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from kubernetes.stream import portforward, stream

from .conftest import IMAGE, until
from .objects import Object, pod
from .stage import STREAM_TIMEOUT_S, Stage, is_over, is_running, restarts, state

WAITS = "trap 'exit 0' TERM; sleep 1000 & wait"


def over(stage: Stage, script: str, **spec: Any) -> Object:
    """A pod that has ended."""
    return stage.until(stage.create(pod("p", script, restartPolicy="Never", **spec)), is_over)


def running(stage: Stage, script: str = WAITS, **spec: Any) -> Object:
    made = stage.create(pod("p", script, **spec))
    stage.until(made, is_running)
    return made


def two(script: str = WAITS) -> list[Object]:
    return [{"name": name, "image": IMAGE, "command": ["sh", "-c", f"echo {name}; {script}"]} for name in ("a", "b")]


def test_a_log_is_read_in_part_or_as_a_whole(stage: Stage) -> None:
    over(stage, "echo one; echo two; echo three")
    assert stage.log() == stage.log(follow=True) == stage.log(container="main") == "one\ntwo\nthree\n"
    assert stage.log(since_seconds=600) == stage.log(tail_lines=9) == "one\ntwo\nthree\n"
    assert stage.log(tail_lines=2) == "two\nthree\n"
    assert stage.log(tail_lines=0) == ""
    assert stage.log(limit_bytes=6) == "one\ntw"
    assert stage.log(tail_lines=2, limit_bytes=4) == "two\n"


def test_a_log_has_both_outputs(stage: Stage) -> None:
    over(stage, "echo out; sleep 0.5; echo bad >&2")
    assert stage.log() == "out\nbad\n"


def test_lines_of_a_log_have_times_when_they_are_wanted(stage: Stage) -> None:
    ended = over(stage, "echo one; echo two; echo three")
    lines = [line.split(" ", 1) for line in stage.log(timestamps=True).splitlines()]
    assert [text for _, text in lines] == ["one", "two", "three"]
    times = [datetime.fromisoformat(time) for time, _ in lines]
    begun = datetime.fromisoformat(state(ended, "terminated")["startedAt"])
    assert begun <= times[0] <= times[1] <= times[2] < begun + timedelta(seconds=20)


def test_a_log_is_read_from_a_time_on(stage: Stage) -> None:
    over(stage, "echo early; sleep 2.5; echo late")
    early, late = (datetime.fromisoformat(line.split(" ")[0]) for line in stage.log(timestamps=True).splitlines())
    between = early + (late - early) / 2
    assert stage.cluster.get(f"{stage.path}/pods/p/log", sinceTime=between.isoformat()).body == "late\n"
    assert stage.cluster.get(f"{stage.path}/pods/p/log", sinceTime=early.isoformat()).body == "early\nlate\n"


def test_times_of_a_log_are_asked_for_in_seconds(stage: Stage) -> None:
    over(stage, "echo early")
    time = datetime.fromisoformat(stage.log(timestamps=True).split(" ")[0])
    asked = time.replace(microsecond=999_999)
    assert stage.cluster.get(f"{stage.path}/pods/p/log", sinceTime=asked.isoformat()).body == "early\n"


def test_a_log_of_the_last_seconds_leaves_out_what_was_before(stage: Stage) -> None:
    running(stage, f"echo early; sleep 5; echo late; {WAITS}")
    stage.written("early\nlate\n")
    assert stage.log(since_seconds=4) == "late\n"


def test_a_log_that_is_followed_comes_as_it_is_written_and_ends_with_its_container(stage: Stage) -> None:
    running(stage, "echo one; sleep 2; echo two", restartPolicy="Never")
    assert stage.log(follow=True) == "one\ntwo\n"


def test_the_log_of_the_previous_container_is_kept(stage: Stage) -> None:
    wanted = pod("p", 'echo "$RUN"; if [ "$RUN" = first ]; then sleep 5; exit 1; fi; sleep 1000')
    wanted["metadata"]["annotations"] = {"run": "first"}
    source = {"fieldRef": {"fieldPath": "metadata.annotations['run']"}}
    wanted["spec"]["containers"][0]["env"] = [{"name": "RUN", "valueFrom": source}]
    made = stage.create(wanted)
    stage.until(made, is_running)
    stage.cluster.patch(f"{stage.path}/pods/p", {"metadata": {"annotations": {"run": "second"}}})
    stage.until(made, lambda now: restarts(now) and is_running(now))
    stage.written("second\n")
    assert stage.log(previous=True) == "first\n"


def test_while_a_container_waits_for_its_next_run_its_last_one_is_the_previous_one(stage: Stage) -> None:
    made = running(stage, 'echo "$(date +%s)"; sleep 1; exit 1')
    stage.until(made, lambda now: state(now, "waiting").get("reason") == "CrashLoopBackOff")
    assert stage.log() == stage.log(previous=True) != ""


def test_there_is_no_log_of_a_previous_container_before_there_was_one(stage: Stage) -> None:
    running(stage)
    answer = stage.cluster.get(f"{stage.path}/pods/p/log", previous="true")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.body["message"] == 'previous terminated container "main" in pod "p" not found'


def test_a_log_of_one_of_two_containers_has_to_say_which(stage: Stage) -> None:
    made = stage.create(pod("p", containers=two()))
    stage.until(made, lambda now: state(now, "running", "a") and state(now, "running", "b"))
    answer = stage.cluster.get(f"{stage.path}/pods/p/log")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.body["message"] == "a container name must be specified for pod p, choose one of: [a b]"
    until(lambda: [stage.log(container=name) for name in ("a", "b")] == ["a\n", "b\n"])


def test_a_log_of_a_container_that_the_pod_does_not_have_is_refused(stage: Stage) -> None:
    running(stage)
    answer = stage.cluster.get(f"{stage.path}/pods/p/log", container="other")
    assert (answer.status, answer.body["message"]) == (400, "container other is not valid for pod p")


def test_an_init_container_has_a_log(stage: Stage) -> None:
    running(stage, initContainers=[{"name": "first", "image": IMAGE, "command": ["sh", "-c", "echo ready"]}])
    assert stage.log(container="first") == "ready\n"


@pytest.mark.parametrize(
    ("change", "reason", "told"),
    [
        ({"image": "registry.invalid/nothing:1"}, "ImagePullBackOff", "trying and failing to pull image"),
        ({"envFrom": [{"secretRef": {"name": "none"}}]}, "CreateContainerConfigError", "CreateContainerConfigError"),
    ],
)
def test_a_container_that_has_not_started_has_no_log(stage: Stage, change: Object, reason: str, told: str) -> None:
    wanted = pod("p")
    wanted["spec"]["containers"][0] |= change
    stage.until(stage.create(wanted), lambda now: state(now, "waiting").get("reason") == reason)
    answer = stage.cluster.get(f"{stage.path}/pods/p/log")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    # It may be in the middle of its next try to pull the image.
    others = ("image can't be pulled", told)
    assert answer.body["message"] in [f'container "main" in pod "p" is waiting to start: {text}' for text in others]


def test_a_command_ends_with_its_exit_code(stage: Stage) -> None:
    running(stage)
    assert [stage.execute("sh", "-c", f"exit {code}").exit_code for code in (0, 1, 42)] == [0, 1, 42]


def test_both_outputs_of_a_command_come_apart(stage: Stage) -> None:
    running(stage)
    outcome = stage.execute("sh", "-c", "echo told; echo complained >&2")
    assert (outcome.stdout, outcome.stderr) == ("told\n", "complained\n")
    assert outcome.status == {"metadata": {}, "status": "Success"}


def test_a_command_that_fails_is_told_as_a_status(stage: Stage) -> None:
    running(stage)
    status = stage.execute("sh", "-c", "exit 3").status
    assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
    assert status["message"].startswith("command terminated with non-zero exit code")


def test_a_command_is_told_what_its_client_writes(stage: Stage) -> None:
    running(stage)
    assert stage.execute("sh", "-c", 'read line; echo "got $line"', stdin="a line\n").stdout == "got a line\n"


def test_a_command_gets_its_words_as_they_are(stage: Stage) -> None:
    running(stage)
    words = ("a b", "$HOME", "*", "", "ü")
    assert stage.execute("printf", "<%s>", *words).stdout == "<a b><$HOME><*><><ü>"


def test_a_command_has_the_variables_of_its_container(stage: Stage) -> None:
    wanted = pod("p", WAITS)
    wanted["spec"]["containers"][0]["env"] = [{"name": "COLOUR", "value": "yellow"}]
    stage.until(stage.create(wanted), is_running)
    assert stage.execute("sh", "-c", "echo $COLOUR on $HOSTNAME").stdout == "yellow on p\n"


def test_a_command_may_have_a_terminal(stage: Stage) -> None:
    running(stage)
    asked = ("sh", "-c", "test -t 1 && echo terminal || echo none")
    assert stage.execute(*asked).stdout == "none\n"
    assert stage.execute(*asked, tty=True, stderr=False).stdout == "terminal\r\n"


def test_a_command_that_is_not_there_is_named(stage: Stage) -> None:
    running(stage)
    outcome = stage.execute("no-such-program")
    assert (outcome.stdout, outcome.status["status"]) == ("", "Failure")
    assert "no-such-program" in outcome.status["message"]


def test_a_command_in_a_container_that_has_ended_is_refused(stage: Stage) -> None:
    over(stage, "exit 0")
    status = stage.execute("true").status
    assert status["status"] == "Failure"
    assert "container not found" in status["message"]


def test_a_command_needs_a_container_that_the_pod_has(stage: Stage) -> None:
    made = stage.create(pod("p", containers=two()))
    stage.until(made, lambda now: state(now, "running", "a") and state(now, "running", "b"))
    assert stage.execute("true", container="b").exit_code == 0
    for container in ({}, {"container": "c"}):
        status = stage.execute("true", **container).status
        assert status["status"] == "Failure"
        assert "Handshake status 400" in status["message"]


def test_who_attaches_gets_what_is_written_from_then_on(stage: Stage) -> None:
    running(stage, "echo begun; while :; do sleep 0.2; echo tick; done")
    with stage.core() as core:
        method = core.connect_get_namespaced_pod_attach
        session = stream(method, "p", stage.namespace, stdout=True, stderr=True, _preload_content=False)
        try:
            assert session.readline_stdout(timeout=STREAM_TIMEOUT_S) == "tick"
        finally:
            session.close()


def test_an_attachment_ends_with_its_container(stage: Stage) -> None:
    running(stage, "until [ -e go ]; do sleep 0.1; done; echo last; sleep 0.5", restartPolicy="Never")
    with stage.core() as core:
        method = core.connect_get_namespaced_pod_attach
        session = stream(method, "p", stage.namespace, stdout=True, stderr=True, _preload_content=False)
        assert stage.execute("touch", "go").exit_code == 0
        session.run_forever(timeout=STREAM_TIMEOUT_S)
        assert not session.is_open()
        assert session.read_stdout() == "last\n"


def test_a_port_on_which_nobody_listens_is_told(stage: Stage) -> None:
    running(stage)
    with stage.core() as core:
        method = core.connect_get_namespaced_pod_portforward
        forwarded = portforward(method, "p", stage.namespace, ports="7002")
        connection = forwarded.socket(7002)
        connection.settimeout(STREAM_TIMEOUT_S)
        assert connection.recv(1) == b""
        assert "error forwarding port 7002 to pod" in forwarded.error(7002)


SERVER = """
import os, socket, sys
listening = socket.create_server((os.environ["KUBELAB_POD_IP"], int(sys.argv[1])))
print("up", flush=True)
while True:
    connection, _ = listening.accept()
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data.upper())
"""


@pytest.mark.usefixtures("lab")
def test_a_port_is_brought_to_the_client(stage: Stage) -> None:
    wanted = pod("p")
    wanted["spec"]["containers"][0]["command"] = ["python3", "-c", SERVER, "7000"]
    stage.create(wanted)
    stage.written("up\n")
    with stage.core() as core:
        forwarded = portforward(core.connect_get_namespaced_pod_portforward, "p", stage.namespace, ports="7000")
        connection = forwarded.socket(7000)
        connection.settimeout(STREAM_TIMEOUT_S)
        for word in (b"one", b"two"):
            connection.sendall(word)
            assert connection.recv(100) == word.upper()
        connection.close()


@pytest.mark.usefixtures("lab")
def test_two_ports_are_kept_apart(stage: Stage) -> None:
    wanted = pod("p")
    script = 'python3 -c "$0" 7000 & exec python3 -c "$0" 7001'
    wanted["spec"]["containers"][0] |= {"command": ["sh", "-c", script, SERVER]}
    stage.create(wanted)
    stage.written("up\nup\n")
    with stage.core() as core:
        forwarded = portforward(core.connect_get_namespaced_pod_portforward, "p", stage.namespace, ports="7000,7001")
        for port in (7001, 7000):
            connection = forwarded.socket(port)
            connection.settimeout(STREAM_TIMEOUT_S)
            connection.sendall(b"port %d" % port)
            assert connection.recv(100) == b"PORT %d" % port
        forwarded.close()
