"""Everything that is drawn of one run, and where it goes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chaosmongo.history import History
from chaosmongo.history.results import Verdict

from . import canvas, machine, page, phases, timeline, words
from .errors import CannotWrite
from .style import DARK, LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.html"
FIGURES: dict[str, Callable[["Figure", History, Verdict, Theme], None]] = {
    "timeline": timeline.draw,
    "phases": phases.draw,
}


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


def draw(history: History, verdict: Verdict, directory: Path) -> Path:
    """Draws report.html, timeline and phases (.png, .svg) into `directory`; the path of the page comes back.

    Raises CannotWrite.
    """
    figures = {name: drawn(partial(_paint, painter, history, verdict)) for name, painter in FIGURES.items()}
    alts = {"timeline": timeline_alt(verdict), "phases": phases_alt(verdict)}
    html = page.render(history, verdict, {name: figure.picture(alts[name]) for name, figure in figures.items()})
    make_directory(directory)
    for name, figure in figures.items():
        write_file(directory / f"{name}.png", figure.png)
        write_file(directory / f"{name}.svg", figure.light)
    for name, data in machine.files(history.run, verdict).items():
        write_file(directory / name, data)
    write_file(directory / REPORT, html.encode())
    return directory / REPORT


def timeline_alt(verdict: Verdict) -> str:
    """What the timeline shows, for those who do not see it."""
    lanes = sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane))
    if not lanes:
        return "Timeline without operations."
    told = [f"{lane.lane}: {words.recovered(lane)}" for lane in lanes]
    return f"Timeline of all operations by lane. {'; '.join(told)}."


def phases_alt(verdict: Verdict) -> str:
    """What the phase figure shows, for those who do not see it."""
    largest = words.largest(verdict.phases)
    if largest is None:
        return "No phases: the record does not show a recovery to divide."
    told = [f"{phase.name} {words.phase_time(phase)}" for phase in verdict.phases]
    return f"Phases of the recovery, one after the other: {', '.join(told)}. The largest is {largest.name}."


def make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{directory} cannot be made: {error.strerror}. Name another place with --out DIR") from None


def write_file(path: Path, data: bytes) -> None:
    """Writes a whole file; a reader sees the old one or the new one, never a part. Raises CannotWrite."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise CannotWrite(f"{path} cannot be written: {error.strerror}. Name another place with --out DIR") from None


def drawn(paint: Callable[["Figure", Theme], None]) -> Drawn:
    """What `paint` draws, in all forms."""
    with canvas.blank(LIGHT) as figure:
        paint(figure, LIGHT)
        width, height = (round(inches * 96) for inches in figure.get_size_inches())
        png, light = canvas.png(figure), canvas.svg(figure)
    with canvas.blank(DARK) as figure:
        paint(figure, DARK)
        dark = canvas.svg(figure)
    return Drawn(png, light, dark, width, height)


def _paint(
    painter: Callable[["Figure", History, Verdict, Theme], None],
    history: History,
    verdict: Verdict,
    figure: "Figure",
    theme: Theme,
) -> None:
    painter(figure, history, verdict, theme)
