"""The server answers as a real kube-apiserver 1.36.2 did: answers.jsonl holds 138 requests and what came back.

The requests are sent in their order to one server, then each answer is compared. Names made up by the server, UIDs,
times, addresses, ports and resource versions are normalised. What other components of a cluster did in between (a
controller's status, the demo that ran there) is written by this test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from .conftest import Answer, ApiServer, running
from .demo import create_demo

with Path(__file__).with_name("answers.jsonl").open() as lines:
    RECORDED = [json.loads(line) for line in lines]

# label -> why our answer is another one, on purpose or for now
DIFFERENT = {
    "no token": "nobody is let in without a token (401), where kube-apiserver lets anonymous requests in by default",
    "watch: bad resourceVersion": "400, where kube-apiserver answers 500 for what is the client's mistake",
    "patch: apply (server-side)": "server-side apply is refused (415)",
    "patch: apply, other manager, conflict": "server-side apply is refused (415)",
    "patch: apply without fieldManager": "server-side apply is refused (415)",
    "table: /apis/batch/v1/namespaces/pacman/jobs": "jobs are not served yet",
    "table: /apis/batch/v1/namespaces/pacman/cronjobs": "cron jobs are not served yet",
    "root": "the paths are those that are served here",
    "version": "it is not the same program",
    "discovery: /api": "it differs in the address alone",
}
# objects of other components: controllers of that cluster, and server-side apply
FOREIGN = ("kube-root-ca.crt", "openshift-service-ca.crt", "applied")
MADE_UP = ("uid", "resourceVersion", "continue", "clusterIP", "clusterIPs", "nodePort")
CHANGING = (*MADE_UP, "remainingItemCount", "description")
LEFT_OUT = ("storageVersionHash",)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CLUSTER_ADDRESS = re.compile(r"^(10\.96|127\.\d+)\.\d+\.\d+$")
AGE = re.compile(r"^(<unknown>|(\d+[smhdy])+)$")


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


AFTERWARDS = {
    "statefulset: create, as defaulted": status_of_controller,
    "pdb of the demo: create": status_of_budget,
}


def sent(record: dict[str, Any]) -> dict[str, Any]:
    return record["request"]  # type: ignore[no-any-return]


def replay(api: ApiServer, record: dict[str, Any], known: dict[str, str]) -> Answer:
    """Send one request; known maps recorded values (UIDs, versions, tokens) to ours."""
    request = sent(record)
    query = dict(request.get("query", {}))
    if "timeoutSeconds" in query:
        query["timeoutSeconds"] = 1
    raw = json.dumps(request["body"]) if "body" in request else request.get("raw_body")
    for theirs, ours in known.items():
        raw = raw.replace(theirs, ours) if raw else raw
        query = {key: ours if value == theirs else value for key, value in query.items()}
    path = request["path"] + (f"?{urlencode(query)}" if query else "")
    headers = dict(request["headers"])
    if record["label"] == "wrong token":
        headers["Authorization"] = "Bearer nobody"
    return api.call(request["method"], path, raw.encode() if raw is not None else None, headers=headers)


def learn(theirs: Any, ours: Any, known: dict[str, str]) -> None:
    """What the server made up is used by later requests."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and "metadata" in theirs and "metadata" in ours:
        for field in ("uid", "resourceVersion", "continue"):
            value = theirs["metadata"].get(field, "")
            if len(value) > 1 and field in ours["metadata"]:
                known[value if field != "resourceVersion" else f'"{value}"'] = (
                    ours["metadata"][field] if field != "resourceVersion" else f'"{ours["metadata"][field]}"'
                )


