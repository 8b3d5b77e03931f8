"""summary.md says what the page says, and what was recorded in hostile names stays text."""

import re
from collections.abc import Callable, Iterator

import msgspec
import pytest
from chaosmongo.history import records as r
from chaosmongo.history.quantities import count
from chaosmongo.history.results import Verdict
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token
from recoveryreport.machine import markdown, summary
from recoveryreport.machine.escape import escaped
from recoveryreport.machine.records import Summary
from recoveryreport.words import harmless

from . import made

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MEANS_SOMETHING = re.compile(r"[@#<>&`*_~\[\]{}\\|$^/=!]|[^\W\d][.:]\w|\w[.:][^\W\d]|:\w")
"""To some dialect: a mention, a reference, markup, an address, a symbol by its name."""


def told(text: str) -> str:
    """What a reader is to see of a text of the record."""
    return " ".join(harmless(text).split()).replace("|", "\\u007c")


def inline(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield from token.children or []


def read(summed: Summary) -> list[Token]:
    return READER.parse(markdown.written(summed).decode())


class TestEscaped:
    @pytest.mark.parametrize("frame", ["{}", "- {}", "### {}", "| {} |\n| --- |", "| |\n| --- |\n| {} |"])
    @given(text=made.texts)
    def test_text_stays_text_wherever_it_stands(self, frame: str, text: str) -> None:
        shown = list(inline(frame.format(escaped(text) or "nothing")))
        assert {token.type for token in shown} <= {"text", "code_inline"}
        assert "".join(token.content for token in shown) == (told(text) or "nothing")

    @given(made.texts)
    def test_only_plain_words_are_outside_of_code(self, text: str) -> None:
        for token in inline(escaped(text)):
            assert token.type in ("text", "code_inline")
            if token.type == "text":
                assert not MEANS_SOMETHING.search(token.content)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("576 acknowledged writes, none lost;", "576 acknowledged writes, none lost;"),
            ("again after 1.372 ± 0.003 s (objective 30 s).", "again after 1.372 ± 0.003 s (objective 30 s)."),
            ("12,345 of −0.5 s, 95 %", "12,345 of −0.5 s, 95 %"),
            ("the pod pacman/mongo-0 @ home", "the pod `pacman/mongo-0 @` home"),
            ("Is the pod deleted?", "Is the pod deleted?"),
            ("ops.jsonl is damaged", "`ops.jsonl` is damaged"),
            ("3.993 ± 0.004 s", "3.993 ± 0.004 s"),
            ("1. 2) - +", "`1.` 2) `- +`"),
            ("a ` b", "a `` ` `` b"),
            ("", ""),
        ],
    )
    def test_what_is_plain_stays_plain(self, text: str, expected: str) -> None:
        assert escaped(text) == expected


class TestTheDocument:
    @made.every_verdict
    def test_holds_no_markup_of_the_record(self, judged: tuple[r.Run, Verdict]) -> None:
        summed = summary.of(*judged)
        tokens = read(summed)
        types = {token.type for token in tokens} | {one.type for token in tokens for one in token.children or []}
        assert not types & {"html_block", "html_inline", "link_open", "image", "em_open", "fence", "code_block", "hr"}
        assert [token.tag for token in tokens if token.type == "heading_open"] == ["h3"]
        assert sum(token.type == "table_open" for token in tokens) == bool(summed.lanes) + (summed.writes is not None)
        rows = sum(token.type == "tr_open" for token in tokens)
        assert rows == (bool(summed.lanes) and len(summed.lanes) + 1) + 5 * (summed.writes is not None)

    @made.every_verdict
    def test_mentions_nobody(self, judged: tuple[r.Run, Verdict]) -> None:
        for token in inline(markdown.written(summary.of(*judged)).decode()):
            if token.type == "text":
                assert not re.search(r"[@<#]", token.content)

    def test_is_short(self, summed_up: Callable[[str], Summary]) -> None:
        for name in ("passed", "lost some"):
            text = markdown.written(summed_up(name)).decode()
            assert len(text) < 3000
            assert len(text.splitlines()) < 30


class TestWhatItSays:
    def test_the_sentence_and_every_lane(self, summed_up: Callable[[str], Summary]) -> None:
        summed = summed_up("passed")
        text = markdown.written(summed).decode()
        assert text.startswith(f"### ✔ passed: `{summed.run}`\n")
        assert f"**Passed.** {summed.sentence}\n" in text
        for lane in summed.lanes:
            assert f"| {lane.name} | {lane.recovery_time.text} | objective 15 s: met |\n" in text

    def test_every_fate(self, summed_up: Callable[[str], Summary]) -> None:
        summed = summed_up("lost some")
        assert summed.writes is not None
        kept, unknown, failed = summed.writes.acknowledged.kept, summed.writes.unknown, summed.writes.failed
        text = markdown.written(summed).decode()
        assert f"| acknowledged | {count(kept)} kept, **130 LOST**, 0 ALTERED, 0 DUPLICATED |\n" in text
        assert f"| unknown | {unknown.recovered} recovered, {unknown.absent} absent |\n" in text
        assert f"| failed | {failed.rejected} rejected, 0 APPLIED |\n" in text
        assert f"| all | {count(summed.writes.writes)} |\n" in text

    def test_the_phases_with_the_largest_marked(self, summed_up: Callable[[str], Summary]) -> None:
        text = markdown.written(summed_up("passed")).decode()
        assert "**gone 2.160 s (largest)**" in text
        assert text.count("(largest)") == 1

    def test_why_there_is_no_number(self, summed_up: Callable[[str], Summary]) -> None:
        assert "| not recovered within 1" in markdown.written(summed_up("never recovered")).decode()
        text = markdown.written(summed_up("nothing recorded")).decode()
        assert "### ? unknown:" in text
        assert "**Writes:** unknown: the read-back is missing" in text

    def test_the_first_doubts_and_how_many_more(self, summed_up: Callable[[str], Summary]) -> None:
        summed = msgspec.structs.replace(summed_up("passed"), doubts=[f"doubt {letter}" for letter in "abcdefg"])
        lines = markdown.written(summed).decode().splitlines()
        assert lines[-6:] == [*(f"- doubt {letter}" for letter in "abcde"), "- and 2 more doubts"]

    def test_what_nobody_wrote_and_reads_that_missed(self, summed_up: Callable[[str], Summary]) -> None:
        summed = summed_up("passed")
        assert summed.writes is not None
        writes = msgspec.structs.replace(summed.writes, phantoms=1234, stale_reads=2)
        text = markdown.written(msgspec.structs.replace(summed, writes=writes)).decode()
        assert "**Also:** documents that nobody wrote: 1,234, stale reads: 2" in text
        assert "Also" not in markdown.written(summed).decode()
