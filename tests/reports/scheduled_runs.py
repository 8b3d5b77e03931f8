"""Run directories as a schedule leaves them over months: run.json and verdict.json alone, with the numbers that were
asked for.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chaosmongo.history import RunDirectory, write_whole
from chaosmongo.history.results import Answer, Bracket, Finding, LaneRecovery, Verdict

from .recorded_runs import Recorded, S, record
from .verdicts import durability, lane_recovery

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
LANES = ("server", "driver", "user")
EXPERIMENT = "mongo-pod-delete"

EITHER_SIDE_NS = 10_000_000
"""How far the ends of a recovery time lie from its middle."""


@dataclass(frozen=True)
class Planned:
    """One run. hours: after BEGIN. times_s: recovery time by lane; None never recovered, 0 no outage seen.

    answer None: never judged. name: of its directory, where it is not to be the time. elsewhere: fields of run.json
    that are to be others; findings: those of the verdict likewise.
    """

    hours: float = 0.0
    answer: Answer | None = "passed"
    times_s: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(LANES, 2.0))
    lost: int = 0
    name: str = ""
    rto_s: float = 30.0
    sentence: str = "as the plan wants it."
    elsewhere: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] | None = None

    @property
    def began(self) -> datetime:
        return BEGIN + timedelta(hours=self.hours)

    @property
    def wall_ns(self) -> int:
        return round(self.began.timestamp()) * S


def make(root: Path, *runs: Planned, experiment: str = EXPERIMENT) -> list[Path]:
    """Records the runs of an experiment below `root`; their directories come back."""
    return [_make(root / experiment, run) for run in runs]


def _make(parent: Path, run: Planned) -> Path:
    name = run.name or f"{run.began:%Y%m%dT%H%M%SZ}"
    recorded = f"{parent.name}/{name}"
    what = Recorded(
        name=recorded,
        marker=f"chaos-{name}-",
        rto_s=dict.fromkeys(LANES, run.rto_s),
        workload=False,
        cluster=False,
        fault=False,
        readback=False,
        elsewhere={"anchor": {"time_ns": 1, "wall_ns": run.wall_ns}} | run.elsewhere,
    )
    directory = record(parent / name, what)
    if run.answer is not None:
        write_whole(RunDirectory(directory).verdict, _verdict(what.elsewhere.get("run", recorded), run))
    return directory


def _verdict(name: str, run: Planned) -> Verdict:
    answer = run.answer or "unknown"
    findings = [
        Finding("validity", "unknown" if answer == "unknown" else "passed", "the load was as asked"),
        Finding("recovery", "failed" if answer == "failed" else "passed", "as the plan wants it"),
    ]
    return Verdict(
        run=name,
        verdict=answer,
        sentence=f"{answer}: {run.sentence}",
        findings=findings if run.findings is None else run.findings,
        faults=[],
        recovery=[_lane(lane, time_s, run.rto_s) for lane, time_s in run.times_s.items()],
        phases=[],
        durability=durability(500 - run.lost, run.lost, rpa_ns=213_000_000 if run.lost else None),
        seeds=None,
        ready_gap=None,
        doubts=[],
    )


def _lane(name: str, time_s: float | None, rto_s: float) -> LaneRecovery:
    middle_ns = round((time_s or 0) * S)
    rta = Bracket(middle_ns - EITHER_SIDE_NS, middle_ns + EITHER_SIDE_NS) if time_s else None
    return lane_recovery(
        name,
        rta,
        censored_ns=60 * S if time_s is None else None,
        shorter_than_ns=5_000_000 if time_s == 0 else None,
        objective_s=rto_s,
        met=False if time_s is None else time_s <= rto_s,
    )
