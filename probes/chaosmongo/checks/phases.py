"""Where the seconds went: marks between the fault and the end of the last outage; a phase is the stretch from one mark
to the next.

    fault ─requested─ terminating ─gone─ recreated ─scheduled─ started ─listening─ server answers ─ ... ─ user scores

Marks of the cluster are arrival times of watch events about the pod that was hit and its successor; those of the lanes
are middles of brackets. All lie on one time axis and the phases are cut from it, so they add up to the time from the
fault to the last mark, which is the end of the last outage of all lanes. What was not seen has no mark. What happened
after the last outage ended (Ready, often) is no phase of the recovery: it stands in the ready gap. A mark that may lie
on either side of that end is drawn up to it. Where a lane has not recovered, or no lane was disturbed, there is no such
end, and all marks that were seen are given.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chaosmongo.history import Fault
from chaosmongo.history.records import FaultStart
from chaosmongo.history.results import Bracket, Phase

from . import watch
from .check import Checked
from .evidence import Evidence
from .outages import tells
from .watch import Sighting


@dataclass(frozen=True)
class Mark:
    name: str
    when: Bracket
    source: str


@dataclass(frozen=True)
class Course:
    """What became of one pod: `uid` is its UID at the fault, `new_uid` its successor's, or its own if it stayed.

    restarts: how often its containers had been restarted by the fault. pods: sightings under its name since then.
    """

    fault_ns: int
    uid: str
    new_uid: str
    restarts: int
    pods: list[Sighting]

    @property
    def replaced(self) -> bool:
        return self.new_uid != self.uid

    @property
    def recreated_ns(self) -> int | None:
        """When its successor was there; None where it has none."""
        return _first(s.time_ns for s in self.pods if s.uid == self.new_uid) if self.replaced else None


def check(evidence: Evidence) -> Checked[list[Phase]]:
    """No finding: phases explain a recovery, they do not judge it."""
    if evidence.fault_ns is None:
        return Checked([], None)
    marks = [*_cluster_marks(evidence), *_lane_marks(evidence)]
    return Checked(_cut(evidence.fault_ns, marks, _end(evidence)), None)


def ready_ns(evidence: Evidence) -> int | None:
    """Arrival of Ready of the pod that came back."""
    course = _course(evidence)
    return None if course is None else _ready(course)


def _cut(fault_ns: int, marks: Iterable[Mark], end: Mark | None) -> list[Phase]:
    kept = [mark for mark in marks if mark.when.hi_ns > fault_ns]
    if end is not None:
        kept = [mark for mark in kept if mark.when.lo_ns < end.when.middle_ns and mark.name != end.name] + [end]

    def drawn_ns(mark: Mark) -> int:
        return mark.when.middle_ns if end is None else min(mark.when.middle_ns, end.when.middle_ns)

    phases: list[Phase] = []
    at, doubt = fault_ns, 0
    for mark in sorted(kept, key=drawn_ns):
        moment = max(at, drawn_ns(mark))
        phases.append(Phase(mark.name, at, moment, doubt + mark.when.uncertainty_ns, mark.source))
        at, doubt = moment, mark.when.uncertainty_ns
    return phases


# --- lanes ---

_STABLE = {"server": "server stable", "driver": "driver writes", "user": "user scores"}


def _end(evidence: Evidence) -> Mark | None:
    """The end of the last outage; None where there was none, or a lane had not recovered."""
    ends: list[Mark] = []
    for lane in evidence.lanes:
        caused = evidence.caused(lane)
        if not caused:
            continue
        if caused[-1].end is None:
            return None
        ends.append(Mark(_STABLE.get(lane, f"{lane} stable"), caused[-1].end, f"{lane} lane"))
    last = max(ends, key=lambda mark: mark.when.middle_ns, default=None)
    if last is None or last.name != _STABLE["server"]:
        return last
    usual = [mark.name for mark in (_serving(evidence), _answers(evidence)) if mark and _meet(mark.when, last.when)]
    return Mark(usual[0], last.when, last.source) if usual else last


def _meet(one: Bracket, other: Bracket) -> bool:
    return one.lo_ns <= other.hi_ns and other.lo_ns <= one.hi_ns


def _lane_marks(evidence: Evidence) -> Iterator[Mark]:
    yield from (mark for mark in (_answers(evidence), _serving(evidence)) if mark is not None)
    for lane in evidence.lanes:
        caused = evidence.caused(lane)
        if lane != "server" and caused and caused[-1].end is not None:
            yield Mark(_STABLE.get(lane, f"{lane} stable"), caused[-1].end, f"{lane} lane")


def _answers(evidence: Evidence) -> Mark | None:
    first = _first_success(evidence, "hello")
    return None if first is None else Mark("server answers", first, "server lane: hello")


def _serving(evidence: Evidence) -> Mark | None:
    """When the server had answered both a write and a read, which it does not before it answers at all."""
    firsts = [_first_success(evidence, f) for f in ("write", "read")]
    seen = [first for first in firsts if first is not None]
    if not seen:
        return None
    last, answers = max(seen, key=lambda first: first.hi_ns), _answers(evidence)
    lo_ns = last.lo_ns if answers is None else min(max(last.lo_ns, answers.when.lo_ns), last.hi_ns)
    return Mark("server reads and writes", Bracket(lo_ns, last.hi_ns), "server lane: write and read")


def _first_success(evidence: Evidence, f: str) -> Bracket | None:
    """An answer from before there was a successor is its predecessor's last word: what counts then is the end."""
    caused = evidence.server_caused.get(f)
    if not caused:
        return None
    first, course = caused[-1].first_success, _course(evidence)
    recreated_ns = None if course is None else course.recreated_ns
    return caused[-1].end if first and recreated_ns is not None and first.hi_ns < recreated_ns else first


