"""`${name}` and `ref`."""

import pytest

from .writing import ACTIONS, action, configuration, findings, method, probe, told


def wait(timeout_s: str) -> dict[str, str]:
    return method(action("wait_for_recovery", f"{{timeout_s: {timeout_s}}}"))


@pytest.mark.parametrize(
    "parts",
    [
        wait('"${nothing}"'),
        {**wait('"${nothing}"'), "configuration": "{}"},
        method(action("start_workload", '{write_concern: {w: ["x-${nothing}"]}}')),
        method(action("read_back", more='pauses: {after: "${nothing}"}')),
        method("{name: a, type: action, provider: {type: process, path: ls, arguments: [a, 'b${nothing}']}}"),
        method("{name: a, type: action, provider: {type: http, url: 'x/${nothing}', timeout: 1}}"),
        probe('"${nothing}"', "type: process, path: ls"),
        probe("{type: regex, target: stdout, pattern: '${nothing}'}", "type: process, path: ls"),
    ],
)
def test_what_nothing_declares(parts: dict[str, str]) -> None:
    assert "${nothing} is neither in configuration nor in secrets, and is passed on as it is" in told(**parts)


def test_a_near_miss_is_named() -> None:
    (finding,) = findings(**wait('"${recover_timeout_s}"'))
    assert finding.remedy == "did you mean recovery_timeout_s?"


@pytest.mark.parametrize(
    "parts",
    [
        wait('"${recovery_timeout_s}"'),
        {**wait('"${a}"'), "secrets": "{group: {a: {type: vault, path: b}}}"},
        method("{name: a, type: action, provider: {type: process, path: sh, arguments: '-c \"echo $HOME $$\"'}}"),
        method("{name: a, type: action, provider: {type: process, path: ls, arguments: '$${a} $${b-c}'}}"),
    ],
)
def test_what_is_declared_or_somebody_elses(parts: dict[str, str]) -> None:
    assert told(**parts) == []


def test_a_name_that_is_never_replaced() -> None:
    parts = wait('"${my-name}"') | configuration("my-name: 3")
    assert "${my-name} is never replaced: names consist of letters, digits and _" in told(**parts)


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        (configuration('app_url: "http://${recovery_timeout_s}/"'), "configuration app_url"),
        (configuration('app_url: {type: env, key: A, default: "${recovery_timeout_s}"}'), "configuration app_url"),
        ({"secrets": '{a: {b: {type: env, key: "${recovery_timeout_s}"}}}'}, "secrets"),
        (
            method(f'{{name: a, type: action, provider: {{{ACTIONS}, func: "${{recovery_timeout_s}}"}}}}'),
            "func of a python provider",
        ),
        (
            method('{name: a, type: action, provider: {type: process, path: ls, timeout: "${recovery_timeout_s}"}}'),
            "timeout of a process provider",
        ),
    ],
)
def test_where_nothing_is_replaced(parts: dict[str, str], where: str) -> None:
    assert f"${{recovery_timeout_s}} in {where} is never replaced" in told(**parts)


class TestRef:
    def test_finds_activities_of_the_method(self) -> None:
        assert told(**method(action("read_back"), "{ref: read_back}")) == []

    def test_does_not_find_those_of_the_rollbacks(self) -> None:
        parts = {"rollbacks": "[{name: x, type: action, provider: {type: process, path: ls}}, {ref: x}]"}
        assert told(**parts) == ["ref 'x' finds no activity of the method or the hypothesis"]

    def test_names_a_near_miss(self) -> None:
        (finding,) = findings(rollbacks="[{ref: sed}]")
        assert finding.remedy == "did you mean seed?"
