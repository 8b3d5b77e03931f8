"""Proof of injection: did each fault hit what it named?

expect      proven by
replaced    a pod of the same name with another UID; where the owner gives new names (a ReplicaSet): it is gone, and its
            owner has made another
restarted   the same pod with more restarts of its containers
moved       a pod of the same name on another node
gone        the object (this UID) was removed
A node that was hit is proven by its being unschedulable, not Ready, or gone. What is not in a cluster (kind Process,
Server, ...) is proven by the outage of the lane nearest to it. A fault that hit nothing makes the run unknown.
"""

from collections.abc import Callable

from chaosmongo.history import Fault
from chaosmongo.history.quantities import seconds
from chaosmongo.history.records import LANES, Hit
from chaosmongo.history.results import FaultSummary, Finding

from . import watch
from .check import Checked
from .evidence import Evidence
from .watch import Sighting

Proof = tuple[bool | None, str]
"""Whether it hit, and what shows it. None: the record cannot tell."""


def check(evidence: Evidence) -> Checked[list[FaultSummary]]:
    summaries = [_summary(evidence, fault) for fault in evidence.history.faults]
    if not summaries:
        return Checked([], Finding("injection", "unknown", "there was no fault"))
    told = "; ".join(f"{summary.name}: {summary.proof}" for summary in summaries)
    proven = all(summary.proven for summary in summaries)
    return Checked(summaries, Finding("injection", "passed" if proven else "unknown", told))


def _summary(evidence: Evidence, fault: Fault) -> FaultSummary:
    proven, proof = _proof(evidence, fault)
    return FaultSummary(
        name=fault.start.name,
        start_ns=fault.start.time_ns,
        end_ns=fault.end.time_ns if fault.end else None,
        hits=[_named(hit) for hit in fault.start.hits],
        proven=proven,
        proof=proof,
    )


def _proof(evidence: Evidence, fault: Fault) -> Proof:
    if fault.end is not None and fault.end.error:
        return None, f"it reported an error: {fault.end.error}"
    if not fault.start.hits:
        return False, "it hit nothing"
    proofs = [_hit(evidence, fault, hit) for hit in fault.start.hits]
    answers = [answer for answer, _ in proofs]
    proven = False if False in answers else None if None in answers else True
    return proven, ", ".join(text for answer, text in proofs if answer is proven)


def _hit(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    if hit.kind not in ("Pod", "Node"):
        return _outage(evidence, fault, hit)
    owner = _owner(evidence, hit)
    if hit.kind == "Pod" and fault.start.expect == "replaced" and owner and owner[0] != "StatefulSet":
        return _succeeded(evidence, fault, hit, owner)
    if hit.kind == "Pod" and fault.start.expect not in _SIGNS:
        return None, f"nobody knows what proves that {hit.name} is {fault.start.expect!r}"
    resource, sign = ("pods", _SIGNS[fault.start.expect]) if hit.kind == "Pod" else ("nodes", _node_hit)
    seen = [s for s in watch.sightings(evidence.history.cluster, resource, hit.namespace) if s.name == hit.name]
    if not seen:
        return None, f"{_named(hit)} is not in the record"
    for sighting in seen:
        if sighting.time_ns > fault.start.time_ns and (proof := sign(hit, sighting)):
            return True, f"{hit.name} {proof} after {seconds(sighting.time_ns - fault.start.time_ns)}"
    return False, f"{hit.name} was not {fault.start.expect}: the fault did not hit it"


Owner = tuple[str, str]
"""Kind and name of a pod's owner."""


def _owner(evidence: Evidence, hit: Hit) -> Owner | None:
    return next((owner for s in evidence.pods if s.uid == hit.uid for owner in s.owners), None)


def _succeeded(evidence: Evidence, fault: Fault, hit: Hit, owner: Owner) -> Proof:
    """The successor of a pod that does not hand down its name."""
    known = {s.uid for s in evidence.pods if s.time_ns <= fault.start.time_ns}
    after = [s for s in evidence.pods if s.time_ns > fault.start.time_ns]
    gone = next((s for s in after if s.gone and s.uid == hit.uid), None)
    new = next((s for s in after if s.uid not in known and owner in s.owners), None)
    if gone is None or new is None:
        return False, f"{hit.name} was not replaced: the fault did not hit it"
    when = seconds(max(gone.time_ns, new.time_ns) - fault.start.time_ns)
    return True, f"{hit.name} was replaced by {new.name} after {when}"


def _replaced(hit: Hit, seen: Sighting) -> str:
    return f"came back with UID {seen.uid}" if hit.uid and not seen.gone and seen.uid != hit.uid else ""


def _restarted(hit: Hit, seen: Sighting) -> str:
    return f"restarted (restart {seen.restarts})" if seen.uid == hit.uid and seen.restarts > hit.restarts else ""


def _moved(hit: Hit, seen: Sighting) -> str:
    away = not seen.gone and hit.node and seen.node and seen.node != hit.node
    return f"moved from {hit.node} to {seen.node}" if away else ""


def _gone(hit: Hit, seen: Sighting) -> str:
    return "was removed" if seen.gone and seen.uid == hit.uid else ""


def _node_hit(_: Hit, seen: Sighting) -> str:
    if seen.gone:
        return "was removed"
    if (seen.object.get("spec") or {}).get("unschedulable"):
        return "was closed to new pods"
    return "was not Ready" if seen.condition("Ready") not in ("True", "") else ""


_SIGNS: dict[str, Callable[[Hit, Sighting], str]] = {
    "replaced": _replaced,
    "restarted": _restarted,
    "moved": _moved,
    "gone": _gone,
}


def _outage(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    """What is not in the cluster was hit when the lane nearest to the server shows it."""
    lane = next((lane for lane in LANES if evidence.lanes.get(lane)), None)
    if lane is None:
        return None, f"no lane asked {_named(hit)}"
    for window in evidence.windows[lane]:
        if window.start.hi_ns > fault.start.time_ns:
            after = seconds(window.start.hi_ns - fault.start.time_ns)
            return True, f"{hit.name} no longer answered the {lane} lane after {after}"
    return False, f"{hit.name} answered the {lane} lane throughout: the fault did not hit it"


def _named(hit: Hit) -> str:
    return f"{hit.kind} {hit.namespace}/{hit.name}" if hit.namespace else f"{hit.kind} {hit.name}"
