"""docs/summary.schema.json is what summary.json holds itself to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chaosmongo.history import records as r
from chaosmongo.history.results import Verdict
from jsonschema import Draft202012Validator
from recoveryreport.machine import schema, summary
from recoveryreport.machine.records import FORMAT, Summary

from . import made
from .conftest import RUNS

COMMITTED = json.loads((Path(__file__).parents[3] / "docs" / "summary.schema.json").read_text())
VALIDATOR = Draft202012Validator(COMMITTED)


def test_is_current() -> None:
    assert json.loads(schema.encoded()) == COMMITTED, (
        "make it anew: python -m recoveryreport.machine.schema > docs/summary.schema.json"
    )


def test_is_a_schema_and_says_its_version() -> None:
    Draft202012Validator.check_schema(COMMITTED)
    assert COMMITTED["$defs"]["Summary"]["properties"]["format"] == {"enum": [FORMAT]}


def test_says_what_every_part_means() -> None:
    assert all(definition["description"] for definition in COMMITTED["$defs"].values())


@pytest.mark.parametrize("name", RUNS)
def test_recorded_runs_fit(name: str, summed_up: Callable[[str], Summary]) -> None:
    VALIDATOR.validate(json.loads(summary.encoded(summed_up(name))))


@made.every_verdict
def test_every_verdict_fits(judged: tuple[r.Run, Verdict]) -> None:
    VALIDATOR.validate(json.loads(summary.encoded(summary.of(*judged))))


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("format", 2),
        ("verdict", "green"),
        ("writes", {}),
        ("lanes", [{"name": "server"}]),
        ("ready_gap", {"kind": "measured", "text": "4 s"}),
        ("rpo_writes", -1),
    ],
)
def test_what_is_wrong_does_not_fit(what: str, wrong: Any, summed_up: Callable[[str], Summary]) -> None:
    told = json.loads(summary.encoded(summed_up("passed")))
    assert not VALIDATOR.is_valid(told | {what: wrong})
    assert not VALIDATOR.is_valid({name: value for name, value in told.items() if name != what})