# --- cluster ---


def _cluster_marks(evidence: Evidence) -> Iterator[Mark]:
    course, fault = _course(evidence), _first_fault(evidence)
    terminating = (
        None if course is None else _first(s.time_ns for s in course.pods if s.uid == course.uid and s.terminating)
    )
    marks = [*_own_marks(evidence)]
    yield from marks
    answered = fault.end.time_ns if fault.end is not None and not fault.end.error else None
    if answered is not None and not marks and (terminating is None or answered < terminating):
        yield _moment("requested", answered, "answer to the fault's request")
    if course is None:
        return
    yield from _removal(course, terminating)
    yield from _return(evidence, course)


def _own_marks(evidence: Evidence) -> Iterator[Mark]:
    """What the faults tell of themselves, and the beginning of each fault but the first."""
    for note in evidence.history.course:
        if note.what == "mark":
            yield _moment(str(note.detail.get("name")), note.time_ns, "fault")
    starts = sorted(fault.start.time_ns for fault in evidence.history.faults)
    for number, start_ns in enumerate(starts[1:], 2):
        yield _moment(f"fault {number}", start_ns, "fault")


def _removal(course: Course, terminating: int | None) -> Iterator[Mark]:
    if terminating is not None:
        yield _moment("terminating", terminating, "pod: deletionTimestamp")
    gone = _first(s.time_ns for s in course.pods if s.uid == course.uid and s.gone)
    if gone is not None:
        yield _moment("gone", gone, "pod: DELETED")


def _return(evidence: Evidence, course: Course) -> Iterator[Mark]:
    new = [s for s in course.pods if s.uid == course.new_uid and not s.gone]
    if course.recreated_ns is not None:
        yield _moment("recreated", course.recreated_ns, "pod: ADDED")
        scheduled = _first(s.time_ns for s in new if s.scheduled)
        if scheduled is not None:
            yield _moment("scheduled", scheduled, "pod: PodScheduled")
    ready = _ready(course)
    answers = _answers(evidence)
    started = _started(evidence, course, new, answers.when.hi_ns if answers is not None else ready)
    if started is not None:
        yield started
        yield from _listening(evidence, started.when.lo_ns)
    if ready is not None:
        yield _moment("ready", ready, "pod: Ready")
    endpoint = _endpoint(evidence, course)
    if endpoint is not None:
        yield _moment("endpoint", endpoint, "endpointslice: ready")


def _started(evidence: Evidence, course: Course, new: list[Sighting], until_ns: int | None) -> Mark | None:
    """The start that led to service: the last one by `until_ns`, as the status or the event Started told first."""
    starts = [(time_ns, "pod: container running") for time_ns in _run_starts(course, new)]
    starts += [(time_ns, "event: Started") for time_ns in _started_events(evidence, course)]
    starts = sorted(start for start in starts if until_ns is None or start[0] <= until_ns)
    if not starts:
        return None
    last_ns = starts[-1][0]
    run = max((s.restarts for s in new if s.time_ns <= last_ns), default=0)
    before_ns = [s.time_ns for s in new if s.time_ns < last_ns and (not s.running or s.restarts < run)]
    time_ns, source = next(start for start in starts if start[0] > max(before_ns, default=0))
    return _moment("started", time_ns, source)


