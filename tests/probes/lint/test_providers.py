"""What is called, and with what."""

import pytest

from .writing import configuration, findings, method, told

CALLED = "tests.probes.lint.called"


def call(func: str, arguments: str = "{}", more: str = "", module: str = CALLED) -> dict[str, str]:
    end = f", {more}" if more else ""
    provider = f"{{type: python, module: {module}, func: {func}, arguments: {arguments}{end}}}"
    return method(f"{{name: a, type: action, provider: {provider}}}")


class TestModule:
    @pytest.mark.parametrize(
        ("module", "why"),
        [
            ("chaosmongo.acts", "it is not installed"),
            ("nowhere.at_all", "it is not installed"),
            ("..actions", "it is no absolute name"),
            ("tests.probes.lint.broken", "it needs nowhere, which is not installed"),
            ("tests.probes.lint.leaves", "SystemExit: 7"),
        ],
    )
    def test_that_cannot_be_imported(self, module: str, why: str) -> None:
        assert told(**call("a", module=module)) == [f"the module {module} cannot be imported: {why}"]

    def test_that_can_be(self) -> None:
        assert told(**call("anything")) == []


class TestFunction:
    def test_that_is_not_there(self) -> None:
        (finding,) = findings(**call("start_worklod", module="chaosmongo.actions"))
        assert finding.what == "chaosmongo.actions has no function start_worklod"
        assert finding.remedy == "did you mean start_workload?"

    def test_that_is_none(self) -> None:
        assert told(**call("Callable")) == [f"{CALLED} has no function Callable"]


class TestArguments:
    def test_that_it_does_not_take(self) -> None:
        (finding,) = findings(**call("typed", "{numbr: 1}"))
        assert finding.what == "typed takes no argument numbr"
        assert finding.remedy == "did you mean number?"

    def test_that_it_needs(self) -> None:
        assert told(**call("delete_pod", module="chaosmongo.actions")) == ["delete_pod needs an argument namespace"]

    def test_that_it_needs_and_only_gets_when_asked_for(self) -> None:
        secrets = {"secrets": "{db: {password: {type: env, key: PASSWORD}}}"}
        assert told(**call("needs_secrets"), **secrets) == ["needs_secrets needs an argument secrets"]
        assert told(**call("needs_secrets", more="secrets: [db]"), **secrets) == []

    @pytest.mark.parametrize("arguments", ["[1]", "null", "hello"])
    def test_that_are_no_mapping(self, arguments: str) -> None:
        assert [one for one in told(**call("typed", arguments)) if one.startswith("arguments is")]

    def test_of_which_it_takes_any(self) -> None:
        assert told(**call("anything", "{a: 1, b: 2}")) == []


class TestTypes:
    @pytest.mark.parametrize(
        "argument",
        [
            'whole: "3"',
            "whole: 3.5",
            "whole: true",
            "whole: null",
            'number: "3"',
            'yes: "true"',
            "yes: 1",
            "word: 3",
            "word: 2026-01-01",
            "many: a",
            "pairs: []",
            "maybe: a",
            "mode: 1",
        ],
    )
    def test_that_do_not_fit(self, argument: str) -> None:
        (found,) = told(**call("typed", f"{{{argument}}}"))
        assert found.startswith("typed takes ")

    @pytest.mark.parametrize(
        "argument",
        [
            "whole: 3",
            "number: 3",
            "number: 3.5",
            "yes: true",
            'word: "3"',
            "many: [a]",
            "many: null",
            "pairs: {a: 1}",
            "pairs: null",
            "maybe: null",
            "maybe: 1",
            "mode: b",
            "free: 3",
            "free: null",
        ],
    )
    def test_that_fit(self, argument: str) -> None:
        assert told(**call("typed", f"{{{argument}}}")) == []


class TestVariables:
    """The entry of a variable that is alone says as what it comes; beside other text it comes as a string."""

    @pytest.mark.parametrize(
        ("entry", "argument", "said"),
        [
            ("3", 'whole: "${x}"', ""),
            ("many", 'whole: "${x}"', "${x} is a string"),
            ("3", 'word: "${x}"', "${x} is a whole number"),
            ("3", 'word: "a${x}"', ""),
            ("3", 'whole: "1${x}"', "this is a string"),
            ("{type: env, key: X, default: 3, env_var_type: int}", 'whole: "${x}"', ""),
            ("{type: env, key: X, default: 3, env_var_type: int}", 'number: "${x}"', ""),
            ("{type: env, key: X, default: 3, env_var_type: float}", 'whole: "${x}"', "${x} is a number"),
            ("{type: env, key: X, default: 3}", 'whole: "${x}"', "${x} is a string where X is set"),
            ('{type: env, key: X, default: ""}', 'word: "${x}"', ""),
            ("{type: env, key: X, default: null}", 'word: "${x}"', "${x} is null where X is not set"),
            ("{type: env, key: X, default: null, env_var_type: str}", 'many: "${x}"', ""),
            ("{type: env, key: X, default: true, env_var_type: bool}", 'yes: "${x}"', ""),
            ("{type: env, key: X, default: '[]', env_var_type: json}", 'many: "${x}"', ""),
            ("{type: probe, provider: {type: process, path: ls}}", 'whole: "${x}"', ""),
            ("[a]", 'many: "${x}"', ""),
            ("{a: 1}", 'pairs: "${x}"', ""),
        ],
    )
    def test_come_as_their_entry_says(self, entry: str, argument: str, said: str) -> None:
        found = told(**call("typed", f"{{{argument}}}"), **configuration(f"x: {entry}"))
        assert [one for one in found if one.endswith(said)] if said else found == []

    def test_of_secrets_come_as_strings(self) -> None:
        secrets = {"secrets": "{db: {x: {type: env, key: X}}}"}
        assert told(**call("typed", '{word: "${x}"}'), **secrets) == []
        assert told(**call("typed", '{whole: "${x}"}'), **secrets) == [
            "typed takes a whole number for whole, and ${x} is a string"
        ]


class TestSecrets:
    def test_of_a_group_that_is_not_there(self) -> None:
        secrets = {"secrets": "{db: {password: {type: env, key: PASSWORD}}}"}
        found = told(**call("needs_secrets", more="secrets: [bd]"), **secrets)
        assert found == ["there is no group bd in secrets, so that it is left out without a word"]

    def test_that_are_no_list(self) -> None:
        assert "secrets of a provider is a string" in told(**call("needs_secrets", more="secrets: db"))
