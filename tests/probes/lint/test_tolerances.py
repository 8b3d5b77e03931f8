"""Tolerances that cannot be met, or that break the run off."""

from pathlib import Path

import pytest

from .writing import PROBES, configuration, findings, probe, told

PROCESS = "type: process, path: ls"
CALLED = "type: python, module: tests.probes.lint.called"
TIME = f"{PROBES}, func: recovery_time"


@pytest.mark.parametrize(
    ("tolerance", "provider", "what"),
    [
        ("1.5", PROCESS, "a tolerance that is a number is never met"),
        ("null", PROCESS, "a tolerance that is null is never met"),
        ("2026-01-01", PROCESS, "a tolerance that is a date is never met"),
        ('"${rto_s}"', PROCESS, "a tolerance that is a number is never met"),
        ('["${rto_s}", 5]', PROCESS, "${rto_s} within a list is not replaced"),
        ('[1, 2, "${rto_s}"]', PROCESS, "${rto_s} within a list is not replaced"),
        ('{type: range, range: ["${rto_s}", 5], target: status}', PROCESS, "${rto_s} within a list is not replaced"),
        ("{type: range, range: 5, target: status}", PROCESS, "a range that is not a list of two numbers"),
        ("{type: range, range: [1, 2, 3], target: status}", PROCESS, "a range that is not a list of two numbers"),
        ("{type: range, range: [5, 1], target: status}", PROCESS, "nothing lies between 5 and 1"),
        ("[5, 1]", PROCESS, "nothing lies between 5 and 1"),
        ("[a, b]", f"{CALLED}, func: words", "two items are a range, from a string to a string, and no choice"),
        ("[]", PROCESS, "an empty list is never met"),
        ("{type: jsonpath, path: $.a, target: stdout}", PROCESS, "a jsonpath tolerance needs the package jsonpath2"),
        ("true", PROCESS, "the probe returns a mapping, which is never true or false"),
        ("ok", PROCESS, "the probe returns a mapping, which is never a string"),
        ("true", TIME, "the probe returns a mapping, which is never true or false"),
        ('"yes"', f"{PROBES}, func: mongo_is_available", "the probe returns true or false, which is never a string"),
        ("{type: regex, pattern: a}", PROCESS, "the probe returns a mapping: a regex over that breaks the run off"),
        ("{type: regex, pattern: a}", f"{CALLED}, func: number", "the probe returns a whole number: a regex over that"),
        ("{type: range, range: [1, 2]}", TIME, "the probe returns a mapping: a range over that breaks the run off"),
        (
            "{type: range, range: [1, 2], target: status}",
            f"{CALLED}, func: number",
            "the probe returns a whole number: a target breaks the run off",
        ),
        (
            f"{{type: probe, name: j, provider: {{{CALLED}, func: judge}}}}",
            PROCESS,
            "a probe as tolerance without a mapping of arguments breaks the run off",
        ),
        (
            f"{{type: probe, name: j, provider: {{{CALLED}, func: number, arguments: {{}}}}}}",
            PROCESS,
            "number takes no argument value",
        ),
    ],
)
def test_says_no(tolerance: str, provider: str, what: str) -> None:
    found = told(**probe(tolerance, provider), **configuration("rto_s: 1.5"))
    assert [one for one in found if one.startswith(what)], found


@pytest.mark.parametrize(
    ("tolerance", "provider"),
    [
        ("0", PROCESS),
        ("[0, 1]", PROCESS),
        ("[0, 1, 2]", PROCESS),
        ("[0]", PROCESS),
        ("[a, b, b]", f"{CALLED}, func: words"),
        ('"${rpo_writes}"', PROCESS),
        ("{type: range, range: [0, 1.5], target: status}", PROCESS),
        ("{type: range, range: [0, 1]}", f"{CALLED}, func: number"),
        ('{type: regex, pattern: "^${rpo_writes}$", target: stdout}', PROCESS),
        ("{type: regex, pattern: a}", f"{CALLED}, func: words"),
        ("a", f"{CALLED}, func: words"),
        ("true", f"{PROBES}, func: mongo_is_available"),
        ("true", f"{CALLED}, func: anything"),
        (f'{{type: probe, name: j, provider: {{{CALLED}, func: judge, arguments: {{value: ""}}}}}}', PROCESS),
        (f"{{type: probe, name: j, provider: {{{CALLED}, func: judge, arguments: {{}}}}}}", PROCESS),
        (f"{{type: probe, name: j, provider: {{{CALLED}, func: anything, arguments: {{}}}}}}", PROCESS),
    ],
)
def test_is_silent(tolerance: str, provider: str) -> None:
    assert told(**probe(tolerance, provider), **configuration("rpo_writes: 0")) == []


def test_jsonpath_is_silent_where_its_package_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jsonpath2.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert told(**probe("{type: jsonpath, path: $.a, target: stdout}", PROCESS)) == []


def test_a_number_is_told_as_a_range() -> None:
    (finding,) = findings(**probe("1.5", f"{CALLED}, func: anything"))
    assert finding.remedy == "write {type: range, range: [LOW, HIGH]}"
