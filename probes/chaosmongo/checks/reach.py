"""What a port-forward does to what is seen through it. Its notes are of the course:

reach   measured when the run was opened (`tunnel.added`)
tunnel  `trouble` with the port-forward: it ended by itself, or could not open connections as fast as it should
"""

from collections.abc import Iterator
from typing import Any

from .evidence import Evidence

PORT_FORWARD = "port-forward"


def problems(evidence: Evidence) -> Iterator[str]:
    """An outage of the way is none of the database's."""
    for note in evidence.history.course:
        if note.what == "tunnel":
            yield f"the port-forward cannot be believed: {note.detail.get('trouble', '')}"


def poor(evidence: Evidence, lane: str) -> bool:
    """Whether the lane went through one that cannot be believed."""
    return lane in _forwarded(evidence) and any(True for _ in problems(evidence))


def doubts(evidence: Evidence) -> Iterator[str]:
    """Which lanes went through one, and what that means for them."""
    lanes = _forwarded(evidence)
    if not lanes:
        return
    yield (
        f"{', '.join(lanes)} reached through a port-forward, {_cost(evidence)}; through it a refused connection looks "
        "like a lost one (unknown, not failed), and an outage of the API server like one of the database"
    )


def _forwarded(evidence: Evidence) -> list[str]:
    plan = evidence.history.plan
    return [lane for lane, one in plan.lanes.items() if one.via == PORT_FORWARD] if plan else []


def _cost(evidence: Evidence) -> str:
    detail: dict[str, Any] = next((note.detail for note in evidence.history.course if note.what == "reach"), {})
    direct = detail.get("direct") or {}
    try:
        hello, first = detail["hello_ms"], detail["first_answer_ms"]
        if "hello_ms" not in direct:
            return (
                f"where an answer takes {hello['median']:.1f} ms (95 %: {hello['p95']:.1f} ms) and a new connection "
                f"{first['median']:.1f} ms; what it takes without is not known here"
            )
        answer = hello["median"] - direct["hello_ms"]["median"]
        connection = first["median"] - direct["first_answer_ms"]["median"]
    except (KeyError, TypeError, ValueError):
        return "whose cost was not measured"
    return f"which adds {answer:.1f} ms to an answer and {connection:.1f} ms to a new connection (medians)"
