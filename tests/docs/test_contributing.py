"""The examples of how to add something work as they stand on their pages; the files that pages name are there."""

import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaosmongo import checks
from chaosmongo.checks import verdict
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history import History
from chaosmongo.history.results import Verdict
from recoveryreport import report

from tests.docs.blocks import DOCS, ROOT, blocks, pages
from tests.reports.recorded_runs import Recorded, record

NAMED = re.compile(r"`((?:benchmarks|docs|experiments|lab|manifests|probes|reports|tests)/[\w./-]*)`")


def code(page: str, file: str) -> str:
    (text,) = (block.text for block in blocks(f"contributing/{page}.md") if block.file == file)
    return text


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.FunctionType]:
    """Makes a module of a page's code, as if its file were there."""

    def add(page: str, file: str, package: str) -> types.ModuleType:
        name = f"{package}.{Path(file).stem}"
        module = types.ModuleType(name)
        module.__package__ = package
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(sys.modules[package], Path(file).stem, module, raising=False)
        exec(compile(code(page, file), file, "exec"), module.__dict__)
        return module

    yield add  # type: ignore[misc]


def cases_of(module: types.ModuleType) -> list[types.FunctionType]:
    found = [test for name, test in vars(module).items() if name.startswith("test_")]
    assert found
    return found


def test_the_check_passes_its_tests(added, monkeypatch: pytest.MonkeyPatch) -> None:
    import tests.probes.checks

    calm = added("add-a-check", "probes/chaosmongo/checks/calm.py", "chaosmongo.checks")

    def judge(history: History) -> Verdict:
        """As its place in verdict.py makes it: beside the check that is run last."""
        last = verdict.alone.check

        def both(evidence: Evidence) -> object:
            monkeypatch.setattr(verdict.alone, "check", last)
            return verdict._run(calm.NAME, calm.check, evidence, None)

        monkeypatch.setattr(verdict.alone, "check", both)
        return verdict.judge(history)

    monkeypatch.setattr(checks, "judge", judge)
    assert tests.probes.checks
    for test in cases_of(added("add-a-check", "tests/probes/checks/test_calm.py", "tests.probes.checks")):
        test()


def test_the_figure_passes_its_tests(added, tmp_path: Path) -> None:
    import tests.reports

    fates = added("add-a-figure", "reports/recoveryreport/fates.py", "recoveryreport")
    assert report.Painter(fates.draw, fates.alt)
    assert tests.reports
    runs = {
        "passed_run": record(tmp_path / "passed", Recorded()),
        "failed_run": record(tmp_path / "failed", Recorded(lost=130)),
    }
    for test in cases_of(added("add-a-figure", "tests/reports/test_fates.py", "tests.reports")):
        test(**{name: runs[name] for name in test.__code__.co_varnames[: test.__code__.co_argcount]})


@pytest.mark.parametrize("page", pages())
def test_files_that_a_page_names_are_there(page: str) -> None:
    made = {block.file for block in blocks(page)}
    named = set(NAMED.findall((DOCS / page).read_text()))
    assert [file for file in named - made if not (ROOT / file).exists()] == []
