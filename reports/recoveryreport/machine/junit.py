"""junit.xml: one test case for each check, for whatever collects test results.

A check that failed is a `failure`. One that is unknown is an `error`: JUnit's word for a test that came to no answer
for a reason of its own. It cannot be `skipped`, since collectors show that as green, and unknown is no pass. No time is
given: how long a check took is not measured, and recovery times are no times of tests; they stand in the properties.

The elements, their order and their attributes are those on which the schemas of Jenkins (junit-10.xsd) and of Ant
agree; Ant's would have more attributes: a host, and times.
"""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from chaosmongo.history.results import Answer

from recoveryreport.words import harmless

from .records import AtLeast, Below, Check, Measured, Summary

_OUTCOMES: dict[Answer, str] = {"failed": "failure", "unknown": "error"}


def written(summary: Summary) -> bytes:
    """The file."""
    checks = summary.checks or [Check("verdict", summary.verdict, summary.sentence)]  # no test at all would be green
    answers = [check.verdict for check in checks]
    counts = {"tests": len(checks), "failures": answers.count("failed"), "errors": answers.count("unknown")}
    name = f"recovery.{summary.experiment}"
    root = _element("testsuites", **counts)
    suite = _element("testsuite", root, name=name, **counts)
    if summary.began is not None:
        suite.set("timestamp", summary.began.removesuffix("Z"))
    properties = _element("properties", suite)
    for key, value in _properties(summary):
        _element("property", properties, name=key, value=value)
    for check in checks:
        case = _element("testcase", suite, name=check.name, classname=name)
        if check.verdict in _OUTCOMES:
            outcome = _element(_OUTCOMES[check.verdict], case, type=check.verdict, message=check.finding)
            outcome.text = _text(check.finding)
    _element("system-out", suite).text = _text(summary.sentence)
    _element("system-err", suite).text = "\n".join(map(_text, summary.doubts))
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _properties(summary: Summary) -> Iterator[tuple[str, object]]:
    """Numbers where there are any, and in words what the page says. Names end with their unit."""
    yield "run", summary.run
    yield "title", summary.title
    yield "verdict", summary.verdict
    for lane in summary.lanes:
        yield f"{lane.name}.rta", lane.recovery_time.text
        match lane.recovery_time:
            case Measured(value_s, uncertainty_s):
                yield f"{lane.name}.rta_s", value_s
                if uncertainty_s is not None:
                    yield f"{lane.name}.rta_uncertainty_s", uncertainty_s
            case AtLeast(at_least_s):
                yield f"{lane.name}.rta_at_least_s", at_least_s
            case Below(below_s):
                yield f"{lane.name}.rta_below_s", below_s
        if lane.objective_s is not None:
            yield f"{lane.name}.rto_s", lane.objective_s
    if summary.writes is not None:
        yield "rpa", summary.writes.text
        yield "rpa_writes", summary.writes.acknowledged.lost
        if summary.writes.rpa_s is not None:
            yield "rpa_s", summary.writes.rpa_s
    yield "rpo_writes", summary.rpo_writes


def _element(name: str, parent: ET.Element | None = None, /, **attributes: object) -> ET.Element:
    told = {key: _text(str(value)) for key, value in attributes.items()}
    return ET.Element(name, told) if parent is None else ET.SubElement(parent, name, told)


def _text(text: str) -> str:
    """`text` with the codes of what would steer a terminal, and of what XML 1.0 cannot hold, not even escaped."""
    return harmless(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
