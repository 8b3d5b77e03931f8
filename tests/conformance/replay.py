"""Sends the recorded requests in their order, each as it would be sent to a server that made up other values.

What other components of that cluster did between two requests is done here, where it shows in a later answer.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.lab.api.conftest import Answer, ApiServer

from .demo import create_account, create_bundles, create_demo

Record = dict[str, Any]
Response = dict[str, Any]

HEADERS = ("Content-Type", "Warning", "Retry-After")
"""The response headers that were recorded."""
AUTHORIZATION = {"no token": None, "wrong token": "Bearer nobody"}
WATCH_S = 1

with Path(__file__).with_name("answers.jsonl").open() as lines:
    RECORDED: list[Record] = [json.loads(line) for line in lines]


def body_of(label: str) -> Any:
    """What was answered to a recorded request."""
    return next(record["response"]["body"] for record in RECORDED if record["label"] == label)


def bundles() -> list[Record]:
    """The certificates that stood in the namespace, without what is made up for each."""
    items = body_of("list: labelSelector !page")["items"]
    found = [item for item in items if item["metadata"]["name"].endswith(".crt")]
    return [{**item, "metadata": {key: item["metadata"][key] for key in ("name", "annotations")}} for item in found]


def put_in_namespace(api: ApiServer) -> None:
    """What controllers put into each."""
    create_account(api, "answers")
    create_bundles(api, "answers", bundles())


def create_applied(api: ApiServer) -> None:
    """Server-side apply is refused here; later lists show what it made there."""
    applied = {"metadata": {"name": "applied"}, "data": {"a": "1"}}
    assert api.post("/api/v1/namespaces/answers/configmaps", applied).status == 201


def status_of_controller(api: ApiServer) -> None:
    """What the StatefulSet controller had written by the next request."""
    revision = "s-698b7fd577"
    status = {"observedGeneration": 1, "currentRevision": revision, "updateRevision": revision, "collisionCount": 0}
    api.patch("/apis/apps/v1/namespaces/answers/statefulsets/s/status", {"status": status}, "merge-patch")


def status_of_budget(api: ApiServer) -> None:
    """What the disruption controller had written by the next request."""
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "reason": "InsufficientPods",
        "message": "",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-11-23T19:06:56Z",
    }
    counts = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}
    status = {"observedGeneration": 1, "conditions": [condition], **counts}
    api.patch("/apis/policy/v1/namespaces/pacman/poddisruptionbudgets/mongo/status", {"status": status}, "merge-patch")


AFTERWARDS: dict[str, Callable[[ApiServer], None]] = {
    "namespace: create": put_in_namespace,
    "patch: apply (server-side)": create_applied,
    "statefulset: create, as defaulted": status_of_controller,
    "pdb of the demo: create": status_of_budget,
}


def forget(api: ApiServer) -> None:
    """From now on the server knows what there is, but not how it came about: as one whose store was compacted."""
    api.stop()
    with closing(sqlite3.connect(api.state / "store.db")) as store, store:
        store.execute("DELETE FROM changes")
    api.start()


def replay(api: ApiServer) -> dict[str, Response]:
    """Label -> our answer, in the form of the recorded ones."""
    events = body_of("table: /api/v1/namespaces/pacman/events")
    create_demo(api, events["rows"], events["metadata"]["remainingItemCount"], bundles())
    forget(api)
    known: dict[str, str] = {}
    responses = {}
    for record in RECORDED:
        answer = send(api, record, known)
        learn(record["response"].get("body"), answer.body, known)
        responses[record["label"]] = as_recorded(answer)
        AFTERWARDS.get(record["label"], lambda _: None)(api)
    return responses


def send(api: ApiServer, record: Record, known: dict[str, str]) -> Answer:
    """known: what that server made up -> what ours made up instead."""
    request = record["request"]
    query = {key: known.get(str(value), value) for key, value in request.get("query", {}).items()}
    if "timeoutSeconds" in query:
        query["timeoutSeconds"] = WATCH_S
    raw = json.dumps(request["body"]) if "body" in request else request.get("raw_body")
    for theirs, ours in known.items():
        raw = raw.replace(f'"{theirs}"', f'"{ours}"') if raw else raw
    headers = dict(request["headers"])
    if record["label"] in AUTHORIZATION:
        headers["Authorization"] = AUTHORIZATION[record["label"]]
    path = request["path"] + (f"?{urlencode(query)}" if query else "")
    return api.call(request["method"], path, raw.encode() if raw is not None else None, headers=headers)


def learn(theirs: Any, ours: Any, known: dict[str, str]) -> None:
    """Takes note of what later requests will name: UIDs, resource versions, continue tokens."""
    if not all(isinstance(body, dict) and "metadata" in body for body in (theirs, ours)):
        return
    for field in ("uid", "resourceVersion", "continue"):
        value = theirs["metadata"].get(field, "")
        if len(value) > 1 and field in ours["metadata"]:
            known[value] = ours["metadata"][field]


def as_recorded(answer: Answer) -> Response:
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    return {
        "status": answer.status,
        "headers": headers,
        "lines" if isinstance(answer.body, list) else "body": answer.body,
    }
