"""Verdicts that were made up: everything that a verdict may say, in names that attack whoever shows them."""

from collections.abc import Callable
from typing import Any

from chaosmongo.history import records as r
from chaosmongo.history.results import (
    Bracket,
    Durability,
    FaultSummary,
    Finding,
    LaneRecovery,
    Outage,
    Phase,
    Seeds,
    Verdict,
)
from hypothesis import given, settings
from hypothesis import strategies as st

HOSTILE = [
    "<script>alert(1)</script>",
    "<!-- ",
    "]]>",
    "&amp; &#64;",
    "@everyone and @here",
    "www.example.com http://example.com/x a@example.com",
    "```\n# not a heading\n```",
    "`|` \\| | a | b |",
    "[x](javascript:alert(1)) ![x](y)",
    "1. one",
    "- one",
    "---",
    "*a* _b_ ~~c~~ $d$ :e: #1",
    "\x00\x07\x1b[31m\x7f\x85\u202e\u2028\ufffe\uffff",
    'quote " and \\ and \\n and\nline',
    '} 1 # {a="b"} 2',
    " \u00a0\u3000 ",
    "🏃‍♀️ İ ﷽ é",
]

texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
counts = st.integers(0, 10**7)
lengths_ns = st.integers(0, 10**13)
answers = st.sampled_from(["passed", "failed", "unknown"])


@st.composite
def brackets(draw: st.DrawFn, least_ns: int = 0) -> Bracket:
    lo_ns = draw(st.integers(least_ns, 10**13))
    return Bracket(lo_ns, lo_ns + draw(lengths_ns))


outages = st.builds(
    Outage,
    start=brackets(),
    first_success=st.none() | brackets(),
    end=st.none() | brackets(),
    operations=counts,
    not_ok=counts,
    caused=st.booleans(),
)
lanes = st.builds(
    LaneRecovery,
    lane=st.sampled_from(r.LANES) | texts,
    operations=counts,
    ok=counts,
    fail=counts,
    info=counts,
    outages=st.lists(outages, max_size=2),
    rta=st.none() | brackets(),
    first_success=st.none() | brackets(),
    detection=st.none() | brackets(),
    censored_ns=st.none() | lengths_ns,
    shorter_than_ns=st.none() | lengths_ns,
    unavailable_ns=lengths_ns,
    objective_s=st.none() | st.floats(0.001, 1e6),
    met=st.none() | st.booleans(),
)
durabilities = st.builds(
    Durability,
    **dict.fromkeys(
        ["writes", "kept", "lost", "altered", "duplicated", "recovered", "absent", "rejected", "applied"], counts
    ),
    phantoms=counts,
    stale_reads=counts,
    shape=st.sampled_from(["none", "suffix", "hole"]),
    rpa_ns=st.none() | lengths_ns,
)


@st.composite
def phases(draw: st.DrawFn) -> list[Phase]:
    """One after the other; a mark may come twice."""
    at_ns, made = draw(lengths_ns), []
    for name in draw(st.lists(texts, max_size=4)):
        end_ns = at_ns + draw(lengths_ns)
        made.append(Phase(name, at_ns, end_ns, draw(lengths_ns), draw(texts)))
        at_ns = end_ns
    return made


@st.composite
def judged(draw: st.DrawFn) -> tuple[r.Run, Verdict]:
    """A run and its verdict. Lanes and checks have names of their own, as a judge gives them."""
    name = draw(texts)
    run = r.Run(
        run=name,
        marker="m-",
        title=draw(texts),
        description="",
        experiment={},
        anchor=r.Anchor(0, draw(st.integers(-(2**62), 2**62))),
        target=r.Target("", "", "", ""),
        objectives=r.Objectives({}, draw(counts)),
        environment=r.Environment(kubernetes=draw(texts), mongodb=draw(texts), settings={draw(texts): draw(texts)}),
        horizon_s=60.0,
    )
    verdict = Verdict(
        run=name,
        verdict=draw(answers),
        sentence=draw(texts),
        findings=draw(unique(st.builds(Finding, texts, answers, texts), "check")),
        faults=draw(st.lists(st.builds(FaultSummary, texts, lengths_ns, st.none(), st.lists(texts, max_size=2),
                                       st.none() | st.booleans(), texts), max_size=2)),
        recovery=draw(unique(lanes, "lane")),
        phases=draw(phases()),
        durability=draw(st.none() | durabilities),
        seeds=draw(st.none() | st.builds(Seeds, counts, counts, counts, counts, counts)),
        ready_gap=draw(st.none() | brackets(least_ns=-(10**13))),
        doubts=draw(st.lists(texts, max_size=7)),
    )  # fmt: skip
    return run, verdict


def unique(made: st.SearchStrategy[Any], name: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(made, max_size=3, unique_by=lambda one: words_of(getattr(one, name)))


def words_of(text: str) -> str:
    """What tells names apart wherever white space is one space."""
    return " ".join(text.split())


def every_verdict(test: Callable[..., None]) -> Callable[..., None]:
    """Has the last argument of a test be verdicts of all kinds."""
    return settings(max_examples=50)(given(judged())(test))
