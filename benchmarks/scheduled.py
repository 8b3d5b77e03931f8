"""The scheduled check is disturbed in every way that a cluster knows. Is anything left behind, or called passed?

Each disturbance meets a check whose load is under way; then another check is made, undisturbed. Witnesses are kubectl,
plain pymongo and the record (tests/e2e/scheduled.py).
"""

import dataclasses
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.harness import Row, keep
from tests.e2e.commands import ROOT
from tests.e2e.scheduled import EXPERIMENT, Begun, Checks, scheduled, verdict_of
from tests.reports.scheduled_runs import BEGIN, Planned, make

DEADLINE_S = 12
CUT_OFF_S = 5
LABEL = "chaos.mongodb/allowed"
FAR_AHEAD_H = 24 * 365 * 20


@dataclasses.dataclass(frozen=True)
class Disturbed:
    """A check that was disturbed, the next one, and each thing that does not hold. verdict "": there is none."""

    how: str
    complete: bool
    verdict: str
    taken_back: list[str]
    """By the next check, in its words."""
    next_verdict: str
    wrong: list[str]


def run(quick: bool) -> list[Row]:
    # The name of the directory tells the processes of this lab from all others.
    with tempfile.TemporaryDirectory(prefix="scheduled-") as place, scheduled(Path(place).resolve()) as checks:
        ways = QUICK if quick else WAYS
        found = [*_each(checks, ways), *([] if quick else [_set_back(checks), _own_drain(checks)])]
    keep("scheduled", map(dataclasses.asdict, found))
    return [_row(one) for one in found]


def _deleted(checks: Checks, begun: Begun) -> None:
    checks.kubectl("delete", "pod", begun.pod)


def _drained(checks: Checks, begun: Begun) -> None:
    """Only of checks: the rest of the node is not what is asked about."""
    selector = "app.kubernetes.io/name=recovery-check"
    checks.kubectl("drain", begun.node, "--delete-emptydir-data", f"--pod-selector={selector}")
    checks.kubectl("uncordon", begun.node)


def _too_long(checks: Checks, begun: Begun) -> None:
    patch = {"spec": {"activeDeadlineSeconds": DEADLINE_S}}
    checks.kubectl("patch", "job", begun.job, "--type=merge", "-p", json.dumps(patch))


def _cut_off(checks: Checks, begun: Begun) -> None:
    checks.kubelab("node", "crash", begun.node)
    time.sleep(CUT_OFF_S)
    checks.kubelab("node", "start", begun.node)


def _stays_off(checks: Checks, begun: Begun) -> None:
    """Beyond its deadline. Its Job ends when somebody who knows that the node is off deletes the pod by force."""
    checks.kubelab("node", "crash", begun.node)
    _too_long(checks, begun)
    checks.kubectl("wait", "--for=condition=FailureTarget", f"job/{begun.job}", f"--timeout={DEADLINE_S + 30}s")
    state = checks.kubectl("get", "pod", begun.pod, "-o", "jsonpath={.status.phase} {.metadata.deletionTimestamp}")
    assert state.startswith("Running 2"), state  # nobody has heard of its end
    checks.kubectl("delete", "pod", begun.pod, "--force", "--grace-period=0")
    checks.finish(begun.job, begun.directory)
    checks.kubelab("node", "start", begun.node)


def _control_plane(checks: Checks, begun: Begun) -> None:  # noqa: ARG001
    checks.kubelab("control-plane", "restart")


Way = Callable[[Checks, Begun], None]

QUICK: dict[str, Way] = {"its container is killed": Checks.kill}
WAYS: dict[str, Way] = {
    **QUICK,
    "its pod is deleted": _deleted,
    "its node is drained": _drained,
    "it reaches its deadline": _too_long,
    "its node crashes and comes back": _cut_off,
    "its node crashes and stays off beyond its deadline": _stays_off,
    "the control plane restarts": _control_plane,
}


