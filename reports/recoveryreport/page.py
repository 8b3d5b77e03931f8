"""The report page: one HTML file that needs nothing else, not even a network.

Everything that comes from the record is shown as text (autoescape), and the page's own policy (CSP) allows no form, no
address beyond itself, and no script but ours: figures are embedded, the style sheet is named by its hash, and so is the
script, which sorts tables and enlarges figures. Without it everything is there, too.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosmongo.history import History, quantities
from chaosmongo.history.results import Answer, Durability

from . import experiment, journal, words
from .gaps import gaps
from .parts import PERCENTS
from .subject import Subject

SHARED = {"style": "page.css", "script": "page.js"}


@dataclass(frozen=True)
class Picture:
    """A figure for the page, as SVG in both themes, and what it shows in words."""

    light: bytes
    dark: bytes
    alt: str
    width: int
    height: int


def render(subject: Subject, pictures: Mapping[str, Picture]) -> str:
    """The page. `pictures` are "timeline", "phases" and "latency"."""
    history, verdict = subject.history, subject.verdict
    return rendered(
        "page.html.j2",
        history=history,
        run=history.run,
        verdict=verdict,
        words=words,
        lanes=sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane)),
        largest=words.largest(verdict.phases),
        phases_total_ns=sum(phase.end_ns - phase.start_ns for phase in verdict.phases),
        parts=subject.parts,
        percents=PERCENTS,
        fates=list(fates(verdict.durability)) if verdict.durability else [],
        gaps=gaps(history),
        after_fault=lambda time_ns: quantities.offset(time_ns - subject.zero_ns, decimals=3),
        when=moment(history.run.anchor.wall_ns),
        headline=_headline(verdict.verdict),
        title=experiment.title(history),
        description=experiment.description(history),
        experiment=_experiment(history),
        text=experiment.text(history),
        journal=journal.journal(history),
        activities_recorded=journal.activities_recorded(history),
        pictures={name: embedded(picture) for name, picture in pictures.items()},
    )


def rendered(template: str, **values: Any) -> str:
    """A page with the style sheet and the script that all pages share, each with its hash for the page's policy.

    `harmless` and the like are filters there.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        harmless=words.harmless,
        count=quantities.count,
        seconds=quantities.seconds,
        tight=words.tight,
    )
    shared = {name: Path(__file__).with_name(file).read_text("utf-8") for name, file in SHARED.items()}
    hashes = {f"{name}_hash": digest(content) for name, content in shared.items()}
    return environment.get_template(template).render(**shared, **hashes, **values)


def digest(content: str) -> str:
    """Of a style sheet or a script, as the page's policy names what it allows (CSP, sha256)."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


@dataclass(frozen=True)
class Fate:
    """A row of the table of fates: what was answered, what became of it, how many, and whether that is a finding."""

    answer: str
    fate: str
    number: int
    bad: bool = False
    meaning: str = ""


def fates(d: Durability) -> Iterator[Fate]:
    """Every fate that a write can have, in order; the numbers add up to all writes."""
    yield Fate("acknowledged", "kept", d.kept, False, "is there, as it was written")
    yield Fate("acknowledged", "LOST", d.lost, True, "is not there")
    yield Fate("acknowledged", "ALTERED", d.altered, True, "is there with other content")
    yield Fate("acknowledged", "DUPLICATED", d.duplicated, True, "is there more than once")
    yield Fate("unknown", "recovered", d.recovered, False, "no clear answer, and is there")
    yield Fate("unknown", "absent", d.absent, False, "no clear answer, and is not there")
    yield Fate("failed", "rejected", d.rejected, False, "provably not executed, and is not there")
    yield Fate("failed", "APPLIED", d.applied, True, "said to be not executed, and is there")


def _headline(answer: Answer) -> str:
    return {"passed": "Passed", "failed": "Failed", "unknown": "Unknown"}[answer]


def moment(wall_ns: int) -> str:
    """For people, of nanoseconds since the Unix epoch."""
    found = words.moment(wall_ns)
    return "at an unknown time" if found is None else f"{found:%Y-%m-%d %H:%M:%S} UTC"


def _experiment(history: History) -> str:
    """The experiment's file, as far as the run's name tells."""
    return history.run.run.partition("/")[0]


def embedded(picture: Picture) -> dict[str, Any]:
    """A picture as templates take it: in the page itself."""

    def address(data: bytes) -> str:
        return f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"

    return {
        "light": address(picture.light),
        "dark": address(picture.dark),
        "alt": picture.alt,
        "width": picture.width,
        "height": picture.height,
    }
