"""Keys that nothing reads, that are missing, or that stand there twice."""

import pytest
from chaosmongo.lint import lint

from .writing import ACTIONS, CLEAN, PROBES, action, configuration, experiment, findings, method, probe, told


def test_a_clean_experiment_has_no_findings() -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("parts", "what", "remedy"),
    [
        ({"rolbacks": "[]"}, "nothing reads rolbacks in the experiment", "take it out"),
        ({"rolbacks": "[]", "rollbacks": "-"}, "nothing reads rolbacks in the experiment", "did you mean rollbacks?"),
        ({"timeout": "3"}, "nothing reads timeout in the experiment", "take it out"),
        ({"dry": "actions"}, "nothing reads dry in the experiment", "take it out: only chaos run --dry"),
        (method(action("read_back", more="backgroud: true")), "nothing reads backgroud", "did you mean background?"),
        (
            method(f"{{name: a, type: action, provider: {{{ACTIONS}, func: read_back, argumentz: {{}}}}}}"),
            "nothing reads argumentz in the python provider",
            "did you mean arguments?",
        ),
        (
            method("{name: a, type: action, provider: {type: process, path: ls, time_out: 1}}"),
            "nothing reads time_out in the process provider",
            "did you mean timeout?",
        ),
        (
            method("{name: a, type: action, provider: {type: http, url: x, header: {}}}"),
            "nothing reads header in the http provider",
            "did you mean headers?",
        ),
        (method(action("read_back", more="pauses: {befor: 1}")), "nothing reads befor", "did you mean before?"),
        (method(action("read_back", more="tolerance: 1")), "nothing reads tolerance", "take it out: only the probes"),
        (method(action("read_back"), "{ref: read_back, pauses: {after: 1}}"), "nothing reads pauses in the ref", ""),
        ({"steady_state_hypothesis": "{title: t, probe: []}"}, "nothing reads probe", "did you mean probes?"),
        ({"runtime": "{hypothesis: {strategy: default}, rollback: {strategy: always}}"}, "nothing reads rollback", ""),
        (
            {"runtime": "{hypothesis: {strategy: default}, rollbacks: {strategie: always}}"},
            "nothing reads strategie",
            "did you mean strategy?",
        ),
        (
            {"controls": CLEAN["controls"].replace("name:", "automatik: true, name:")},
            "nothing reads automatik in the control",
            "did you mean automatic?",
        ),
        (
            {"controls": CLEAN["controls"].replace("module:", "func: a, module:")},
            "nothing reads func in the control's provider",
            "take it out",
        ),
        (configuration("rto_s: {type: env, key: A, defualt: 3, default: 3}"), "nothing reads defualt", ""),
        (
            configuration("rto_s: {type: env, key: A, default: 3, env_type: a}"),
            "nothing reads env_type",
            "env_var_type",
        ),
        ({"secrets": "{a: {b: {type: env, key: C, default: d}}}"}, "nothing reads default in the secret", ""),
        (probe("{type: regex, patern: a}", "type: process, path: ls"), "nothing reads patern", "did you mean pattern?"),
        (probe("{type: range, range: [1, 2], targt: status}", "type: process, path: ls"), "nothing reads targt", ""),
    ],
)
def test_what_nothing_reads(parts: dict[str, str], what: str, remedy: str) -> None:
    found = [finding for finding in findings(**parts) if finding.what.startswith(what)]
    assert found
    assert remedy in found[0].remedy


@pytest.mark.parametrize(
    "parts",
    [
        {"tags": "[a]", "version": "1.0.0", "contributions": "{a: high}"},
        {"extensions": "[{name: mine, whatever: {a: 1}}]", "tags": "null"},
        method(action("read_back", more="background: false, pauses: {before: 1, after: 2}, controls: []")),
        method("{name: a, type: action, provider: {type: process, path: ls, arguments: [-l], timeout: 1}}"),
        method("{name: a, type: action, provider: {type: http, url: x, method: POST, verify_tls: false, timeout: 1}}"),
        method(action("read_back"), "{ref: read_back}"),
        configuration("reach: {type: env, key: A, default: auto, env_var_type: str}, rto_s: 3"),
        {"secrets": "{a: {b: {type: env, key: C}, d: {type: vault, path: e, key: f}}}"},
        probe("{type: regex, pattern: a, target: stdout}", "type: process, path: ls"),
        probe("{type: range, range: [1, 2], target: status}", "type: process, path: ls"),
    ],
)
def test_what_is_read(parts: dict[str, str]) -> None:
    assert told(**parts) == []


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"title": "-"}, "the experiment has no title"),
        ({"description": "-"}, "the experiment has no description"),
        ({"method": "-", "rollbacks": "-"}, "the experiment has no method"),
        ({"method": "{}"}, "method is a mapping"),
        ({"configuration": "[]"}, "configuration is a list"),
        ({"rollbacks": "null"}, "rollbacks is null"),
        (method("hello"), "the activity is a string"),
        (method("{name: a, type: action}"), "the activity has no provider"),
        (
            method("{name: a, type: acton, provider: {type: process, path: ls}}"),
            "type 'acton' is none of probe, action",
        ),
        (method("{name: a, type: action, provider: {type: phyton}}"), "type 'phyton' is none of python, process, http"),
        (method(f"{{name: a, type: action, provider: {{{ACTIONS}}}}}"), "the python provider has no func"),
        (method(action("read_back", more='background: "yes"')), "background is a string, which nothing replaces"),
        (method(action("read_back", more="pauses: null")), "the pauses is null"),
        (probe("-"), "the probe has no tolerance"),
        (probe("{type: rnage, range: [1, 2]}"), "type 'rnage' is none of regex, jsonpath, range, probe"),
        ({"controls": "[{name: a}]"}, "the control has no provider"),
        ({"extensions": "[{nam: a}]"}, "the extension has no name"),
        (configuration("rto_s: {type: env, default: 1}"), "the configuration entry has no key"),
        (configuration("rto_s: {type: evn, key: A, default: 1}"), "type 'evn' is none of env, probe"),
        (
            configuration("rto_s: {key: A, default: 1}"),
            "rto_s has a key and no type",
        ),
        ({"secrets": "{a: {type: env, key: B}}"}, "secrets: a is in no group"),
        ({"secrets": "{a: {b: {type: valt, key: B}}}"}, "type 'valt' is none of env, vault"),
    ],
)
def test_what_is_missing_or_of_another_shape(parts: dict[str, str], what: str) -> None:
    assert any(one.startswith(what) for one in told(**parts)), told(**parts)


def test_a_key_that_stands_there_twice() -> None:
    (finding,) = lint(experiment() + "title: another\n")
    assert finding.line == len(CLEAN) + 1
    assert finding.what == "title stands there twice (line 1), and the first is lost"


def test_a_finding_names_the_line_of_its_key() -> None:
    text = f"""\
title: a
description: b
controls: {CLEAN["controls"]}
runtime: {CLEAN["runtime"]}
method:
  - name: a
    type: probe
    provider: {{{PROBES}, func: recovery_time}}
    backgroud: true
"""
    (finding,) = lint(text)
    assert finding.told("a.yaml") == "a.yaml:9: nothing reads backgroud in the activity; did you mean background?"


def test_names_of_a_hostile_text_are_one_line_and_obeyed_by_no_terminal() -> None:
    (finding,) = lint(experiment() + '"\\e[31m\\nred\\ud800": 1\n')
    told = finding.told("a.yaml")
    assert told.isprintable()
    assert "\\x1b[31m\\nred" in told
