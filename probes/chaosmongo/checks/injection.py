"""Proof of injection: did each fault hit what it named?

expect      proven by
replaced    a pod of the same name with another UID; where the owner gives new names (a ReplicaSet): it is gone, and its
            owner has made another
restarted   the same pod with more restarts of its containers, or with one that was seen to have ended
moved       a pod of the same name on another node
gone        the object (this UID) was removed; of a score: it is not in the database any more
scaled      a Deployment has as many pods Ready as it was scaled to
unwatchable the watch over the cluster broke
frozen, cut off, filled     an outage of any lane: nothing else shows it
down, silent  a node, with its containers or without: see below
A node that was hit is proven by its becoming unschedulable, not Ready, or gone. What is not in a cluster (kind Process,
Server, ...) is proven by the outage of the lane nearest to it. A fault that hit nothing makes the run unknown, and so
does one whose effect shows only after the next fault on the same object began: it may be the other one's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chaosmongo.history import Fault
from chaosmongo.history.quantities import seconds
from chaosmongo.history.records import LANES, Hit
from chaosmongo.history.results import FaultSummary, Finding

from . import watch
from .check import Checked
from .evidence import Evidence
from .watch import Sighting


@dataclass(frozen=True)
class Proof:
    """Whether a fault hit, what shows it, and when that was seen. hit is None where the record cannot tell."""

    hit: bool | None
    told: str
    seen_ns: int = 0


def check(evidence: Evidence) -> Checked[list[FaultSummary]]:
    summaries = [_summary(evidence, fault) for fault in evidence.history.faults]
    if not summaries:
        return Checked([], Finding("injection", "unknown", "there was no fault"))
    told = "; ".join(f"{summary.name}: {summary.proof}" for summary in summaries)
    proven = all(summary.proven for summary in summaries)
    return Checked(summaries, Finding("injection", "passed" if proven else "unknown", told))


def effect_ns(evidence: Evidence, fault: Fault) -> int:
    """When the fault had shown its whole effect: its work was done, and each hit was seen. At least its start."""
    end_ns = fault.start.time_ns if fault.end is None else fault.end.time_ns
    return max([end_ns, *(_hit(evidence, fault, hit).seen_ns for hit in fault.start.hits)])


def _summary(evidence: Evidence, fault: Fault) -> FaultSummary:
    proof = _proof(evidence, fault)
    return FaultSummary(
        name=fault.start.name,
        start_ns=fault.start.time_ns,
        end_ns=fault.end.time_ns if fault.end else None,
        hits=[_named(hit) for hit in fault.start.hits],
        proven=proof.hit,
        proof=proof.told,
    )


def _proof(evidence: Evidence, fault: Fault) -> Proof:
    if fault.end is not None and fault.end.error:
        return Proof(None, f"it reported an error: {fault.end.error}")
    if not fault.start.hits:
        return Proof(False, "it hit nothing")
    proofs = [_hit(evidence, fault, hit) for hit in fault.start.hits]
    answers = [proof.hit for proof in proofs]
    proven = False if False in answers else None if None in answers else True
    return Proof(proven, ", ".join(proof.told for proof in proofs if proof.hit is proven))


def _hit(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    proof = _sign(evidence, fault, hit)
    next_ns = _next_ns(evidence, fault, hit)
    if proof.hit and next_ns is not None and proof.seen_ns > next_ns:
        return Proof(None, f"{proof.told}, but the next fault on it had begun by then: it may be that one's effect")
    return proof


def _next_ns(evidence: Evidence, fault: Fault, hit: Hit) -> int | None:
    """When the next fault on the same object began."""
    same = (hit.kind, hit.namespace, hit.name)
    starts = [
        other.start.time_ns
        for other in evidence.history.faults
        if other.start.time_ns > fault.start.time_ns
        and any((one.kind, one.namespace, one.name) == same for one in other.start.hits)
    ]
    return min(starts, default=None)


def _sign(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    if fault.start.expect in SEEN_BY_LANES:
        return _any_outage(evidence, fault, hit)
    if hit.kind in _OTHERS:
        return _OTHERS[hit.kind](evidence, fault, hit)
    if hit.kind not in ("Pod", "Node"):
        return _outage(evidence, fault, hit)
    owner = _owner(evidence, hit)
    if hit.kind == "Pod" and fault.start.expect == "replaced" and owner and owner[0] != "StatefulSet":
        return _succeeded(evidence, fault, hit, owner)
    if hit.kind == "Pod" and fault.start.expect not in _SIGNS:
        return Proof(None, f"nobody knows what proves that {hit.name} is {fault.start.expect!r}")
    resource, signs = ("pods", _SIGNS[fault.start.expect]) if hit.kind == "Pod" else ("nodes", _NODE_SIGNS)
    seen = [s for s in watch.sightings(evidence.history.cluster, resource, hit.namespace) if s.name == hit.name]
    if not seen:
        return Proof(None, f"{_named(hit)} is not in the record")
    before = [sighting for sighting in seen if sighting.time_ns <= fault.start.time_ns]
    for sign in signs:
        if before and (already := sign(hit, before[-1])):
            return Proof(False, f"{hit.name} {already} before the fault: nothing shows that the fault hit it")
        for sighting in seen[len(before) :]:
            if shown := sign(hit, sighting):
                return _after(fault, sighting.time_ns, f"{hit.name} {shown}")
    return Proof(False, f"{hit.name} was not {fault.start.expect}: nothing shows that the fault hit it")


def _after(fault: Fault, seen_ns: int, told: str) -> Proof:
    return Proof(True, f"{told} after {seconds(seen_ns - fault.start.time_ns)}", seen_ns)


Owner = tuple[str, str]
"""Kind and name of a pod's owner."""


