"""Entries of the configuration: that they can be loaded, and that somebody reads them."""

import pytest

from .writing import action, configuration, findings, method, told


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("{type: env, key: RTO}", "configuration rto_s has no default: where RTO is not set"),
        ("{type: env, key: RTO, default: null, env_var_type: int}", "the default, null, cannot be read as int"),
        ("{type: env, key: RTO, default: many, env_var_type: int}", "the default, a string, cannot be read as int"),
        (
            "{type: env, key: RTO, default: 0, env_var_type: bool}",
            "a whole number, cannot be read as bool",
        ),
        ("{type: env, key: RTO, default: 3, env_var_type: flaot}", "env_var_type flaot is not known"),
        ("{type: env, key: RTO, default: soon}", "configuration rto_s: 'soon' is no number"),
        ("-1", "configuration rto_s: -1 is below 0"),
        ("[1]", "configuration rto_s is a list"),
    ],
)
def test_what_cannot_be_loaded(entry: str, what: str) -> None:
    found = told(**configuration(f"rto_s: {entry}"))
    assert [one for one in found if what in one], found


@pytest.mark.parametrize(
    "entry",
    [
        "3",
        "0.5",
        "{type: env, key: RTO, default: 3, env_var_type: float}",
        '{type: env, key: RTO, default: "3", env_var_type: int}',
        "{type: probe, provider: {type: process, path: ls}}",
    ],
)
def test_what_can_be_loaded(entry: str) -> None:
    assert told(**configuration(f"rto_s: {entry}")) == []


def test_reach_must_be_one_of_its_ways() -> None:
    assert told(**configuration("reach: anyhow")) == [
        "configuration reach: 'anyhow' is none of auto, service, port-forward"
    ]


class TestUnread:
    def test_is_what_neither_we_nor_a_variable_takes(self) -> None:
        assert told(**configuration("mine: 3")) == ["nothing reads mine in the configuration"]

    def test_names_a_near_miss_of_ours(self) -> None:
        (finding,) = findings(**configuration("recovery_timeout: 3"))
        assert finding.remedy == "did you mean recovery_timeout_s?"

    def test_is_nothing_that_a_variable_takes(self) -> None:
        parts = configuration("mine: 3, other: 4") | method(
            action("seed_high_scores", '{timeout_s: "${mine}"}', 'pauses: {after: "${other}"}')
        )
        assert told(**parts) == []

    def test_is_not_known_where_another_extension_reads_the_configuration(self) -> None:
        other = "{name: a, type: action, provider: {type: python, module: tests.probes.lint.called, func: reads}}"
        assert told(**method(other), **configuration("mine: 3")) == []
