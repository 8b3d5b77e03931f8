"""Parts of verdicts that say one thing each: what else there is, is as in any run."""

from typing import Any

from chaosmongo.history.results import Bracket, Durability, LaneRecovery


def lane_recovery(name: str, rta: Bracket | None, **changes: Any) -> LaneRecovery:
    """A lane with this recovery time, whose objective is 30 s; changes: its other fields."""
    usual: dict[str, Any] = {
        "operations": 1000,
        "ok": 900,
        "fail": 100,
        "info": 0,
        "outages": [],
        "first_success": rta,
        "detection": None,
        "censored_ns": None,
        "shorter_than_ns": None,
        "unavailable_ns": 0,
        "objective_s": 30.0,
        "met": True,
    }
    return LaneRecovery(lane=name, rta=rta, **usual | changes)


def durability(kept: int, lost: int, **changes: Any) -> Durability:
    """Of acknowledged writes, so many of which are there and so many lost; changes: its other fields."""
    usual: dict[str, Any] = {
        "altered": 0,
        "duplicated": 0,
        "recovered": 0,
        "absent": 0,
        "rejected": 0,
        "applied": 0,
        "phantoms": 0,
        "stale_reads": 0,
        "shape": "suffix" if lost else "none",
        "rpa_ns": None,
    }
    return Durability(writes=kept + lost, kept=kept, lost=lost, **usual | changes)
