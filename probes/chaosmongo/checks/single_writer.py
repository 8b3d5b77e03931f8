"""One writer at a time: no two pods whose containers run at the same moment on one claim or under one identity, as far
as watch events can tell (Kubernetes documentation, StatefulSets: at most one pod with a given identity).

A container runs from its first status that says so until the last one that says it has terminated. Statuses come from
the kubelet: a pod that is removed while its last status says "running" (force deleted, or on a dead node) may run on,
and nobody can tell from the record until when. An overlap that is shown fails; one that is neither shown nor excluded
is unknown.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from chaosmongo.history.quantities import listed
from chaosmongo.history.results import Finding

from . import watch
from .check import Checked
from .evidence import Evidence
from .watch import Object, Sighting

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""With this taint an operator warrants that a node is shut down and its containers with it (Kubernetes documentation,
Node Shutdowns: non-graceful node shutdown)."""

Overlap = Literal["possible", "shown"] | None
"""None: it is excluded."""


@dataclass(frozen=True)
class Life:
    """One pod as a writer. The positions are those of its sightings among all of the pods'.

    stopped: where it was first seen to have stopped for good; None where it never was.
    """

    name: str
    uid: str
    node: str
    held: frozenset[str]
    created: int
    ran: int
    ran_ns: int
    stopped: int | None
    gone_ns: int | None
    started_at: str
    finished_at: str


def check(evidence: Evidence) -> Checked[None]:
    target = evidence.history.run.target
    if not target.statefulset:
        return Checked(None, None)
    if any(note.what == "gap" and note.detail.get("resource") == "pods" for note in evidence.history.cluster_notes):
        return Checked(None, Finding("single_writer", "unknown", "the watch over the pods has a gap"))
    lives = _writers(evidence)
    if not lives:
        return Checked(None, Finding("single_writer", "unknown", f"no pod of {target.statefulset} was seen to run"))
    nodes = watch.sightings(evidence.history.cluster, "nodes")
    pairs = [
        (one, other, _overlap(one, other, nodes)) for one, other in combinations(lives, 2) if one.held & other.held
    ]
    shown = [_told(one, other) for one, other, overlap in pairs if overlap == "shown"]
    possible = [_told(one, other) for one, other, overlap in pairs if overlap == "possible"]
    if shown:
        return Checked(None, Finding("single_writer", "failed", f"two writers at a time: {listed(shown)}"))
    if possible:
        why = (
            f"two writers at a time cannot be excluded: {listed(possible)}; "
            "nothing on record shows that the first had stopped before the other began"
        )
        return Checked(None, Finding("single_writer", "unknown", why))
    return Checked(None, Finding("single_writer", "passed", _alone(lives)))


def _told(one: Life, other: Life) -> str:
    both = sorted(one.held & other.held)
    return f"{one.name} ({one.uid[:8]}) and {other.name} ({other.uid[:8]}) on {listed(both)}"


def _alone(lives: list[Life]) -> str:
    names = sorted({life.name for life in lives})
    if len(lives) == len(names):
        return f"{listed(names)} ran alone"
    return f"{listed(names)}: {len(lives)} pods, one after the other"


def _writers(evidence: Evidence) -> list[Life]:
    """Lives that ran on a claim of the StatefulSet's or under one of its identities, in order of their beginning."""
    statefulset = evidence.history.run.target.statefulset
    by_uid: dict[str, list[tuple[int, Sighting]]] = {}
    for position, sighting in enumerate(evidence.pods):
        by_uid.setdefault(sighting.uid, []).append((position, sighting))
    own = {uid for uid, seen in by_uid.items() if seen[0][1].owned_by("StatefulSet", statefulset)}
    claims = {claim for uid in own for _, sighting in by_uid[uid] for claim in _written(sighting)}
    lives = [_life(seen, claims, uid in own) for uid, seen in by_uid.items()]
    return sorted((life for life in lives if life is not None and life.held), key=lambda life: life.ran)


def _life(seen: list[tuple[int, Sighting]], claims: set[str], own: bool) -> Life | None:
    """None for a pod whose containers were never seen to run."""
    first, last = seen[0][1], seen[-1][1]
    ran = next(((position, s) for position, s in seen if _began(s)), None)
    if ran is None:
        return None
    held = {f"claim {claim}" for claim in _written(last) & claims} | ({f"identity {first.name}"} if own else set())
    return Life(
        name=first.name,
        uid=first.uid,
        node=last.node,
        held=frozenset(held),
        created=seen[0][0],
        ran=ran[0],
        ran_ns=ran[1].time_ns,
        stopped=_stopped(seen),
        gone_ns=last.time_ns if last.gone else None,
        started_at=min((moment for _, s in seen for moment in _times(s, "startedAt")), default=""),
        finished_at=max(_times(last, "finishedAt"), default=""),
    )


def _began(sighting: Sighting) -> bool:
    return sighting.running or bool(_times(sighting, "startedAt"))


def _stopped(seen: list[tuple[int, Sighting]]) -> int | None:
    stopped = None
    for position, sighting in seen:
        if sighting.running:
            stopped = None
        elif stopped is None and _began(sighting):
            stopped = position
    return stopped


def _times(sighting: Sighting, name: str) -> list[str]:
    """startedAt or finishedAt of all containers, by the node's clock, whole seconds."""
    states = [container.get(part) or {} for container in sighting.containers for part in ("state", "lastState")]
    return [str(body[name]) for state in states for body in state.values() if body and body.get(name)]


def _written(sighting: Sighting) -> set[str]:
    """Claims that a container of the pod may write to."""
    claims = sighting.claims
    containers: list[Object] = (sighting.object.get("spec") or {}).get("containers") or []
    mounts = [mount for container in containers for mount in container.get("volumeMounts") or []]
    return {claims[mount["name"]] for mount in mounts if mount.get("name") in claims and not mount.get("readOnly")}


def _overlap(one: Life, other: Life, nodes: list[Sighting]) -> Overlap:
    """`other` was first seen to run after `one` was."""
    if one.stopped is None:
        if one.gone_ns is None:
            return "shown" if _node_was_ready(nodes, one.node, other.ran_ns) else "possible"
        return None if _warranted_off(nodes, one.node, one.gone_ns) else "possible"
    return None if one.stopped < other.created else _by_the_clock(one, other)


def _by_the_clock(one: Life, other: Life) -> Overlap:
    """By the kubelet's whole seconds. Nobody can tell within one second, from the clocks of two nodes, or where a
    status has no times.
    """
    if one.node != other.node or not (one.finished_at and other.started_at) or one.finished_at == other.started_at:
        return "possible"
    return "shown" if one.finished_at > other.started_at else None


def _node(nodes: list[Sighting], name: str, time_ns: int) -> Sighting | None:
    """The node as it last was by then."""
    return next((node for node in reversed(nodes) if node.name == name and node.time_ns <= time_ns), None)


def _node_was_ready(nodes: list[Sighting], name: str, time_ns: int) -> bool:
    """Whether its kubelet's word was good; without a record of the node it is taken to be."""
    node = _node(nodes, name, time_ns)
    return node is None or (not node.gone and node.condition("Ready") == "True")


def _warranted_off(nodes: list[Sighting], name: str, time_ns: int) -> bool:
    node = _node(nodes, name, time_ns)
    taints = (node.object.get("spec") or {}).get("taints") or [] if node else []
    return any(taint.get("key") == OUT_OF_SERVICE for taint in taints)
