"""A comparison as one HTML file that needs nothing else: its figure, the tables, the doubts and the runs."""

from recoveryreport import page
from recoveryreport.trials import words as of_trials
from recoveryreport.words import SYMBOLS

from . import words
from .records import Comparison

TEMPLATE = "compare.html.j2"


def render(found: Comparison, picture: page.Picture) -> str:
    return page.rendered(
        TEMPLATE,
        found=found,
        words=words,
        trials=of_trials,
        answer=found.answer,
        symbols=words.SYMBOLS,
        look=words.CLASSES[found.answer],
        verdicts=SYMBOLS,
        when=page.moment(found.wall_ns),
        sides={"BASE": found.base, "NEW": found.new},
        figure=page.embedded(picture),
    )


def alt(found: Comparison) -> str:
    """What the figure shows, for those who do not see it."""
    return f"Every run of BASE and of NEW on one axis of time. {found.sentence} The tables below have the numbers."
