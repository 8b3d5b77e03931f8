"""What the checks say of the run so far, for a step of the method. The record decides: the database is not asked.

Each gives the same answer as the verdict at the end would, were the run to end now. Where the record does not tell, the
answer of a yes-or-no probe is no.
"""

import logging

from chaosmongo import run
from chaosmongo.activity import activity
from chaosmongo.checks import judge
from chaosmongo.errors import NothingMeasured
from chaosmongo.history import read
from chaosmongo.history.results import LaneRecovery, Verdict

logger = logging.getLogger("chaostoolkit")


@activity
def acknowledged_writes_kept() -> bool:
    """Whether every acknowledged write was there, unaltered and once, when the database was read back."""
    return _passed("durability")


@activity
def identity_kept() -> bool:
    """Whether the StatefulSet's pods came back with their names and their volumes."""
    return _passed("identity")


@activity
def one_writer_at_a_time() -> bool:
    """Whether at no time two pods with one identity, or on one volume, were running."""
    return _passed("single_writer")


@activity
def recovered_within(seconds: float, lane: str = "user") -> bool:
    """Whether the lane was stable again within `seconds` of the fault, the measurement's uncertainty included."""
    recovery = _lane(_judged(), lane)
    if recovery.rta is not None:
        return recovery.rta.hi_ns <= seconds * 1e9
    return recovery.shorter_than_ns is not None and recovery.shorter_than_ns <= seconds * 1e9


@activity
def recovery_time() -> dict:  # type: ignore[type-arg]
    """The recovery time actual of each lane, in seconds: {lane: {"rta_s", "uncertainty_s", "first_success_s"}}.

    What was not measured is left out.
    """
    found: dict[str, dict[str, float]] = {}
    for recovery in _judged().recovery:
        numbers = found[recovery.lane] = {}
        if recovery.rta is not None:
            numbers["rta_s"] = round(recovery.rta.middle_ns / 1e9, 6)
            numbers["uncertainty_s"] = round(recovery.rta.uncertainty_ns / 1e9, 6)
        if recovery.first_success is not None:
            numbers["first_success_s"] = round(recovery.first_success.middle_ns / 1e9, 6)
    return found


def _judged() -> Verdict:
    return judge(read(run.current().directory.path))


def _passed(check: str) -> bool:
    for finding in _judged().findings:
        if finding.check == check:
            if finding.verdict != "passed":
                logger.warning("    No: %s", finding.summary)
            return finding.verdict == "passed"
    raise NothingMeasured(f"Check {check} does not apply to this run: it needs a StatefulSet in a cluster")


def _lane(verdict: Verdict, lane: str) -> LaneRecovery:
    for recovery in verdict.recovery:
        if recovery.lane == lane:
            return recovery
    lanes = ", ".join(recovery.lane for recovery in verdict.recovery) or "none"
    raise NothingMeasured(f"Lane {lane} was not measured in this run; measured: {lanes}")
