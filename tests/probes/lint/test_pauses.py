"""Pauses that break the run off."""

import pytest

from .writing import action, configuration, method, told


@pytest.mark.parametrize(
    ("pause", "entry", "said"),
    [
        ("-1", "3", "a pause that is below 0 breaks the run off"),
        ("true", "3", "a pause that is true or false breaks the run off"),
        ('"3"', "3", "a pause that is a string breaks the run off"),
        ('"${x}"', "soon", "a pause that is a string breaks the run off"),
        ('"${x}"', "{type: env, key: X, default: 3}", "a pause that is a string where X is set breaks the run off"),
        ('"${x}"', "3", ""),
        ('"${x}"', "{type: env, key: X, default: 3, env_var_type: float}", ""),
        ("0.5", "3", ""),
        ("null", "3", ""),
    ],
)
def test_pauses(pause: str, entry: str, said: str) -> None:
    step = action("read_back", '{timeout_s: "${recovery_timeout_s}"}', f"pauses: {{before: {pause}}}")
    used = action("anything", '{x: "${x}"}').replace("chaosmongo.actions", "tests.probes.lint.called")
    assert told(**method(step, used), **configuration(f"x: {entry}")) == ([said] if said else [])