def _each(checks: Checks, ways: dict[str, Way]) -> Iterator[Disturbed]:
    for number, (how, way) in enumerate(ways.items()):
        begun = checks.begin(f"disturbed-{number}")
        way(checks, begun)
        result = checks.finish(begun.job, begun.directory)
        yield _examined(checks, how, result.complete, result.verdict, f"next-{number}")


def _own_drain(checks: Checks) -> Disturbed:
    """The experiment drains the node that its own runner is on. Somebody has allowed that in all respects: the node has
    the label, the account may evict the runner, and the runner's data may be lost.
    """
    node = checks.kubectl("get", "pod", "mongo-0", "-n", "pacman", "-o", "jsonpath={.spec.nodeName}")
    base, overlay = ROOT / "manifests" / "scheduled", ROOT / "manifests" / "scheduled" / "overlays" / "node-drain"
    checks.kubectl("label", "node", node, f"{LABEL}=true")
    checks.apply(overlay)
    checks.change("node-drain", "drain_node", {"delete_emptydir_data": True})
    checks.kubectl("create", "role", "evicts", "--verb=create", "--resource=pods/eviction")
    checks.kubectl("create", "rolebinding", "evicts", "--role=evicts", "--serviceaccount=chaos:recovery-check")
    on_it = {"nodeSelector": {"kubernetes.io/hostname": node}}
    arguments = ["recovery", "check", "/experiments/node-drain.yaml"]
    pod = on_it | {"containers": [{"name": "check", "args": arguments}]}
    patch = {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}
    checks.kubectl("patch", "cronjob", "recovery-check", "-p", json.dumps(patch))
    checks.start("own-drain")
    result = checks.finish("own-drain")
    found = sorted(path.parent for path in checks.results.glob("runs/node-drain/*/run.json"))
    verdict = verdict_of(found[-1]) if found else "no run"
    killed = checks.kubectl("get", "events", "--field-selector=reason=Killing", "-o", "name")
    checks.kubectl("label", "node", node, f"{LABEL}-")
    checks.kubectl("delete", "cronjob/recovery-check", "role/evicts", "rolebinding/evicts")
    checks.apply(base)
    found_out = _examined(checks, "it drains its own node", result.complete, verdict, "next-own-drain")
    wrong = [] if "own-drain" in killed else [f"it was not evicted: {result.said[-600:]}"]
    return dataclasses.replace(found_out, wrong=[*wrong, *found_out.wrong])


def _set_back(checks: Checks) -> Disturbed:
    """The clock: an earlier run lies in the future."""
    assert BEGIN.year < 2030
    (future,) = make(checks.results / "runs", Planned(hours=FAR_AHEAD_H))
    checks.start("set-back")
    result = checks.finish("set-back")
    verdict = verdict_of(checks.runs()[-2])
    said = [] if "it was set back" in " ".join(result.said.split()) else ["it does not doubt the clock"]
    shutil.rmtree(future)
    found = _examined(checks, "the clock is set back", result.complete, verdict, "next-set-back")
    return dataclasses.replace(found, wrong=[*said, *found.wrong])


def _examined(checks: Checks, how: str, complete: bool, verdict: str, job: str) -> Disturbed:
    wrong = ["it counts as passed, and is not"] if complete and verdict != "passed" else []
    checks.start(job)
    after = checks.finish(job)
    if after.verdict != "passed" or not after.complete:
        wrong.append(f"the next check came to {after.verdict or 'nothing'}: {after.said[-600:]}")
    wrong += checks.wrong()
    taken_back = [line for line in after.said.splitlines() if line.startswith("Taken back")]
    return Disturbed(how, complete, verdict, taken_back, after.verdict, wrong)


def _row(one: Disturbed) -> Row:
    return Row(
        f"scheduled {EXPERIMENT}: {one.how}",
        one.verdict or "no verdict",
        n=1,
        spread="; ".join(one.wrong)[:300] or f"the next one took back {len(one.taken_back)} things, and passed",
        wanted="no false pass, nothing left behind",
        met=not one.wrong,
    )
