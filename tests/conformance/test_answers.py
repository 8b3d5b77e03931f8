"""The lab's API answers as a real kube-apiserver 1.36.2 did: answers.jsonl holds 138 requests and what came back.

They are sent in their order to one server; each answer is then compared as a whole: status, headers, body, events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.lab.api.conftest import running

from .comparison import differences
from .replay import RECORDED, Record, Response, body_of, replay


@dataclass(frozen=True)
class Known:
    """A difference that is there on purpose: in which answers, where in them (both with * for anything), and why."""

    labels: str
    path: str
    why: str


NOT_USED = "neither the manifests nor the experiments nor kubectl's everyday verbs ask for it"
NOT_SHOWN = "kubectl does not show the descriptions of columns"
NO_OWNERS = "server-side apply is refused, since nobody owns fields here"
OTHER_BUNDLE = "that cluster had a certificate of OpenShift's in every namespace"
LEFT_OUT = {
    ("discovery: /apis/apps/v1", "body.resources"): ("daemonsets", "daemonsets/status"),
    ("discovery: /api/v1", "body.resources"): (
        *("componentstatuses", "limitranges", "nodes/proxy", "podtemplates", "resourcequotas", "resourcequotas/status"),
        *("pods/ephemeralcontainers", "pods/proxy", "pods/resize"),
        *("replicationcontrollers", "replicationcontrollers/scale", "replicationcontrollers/status"),
        "services/proxy",
    ),
    ("discovery: aggregated /api", "body.items.0.versions.0.resources"): (
        *("componentstatuses", "limitranges", "podtemplates", "replicationcontrollers", "resourcequotas"),
        *(f"pods.subresources.{name}" for name in ("ephemeralcontainers", "proxy", "resize")),
        *("nodes.subresources.proxy", "services.subresources.proxy"),
    ),
}

KNOWN = (
    Known("no token", "*", "nobody is let in without a token (401); kube-apiserver by default asks its roles (403)"),
    Known("watch: bad resourceVersion", "status", "400, since the mistake is the client's; kube-apiserver says 500"),
    Known("watch: bad resourceVersion", "body.*", "the same in the body"),
    Known("get: unacceptable Accept", "body.message", "answers are JSON alone, which is what kubectl and clients take"),
    Known("patch: apply*", "*", NO_OWNERS),
    Known("pod: update of an immutable field", "body.*message", "Go's printed difference of the objects is left out"),
    *(
        Known(f"pod: {label}", "body.spec.volumes.*.projected.sources.3", OTHER_BUNDLE)
        for label in ("create, as defaulted", "status patch", "delete unscheduled")
    ),
    Known("table: /api/*", "body.columnDefinitions.*.description", NOT_SHOWN),
    Known("table: /apis/*", "body.columnDefinitions.*.description", NOT_SHOWN),
    Known("version", "body.gitVersion", "it says that it is kubelab"),
    Known("version", "body.gitCommit", "it is not a build of Kubernetes"),
    Known("version", "body.goVersion", "it is not written in Go"),
    Known("version", "body.compiler", "nor compiled"),
    Known("root", "body.paths*", NOT_USED),
    *(Known(label, f"{path}.{name}", NOT_USED) for (label, path), names in LEFT_OUT.items() for name in names),
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Response]]:
    with running(tmp_path_factory.mktemp("answers"), options=()) as api:
        responses = replay(api)
        assert "Traceback" not in api.log.read_text(), api.log.read_text()
    yield responses


def labels(records: list[Record]) -> list[str]:
    return [record["label"] for record in records]


@pytest.mark.parametrize("record", RECORDED, ids=labels(RECORDED))
def test_the_answer_is_that_of_kubernetes(record: Record, answers: dict[str, Response]) -> None:
    found = differences(record["response"], answers[record["label"]])
    known = [entry for entry in KNOWN if fnmatchcase(record["label"], entry.labels)]
    unknown = {path: pair for path, pair in found.items() if not any(fnmatchcase(path, entry.path) for entry in known)}
    assert unknown == {}, "path: (theirs, ours)"
    settled = [entry for entry in known if not any(fnmatchcase(path, entry.path) for path in found)]
    assert settled == [], "listed as different, but not different any more"


def test_every_known_difference_is_one_of_a_recorded_answer() -> None:
    asked = labels(RECORDED)
    assert [entry for entry in KNOWN if not any(fnmatchcase(label, entry.labels) for label in asked)] == []


@pytest.mark.parametrize(
    ("label", "status", "reason"),
    [
        ("no token", 401, "Unauthorized"),
        ("watch: bad resourceVersion", 400, "BadRequest"),
        ("patch: apply (server-side)", 415, "UnsupportedMediaType"),
        ("patch: apply, other manager, conflict", 415, "UnsupportedMediaType"),
        ("patch: apply without fieldManager", 415, "UnsupportedMediaType"),
    ],
)
def test_what_is_refused_on_purpose_is_refused_clearly(
    label: str, status: int, reason: str, answers: dict[str, Response]
) -> None:
    answer = answers[label]
    assert (answer["status"], answer["body"]["kind"], answer["body"]["reason"]) == (status, "Status", reason)


def test_every_path_at_the_root_is_one_of_kubernetes(answers: dict[str, Response]) -> None:
    assert set(answers["root"]["body"]["paths"]) <= set(body_of("root")["paths"])


def test_no_answer_is_an_internal_error(answers: dict[str, Response]) -> None:
    failed: dict[str, Any] = {label: answer for label, answer in answers.items() if answer["status"] in (500, 502, 503)}
    assert failed == {}
