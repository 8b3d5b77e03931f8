"""Probes of containers.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import until
from .objects import Object, condition_of, pod
from .stage import PATIENCE_S, Stage, is_over, is_running, of_container, restarts, seconds_between, state

ENDS = "trap 'exit 7' TERM; sleep 1000 & wait"
CLOSED = 9
"""A port on which nobody listens."""
GOOD, BAD = {"exec": {"command": ["true"]}}, {"exec": {"command": ["false"]}}
EVERY_SECOND = {"periodSeconds": 1, "failureThreshold": 1}


def there(name: str) -> Object:
    """A probe that succeeds while a file is in the container's working directory."""
    return {"exec": {"command": ["test", "-e", name]}}


def probed(script: str = ENDS, **probes: Any) -> Object:
    """A pod with these probes, every second; the other fields of a pod go to its spec."""
    kinds = [name for name in probes if name.endswith("Probe")]
    parts = {name: {**EVERY_SECOND, **probes.pop(name)} for name in kinds}
    made = pod("p", script, **probes)
    made["spec"]["containers"][0] |= parts
    return made


FAILING = {
    "command": BAD,
    "connection": {"tcpSocket": {"port": CLOSED}},
    "request": {"httpGet": {"port": CLOSED}},
}


def with_all(made: Object, kind: str, probes: dict[str, Object]) -> Object:
    """The pod with one more container for each probe."""
    main = {name: value for name, value in made["spec"]["containers"][0].items() if not name.endswith("Probe")}
    more = [{**main, "name": name, kind: {**EVERY_SECOND, **probe}} for name, probe in probes.items()]
    made["spec"]["containers"] += more
    return made


def is_ready(pod: Object) -> bool:
    return condition_of(pod, "Ready").get("status") == "True"


def test_a_container_that_is_not_alive_is_ended_and_run_again(stage: Stage) -> None:
    made = stage.create(with_all(probed(), "livenessProbe", FAILING))
    again = stage.until(made, lambda now: all(restarts(now, name) for name in FAILING))
    assert again["metadata"]["uid"] == made["metadata"]["uid"]
    for name in FAILING:
        assert of_container(again, name)["lastState"]["terminated"]["exitCode"] == 7
    assert (restarts(again), is_running(again)) == (0, True)


def test_a_container_that_is_not_alive_is_told_in_events(stage: Stage) -> None:
    stage.create(probed(livenessProbe=BAD))
    unhealthy, killing = stage.told("Unhealthy"), stage.told("Killing")
    assert (unhealthy["type"], killing["type"]) == ("Warning", "Normal")
    assert unhealthy["message"].startswith("Liveness probe failed:")
    assert killing["message"] == "Container main failed liveness probe, will be restarted"


def test_a_container_that_is_alive_is_left_alone(stage: Stage) -> None:
    made = stage.create(probed(livenessProbe=GOOD, readinessProbe={**GOOD, "initialDelaySeconds": 2}))
    assert restarts(stage.until(made, is_ready)) == 0


def test_a_container_that_is_not_alive_is_ended_for_good_where_it_is_never_restarted(stage: Stage) -> None:
    over = stage.until(stage.create(probed(livenessProbe=BAD, restartPolicy="Never")), is_over)
    assert (over["status"]["phase"], restarts(over)) == ("Failed", 0)
    assert state(over, "terminated")["exitCode"] == 7


def test_a_probe_may_have_a_grace_period_of_its_own(stage: Stage) -> None:
    deaf = "trap '' TERM; while :; do sleep 1; done"
    probe = {**BAD, "terminationGracePeriodSeconds": 1}
    made = stage.create(probed(deaf, livenessProbe=probe, terminationGracePeriodSeconds=300))
    again = stage.until(made, restarts)
    assert of_container(again)["lastState"]["terminated"]["exitCode"] == 137


def test_a_probe_that_takes_too_long_has_failed(stage: Stage) -> None:
    slow = {"exec": {"command": ["sleep", "100"]}, "timeoutSeconds": 1}
    assert stage.until(stage.create(probed(livenessProbe=slow)), restarts)


def test_only_so_many_failures_in_a_row_count(stage: Stage) -> None:
    made = stage.create(probed(livenessProbe={**BAD, "failureThreshold": 3}))
    again = stage.until(made, restarts)
    killed = of_container(again)["lastState"]["terminated"]
    assert seconds_between(killed["startedAt"], killed["finishedAt"]) >= 2


def test_a_container_that_is_not_ready_keeps_its_pod_from_being_ready(stage: Stage) -> None:
    made = stage.create(with_all(probed(readinessProbe={**GOOD, "initialDelaySeconds": 3}), "readinessProbe", FAILING))
    past = stage.history(made, lambda now: of_container(now).get("ready"))
    for kind in ("ContainersReady", "Ready"):
        told = condition_of(past[-1], kind)
        assert (told["status"], told["reason"]) == ("False", "ContainersNotReady")
        assert told["message"] == f"containers with unready status: [{' '.join(FAILING)}]"
    for name in FAILING:
        found = of_container(past[-1], name)
        assert (found["ready"], found["started"], found["restartCount"]) == (False, True, 0)
    assert past[-1]["status"]["phase"] == "Running"
    assert not any(is_ready(now) for now in past)


