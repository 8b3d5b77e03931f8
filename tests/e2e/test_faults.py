"""Faults on a real lab: what they hit, what they refuse to hit, and what stays behind of them, also after a kill.

Each fault runs in a process of its own, which opens a run like the control does; nothing is measured here.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chaosmongo.history import read_verdict

from tests.e2e import remains
from tests.e2e.commands import ROOT, Ended, environment, processes_mentioning, run, running_lab, start

pytestmark = pytest.mark.e2e

GRACE_S = 2
"""Of the node monitor: a node is missed after so many seconds."""
RUNNER = """
import sys
from chaosmongo import actions, run
configuration = {configuration!r}
run.open_run("test", {{}}, configuration)
try:
    {call}
finally:
    if {ends}:
        run.forget()
"""
COMMANDS = {
    "node_crash_command": "kubelab node crash {node}",
    "node_start_command": "kubelab node start {node}",
    "kubelet_stop_command": "kubelab node stop {node}",
}
POD = 'namespace="pacman", name="mongo-0"'
NODE = 'namespace="pacman", pod="mongo-0"'


@dataclass
class Lab:
    """A lab with the demo in it, and the runs that were made there."""

    place: Path
    state: Path

    @property
    def surroundings(self) -> dict[str, str]:
        return {
            "KUBECONFIG": str(self.state / "kubeconfig"),
            "KUBELAB_STATE": str(self.state),
            "XDG_STATE_HOME": str(self.place / "home"),
        }

    def kubectl(self, *arguments: str) -> str:
        ended = run(["kubectl", "-n", "pacman", *arguments], self.place, **self.surroundings)
        assert ended.status == 0, ended.output
        return ended.output

    def get(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found

    def wanted(self) -> dict[str, Any]:
        return remains.cluster(self.place, self.surroundings["KUBECONFIG"], "pacman")

    def begin(self, call: str, *, ends: bool = True, **configuration: object) -> subprocess.Popen[str]:
        """Starts a process that opens a run and calls one of its actions."""
        given = {"runs": str(self.place / "runs"), "namespace": "pacman", **COMMANDS, **configuration}
        script = RUNNER.format(configuration=given, call=f"actions.{call}", ends=ends)
        return subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=self.place,
            env=environment(**self.surroundings),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def call(self, call: str, **configuration: object) -> Ended:
        process = self.begin(call, **configuration)
        output, _ = process.communicate(timeout=100)
        return Ended(process.returncode, output)

    def refuses(self, call: str, **configuration: object) -> str:
        """What a call that fails says, in one line."""
        ended = self.call(call, **configuration)
        assert ended.status == 1
        last = ended.output.strip().splitlines()
        told = " ".join(last[next(n for n, line in enumerate(last) if "ActivityFailed" in line) :])
        return told.partition("ActivityFailed: ")[2]

    def run_directory(self) -> Path:
        return max((self.place / "runs" / "test").iterdir(), key=lambda path: path.stat().st_mtime_ns)

    def undo(self) -> Ended:
        command = ["chaos", "--no-version-check", "recovery", "undo", str(self.run_directory())]
        return run(command, self.place, **self.surroundings)

    def settled(self) -> None:
        """Both pods Ready, both nodes too."""
        self.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=60s")
        self.kubectl("rollout", "status", "statefulset/mongo", "--timeout=60s")
        self.kubectl("rollout", "status", "deployment/pacman", "--timeout=60s")


@pytest.fixture(scope="module")
def lab(place: Path) -> Iterator[Lab]:
    options = ["--apply", str(ROOT / "manifests"), "--node-monitor-grace-period", str(GRACE_S)]
    with running_lab(place, *options) as state:
        yield Lab(place, state)


@pytest.fixture
def settled(lab: Lab) -> None:
    lab.settled()


def killed_in(lab: Lab, call: str) -> None:
    """Begins a fault in a process of its own, and kills it when the fault has said that its request was answered."""
    known = set(lab.place.glob("runs/test/*"))
    process = lab.begin(call, ends=False)
    end = time.monotonic() + 30
    while not any('"requested"' in read(path) for path in set(lab.place.glob("runs/test/*")) - known):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "the fault had no effect within 30 s"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def read(directory: Path) -> str:
    file = directory / "faults.jsonl"
    return file.read_text() if file.exists() else ""


@pytest.mark.usefixtures("settled")
class TestARunnerThatIsKilledInItsFault:
    """SIGKILL: no rollback, no control, nothing but the record is left."""

    @pytest.mark.parametrize(
        "call",
        [
            f"freeze_container({POD}, for_s=60)",
            'cut_off(namespace="pacman", label_selector="name=mongo", for_s=60)',
            'scale_to_zero(namespace="pacman", statefulset="mongo", for_s=60)',
            'scale_deployment(namespace="pacman", name="pacman", replicas=3)',
            f"drain_node({NODE})",
            f"crash_node({NODE})",
            f"stop_kubelet({NODE})",
        ],
        ids=lambda call: call.partition("(")[0],
    )
    def test_leaves_what_undo_takes_back_and_nothing_else(self, lab: Lab, call: str) -> None:
        before = lab.wanted()
        killed_in(lab, call)
        first, second = lab.undo(), lab.undo()
        assert first.status == 0, first.output
        assert "Taken back" in first.output
        assert "Nothing is left behind" in second.output
        lab.settled()
        assert remains.changes(before, lab.wanted()) == []
        assert remains.processes(lab.place) == []

    def test_leaves_alone_what_somebody_has_scaled_since(self, lab: Lab) -> None:
        assert lab.call('scale_deployment(namespace="pacman", name="pacman", replicas=3)', ends=False).status == 0
        lab.kubectl("scale", "deployment/pacman", "--replicas=2")
        ended = lab.undo()
        assert ended.status == 0
        assert "scaled to 2 by somebody since, and stays so" in ended.output
        assert lab.get("deployment", "pacman")["spec"]["replicas"] == 2
        lab.kubectl("scale", "deployment/pacman", "--replicas=1")

    def test_leaves_alone_a_node_that_somebody_else_has_closed(self, lab: Lab) -> None:
        node = lab.get("pod", "mongo-0")["spec"]["nodeName"]
        assert lab.call(f"drain_node({NODE})", ends=False).status == 0
        lab.kubectl("annotate", "node", node, "chaos.mongodb/closed-by=somebody", "--overwrite")
        ended = lab.undo()
        assert f"node {node} was not closed by this run" in ended.output
        assert lab.get("node", node)["spec"]["unschedulable"] is True
        lab.kubectl("uncordon", node)
        lab.kubectl("annotate", "node", node, "chaos.mongodb/closed-by-")

    def test_has_no_command_run_that_somebody_else_has_recorded(self, lab: Lab) -> None:
        assert lab.call(f"stop_kubelet({NODE})", ends=False, node_start_command="touch /tmp/{node}").status == 0
        file = lab.run_directory() / "undo.jsonl"
        file.write_text(file.read_text().replace('"touch"', '"false"'))
        ended = lab.undo()
        assert ended.status == 1
        assert "recorded by somebody else" in ended.output
        node = lab.get("pod", "mongo-0")["spec"]["nodeName"]
        assert run(["kubelab", "node", "start", node], lab.place, **lab.surroundings).status == 0


@pytest.mark.usefixtures("settled")
class TestAnExperimentThatIsAborted:
    """First the fault ends, then the load; all is taken back, and what was recorded is judged."""

    def start(self, lab: Lab, **surroundings: str) -> subprocess.Popen[str]:
        command = ["chaos", "--no-version-check", "run", "experiments/mongo-frozen.yaml"]
        return start(command, lab.place, FROZEN_S="60", **lab.surroundings, **surroundings)

    def ended(self, lab: Lab, process: subprocess.Popen[str], within_s: float) -> str:
        """What it printed; it is checked that nothing of it is left."""
        output, _ = process.communicate(timeout=within_s)
        assert process.returncode != 0
        assert "Traceback" not in output
        directory = max(lab.place.glob("runs/mongo-frozen/*"))
        verdict = read_verdict(directory)
        assert verdict is not None
        assert verdict.verdict == "unknown"
        undo = run(["chaos", "--no-version-check", "recovery", "undo", str(directory)], lab.place, **lab.surroundings)
        assert "Nothing is left behind" in undo.output
        assert remains.processes(lab.place) == []
        assert "pong" in lab.kubectl("exec", "mongo-0", "--", "mongosh", "--quiet", "--eval", "'pong'")
        return output

    def until_frozen(self, lab: Lab, known: set[Path]) -> None:
        end = time.monotonic() + 60
        while not any('"requested"' in read(path) for path in set(lab.place.glob("runs/mongo-frozen/*")) - known):
            assert time.monotonic() < end, "it was not frozen within 60 s"
            time.sleep(0.1)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_by_a_signal_ends_within_twenty_seconds(self, lab: Lab, number: int) -> None:
        before, known = lab.wanted(), set(lab.place.glob("runs/mongo-frozen/*"))
        process = self.start(lab)
        self.until_frozen(lab, known)
        process.send_signal(number)
        self.ended(lab, process, within_s=20)
        assert remains.changes(before, lab.wanted()) == []

    def test_by_its_safeguard_when_a_lane_is_down_for_too_long(self, lab: Lab) -> None:
        before, known = lab.wanted(), set(lab.place.glob("runs/mongo-frozen/*"))
        process = self.start(lab, ABORT_OUTAGE_S="2")
        self.until_frozen(lab, known)
        output = self.ended(lab, process, within_s=25)
        assert "The experiment is aborted: lane" in output
        assert "abort_outage_s is 2 s" in output
        assert remains.changes(before, lab.wanted()) == []


@pytest.mark.usefixtures("settled")
class TestADrain:
    def test_moves_the_pod_to_another_node(self, lab: Lab) -> None:
        node = lab.get("pod", "mongo-0")["spec"]["nodeName"]
        assert lab.call(f"drain_node({NODE})").status == 0
        lab.kubectl("rollout", "status", "statefulset/mongo", "--timeout=60s")
        assert lab.get("pod", "mongo-0")["spec"]["nodeName"] != node
        assert lab.get("node", node)["spec"]["unschedulable"] is True
        assert lab.undo().status == 0
        assert not lab.get("node", node)["spec"].get("unschedulable")

    def test_that_a_budget_refuses_gives_up_in_time_and_opens_the_node_again(self, lab: Lab) -> None:
        before, uid = lab.wanted(), lab.get("pod", "mongo-0")["metadata"]["uid"]
        lab.kubectl("create", "poddisruptionbudget", "mongo", "--selector=name=mongo", "--min-available=1")
        try:
            told = lab.refuses(f"drain_node({NODE}, timeout_s=2)")
            assert "Not evicted from" in told
            assert "pacman/mongo-0" in told
            assert lab.get("pod", "mongo-0")["metadata"]["uid"] == uid
        finally:
            lab.kubectl("delete", "poddisruptionbudget", "mongo")
        assert remains.changes(before, lab.wanted()) == []

    def test_names_pods_that_it_must_not_evict_and_touches_nothing(self, lab: Lab) -> None:
        node = lab.get("pod", "mongo-0")["spec"]["nodeName"]
        spec = {
            "nodeName": node,
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}],
            "volumes": [{"name": "scratch", "emptyDir": {}}],
        }
        overrides = json.dumps({"apiVersion": "v1", "spec": spec})
        lab.kubectl("run", "loner", "--image=registry.k8s.io/pause:3.10", f"--overrides={overrides}")
        before = lab.wanted()
        try:
            told = lab.refuses(f"drain_node({NODE})")
            assert "data of pacman/loner are on an emptyDir" in told
            assert "nobody would make pacman/loner again" in told
            assert remains.changes(before, lab.wanted()) == []
        finally:
            lab.kubectl("delete", "pod", "loner", "--wait")

    def test_leaves_a_node_alone_that_is_closed_already(self, lab: Lab) -> None:
        node = lab.get("pod", "mongo-0")["spec"]["nodeName"]
        lab.kubectl("cordon", node)
        try:
            assert "closed to new pods already, by somebody else" in lab.refuses(f"drain_node({NODE})")
            assert lab.get("node", node)["spec"]["unschedulable"] is True
        finally:
            lab.kubectl("uncordon", node)


@pytest.mark.usefixtures("settled")
class TestANodeThatCarriesPodsOfOthers:
    @pytest.fixture(autouse=True)
    def _neighbour(self, lab: Lab) -> Iterator[None]:
        lab.kubectl("create", "namespace", "others")
        node = lab.get("pod", "mongo-0")["spec"]["nodeName"]
        overrides = json.dumps({"apiVersion": "v1", "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0}})
        image = "--image=registry.k8s.io/pause:3.10"
        lab.kubectl("run", "neighbour", image, f"--overrides={overrides}", "-n", "others")
        yield
        lab.kubectl("delete", "namespace", "others", "--wait")

    @pytest.mark.parametrize("fault", ["drain_node", "crash_node", "stop_kubelet"])
    def test_is_not_hit_unless_it_is_named(self, lab: Lab, fault: str) -> None:
        before = lab.wanted()
        told = lab.refuses(f"{fault}({NODE})")
        assert "also carries others/neighbour" in told
        assert "kubectl label node" in told
        assert remains.changes(before, lab.wanted()) == []

    def test_may_be_hit_where_it_carries_the_label(self, lab: Lab) -> None:
        node = lab.get("pod", "mongo-0")["spec"]["nodeName"]
        lab.kubectl("label", "node", node, "chaos.mongodb/allowed=true")
        try:
            assert lab.call(f"stop_kubelet({NODE})", ends=False).status == 0
            assert lab.undo().status == 0
        finally:
            lab.kubectl("label", "node", node, "chaos.mongodb/allowed-")


REFUSED = [
    ('kill_pod(namespace="pacman", name="mongo-7")', "There is no pod mongo-7 in namespace pacman"),
    ('kill_pod(namespace="pacman")', "Either name or label_selector is needed"),
    ('kill_pod(namespace="default", name="x")', "may touch namespace pacman, not default"),
    ('kill_pod(namespace="pacman", name="@primary")', "is it a member of a replica set that has one?"),
    (f'crash_container({POD}, process="nobody")', "there is no process nobody"),
    (f'crash_container({POD}, signal="-9 1; rm")', "signal is '-9 1; rm': it must be a name like KILL"),
    (f'crash_container({POD}, container="web")', "web"),
    (f"freeze_container({POD}, for_s=0)", "for_s is 0: it must be a number, at least 0.1"),
    (f"kill_repeatedly({POD}, times=0)", "times is 0: it must be a whole number"),
    ('drain_node(namespace="pacman", node="node-9")', "There is no node node-9"),
    ('drain_node(namespace="pacman")', "Either node or pod is needed"),
    ('scale_to_zero(namespace="pacman", statefulset="redis")', "'redis'"),
    ('scale_deployment(namespace="pacman", name="pacman", replicas=1)', "has 1 replicas already"),
    ('restart_rollout(namespace="pacman", statefulset="redis")', "'redis'"),
    ('cut_off(namespace="pacman", label_selector="mongo")', "it must be key=value"),
    ('cut_off(namespace="pacman", label_selector="name=redis")', "There is no pod with name=redis"),
    ("restart_control_plane()", "control_plane_restart_command (environment variable CONTROL_PLANE_RESTART"),
    ('take_out_of_service(namespace="pacman", node="node-1", timeout_s=0)', "Node node-1 is Ready"),
    ("remove_acknowledged_write()", "The load has written 0 scores so far"),
    (f"fill_disk({POD}, path='/')", "more than most_mib (4,096): it may be the node's own disk"),
    (f"crash_node({NODE})", "node_crash_command (environment variable NODE_CRASH_COMMAND) is not set"),
    ('take_out_of_service(namespace="pacman")', "No node was hit in this run: name one"),
]
REFUSALS = """
import json
from chaoslib.exceptions import ActivityFailed
from chaosmongo import actions, run
run.open_run("test", {{}}, {configuration!r})
told = []
for call in {calls!r}:
    try:
        told.append(str(eval("actions." + call)))
    except ActivityFailed as error:
        told.append(str(error))
