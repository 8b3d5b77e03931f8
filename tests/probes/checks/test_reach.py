"""What was seen through a port-forward: it says what it cost, and a poor one is blamed before the database is."""

from typing import Any

import pytest
from chaosmongo.checks import reach
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import LanePlan, Note, Plan

from .histories import at, history

THROUGH = (
    "; through it a refused connection looks like a lost one (unknown, not failed), "
    "and an outage of the API server like one of the database"
)
BROKE = Note(at(500), "tunnel", {"trouble": "it ended by itself"})
OTHER = Note(at(0), "ended", {"status": "completed", "trouble": "none of the tunnel's"})


def evidence(*notes: Note, **ways: str) -> Evidence:
    """ways: each lane and how it reached its server."""
    lanes = {lane: LanePlan({"hello": 200.0}, 1.0, way) for lane, way in ways.items()}
    plan = Plan(at(-10_000), lanes, {"w": 1}, False, 64) if lanes else None
    return Evidence(history([], plan=plan, course=list(notes)))


def measured(**detail: Any) -> Note:
    return Note(at(-20_000), "reach", detail)


def ms(median: float, p95: float = 99.0) -> dict[str, float]:
    return {"median": median, "p95": p95}


class TestProblems:
    def test_each_trouble_of_the_port_forward_is_one(self) -> None:
        found = evidence(BROKE, OTHER, Note(at(900), "tunnel", {"trouble": "it was slow"}), server="port-forward")
        assert list(reach.problems(found)) == [
            "the port-forward cannot be believed: it ended by itself",
            "the port-forward cannot be believed: it was slow",
        ]

    def test_a_note_without_its_trouble_is_one_all_the_same(self) -> None:
        found = evidence(Note(at(1), "tunnel", {}), server="port-forward")
        assert list(reach.problems(found)) == ["the port-forward cannot be believed: "]

    def test_there_are_none_without_trouble(self) -> None:
        assert list(reach.problems(evidence(OTHER, server="port-forward"))) == []


class TestPoor:
    @pytest.mark.parametrize(
        ("notes", "lane", "poor"),
        [
            ((BROKE,), "server", True),
            ((BROKE,), "driver", False),  # which did not go through it
            ((OTHER,), "server", False),
            ((), "server", False),
        ],
    )
    def test_is_a_lane_whose_port_forward_had_trouble(self, notes, lane, poor) -> None:
        assert reach.poor(evidence(*notes, server="port-forward", driver="uri"), lane) is poor

    def test_is_none_where_no_workload_was(self) -> None:
        assert reach.poor(evidence(BROKE), "server") is False


class TestDoubts:
    def test_none_without_a_port_forward(self) -> None:
        assert list(reach.doubts(evidence(measured(), server="pod", driver="uri", user="service"))) == []

    def test_none_without_a_workload(self) -> None:
        assert list(reach.doubts(evidence(measured()))) == []

    def test_the_lanes_and_what_the_way_adds(self) -> None:
        note = measured(
            hello_ms=ms(1.96), first_answer_ms=ms(25.5), direct={"hello_ms": ms(0.71), "first_answer_ms": ms(3.25)}
        )
        (doubt,) = reach.doubts(evidence(OTHER, note, server="port-forward", driver="uri", user="port-forward"))
        assert doubt == (
            "server, user reached through a port-forward, which adds 1.2 ms to an answer and 22.2 ms to a new "
            f"connection (medians){THROUGH}"
        )

    @pytest.mark.parametrize("direct", [{}, None, {"first_answer_ms": ms(3)}])
    def test_what_it_takes_where_nobody_knows_what_it_takes_without(self, direct: Any) -> None:
        note = measured(hello_ms=ms(1.96, 4.44), first_answer_ms=ms(25.55, 71), direct=direct)
        (doubt,) = reach.doubts(evidence(note, server="port-forward"))
        assert doubt == (
            "server reached through a port-forward, where an answer takes 2.0 ms (95 %: 4.4 ms) and a new connection "
            f"25.6 ms; what it takes without is not known here{THROUGH}"
        )

    @pytest.mark.parametrize(
        "notes",
        [
            (),
            (OTHER,),
            (measured(),),
            (measured(hello_ms=ms(1)),),
            (measured(hello_ms=None, first_answer_ms=None),),
            (measured(hello_ms={"median": 1}, first_answer_ms=ms(1)),),
            (measured(hello_ms={"median": "x", "p95": "y"}, first_answer_ms=ms(1)),),
            (measured(hello_ms=ms(1), first_answer_ms=ms(2), direct={"hello_ms": ms(1)}),),
            (measured(hello_ms=ms(1), first_answer_ms=ms(2), direct={"hello_ms": {}, "first_answer_ms": ms(2)}),),
        ],
    )
    def test_that_nobody_measured_it(self, notes: tuple[Note, ...]) -> None:
        (doubt,) = reach.doubts(evidence(*notes, server="port-forward"))
        assert doubt == (f"server reached through a port-forward, whose cost was not measured{THROUGH}")
