"""The scheduled check, as `kubectl apply -k manifests/scheduled` installs it: nobody watches it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics

from tests.e2e.commands import ATTEMPTS
from tests.e2e.scheduled import EXPERIMENT, Begun, Checks, Result, scheduled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def checks(place: Path) -> Iterator[Checks]:
    with scheduled(place) as found:
        yield found


@pytest.fixture(scope="module")
def deleted(checks: Checks) -> tuple[Begun, Result]:
    """A check whose pod is deleted in the middle of its run, as by a drain of its node."""
    begun = checks.begin("deleted")
    checks.kubectl("delete", "pod", begun.pod)
    return begun, checks.finish("deleted", begun.directory)


@pytest.fixture(scope="module")
def killed(checks: Checks, deleted: tuple[Begun, Result]) -> tuple[Begun, Result]:  # noqa: ARG001
    """A check whose container is killed, after that."""
    begun = checks.begin("killed")
    checks.kill(begun)
    return begun, checks.finish("killed", begun.directory)


@pytest.fixture(scope="module")
def following(checks: Checks, killed: tuple[Begun, Result]) -> list[Result]:  # noqa: ARG001
    """The next check, and another one where the machine was too busy for it."""
    results: list[Result] = []
    while len(results) < ATTEMPTS and (not results or results[-1].verdict == "unknown"):
        job = f"following-{len(results)}"
        checks.start(job)
        results.append(checks.finish(job))
    return results


def test_of_a_check_whose_pod_is_deleted_everything_is_taken_back_and_it_is_no_pass(
    checks: Checks, deleted: tuple[Begun, Result]
) -> None:
    begun, result = deleted
    assert not result.complete
    assert result.verdict == "unknown"
    assert begun.run.partition("/")[2] in checks.fetch("/index.html").decode()
    assert checks.wrong() == []


def test_a_check_that_is_killed_leaves_no_process_and_no_verdict(killed: tuple[Begun, Result]) -> None:
    _, result = killed
    assert not result.complete
    assert result.verdict == ""


def test_the_next_one_says_what_it_takes_back_and_passes(
    checks: Checks, killed: tuple[Begun, Result], following: list[Result]
) -> None:
    assert re.search(rf"Taken back of run {killed[0].run}: .*scores", following[0].said)
    assert following[-1].verdict == "passed", following[-1].said
    assert following[-1].complete
    assert checks.wrong() == []


def test_the_pages_show_every_run_and_lead_to_its_report(checks: Checks, following: list[Result]) -> None:
    assert following[-1].complete
    index = checks.fetch("/").decode()
    states = re.findall(r'<tr data-experiment="1" data-state="([^"]+)"', index)
    assert states == ["passed", *["unknown"] * (len(following) - 1), "no verdict", "unknown"]
    report = f"/{EXPERIMENT}/{checks.runs()[-1].name}/report.html"
    assert f'href=".{report}"' in index
    assert "Passed" in checks.fetch(report).decode()
    assert "recovery times" in checks.fetch("/trend.html").decode().lower()


def test_the_metrics_are_those_of_the_last_check(checks: Checks, following: list[Result]) -> None:
    assert following[-1].complete
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in openmetrics(checks.fetch("/metrics").decode())
        for sample in family.samples
    }
    of_it = ("experiment", EXPERIMENT)
    assert found["chaosmongo_verdict", of_it, ("verdict", "passed")] == 1
    assert found["chaosmongo_check_exit_code", of_it] == 0
    assert found["chaosmongo_runs", of_it, ("state", "no verdict")] == 1