run.forget()
print(json.dumps(told))
"""


@pytest.fixture(scope="class")
def refusals(lab: Lab) -> dict[str, str]:
    """What each of these calls says, all in one run; and what became of the cluster."""
    lab.settled()
    before = lab.wanted()
    calls = [call for call, _ in REFUSED]
    configuration = {"runs": str(lab.place / "runs"), "namespace": "pacman"}
    script = REFUSALS.format(configuration=configuration, calls=calls)
    ended = run([sys.executable, "-c", script], lab.place, **lab.surroundings)
    assert ended.status == 0, ended.output
    told = dict(zip(calls, json.loads(ended.output.splitlines()[-1]), strict=True))
    return told | {"changes": "; ".join(remains.changes(before, lab.wanted()))}


class TestAFaultThatCannotBeDone:
    """One message that names what was wrong, and nothing touched."""

    @pytest.mark.parametrize(("call", "told"), REFUSED)
    def test_says_so(self, refusals: dict[str, str], call: str, told: str) -> None:
        assert told in refusals[call]

    def test_touches_nothing(self, refusals: dict[str, str]) -> None:
        assert refusals["changes"] == ""

    def test_needs_the_command_that_takes_it_back_before_it_begins(self, lab: Lab) -> None:
        told = lab.refuses(f"crash_node({NODE})", node_start_command="")
        assert "node_start_command" in told
        assert "could not be taken back: nothing was touched" in told

    def test_says_what_its_command_said(self, lab: Lab) -> None:
        told = lab.refuses(f"crash_node({NODE})", node_crash_command="sh -c 'echo no such machine {node}; exit 3'")
        assert "failed (exit status 3): no such machine node-" in told

    def test_does_not_wait_for_a_command_without_end(self, lab: Lab) -> None:
        told = lab.refuses(f"crash_node({NODE}, timeout_s=0.5)", node_crash_command="sleep 4711")
        assert "did not end within 0.5 s, and was killed" in told
        assert processes_mentioning("sleep\x004711") == []
