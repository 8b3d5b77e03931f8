"""A recorded stream of watch events as a story: for each object, what changed, step by step, names and times aside.

Streams of different kinds race each other, on a real cluster as well, so each kind is told by itself.

told/ holds the stories of a real Kubernetes 1.36. From the recordings of its watches, DIRECTORY/*.jsonl.gz, they are
told anew, as after a change of what a story is, by

    python -m tests.lab.stories.telling DIRECTORY
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TOLD = Path(__file__).with_name("told")
KINDS = ("pods", "statefulsets", "deployments", "replicasets", "endpointslices")

VOLATILE = re.compile(
    r"resourceVersion|uid|Time|Timestamp|restartCount|startedAt|finishedAt|containerID|imageID|\.image$|IP|addresses|nodeName"
    r"|kubernetes\.io/last-change-trigger-time$|generateName|observedGeneration$|metadata\.generation$"
    r"|metadata\.name$|volumeMounts|\.user\.|resources|message$|currentRevision|updateRevision|managedFields"
)
"""Fields whose values differ from cluster to cluster; that they appear or go is part of the story all the same."""
IGNORED = re.compile(
    r"resourceVersion|lastProbeTime|kube-api-access|volumeMounts|\.user\.|resources|allocatedResources|managedFields"
    r"|\.metadata\.annotations\.kubectl|\.metadata\.generateName"
)
"""Fields that are no part of the story."""
IGNORED_EVENTS = {"MissingClusterDNS"}
"""That cluster's kubelets had no DNS set up."""

Flat = dict[str, Any]


@dataclass
class Story:
    """For each kind and object (in order of appearance), its steps; and the events about pods and controllers."""

    steps: dict[str, list[str]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[list[str]]:
        """The steps of each object of a kind."""
        return [steps for title, steps in self.steps.items() if title.startswith(f"{kind} ")]


def real(fault: str, app: str = "mongo") -> Story:
    """What a real Kubernetes told of an application's objects."""
    return Story(**_told(fault)["apps"][app])


def real_node(fault: str, name: str) -> list[str]:
    """What a real Kubernetes told of a node."""
    return list(_told(fault)["nodes"][name])


def _told(fault: str) -> dict[str, Any]:
    return dict(json.loads((TOLD / f"{fault}.json").read_text()))


def tell(lines: Iterable[dict[str, Any]], app: str) -> Story:
    """The story of the objects of one application (the value of the label "name")."""
    story = Story()
    known: dict[tuple[str, str], Flat] = {}
    titles: dict[tuple[str, str], str] = {}
    for line in lines:
        kind = line.get("resource")
        if kind == "events" and line["type"] in ("ADDED", "MODIFIED"):
            _tell_event(story, line["object"], app)
            continue
        for obj in _objects(line):
            if kind not in KINDS or not _is_of(obj, app):
                continue
            key = kind, obj["metadata"]["uid"]
            title = titles.setdefault(key, f"{kind} {sum(k == kind for k, _ in titles) + 1}")
            flat = dict(_flatten(obj))
            if line["type"] != "LIST":
                step = _step(line["type"], known.get(key, {}), flat)
                if step:
                    story.steps.setdefault(title, []).append(step)
            known[key] = flat
    return story


def node_story(lines: Iterable[dict[str, Any]], name: str) -> list[str]:
    """What is told of a node, each time that it is something else: readiness, cordon, taints."""
    told: list[str] = []
    for line in lines:
        for obj in _objects(line):
            if line.get("resource") == "nodes" and obj["metadata"]["name"] == name:
                step = _node_state(obj)
                if told[-1:] != [step]:
                    told.append(step)
    return told


def _objects(line: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Those of a list, or the one of an event."""
    return line.get("items") or ([line["object"]] if "object" in line else [])


def _node_state(node: dict[str, Any]) -> str:
    ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
    taints = sorted(f"{t['key'].rpartition('/')[2]}:{t['effect']}" for t in node["spec"].get("taints") or ())
    cordon = "unschedulable " if node["spec"].get("unschedulable") else ""
    return f"Ready={ready['status']} {ready['reason']} ({ready['message']}) {cordon}{' '.join(taints)}"


def _is_of(obj: dict[str, Any], app: str) -> bool:
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    return app in (labels.get("name"), labels.get("kubernetes.io/service-name"))


def _tell_event(story: Story, event: dict[str, Any], app: str) -> None:
    involved = event["involvedObject"]
    if involved["name"].startswith(app) and event["reason"] not in IGNORED_EVENTS:
        where = involved.get("fieldPath", "")
        component = event.get("reportingComponent")
        story.events.append(f"{involved['kind']} {event['type']} {event['reason']} {where} {component}")


def _step(kind: str, before: Flat, after: Flat) -> str:
    if kind == "ADDED":
        return f"ADDED {after.get('.status.phase', '')}"
    changes = [f"{path}={_value(path, value)}" for path, value in after.items() if before.get(path, _NOTHING) != value]
    gone = [f"{path} gone" for path in before if path not in after]
    # A time that moves says nothing by itself.
    told = [c for c in changes if not re.search(r"lastTransitionTime=|change-trigger-time", c)]
    told += [g for g in gone if not re.search(r"change-trigger-time", g)]
    text = ", ".join(sorted(told))
    return f"{kind} {text}" if text or kind == "DELETED" else ""


def _value(path: str, value: Any) -> Any:
    is_grace = path.endswith("GracePeriodSeconds") and value != 0  # none at all is another story
    return "*" if is_grace or VOLATILE.search(path) else value


_NOTHING = object()


def _flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if IGNORED.search(path) or path in (".kind", ".apiVersion"):
        return
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flatten(item, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            name = item.get("type") or item.get("name") if isinstance(item, dict) else None
            yield from _flatten(item, f"{path}[{name or index}]")
    else:
        yield path, value


def _tell_anew(directory: Path) -> None:
    for path in sorted(directory.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as file:
            lines = [json.loads(line) for line in file]
        nodes = {n["metadata"]["name"] for line in lines if line.get("resource") == "nodes" for n in _objects(line)}
        told = {
            "apps": {app: asdict(tell(lines, app)) for app in ("mongo", "pacman")},
            "nodes": {name: node_story(lines, name) for name in sorted(nodes)},
        }
        (TOLD / f"{path.name.partition('.')[0]}.json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    _tell_anew(Path(sys.argv[1]))
