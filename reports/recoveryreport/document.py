"""The report for print: pages of text with the verdict and the numbers; the figures follow, one a page."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from chaosmongo.history.quantities import count, offset, seconds
from chaosmongo.history.results import Verdict

from . import canvas, experiment, words
from .gaps import gaps
from .page import fates, moment
from .parts import PERCENTS
from .pdf import Book
from .style import LIGHT, SMALL_PT, TITLE_PT, WIDTH_IN
from .subject import Subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT_IN = WIDTH_IN * 2**0.5
"""As ISO 216 has it: A4 when printed."""

_MARGIN_IN = 0.6
_LETTER = 0.62
"""Width of a letter as a part of the font's size: more than its average, so that lines stay on the page."""

_SPACING = 1.5
"""Height of a line as a part of the font's size."""


@dataclass(frozen=True)
class Line:
    """A line of one or more columns: (inches from the left margin, text). before_in: room above it."""

    cells: Sequence[tuple[float, str]]
    size_pt: float = SMALL_PT
    weight: str = "normal"
    before_in: float = 0.0

    @property
    def height_in(self) -> float:
        return self.before_in + self.size_pt * _SPACING / 72


def draw(book: Book, subject: Subject) -> None:
    """Adds the pages of text to `book`."""
    for page in pages(list(lines(subject))):
        with canvas.blank(LIGHT) as figure:
            write(figure, page)
            book.add(figure)


def write(figure: "Figure", page: Sequence[Line]) -> None:
    """Writes the lines of a page on `figure`, whose size it sets."""
    figure.set_size_inches(WIDTH_IN, _HEIGHT_IN)
    top_in = _HEIGHT_IN - _MARGIN_IN
    for line in page:
        top_in -= line.height_in
        for place_in, text in line.cells:
            figure.text(
                (_MARGIN_IN + place_in) / WIDTH_IN,
                top_in / _HEIGHT_IN,
                text,
                fontsize=line.size_pt,
                fontweight=line.weight,
                va="bottom",
            )


def pages(found: Sequence[Line]) -> list[list[Line]]:
    """The lines of each page."""
    done: list[list[Line]] = [[]]
    used_in = 0.0
    for line in found:
        if used_in + line.height_in > _HEIGHT_IN - 2 * _MARGIN_IN and done[-1]:
            done.append([])
            used_in = 0.0
        done[-1].append(line)
        used_in += line.height_in
    return done


def lines(subject: Subject) -> Iterator[Line]:
    """Everything that is said in words, in the order of the page."""
    history, verdict = subject.history, subject.verdict
    run = history.run
    mark = f"{words.SYMBOLS[verdict.verdict]} {verdict.verdict.upper()}"
    yield Line([(0, f"{words.harmless(run.run)} · {moment(run.anchor.wall_ns)}")])
    yield from _text(experiment.title(history), TITLE_PT + 3, "bold", 0.1)
    yield from _text(mark, TITLE_PT + 3, "bold", 0.2)
    yield from _text(words.sentence(verdict), TITLE_PT - 2)
    yield from _items("What is missing from the record", gaps(history))
    yield _heading("The question")
    for paragraph in experiment.description(history).splitlines():
        yield from _text(paragraph)
    yield from _hits(verdict)
    yield from _recovery(verdict)
    yield from _phases(verdict)
    yield from _latency(subject)
    yield from _data(subject)
    yield _heading("What the checks found")
    for finding in verdict.findings:
        symbol = f"{words.SYMBOLS[finding.verdict]} {finding.verdict}"
        yield from _row((0, 20, finding.check), (1.9, 14, symbol), (3.1, 73, finding.summary))
    yield from _items("What the instrument doubts of itself", verdict.doubts or ["nothing"])
    yield from _environment(subject)


def _hits(verdict: Verdict) -> Iterator[Line]:
    yield _heading("What was hit")
    if not verdict.faults:
        yield from _text("No fault was recorded.")
    for fault in verdict.faults:
        proven = {True: "✔ proven", False: "✘ not proven", None: "? not known"}[fault.proven]
        yield from _row((0, 20, fault.name), (1.9, 14, proven), (3.1, 73, f"{', '.join(fault.hits)}: {fault.proof}"))


def _recovery(verdict: Verdict) -> Iterator[Line]:
    yield _heading("Recovery time by lane, from the start of the fault")
    lanes = sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane))
    if not lanes:
        yield from _text("Unknown: no lane has operations in the record.")
    else:
        yield Line([(0, "lane"), (1.3, "recovery time"), (4.5, "objective"), (7.0, "unavailable")])
    for lane in lanes:
        yield from _row(
            (0, 15, lane.lane),
            (1.3, 40, words.recovery_time(lane)),
            (4.5, 31, words.objective_met(lane).removeprefix("objective ")),
            (7.0, 23, words.unavailable(lane)),
        )
    yield from _text(words.ready_gap(verdict.ready_gap), before_in=0.05)


