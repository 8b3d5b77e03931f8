"""What Kubernetes said about the pods of a run, as moments for a figure: read from the watch events alone.

A moment is the arrival of the event that showed it (API timestamps have whole seconds only). A pod is followed by its
name, so that the pod that replaces another continues its story.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chaosmongo.history import History
from chaosmongo.history.records import ClusterEvent


@dataclass(frozen=True)
class Mark:
    """A moment with a name of a word or two."""

    time_ns: int
    label: str


@dataclass(frozen=True)
class _Pod:
    """What matters of a pod's state."""

    uid: str = ""
    deleting: bool = False
    node: str = ""
    running: bool = False
    restarts: int = 0
    ready: bool = False


@dataclass
class _Story:
    """The last known state of one pod name, and the EndpointSlices that send requests to it."""

    pod: _Pod | None = None
    slices: set[str] = field(default_factory=set)
    marks: list[Mark] = field(default_factory=list)


def cluster_marks(history: History) -> list[Mark]:
    """The moments of all pods of the run's StatefulSet, in order. With several pods each label begins with its pod."""
    stories: dict[str, _Story] = {}
    statefulset = history.run.target.statefulset
    for event in history.cluster:
        for kind, subject in _changes(event):
            for name in _pod_names(event.resource, subject):
                if _belongs(name, statefulset):
                    stories.setdefault(name, _Story())
            for name, story in stories.items():
                labels = _tell(story, event.resource, kind, subject, name)
                story.marks += [Mark(event.time_ns, label) for label in labels]
    several = len(stories) > 1
    marks = [
        Mark(mark.time_ns, f"{name} {mark.label}" if several else mark.label)
        for name, story in stories.items()
        for mark in story.marks
    ]
    return sorted(marks, key=lambda mark: mark.time_ns)


def fault_marks(history: History) -> list[Mark]:
    """What the faults tell of themselves, less that their requests were answered, which is where they are drawn."""
    notes = [note for note in history.course if note.what == "mark"]
    return [Mark(n.time_ns, str(n.detail["name"])) for n in notes if n.detail.get("name") not in (None, "requested")]


def _changes(event: ClusterEvent) -> Iterator[tuple[str, dict[str, Any]]]:
    if event.kind == "LIST":
        yield from (("LIST", item) for item in event.items)
    else:
        yield event.kind, event.object


def _pod_names(resource: str, subject: dict[str, Any]) -> list[str]:
    """The names of the pods that `subject` is about."""
    match resource:
        case "pods":
            names = [_at(subject, "metadata", "name")]
        case "events":
            names = [_at(subject, "involvedObject", "name")]
        case "endpointslices":
            names = [_at(endpoint, "targetRef", "name") for endpoint in _list(subject, "endpoints")]
        case _:
            names = []
    return [str(name) for name in names if name]


def _belongs(pod: str, statefulset: str) -> bool:
    stem, _, ordinal = pod.rpartition("-")
    return bool(statefulset) and stem == statefulset and ordinal.isdecimal()


def _tell(story: _Story, resource: str, kind: str, subject: dict[str, Any], name: str) -> Iterator[str]:
    about = name in _pod_names(resource, subject)
    match resource:
        case "pods" if about:
            yield from _tell_pod(story, kind, subject)
        case "events" if about and kind == "ADDED" and subject.get("reason") == "Killing":
            yield "Killing"
        case "endpointslices":
            yield from _tell_endpoint(story, kind, subject, name)


def _tell_pod(story: _Story, kind: str, subject: dict[str, Any]) -> Iterator[str]:
    before = story.pod
    if kind == "DELETED":
        story.pod = None
        yield "gone"
        return
    now = story.pod = _pod(subject)
    if before is None or before.uid != now.uid:
        if kind == "LIST" and before is None:
            return  # it was there when the watch began
        yield "recreated"
        before = _Pod(uid=now.uid)
    if now.deleting and not before.deleting:
        yield "terminating"
    if now.node and not before.node:
        yield "scheduled"
    if now.restarts > before.restarts:
        yield "restarted"
    elif now.running and not before.running:
        yield "started"
    if now.ready != before.ready:
        yield "Ready" if now.ready else "not Ready"


def _tell_endpoint(story: _Story, kind: str, subject: dict[str, Any], name: str) -> Iterator[str]:
    before = bool(story.slices)
    ready = kind != "DELETED" and any(
        _at(endpoint, "targetRef", "name") == name and _at(endpoint, "conditions", "ready") is not False
        for endpoint in _list(subject, "endpoints")
    )
    (story.slices.add if ready else story.slices.discard)(str(_at(subject, "metadata", "name")))
    if kind != "LIST" and bool(story.slices) != before:
        yield "endpoint" if story.slices else "endpoint out"


def _pod(subject: dict[str, Any]) -> _Pod:
    containers = _list(_at(subject, "status"), "containerStatuses")
    conditions = _list(_at(subject, "status"), "conditions")
    return _Pod(
        uid=str(_at(subject, "metadata", "uid") or ""),
        deleting=bool(_at(subject, "metadata", "deletionTimestamp")),
        node=str(_at(subject, "spec", "nodeName") or ""),
        running=any(_at(container, "state", "running") is not None for container in containers),
        restarts=sum(int(container.get("restartCount", 0)) for container in containers),
        ready=any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions),
    )


def _at(subject: Any, *path: str) -> Any:
    """What lies at `path`, or None: a record may hold objects of any shape."""
    for step in path:
        subject = subject.get(step) if isinstance(subject, dict) else None
    return subject


def _list(subject: Any, name: str) -> list[dict[str, Any]]:
    found = _at(subject, name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