def recorded_rows(label: str) -> list[dict[str, Any]]:
    record = next(record for record in RECORDED if record["label"] == label)
    rows: list[dict[str, Any]] = record["response"]["body"]["rows"]
    return rows


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Answer]]:
    with running(tmp_path_factory.mktemp("answers")) as api:
        create_demo(api, recorded_rows("table: /api/v1/namespaces/pacman/events"))
        api.stop()  # the server that answers knows nothing of what was before it
        api.start()
        known: dict[str, str] = {}
        collected: dict[str, Answer] = {}
        for record in RECORDED:
            answer = replay(api, record, known)
            learn(record["response"].get("body"), answer.body, known)
            collected[record["label"]] = answer
            AFTERWARDS.get(record["label"], lambda _: None)(api)
        assert "Traceback" not in api.log.read_text(), api.log.read_text()
    yield collected


def normalised(value: Any) -> Any:
    if isinstance(value, dict):
        named = {key: normalised(item) for key, item in value.items() if item is not None and key not in LEFT_OUT}
        for key in CHANGING:
            if key in named:
                named[key] = "<made up>" if value[key] != "None" else "None"
        if "generateName" in value:
            named["name"] = value["generateName"] + "<made up>"
        return named
    if isinstance(value, list):
        return [normalised(item) for item in value if not is_foreign(item)]
    return normalised_text(value) if isinstance(value, str) else value


def is_foreign(item: Any) -> bool:
    """Objects of other components, and the token volume that kube-apiserver puts into every pod (not done here yet)."""
    if not isinstance(item, dict):
        return False
    name = item.get("metadata", {}).get("name") or item.get("name") or ""
    return name in FOREIGN or str(name).startswith("kube-api-access-")


def normalised_text(text: str) -> str:
    text = TIME.sub("<time>", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>", text)
    text = re.sub(r"(Too large resource version: \d+, current:|too old resource version: 1) .*", r"\1", text)
    text = text.partition("\n@@")[0]  # Go's printed difference of two objects
    text = re.sub(r"(include|representations): .*", r"\1: <types>", text)
    text = CLUSTER_ADDRESS.sub("<cluster address>", text)
    return "<age>" if AGE.match(text) else text


def without_empty(value: Any) -> Any:
    """Lists that became empty when foreign items were taken out are as good as none."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item != [] or key in ("items", "rows")}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


def comparable(body: Any) -> Any:
    return without_empty(normalised(body))


def served_resources(body: dict[str, Any]) -> dict[str, Any]:
    """The entries of a discovery document by name."""
    if "resources" in body:
        return {entry["name"]: comparable(entry) for entry in body["resources"]}
    return {
        entry["resource"]: comparable(entry)
        for item in body["items"]
        for version in item["versions"]
        for entry in version["resources"]
    }


@pytest.mark.parametrize("record", RECORDED, ids=[record["label"] for record in RECORDED])
def test_answer_is_that_of_kubernetes(record: dict[str, Any], answers: dict[str, Answer]) -> None:
    label = record["label"]
    ours, theirs = answers[label], record["response"]
    if label in DIFFERENT:
        pytest.skip(DIFFERENT[label])
    if label in ("discovery: /api/v1", "discovery: aggregated /api", "discovery: /apis/apps/v1"):
        known = served_resources(theirs["body"])
        for name, entry in served_resources(ours.body).items():
            subset = [sub for sub in known[name].get("subresources", ()) if sub in entry.get("subresources", ())]
            expected = {**known[name], "subresources": subset}
            assert {"subresources": [], **entry} == expected
        return
    assert ours.status == theirs["status"], ours.body
    assert ours.headers.get("Warning") == theirs["headers"].get("Warning")
    assert ours.headers.get("Retry-After") == theirs["headers"].get("Retry-After")
    if "lines" in theirs:
        assert comparable(ours.body) == comparable(theirs["lines"])
    elif not is_covered_by_code(theirs["body"]):
        assert comparable(ours.body) == comparable(theirs["body"])


def is_covered_by_code(body: Any) -> bool:
    return body == "" or body is None


def test_no_answer_is_an_internal_error(answers: dict[str, Answer]) -> None:
    assert {label: answer.status for label, answer in answers.items() if answer.status in (500, 501, 502)} == {}