def test_readiness_comes_and_goes_with_its_probe(stage: Stage) -> None:
    made = stage.create(probed(readinessProbe=there("good")))
    stage.until(made, is_running)
    assert stage.execute("touch", "good").exit_code == 0
    ready = stage.until(made, is_ready)
    assert stage.execute("rm", "good").exit_code == 0
    lost = stage.until(ready, lambda now: not is_ready(now))
    assert (of_container(lost)["ready"], restarts(lost), is_running(lost)) == (False, 0, True)


def test_a_probe_does_not_begin_before_its_delay(stage: Stage) -> None:
    made = stage.create(probed(readinessProbe={**GOOD, "initialDelaySeconds": 3}))
    ready = stage.until(made, is_ready)
    begun = state(ready, "running")["startedAt"]
    assert seconds_between(begun, condition_of(ready, "Ready")["lastTransitionTime"]) >= 3


def test_a_startup_probe_holds_the_others_back(stage: Stage) -> None:
    wanted = probed(readinessProbe={**GOOD, "initialDelaySeconds": 3})
    startup = {**EVERY_SECOND, **there("started"), "failureThreshold": 100}
    held = {"name": "held", "startupProbe": startup, "livenessProbe": {**EVERY_SECOND, **BAD}}
    wanted["spec"]["containers"].append({**wanted["spec"]["containers"][0], **held, "readinessProbe": GOOD})
    made = stage.create(wanted)
    found = of_container(stage.until(made, lambda now: of_container(now).get("ready")), "held")
    assert (found["started"], found["ready"], found["restartCount"]) == (False, False, 0)
    assert stage.execute("touch", "started", container="held").exit_code == 0
    stage.until(made, lambda now: of_container(now, "held").get("started"))
    stage.until(made, lambda now: restarts(now, "held"))


def test_a_container_that_does_not_start_in_time_is_ended_and_run_again(stage: Stage) -> None:
    again = stage.until(stage.create(probed(startupProbe={**BAD, "failureThreshold": 2})), restarts)
    assert of_container(again)["lastState"]["terminated"]["exitCode"] == 7


def said(kind: str, status: str) -> Object:
    return {"status": {"conditions": [{"type": kind, "status": status}]}}


def test_a_pod_with_a_gate_is_ready_when_its_condition_is_true_as_well(stage: Stage) -> None:
    gate = "example.org/open"
    made = stage.create(probed(readinessGates=[{"conditionType": gate}]))
    held = stage.until(made, lambda now: condition_of(now, "ContainersReady").get("status") == "True")
    told = condition_of(held, "Ready")
    assert (told["status"], told["reason"]) == ("False", "ReadinessGatesNotReady")
    assert told["message"] == f'corresponding condition of pod readiness gate "{gate}" does not exist.'
    stage.cluster.core.patch_namespaced_pod_status("p", stage.namespace, said(gate, "False"))
    closed = f'the status of pod readiness gate "{gate}" is not "True", but False'
    stage.until(made, lambda now: condition_of(now, "Ready").get("message") == closed)
    stage.cluster.core.patch_namespaced_pod_status("p", stage.namespace, said(gate, "True"))
    ready = stage.until(made, is_ready)
    assert condition_of(ready, gate)["status"] == "True"
    stage.cluster.core.patch_namespaced_pod_status("p", stage.namespace, said(gate, "False"))
    stage.until(ready, lambda now: not is_ready(now))


SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path[1:4]))
        self.end_headers()
        print(self.path, self.headers["X-Word"], flush=True)
    def log_message(self, *arguments): pass
http.server.HTTPServer((os.environ["KUBELAB_POD_IP"], 8000), Handler).serve_forever()
"""
"""Answers with the status that it is asked for in the path."""


def served(probe: Object) -> Object:
    """A pod with a web server and a readiness probe of it; only the lab has what it needs."""
    made = probed(readinessProbe=probe)
    ports = [{"name": "web", "containerPort": 8000}]
    made["spec"]["containers"][0] |= {"command": ["python3", "-c", SERVER], "ports": ports}
    return made


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("port", [8000, "web"])
def test_a_server_is_asked_for_a_path_with_headers(stage: Stage, port: int | str) -> None:
    action = {"path": "/200/please", "port": port, "httpHeaders": [{"name": "X-Word", "value": "now"}]}
    stage.until(stage.create(served({"httpGet": action})), is_ready)
    assert stage.log().startswith("/200/please now\n")


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("status", [204, 399])
def test_an_answer_below_400_will_do(stage: Stage, status: int) -> None:
    made = stage.create(served({"httpGet": {"path": f"/{status}", "port": 8000}}))
    assert restarts(stage.until(made, is_ready)) == 0


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("status", [400, 500])
def test_an_answer_of_400_and_more_will_not(stage: Stage, status: int) -> None:
    stage.create(served({"httpGet": {"path": f"/{status}", "port": 8000}}))
    told = f"Readiness probe failed: HTTP probe failed with statuscode: {status}"
    until(lambda: told in [event["message"] for event in stage.events_of("Unhealthy")], PATIENCE_S)
    assert not is_ready(stage.cluster.read(f"{stage.path}/pods/p"))


@pytest.mark.usefixtures("lab")
def test_a_port_that_is_listened_on_will_do(stage: Stage) -> None:
    stage.until(stage.create(served({"tcpSocket": {"port": "web"}})), is_ready)