def _owner(evidence: Evidence, hit: Hit) -> Owner | None:
    return next((owner for s in evidence.pods if s.uid == hit.uid for owner in s.owners), None)


def _succeeded(evidence: Evidence, fault: Fault, hit: Hit, owner: Owner) -> Proof:
    """The successor of a pod that does not hand down its name: each pod that was hit has one of its own."""
    kin = [other.uid for other in fault.start.hits if _owner(evidence, other) == owner]
    made, place = _made(evidence, fault, owner), kin.index(hit.uid)
    after = [s for s in evidence.pods if s.time_ns > fault.start.time_ns]
    gone = next((s for s in after if s.gone and s.uid == hit.uid), None)
    if gone is None or place >= len(made):
        return Proof(False, f"{hit.name} was not replaced: nothing shows that the fault hit it")
    return _after(fault, max(gone.time_ns, made[place].time_ns), f"{hit.name} was replaced by {made[place].name}")


def _made(evidence: Evidence, fault: Fault, owner: Owner) -> list[Sighting]:
    """The owner's pods that were first seen after the fault, in that order."""
    first: dict[str, Sighting] = {}
    for sighting in evidence.pods:
        if owner in sighting.owners:
            first.setdefault(sighting.uid, sighting)
    return [sighting for sighting in first.values() if sighting.time_ns > fault.start.time_ns]


def _replaced(hit: Hit, seen: Sighting) -> str:
    return f"came back with UID {seen.uid}" if hit.uid and not seen.gone and seen.uid != hit.uid else ""


def _restarted(hit: Hit, seen: Sighting) -> str:
    return f"restarted (restart {seen.restarts})" if seen.uid == hit.uid and seen.restarts > hit.restarts else ""


def _ended(hit: Hit, seen: Sighting) -> str:
    ended = seen.uid == hit.uid and seen.containers and not (seen.running or seen.terminating or seen.gone)
    return "was seen without a running container" if ended else ""


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


Sign = Callable[[Hit, Sighting], str]
"""What a sighting shows of a hit; "" where it shows nothing."""

_SIGNS: dict[str, tuple[Sign, ...]] = {
    "replaced": (_replaced,),
    "restarted": (_restarted, _ended),
    "moved": (_moved,),
    "gone": (_gone,),
}
"""By what the fault expects; the first that shows counts."""
_NODE_SIGNS: tuple[Sign, ...] = (_node_hit,)


def _outage(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    """What is not in the cluster was hit when the lane nearest to the server shows it."""
    lane = next((lane for lane in LANES if evidence.lanes.get(lane)), None)
    if lane is None:
        return Proof(None, f"no lane asked {_named(hit)}")
    for window in evidence.windows[lane]:
        if window.start.hi_ns > fault.start.time_ns:
            return _after(fault, window.start.hi_ns, f"{hit.name} no longer answered the {lane} lane")
        if window.end is None or window.end.hi_ns > fault.start.time_ns:
            return Proof(None, f"{hit.name} did not answer the {lane} lane when the fault began")
    return Proof(False, f"{hit.name} answered the {lane} lane throughout: nothing shows that the fault hit it")


def _any_outage(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    """The first outage of any lane that began after the fault did."""
    begun = [
        (window.start.hi_ns, lane)
        for lane, windows in evidence.windows.items()
        for window in windows
        if window.start.hi_ns > fault.start.time_ns
    ]
    if not begun:
        return Proof(False, f"{hit.name} answered every lane throughout: nothing shows that the fault hit it")
    seen_ns, lane = min(begun)
    return _after(fault, seen_ns, f"{hit.name} no longer answered the {lane} lane")


def _scaled(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    wanted = fault.start.arguments.get("replicas")
    for sighting in watch.sightings(evidence.history.cluster, "deployments", hit.namespace):
        ready = (sighting.object.get("status") or {}).get("readyReplicas", 0)
        if sighting.time_ns > fault.start.time_ns and sighting.uid == hit.uid and ready == wanted:
            return _after(fault, sighting.time_ns, f"{hit.name} had {ready} pods Ready")
    return Proof(False, f"{hit.name} never had {wanted} pods Ready: nothing shows that the fault hit it")


def _unwatchable(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    for note in evidence.history.cluster_notes:
        if note.what in ("gap", "broken") and note.time_ns > fault.start.time_ns:
            return _after(fault, note.time_ns, f"{hit.name} ended a watch")
    return Proof(False, f"{hit.name} never ended a watch: nothing shows that the fault hit it")


def _score_gone(evidence: Evidence, fault: Fault, hit: Hit) -> Proof:
    if evidence.unread:
        return Proof(None, f"whether {hit.name} is gone: {evidence.unread}")
    if any(document.key == hit.name for document in evidence.documents):
        return Proof(False, f"{hit.name} is still in the database")
    return Proof(True, f"{hit.name} is not in the database any more", fault.start.time_ns)


_OTHERS: dict[str, Callable[[Evidence, Fault, Hit], Proof]] = {
    "Deployment": _scaled,
    "ControlPlane": _unwatchable,
    "Score": _score_gone,
}
SEEN_BY_LANES = ("frozen", "cut off", "filled")


def _named(hit: Hit) -> str:
    return f"{hit.kind} {hit.namespace}/{hit.name}" if hit.namespace else f"{hit.kind} {hit.name}"
