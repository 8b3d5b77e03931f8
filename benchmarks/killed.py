"""The runner is killed (SIGKILL) at every step of a run, and in between. Is anything lost, wrong, or left behind?

Each kill is checked by witnesses of their own (tests/e2e/killed.py): the database is read by plain pymongo, the cluster
by kubectl, the record as plain JSON.
"""

import dataclasses
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from recoveryreport.statistics import bound_for_none

from benchmarks.harness import Row, extent, keep
from tests.e2e.killed import Killed, Site, kill_at, site

KILLS = 100
BETWEEN_S = 0.03
"""After a step: in the middle of the next one, most of which take longer."""
QUICK = (("before 'seed the high scores'", BETWEEN_S), ("after 'delete mongo-0 gracefully'", 0.0))


def run(quick: bool) -> list[Row]:
    # The name of the directory tells the processes of this lab from all others.
    with tempfile.TemporaryDirectory(prefix="killed-") as place, site(Path(place).resolve()) as lab:
        kills = list(_some(lab) if quick else _all(lab))
    keep("killed", (dataclasses.asdict(kill) for kill in kills))
    return _rows(kills)


def _some(lab: Site) -> Iterator[Killed]:
    for step, after_s in QUICK:
        killed = kill_at(lab, step, after_s)
        assert killed is not None, f"there is no step {step}"
        yield killed


def _all(lab: Site) -> Iterator[Killed]:
    """At every step, then between all of them, then anywhere, until there are enough."""
    at_steps = list(_walk(lab, 0))
    yield from at_steps
    between = list(_walk(lab, BETWEEN_S))
    yield from between
    chance = random.Random(1)
    for _ in range(KILLS - len(at_steps) - len(between)):
        killed = kill_at(lab, chance.randint(1, len(at_steps)), round(chance.uniform(0, 1), 3))
        assert killed is not None
        yield killed


def _walk(lab: Site, after_s: float) -> Iterator[Killed]:
    step = 1
    while killed := kill_at(lab, step, after_s):
        yield killed
        step += 1


def _rows(kills: list[Killed]) -> list[Row]:
    n = len(kills)
    wrong = [kill for kill in kills if kill.wrong]
    gone = [kill.workload_gone_s for kill in kills]
    verdicts = Counter(kill.verdict for kill in kills)
    bound = f"another outcome in less than {bound_for_none(n):.1%} of kills (95 %)"
    return [
        Row(
            "runner killed: record whole, verdict unknown or right, all taken back",
            f"{n - len(wrong)} of {n}",
            n=n,
            spread=str(wrong[0]) if wrong else bound,
            wanted="all of them",
            met=not wrong,
        ),
        Row("runner killed: verdicts", ", ".join(f"{number} {name}" for name, number in verdicts.items()), n=n),
        Row(
            "runner killed: workload gone after",
            f"{max(gone):.2f} s at most",
            n=n,
            spread=extent(gone, "s"),
            wanted="at most 5 s",
            met=max(gone) <= 5,
        ),
        Row(
            "runner killed: scores of the load found and taken back", f"{sum(kill.documents for kill in kills):,}", n=n
        ),
    ]
