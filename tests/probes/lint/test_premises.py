"""What Chaos Toolkit does, where a rule rests on it: when one of these fails, that rule is to be thought over."""

from typing import Any

import pytest
import yaml
from chaoslib import substitute
from chaoslib.configuration import load_configuration, load_dynamic_configuration
from chaoslib.exceptions import InvalidActivity, InvalidExperiment
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.hypothesis import ensure_hypothesis_tolerance_is_valid, within_tolerance
from chaoslib.run import run_rollback

from .writing import action, experiment, method


def validate(**parts: str) -> None:
    """As `chaos validate` does."""
    ensure_experiment_is_valid(yaml.safe_load(experiment(**parts)))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"rolbacks": "[]"},
        method(action("read_back", more="backgroud: true, timeout: 1, tolerance: 1, dry: actions")),
        method(action("read_back").replace("arguments", "argumentz")),
        method(action("read_back", '{timeout_s: "soon"}')),
        method(action("read_back", '{timeout_s: "${nothing}"}')),
        {"rollbacks": "[{ref: nothing}]"},
        {"runtime": "{rollbacks: {strategy: nothing}}"},
        {"controls": "[{name: a, provider: {type: python, module: nowhere}}]"},
        {"controls": "-", "rollbacks": "-", "runtime": "-"},
    ],
)
def test_validation_lets_it_through(parts: dict[str, str]) -> None:
    validate(**parts)


def test_tolerances() -> None:
    assert within_tolerance(0.5, 0.5) is None
    assert within_tolerance(["a", "c"], "b") is True
    assert within_tolerance(True, {"status": 0}) is False
    with pytest.raises(InvalidActivity):
        ensure_hypothesis_tolerance_is_valid(0.5)
    for tolerance, value in (
        (["${low}", 5], 3),
        ({"type": "regex", "pattern": "a"}, {"stdout": "a"}),
        ({"type": "range", "range": [1, 2]}, {"status": 1}),
    ):
        with pytest.raises((TypeError, ValueError)):
            within_tolerance(tolerance, value)
    with pytest.raises(KeyError):
        within_tolerance({"type": "probe", "provider": {"type": "python"}}, 1)
    with pytest.raises(AttributeError):
        within_tolerance({"type": "range", "range": [1, 2], "target": "status"}, 1)


def test_variables() -> None:
    known: dict[str, Any] = {"a": 1, "my-a": 2}
    assert substitute({"x": "${a}", "y": "b${a}", "z": "${b}"}, known, {}) == {"x": 1, "y": "b1", "z": "${b}"}
    assert substitute("${my-a}", known, {}) == "${my-a}"
    with pytest.raises(TypeError):
        substitute("${b}", known, {"ungrouped": "secret"})


def test_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidExperiment):
        load_configuration({"a": {"type": "env", "key": "NOT_SET_HERE"}})
    with pytest.raises(TypeError):
        load_configuration({"a": {"type": "env", "key": "NOT_SET_HERE", "default": None, "env_var_type": "int"}})
    monkeypatch.setenv("SET_HERE", "4")
    assert load_configuration({"a": {"type": "env", "key": "SET_HERE", "default": 3}}) == {"a": "4"}
    assert load_configuration({"a": {"type": "evn", "key": "b"}}) == {"a": {"type": "evn", "key": "b"}}


def test_secrets_stand_in_a_probe_of_the_configuration() -> None:
    entry: dict[str, Any] = {"type": "probe", "name": "a", "provider": {"type": "process", "path": "true"}}
    load_dynamic_configuration({"a": entry}, {"db": {"password": "hunter2"}})
    assert entry["provider"]["secrets"] == {"db": {"password": "hunter2"}}


@pytest.mark.parametrize("strategy", ["default", "deviated", "never", "allways"])
def test_rollbacks_of_an_interrupted_run_are_skipped(strategy: str) -> None:
    journal: dict[str, Any] = {"deviated": False, "status": "interrupted"}
    run_rollback(strategy, None, {}, journal, {}, {}, None, None)
    assert "rollbacks" not in journal
