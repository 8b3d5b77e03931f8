"""The report for print: the same words and numbers as on the page, on pages that hold them."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from chaosmongo.checks import judge
from chaosmongo.history import read
from recoveryreport import canvas, document, report, words
from recoveryreport.pdf import Book
from recoveryreport.style import LIGHT
from recoveryreport.subject import Subject

from .test_figures import outside


def subject(run: Path) -> Subject:
    history = read(run)
    return Subject.of(history, judge(history))


def told(run: Path) -> str:
    """Everything that the pages say, line by line."""
    lines = document.lines(subject(run))
    return "\n".join("  ".join(text for _, text in line.cells) for line in lines)


def test_says_what_the_verdict_says(failed_run: Path) -> None:
    verdict = json.loads((failed_run / "verdict.json").read_text())
    text = told(failed_run)
    assert "✘ FAILED" in text
    assert words.harmless(verdict["sentence"].removeprefix("failed: "))[:60] in " ".join(text.split())
    assert f"acknowledged  LOST  {verdict['durability']['lost']}" in text
    assert "and 30 more lost writes" in text


def test_gives_every_lane_its_time(passed_run: Path) -> None:
    text = told(passed_run)
    for lane in subject(passed_run).verdict.recovery:
        row = "  ".join((lane.lane, words.recovery_time(lane), "15 s: met", words.unavailable(lane)))
        assert words.tight(row) in text


def test_its_lines_are_on_the_pages_once_each(failed_run: Path) -> None:
    lines = list(document.lines(subject(failed_run)))
    pages = document.pages(lines)
    assert len(pages) > 1
    assert [line for page in pages for line in page] == lines


def test_no_line_leaves_its_page(failed_run: Path) -> None:
    first, *_, last = document.pages(list(document.lines(subject(failed_run))))
    for page in (first, last):
        with canvas.blank(LIGHT) as figure:
            document.write(figure, page)
            assert outside(figure) == []


def test_a_record_of_nothing_says_so(make_run: Callable[..., Path]) -> None:
    text = told(make_run(workload=False, cluster=False, fault=False, readback=False))
    for sentence in (
        "? UNKNOWN",
        "No fault was recorded",
        "no lane has operations",
        "There are no phases",
        "Not known",
    ):
        assert sentence in text


def test_the_pdf_has_the_text_and_every_figure(passed_run: Path) -> None:
    data = (passed_run / report.PDF).read_bytes()
    assert data.startswith(b"%PDF-")
    pages = len(document.pages(list(document.lines(subject(passed_run)))))
    assert len(re.findall(rb"/Type /Page\b", data)) == pages + len(report.FIGURES)


@pytest.mark.parametrize("secret", [b"CreationDate", b"Producer", b"Matplotlib"])
def test_the_pdf_tells_nothing_of_when_and_where_it_was_made(passed_run: Path, secret: bytes) -> None:
    assert secret not in (passed_run / report.PDF).read_bytes()


def test_names_in_its_title_are_text() -> None:
    book = Book("a\u202eb)\x00(\ud800")
    with canvas.blank(LIGHT) as figure:
        book.add(figure)
    assert book.bound().startswith(b"%PDF-")
