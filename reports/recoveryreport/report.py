"""Everything that is drawn of one run, and where it goes."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chaosmongo.history import History
from chaosmongo.history.results import Verdict

from . import canvas, document, latency, machine, page, phases, timeline
from .errors import CannotWrite
from .pdf import Book
from .style import DARK, LIGHT, Theme
from .subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.html"
PDF = "report.pdf"


@dataclass(frozen=True)
class Painter:
    """What draws a figure, and what tells it in words."""

    draw: Callable[["Figure", Subject, Theme], None]
    alt: Callable[[Subject], str]


FIGURES = {
    "timeline": Painter(timeline.draw, timeline.alt),
    "phases": Painter(phases.draw, phases.alt),
    "latency": Painter(latency.draw, latency.alt),
}
"""By the name of the figure's files, in the order of the report."""

STEPS = len(FIGURES) + 2
"""How often `draw` says what comes next."""


@dataclass(frozen=True)
class Drawn:
    """One figure in the forms in which it is needed."""

    png: bytes
    light: bytes
    dark: bytes
    width: int
    height: int

    def picture(self, alt: str) -> page.Picture:
        """For a page; alt: what it shows in words."""
        return page.Picture(self.light, self.dark, alt, self.width, self.height)

    def keep(self, directory: Path, name: str) -> None:
        """Writes it as PNG and as SVG. Raises CannotWrite."""
        write_file(directory / f"{name}.png", self.png)
        write_file(directory / f"{name}.svg", self.light)


def _silent(_: str) -> None:
    pass


def draw(history: History, verdict: Verdict, directory: Path, tell: Callable[[str], None] = _silent) -> Path:
    """Draws report.html, report.pdf and every figure (.png, .svg) into `directory`, and writes beside them what is for
    machines; the path of the page comes back.

    `tell` is called before each of `STEPS` steps with what it is about. Raises CannotWrite.
    """
    subject = Subject.of(history, verdict)
    book = Book(f"{verdict.verdict}: {verdict.run}")
    tell("the summary")
    document.draw(book, subject)
    figures: dict[str, Drawn] = {}
    for name, painter in FIGURES.items():
        tell(f"the {name}")
        figures[name] = drawn(partial(_paint, painter, subject), book)
    tell("the page")
    html = page.render(subject, {name: figures[name].picture(FIGURES[name].alt(subject)) for name in figures})
    make_directory(directory)
    for name, figure in figures.items():
        figure.keep(directory, name)
    write_file(directory / PDF, book.bound())
    for name, data in machine.files(history.run, subject.verdict).items():
        write_file(directory / name, data)
    write_file(directory / REPORT, html.encode())
    return directory / REPORT


def make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{directory} cannot be made: {error.strerror}. Name another place with --out DIR") from None


def write_file(path: Path, data: bytes) -> None:
    """Writes a whole file; a reader sees the old one or the new one, never a part. Raises CannotWrite."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")  # two that write the same file do not meet
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise CannotWrite(f"{path} cannot be written: {error.strerror}. Name another place with --out DIR") from None


def drawn(paint: Callable[["Figure", Theme], None], book: Book | None = None) -> Drawn:
    """What `paint` draws, in all forms; also as the next page of `book`, if there is one."""
    with canvas.blank(LIGHT) as figure:
        paint(figure, LIGHT)
        width, height = (round(inches * 96) for inches in figure.get_size_inches())
        png, light = canvas.png(figure), canvas.svg(figure)
        if book is not None:
            book.add(figure)
    with canvas.blank(DARK) as figure:
        paint(figure, DARK)
        dark = canvas.svg(figure)
    return Drawn(png, light, dark, width, height)


def _paint(painter: Painter, subject: Subject, figure: "Figure", theme: Theme) -> None:
    painter.draw(figure, subject, theme)