def _phases(verdict: Verdict) -> Iterator[Line]:
    yield _heading("Where the seconds went")
    largest = words.largest(verdict.phases)
    if largest is None:
        yield from _text("There are no phases: the record does not show a recovery to divide.")
    for phase in verdict.phases:
        told = words.phase_time(phase) + (" (largest)" if phase is largest else "")
        yield from _row((0, 30, phase.name), (2.6, 28, told), (5.2, 48, phase.source))
    if verdict.phases:
        total_ns = sum(phase.end_ns - phase.start_ns for phase in verdict.phases)
        yield from _row((0, 30, "Sum"), (2.6, 28, seconds(total_ns, decimals=3)), weight="bold")


def _latency(subject: Subject) -> Iterator[Line]:
    yield _heading("Response times, by the share of the operations that were ok within")
    places = (0, 1.3, 2.6, 3.8, *(4.9 + 1.25 * number for number in range(len(PERCENTS))))
    names = ("lane", "part", "operations", "ok", *(f"{percent} % within" for percent in PERCENTS))
    yield Line(list(zip(places, names, strict=True)))
    for part in subject.parts:
        told = (
            part.lane,
            part.name,
            count(part.operations),
            words.percentage(part.ok, part.operations),
            *(words.response_time(part.within_s(percent)) for percent in PERCENTS),
        )
        yield from _row(*((place, 14, text) for place, text in zip(places, told, strict=True)))


def _data(subject: Subject) -> Iterator[Line]:
    yield _heading("What became of the data")
    durability = subject.verdict.durability
    yield from _text(f"{words.recovery_point(durability)}. {words.zero_bound(durability) if durability else ''}")
    if durability is None:
        return
    for fate in fates(durability):
        yield from _row(
            (0, 16, fate.answer), (1.6, 16, fate.fate), (3.1, 14, count(fate.number)), (4.3, 50, fate.meaning),
            weight="bold" if fate.bad and fate.number else "normal",
        )  # fmt: skip
    for loss in durability.lost_writes:
        at = f"acknowledged {offset(loss.acknowledged_ns - subject.zero_ns, decimals=3)}"
        yield from _row((0, 16, "LOST"), (1.6, 48, loss.key), (5.6, 10, loss.lane), (6.5, 29, at))
    if durability.lost > len(durability.lost_writes):
        yield from _text(f"and {count(durability.lost - len(durability.lost_writes))} more lost writes")


def _environment(subject: Subject) -> Iterator[Line]:
    yield _heading("Environment")
    environment = subject.history.run.environment
    told = {
        "Kubernetes": environment.kubernetes or "none recorded",
        "Database server": environment.mongodb or "not recorded",
        **{f"Node {name}": version for name, version in sorted(environment.nodes.items())},
        **{name: str(value) for name, value in sorted(environment.settings.items())},
        **dict(sorted(environment.tool.items())),
    }
    for name, value in told.items():
        yield from _row((0, 44, name), (3.7, 60, value))


def _heading(text: str) -> Line:
    return Line([(0, text)], TITLE_PT - 1, "bold", 0.16)


def _items(title: str, items: Sequence[str]) -> Iterator[Line]:
    if items:
        yield _heading(title)
    for item in items:
        yield from _row((0, 2, "–"), (0.2, 105, item))


def _text(text: str, size_pt: float = SMALL_PT, weight: str = "normal", before_in: float = 0.0) -> Iterator[Line]:
    """A paragraph across the page."""
    most = int((WIDTH_IN - 2 * _MARGIN_IN) * 72 / (size_pt * _LETTER))
    for number, line in enumerate(_wrapped(text, most)):
        yield Line([(0, line)], size_pt, weight, 0.0 if number else before_in)


def _row(*cells: tuple[float, int, str], weight: str = "normal") -> Iterator[Line]:
    """A row of a table; each cell: where it begins, how many letters fit in, and its text, which goes on below."""
    columns = [[(place, line) for line in _wrapped(text, most)] for place, most, text in cells]
    for row in zip_longest(*columns):
        yield Line([cell for cell in row if cell is not None], weight=weight)


def _wrapped(text: str, most: int) -> list[str]:
    return textwrap.wrap(words.tight(words.harmless(text)), most) or [""]
