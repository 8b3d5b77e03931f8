"""The report page: one HTML file that needs nothing else, not even a network.

Everything that comes from the record is shown as text (autoescape), and the page's own policy (CSP) allows no script,
no form and no address beyond itself: figures are embedded, and the one style sheet is named by its hash.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaosmongo.history import History, quantities
from chaosmongo.history.results import Answer, Durability, Verdict

from . import words
from .gaps import gaps
from .series import zero_ns


@dataclass(frozen=True)
class Picture:
    """A figure for the page, as SVG in both themes, and what it shows in words."""

    light: bytes
    dark: bytes
    alt: str
    width: int
    height: int


def render(history: History, verdict: Verdict, pictures: Mapping[str, Picture]) -> str:
    """The page. `pictures` are "timeline" and "phases"."""
    zero = zero_ns(history)
    return rendered(
        "page.html.j2",
        history=history,
        run=history.run,
        verdict=verdict,
        words=words,
        lanes=sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane)),
        largest=words.largest(verdict.phases),
        phases_total_ns=sum(phase.end_ns - phase.start_ns for phase in verdict.phases),
        fates=list(fates(verdict.durability)) if verdict.durability else [],
        gaps=gaps(history),
        after_fault=lambda time_ns: quantities.offset(time_ns - zero, decimals=3),
        when=_when(history),
        headline=_headline(verdict.verdict),
        experiment=_experiment(history),
        pictures={name: embedded(picture) for name, picture in pictures.items()},
    )


def rendered(template: str, **values: Any) -> str:
    """A page with the style sheet that all pages share. `harmless` and the like are filters there."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        harmless=words.harmless, count=quantities.count, seconds=quantities.seconds, tight=_tight
    )
    style = Path(__file__).with_name("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template(template).render(style=style, style_hash=digest, **values)


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


def _tight(text: str) -> str:
    """`text` with numbers that stay on one line together with their uncertainty and unit."""
    return re.sub(r"(?<=\d) (?=(?:±|s\b))|(?<=±) (?=\d)|(?<= s) (?=±)", "\u00a0", text)


def _headline(answer: Answer) -> str:
    return {"passed": "Passed", "failed": "Failed", "unknown": "Unknown"}[answer]


def _when(history: History) -> str:
    """When the run began, for people. The wall clock only labels."""
    try:
        moment = datetime.fromtimestamp(history.run.anchor.wall_ns / 1e9, UTC)
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


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
