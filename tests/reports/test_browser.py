"""The page in a real browser: it asks for nothing, complains of nothing, and can be read on any screen."""

from pathlib import Path

import pytest

from .browser import Browser, Tab

CONTRAST = """
(() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const paper = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own) continue;
    const [one, other] = [luminance(parse(getComputedStyle(element).color)), luminance(paper(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) bad.push(`${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}: ${ratio}`);
  }
  return bad;
})()
"""


@pytest.fixture(scope="module", params=["passed_run", "failed_run"])
def file(request: pytest.FixtureRequest) -> Path:
    run: Path = request.getfixturevalue(request.param)
    return run / "report.html"


@pytest.fixture(scope="module", params=[(1200, False), (1200, True), (360, False)], ids=["desktop", "dark", "phone"])
def tab(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Tab:
    width, dark = request.param
    return browser.open(file, width=width, dark=dark)


def test_it_asks_nobody_for_anything(tab: Tab) -> None:
    assert tab.requests == [tab.address]


def test_it_has_no_complaints(tab: Tab) -> None:
    assert tab.complaints == []


def test_its_style_applies(tab: Tab) -> None:
    assert tab.value("getComputedStyle(document.querySelector('.verdict')).display") == "flex"


def test_its_figures_show(tab: Tab) -> None:
    assert tab.value("[...document.querySelectorAll('main img')].map(i => i.naturalWidth > 500)") == [True] * 3


def test_it_is_no_wider_than_the_screen(tab: Tab) -> None:
    assert tab.value("document.documentElement.scrollWidth <= innerWidth")


def test_its_texts_stand_out(tab: Tab) -> None:
    assert tab.value(CONTRAST) == []


def test_names_do_nothing(tab: Tab) -> None:
    assert tab.value("document.scripts.length") == 1  # ours
    assert not tab.told("Page.javascriptDialogOpening")


COLUMN = """[...document.querySelector('[aria-label="Phases"][role] table').tBodies[0].rows]
  .map(row => row.cells[1].textContent.split(' ')[0])"""

PRESSED = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: '{}', bubbles: true}}))"


def test_tables_sort(browser: Browser, passed_run: Path) -> None:
    tab = browser.open(passed_run / "report.html")
    head = """document.querySelectorAll('[aria-label="Phases"][role] thead th')[1]"""
    before = tab.value(COLUMN)
    states = []
    for _ in range(3):
        tab.value(f"{head}.querySelector('button').click()")
        states.append((tab.value(f"{head}.getAttribute('aria-sort')"), tab.value(COLUMN)))
    assert states == [
        ("ascending", sorted(before, key=float)),
        ("descending", sorted(before, key=float, reverse=True)),
        (None, before),
    ]


def test_figures_can_be_enlarged_by_keyboard(browser: Browser, passed_run: Path) -> None:
    tab = browser.open(passed_run / "report.html")
    tab.value("document.querySelector('figure button').focus()")
    tab.value("document.activeElement.click()")
    assert tab.value("document.querySelector('dialog').open")
    assert tab.value("document.activeElement.className") == "stage"
    width = "document.querySelector('dialog img').getBoundingClientRect().width"
    whole = tab.value(width)
    for _ in range(2):
        tab.value(PRESSED.format("+"))
    assert tab.value(width) == pytest.approx(whole * 2.25, rel=0.02)  # less the scroll bars
    tab.value(PRESSED.format("0"))
    assert tab.value(width) == pytest.approx(whole, rel=0.01)
    tab.value("document.querySelector('dialog .tools :last-child').click()")
    assert not tab.value("document.querySelector('dialog').open")
    assert tab.value("document.activeElement.className") == "enlarge"
    assert tab.complaints == []


def test_without_scripts_everything_is_there(browser: Browser, passed_run: Path, tmp_path: Path) -> None:
    text = (passed_run / "report.html").read_text()
    page = tmp_path / "page.html"
    page.write_text(text[: text.index("<script>")] + "</body></html>")
    tab = browser.open(page)
    assert tab.value("document.querySelectorAll('button').length") == 0
    assert tab.value("[...document.images].map(i => i.naturalWidth > 500)") == [True] * 3
    assert tab.complaints == []


def test_dark_pages_have_dark_figures(browser: Browser, passed_run: Path) -> None:
    light, dark = (browser.open(passed_run / "report.html", dark=dark) for dark in (False, True))
    assert light.value("document.images[0].currentSrc") != dark.value("document.images[0].currentSrc")
    assert dark.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"


def test_the_figures_alone_are_safe_to_open(browser: Browser, failed_run: Path) -> None:
    figure = browser.open(failed_run / "timeline.svg")
    assert figure.requests == [figure.address]
    assert figure.complaints == []
    assert figure.value("document.documentElement.nodeName") == "svg"
    assert figure.value("document.querySelectorAll('script, b').length") == 0