def _run_starts(course: Course, new: list[Sighting]) -> list[int]:
    """Arrivals of the first status of each run of the containers; in place, only of those after the fault."""
    known = set() if course.replaced else {course.restarts}
    arrivals = []
    for sighting in new:
        if sighting.running and sighting.restarts not in known:
            known.add(sighting.restarts)
            arrivals.append(sighting.time_ns)
    return arrivals


def _started_events(evidence: Evidence, course: Course) -> list[int]:
    return [
        event.time_ns
        for event in evidence.history.cluster
        if event.resource == "events"
        and event.kind in ("ADDED", "MODIFIED")
        and event.time_ns > course.fault_ns
        and event.object.get("reason") == "Started"
        and (event.object.get("involvedObject") or {}).get("uid") == course.new_uid
    ]


def _listening(evidence: Evidence, started_ns: int) -> Iterator[Mark]:
    """The first hello after the start that got a connection, unless it was answered at once, which is the next mark."""
    refused_ns = started_ns
    for op in evidence.lanes.get("server", []):
        if op.f != "hello" or op.sent_ns < started_ns or not tells(op):
            continue
        if op.outcome == "fail":
            refused_ns = op.sent_ns
            continue
        if op.outcome == "info" and refused_ns <= op.sent_ns:
            yield Mark("listening", Bracket(refused_ns, op.sent_ns), "server lane")
        return


def _ready(course: Course) -> int | None:
    """Where the pod stayed, Ready counts only after it was not."""
    missed = course.replaced
    for sighting in course.pods:
        if sighting.uid != course.new_uid or sighting.gone:
            continue
        ready = sighting.condition("Ready") == "True" and not sighting.terminating
        if ready and missed:
            return sighting.time_ns
        missed = missed or not ready
    return None


def _endpoint(evidence: Evidence, course: Course) -> int | None:
    missed = course.replaced
    for sighting in watch.sightings(evidence.history.cluster, "endpointslices", evidence.history.run.target.namespace):
        if sighting.time_ns <= course.fault_ns:
            continue
        serves = not sighting.gone and _serves(sighting, course.new_uid)
        if serves and missed:
            return sighting.time_ns
        missed = missed or not serves
    return None


def _serves(slice_: Sighting, uid: str) -> bool:
    return any(
        (endpoint.get("targetRef") or {}).get("uid") == uid
        and (endpoint.get("conditions") or {}).get("ready") is not False
        for endpoint in slice_.object.get("endpoints") or []
    )


# --- which pod ---


def _first_fault(evidence: Evidence) -> Fault:
    return min(evidence.history.faults, key=lambda fault: fault.start.time_ns)


def _course(evidence: Evidence) -> Course | None:
    fault_ns = evidence.fault_ns
    if fault_ns is None:
        return None
    before = {s.name: s for s in evidence.pods if s.time_ns <= fault_ns}
    present = {name: s for name, s in before.items() if not s.gone}
    pod = _subject(evidence, _first_fault(evidence).start, present)
    if pod is None:
        return None
    since = [s for s in evidence.pods if s.name == pod.name and s.time_ns > fault_ns]
    new_uid = next((s.uid for s in since if s.uid != pod.uid), pod.uid)
    return Course(fault_ns, pod.uid, new_uid, pod.restarts, since)


def _subject(evidence: Evidence, fault: FaultStart, present: dict[str, Sighting]) -> Sighting | None:
    """The pod whose story is told: a pod that was hit, one on a node that was hit; where the fault hit neither pods nor
    nodes, the StatefulSet's first one.
    """
    target = evidence.history.run.target
    own = [present[name] for name in sorted(present) if present[name].owned_by("StatefulSet", target.statefulset)]
    hit = {hit.name for hit in fault.hits if hit.kind == "Pod" and hit.namespace in ("", target.namespace)}
    nodes = {hit.name for hit in fault.hits if hit.kind == "Node"}
    candidates = [pod for pod in own if pod.name in hit]
    candidates += [pod for pod in own if pod.node in nodes]
    if not any(hit.kind in ("Pod", "Node") for hit in fault.hits):
        candidates = own
    return candidates[0] if candidates else None


def _first(moments: Iterator[int]) -> int | None:
    return next(moments, None)


def _moment(name: str, time_ns: int, source: str) -> Mark:
    return Mark(name, Bracket(time_ns, time_ns), source)
