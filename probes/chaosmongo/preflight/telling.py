"""A look ahead, in plain lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chaosmongo.cluster import Object
from chaosmongo.config import Config
from chaosmongo.guard import LABEL

from . import names, permissions, roles
from .ahead import FaultAhead, Preflight
from .findings import Finding
from .placement import is_ready
from .prediction import Prediction
from .roles import Rule

WIDTH = 12
"""Of the word that a line begins with."""
INDENT = 3
AT_NO_OBJECT = {
    "restart_control_plane": "the control plane",
    "remove_acknowledged_write": "scores that the run itself has written, in the database",
    "step_down_primary": "the primary of the replica set",
}
"""What such faults hit."""


def lines(ahead: Preflight) -> list[str]:
    return list(_lines(ahead))


def _lines(ahead: Preflight) -> Iterator[str]:
    config = ahead.experiment.config
    where = f"namespace {config.namespace} at {ahead.seen.server}" if config.namespace else "no cluster"
    yield f"{ahead.experiment.title}"
    yield f"{where}; looked at, nothing changed"
    yield ""
    if ahead.surroundings:
        yield from _findings(ahead.surroundings)
        yield ""
    for number, fault in enumerate(ahead.faults, 1):
        yield f"{number}. {fault.fault.step}: {fault.fault.name}"
        yield from _fault(fault, config)
        yield ""
    yield from _permissions(ahead)
    yield ""
    could = "It could all be done and taken back" if ahead.could_be_done else "It could not all be done and taken back"
    levels = [finding.level for finding in ahead.findings]
    yield f"{could} (errors: {levels.count('error')}, warnings: {levels.count('warning')})"


def _fault(ahead: FaultAhead, config: Config) -> Iterator[str]:
    yield from _target(ahead)
    if ahead.is_allowed and not ahead.target.missing:
        yield _line("allowed", _allowed(ahead, config))
    yield from _findings(ahead.findings)
    for prediction in ahead.predictions:
        yield from _prediction(prediction, config)


def _target(ahead: FaultAhead) -> Iterator[str]:
    target = ahead.target
    if what := AT_NO_OBJECT.get(ahead.fault.name):
        yield _line("hits", what)
    if target.workload is not None:
        yield _line("hits", f"{target.workload.get('kind') or 'workload'} {names.of(target.workload)}")
    if target.node is not None:
        state = "Ready" if is_ready(target.node) else "not Ready"
        carried = "and the pods on it" if target.pods else "and no pod that does not belong to it"
        yield _line("hits", f"node {target.node_name} ({state}) {carried}")
    for pod in target.pods[: names.SHOWN]:
        yield _line("" if target.node is not None or target.workload is not None else "hits", _pod(pod))
    if len(target.pods) > names.SHOWN:
        yield _line("", f"and {len(target.pods) - names.SHOWN} pods more")
    if target.staying:
        yield _line("stay", f"pods of the node itself: {names.of_all(target.staying)}")
    spaces = sorted({pod["metadata"]["namespace"] for pod in target.pods})
    if len(spaces) > 1:
        yield _line("namespaces", ", ".join(spaces))


def _pod(pod: Object) -> str:
    node = pod["spec"].get("nodeName")
    return f"pod {names.of(pod)} on {f'node {node}' if node else 'no node'}, {names.owner(pod)}"


def _allowed(ahead: FaultAhead, config: Config) -> str:
    target, fault = ahead.target, ahead.fault
    if target.node is None:
        return f"namespace {config.namespace} carries {LABEL}=true" if config.namespace else "it touches no cluster"
    if fault.text("node"):
        return "the experiment names the node"
    if fault.name == "take_out_of_service":
        return "a fault before it hits the node"
    if (target.node["metadata"].get("labels") or {}).get(LABEL) == "true":
        return f"the node carries {LABEL}=true"
    return f"the node carries only pods of namespace {config.namespace}"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield _line(finding.level, finding.text)
        if finding.remedy:
            yield _line("", f"    {finding.remedy}")


def _prediction(prediction: Prediction, config: Config) -> Iterator[str]:
    yield _line("recovery", f"{prediction.pod}: {prediction.total}, beside the database's own time; of which")
    for part in prediction.parts:
        yield _line("", f"    {part}")
    for note in prediction.notes:
        yield _line("", f"    {note}")
    by_objective: dict[float, list[str]] = {}
    for lane, rto_s in config.objectives.rto_s.items():
        by_objective.setdefault(rto_s, []).append(lane)
    for rto_s, lanes in by_objective.items():
        whose = "" if len(by_objective) == 1 else f" ({', '.join(lanes)})"
        yield _line("objective", f"rto_s {rto_s:g} s{whose}: {prediction.judged(rto_s)}")


def _permissions(ahead: Preflight) -> Iterator[str]:
    if not ahead.experiment.config.namespace:
        return
    if ahead.denied is None:
        yield "Permissions: the API server does not let us ask for them"
        return
    if not ahead.denied:
        yield f"Permissions: all {len(ahead.asked)} that a run needs are there"
        return
    yield f"Permissions: {len(ahead.denied)} of {len(ahead.asked)} that a run needs are missing"
    yield from _findings(permissions.missing(ahead.denied))
    yield from _roles(roles.rules(ahead.denied))


def _roles(found: Mapping[str, Sequence[Rule]]) -> Iterator[str]:
    word = "granted by"
    for space, rules in found.items():
        yield _line(word, f"a Role in namespace {space}:" if space else "a ClusterRole:")
        yield from (_line("", f"    - {rule}") for rule in rules)
        word = ""


def _line(word: str, text: str) -> str:
    below = "\n" + " " * (INDENT + WIDTH)
    return f"{' ' * INDENT}{word.ljust(WIDTH)}{text}".replace("\n", below)
