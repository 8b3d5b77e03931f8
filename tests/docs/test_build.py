"""The documentation is built without a warning, and read without a network."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chaosmongo import actions, probes
from chaosmongo.config import Config
from recoveryreport.commands import recovery

from tests.docs.blocks import DOCS, ROOT, pages

FETCHED = {"audio", "embed", "iframe", "img", "input", "link", "object", "script", "source", "track", "video"}


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make docs` makes it."""
    out = tmp_path_factory.mktemp("docs")
    (line,) = re.findall(r"^\t\$\(BIN\)/(sphinx-build .*) docs build/docs/html$", (ROOT / "Makefile").read_text(), re.M)
    program, *options = line.replace("build/docs", str(out)).split()
    built = subprocess.run(
        [Path(sys.executable).with_name(program), *options, DOCS, out / "html"], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return out / "html"


class References(HTMLParser):
    """What a page refers to: elements with what they name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, value) for name, value in attrs if name in ("href", "src", "data", "poster") and value]


def references(html: Path) -> Iterator[tuple[str, str, str]]:
    for page in html.rglob("*.html"):
        for tag, url in References(page.read_text()).found:
            yield str(page.relative_to(html)), tag, url


def test_nothing_is_fetched_by_a_page(html: Path) -> None:
    assert [found for found in references(html) if found[1] in FETCHED and urlsplit(found[2]).netloc] == []


def test_nothing_is_fetched_by_its_styles_and_scripts(html: Path) -> None:
    loading = re.compile(r"""(?:@import\s+["']|url\(\s*["']?|import\s*\(\s*["']|fetch\(\s*["'])(?:https?:)?//""")
    files = [file for kind in ("css", "js") for file in html.rglob(f"*.{kind}")]
    assert files
    assert [file.name for file in files if loading.search(file.read_text())] == []


def test_links_to_other_places_can_be_meant_so(html: Path) -> None:
    for page, tag, url in references(html):
        parts = urlsplit(url)
        if parts.scheme or parts.netloc:
            assert parts.scheme in ("https", "data"), (page, url)
            assert tag != "a" or re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), (page, url)


def test_every_page_is_in_a_table_of_contents() -> None:
    assert set(pages()) == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


class TestTheReferenceKnows:
    """Read from the built pages: what a reader looks up is there."""

    def test_every_activity_and_its_arguments(self, html: Path) -> None:
        page = (html / "reference/activities.html").read_text()
        for module in (actions, probes):
            for name in module.__all__:
                assert f'id="{name.replace("_", "-")}"' in page
        assert "seconds between SIGTERM and SIGKILL; -1: as the pod says itself" in page

    def test_every_key_of_the_configuration(self, html: Path) -> None:
        page = (html / "reference/configuration.html").read_text()
        for key in Config.__dataclass_fields__:
            assert f">{key}<" in page

    def test_every_command(self, html: Path) -> None:
        page = (html / "reference/commands.html").read_text()
        for name, command in recovery.commands.items():
            assert f'id="chaos-recovery-{name}"' in page
            for option in command.params:
                assert all(one in page for one in option.opts if one.startswith("--"))

    def test_every_type_of_the_record(self, html: Path) -> None:
        page = (html / "reference/record.html").read_text()
        for name in ("Header", "Run", "Plan", "Invoke", "Info", "FaultStart", "Undo", "ScanEnd"):
            assert f'id="chaosmongo-history-records-{name.lower()}"' in page
        assert "How long recovery was waited for" in page  # which stands below a field


def test_links_of_the_other_pages_lead_somewhere() -> None:
    """Those of the repository that are no part of the built documentation: files and headings."""
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("manifests/**/*.md")):
        for url in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            parts = urlsplit(url)
            if not parts.scheme and parts.path:
                assert (page.parent / parts.path).exists(), f"{page.name}: {url}"
