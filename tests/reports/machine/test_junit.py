"""junit.xml as collectors of test results read it: well-formed, by the rules of their schemas, and never greener than
the verdict.
"""

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import msgspec
import pytest
from chaosmongo.history import records as r
from chaosmongo.history.results import Verdict
from recoveryreport.machine import junit, summary
from recoveryreport.machine.records import Check, Summary
from recoveryreport.words import harmless

from . import made
from .conftest import RUNS

# What Jenkins' junit-10.xsd allows in each element that we write: attributes that must and may be there, and children.
SUITE = {"name", "tests", "failures", "errors"}
OUTCOME = (set[str](), {"type", "message"}, set[str]())
RULES = {
    "testsuites": (set[str](), SUITE | {"time"}, {"testsuite"}),
    "testsuite": (
        SUITE,
        SUITE | {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set[str](), set[str](), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set[str]()),
    "testcase": (
        {"name"},
        {"name", "time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": OUTCOME,
    "error": OUTCOME,
    "system-out": (set[str](), set[str](), set[str]()),
    "system-err": (set[str](), set[str](), set[str]()),
}


def read(summed: Summary) -> ET.Element:
    return ET.fromstring(junit.written(summed))


def suite(summed: Summary) -> ET.Element:
    (found,) = read(summed)
    return found


def properties(summed: Summary) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in suite(summed).iter("property")}


@made.every_verdict
def test_keeps_the_rules_of_jenkins(judged: tuple[r.Run, Verdict]) -> None:
    for element in read(summary.of(*judged)).iter():
        must, may, children = RULES[element.tag]
        assert must <= set(element.attrib) <= may
        assert {child.tag for child in element} <= children


@made.every_verdict
def test_keeps_those_of_ant_but_for_hosts_and_times(judged: tuple[r.Run, Verdict]) -> None:
    found = suite(summary.of(*judged))
    assert re.fullmatch("properties,(testcase,)*system-out,system-err", ",".join(child.tag for child in found))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", found.get("timestamp", "2026-01-02T03:04:05"))
    for case in found.iter("testcase"):
        assert len(case) <= 1
        assert all(outcome.get("type") for outcome in case)


@made.every_verdict
def test_each_check_is_a_case_with_its_answer(judged: tuple[r.Run, Verdict]) -> None:
    summed = summary.of(*judged)
    root = read(summed)
    expected = [(harmless(check.name), check.verdict) for check in summed.checks] or [("verdict", summed.verdict)]
    answers = {(): "passed", ("failure",): "failed", ("error",): "unknown"}
    cases = [(case.get("name"), answers[tuple(child.tag for child in case)]) for case in root.iter("testcase")]
    assert [(name, answer) for name, answer in cases] == [(_cleaned(name), answer) for name, answer in expected]
    counted = [str(sum(answer == wanted for _, answer in expected)) for wanted in ("failed", "unknown")]
    for element in (root, root[0]):
        assert [element.get("failures"), element.get("errors")] == counted
        assert element.get("tests") == str(len(expected))


def _cleaned(text: str) -> str:
    """Without what XML cannot hold, shown by its code."""
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


@pytest.mark.parametrize("name", [name for name in RUNS if name not in ("passed", "no outage")])
def test_a_run_that_did_not_pass_is_not_green(name: str, summed_up: Callable[[str], Summary]) -> None:
    found = suite(summed_up(name))
    assert found.attrib["failures"] != "0" or found.attrib["errors"] != "0"


def test_a_run_without_a_check_is_not_green(summed_up: Callable[[str], Summary]) -> None:
    summed = msgspec.structs.replace(summed_up("nothing recorded"), checks=[])
    (case,) = suite(summed).iter("testcase")
    assert [child.tag for child in case] == ["error"]


def test_a_passed_run_is_green(summed_up: Callable[[str], Summary]) -> None:
    found = suite(summed_up("passed"))
    assert (found.attrib["failures"], found.attrib["errors"]) == ("0", "0")
    assert not [child for case in found.iter("testcase") for child in case]


def test_a_failure_says_what_was_found(summed_up: Callable[[str], Summary]) -> None:
    summed = summed_up("lost some")
    found = {case.get("name"): case.find("failure") for case in suite(summed).iter("testcase")}
    failure = found["durability"]
    assert failure is not None
    (finding,) = [check.finding for check in summed.checks if check.name == "durability"]
    assert failure.get("message") == failure.text == finding
    assert "130" in finding


class TestProperties:
    def test_hold_what_was_measured(self, summed_up: Callable[[str], Summary]) -> None:
        summed = summed_up("passed")
        told = properties(summed)
        for lane in summed.lanes:
            assert told[f"{lane.name}.rta"] == lane.recovery_time.text
            assert float(told[f"{lane.name}.rta_s"]) == lane.recovery_time.value_s
            assert float(told[f"{lane.name}.rto_s"]) == 15
        assert told["rpa_writes"] == told["rpo_writes"] == "0"

    def test_hold_no_number_that_was_not_measured(self, summed_up: Callable[[str], Summary]) -> None:
        told = properties(summed_up("never recovered"))
        assert told["server.rta"].startswith("not recovered within 1")
        assert "server.rta_s" not in told
        assert not {"rpa", "rpa_writes", "server.rta"} & set(properties(summed_up("nothing recorded")))

    def test_hold_the_recovery_point_of_a_loss(self, summed_up: Callable[[str], Summary]) -> None:
        summed = summed_up("lost some")
        told = properties(summed)
        assert told["rpa_writes"] == "130"
        assert summed.writes is not None
        assert float(told["rpa_s"]) == summed.writes.rpa_s


def test_what_xml_cannot_hold_shows_by_its_code(summed_up: Callable[[str], Summary]) -> None:
    attack = Check("\x00\x1b]]>", "failed", "\ud7ff\ufffe\uffff<&\"'")
    summed = msgspec.structs.replace(summed_up("passed"), checks=[attack])
    (case,) = suite(summed).iter("testcase")
    assert case.get("name") == "\\u0000\\u001b]]>"
    assert case[0].text == "\ud7ff\\ufffe\\uffff<&\"'"
