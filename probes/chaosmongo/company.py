"""Who else is at work on the same scores: every run registers itself beside them, and is told whom it has met.

Two runs on one collection spoil each other's answer: the one's faults are the other's outages, and where the one takes
its seeded scores back they are lost for the other. So each registers first and looks around then: of two runs,
whichever looks later sees the other and lets both know. What a run was told by the end is on its record.

A registration whose process is certainly gone does not count; one from another machine counts until it is removed,
which `chaos recovery undo` does.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from chaosmongo import process
from chaosmongo.database import Address, Registrations
from chaosmongo.errors import DatabaseRefuses, DatabaseUnavailable
from chaosmongo.history.records import Note, Run

NOTE = "company"
"""Notes of the course whose detail is {"state": ...}:

alone     registered, and nobody else was there, by then
met       other runs were; `runs` are their names
lost      registered, but the registration is gone
refused   the database does not permit to register: `reason`
unasked   the database could not be asked: `reason`
"""


def registration(run: Run) -> dict[str, Any]:
    return {
        "_id": run.marker,
        "run": run.run,
        "collection": run.target.collection,
        "process": process.me(),
        "opened": datetime.now(UTC).isoformat(timespec="seconds"),
        "met": [],
    }


def register(address: Address, run: Run) -> Note:
    """Registers the run and lets the others know. What came of it, for the record. Raises DatabaseUnavailable."""
    try:
        with Registrations(address, run.target.database) as registrations:
            registrations.add(registration(run))
            others = [one for one in registrations.others(run.marker, run.target.collection) if not _gone(one)]
            if others:
                registrations.tell([one["_id"] for one in others], [_named(run.marker, run.run)])
                registrations.tell([run.marker], [_named(one["_id"], str(one.get("run", ""))) for one in others])
            return _met([str(one.get("run", "")) for one in others])
    except DatabaseRefuses as refusal:
        return _note("refused", reason=str(refusal))


def look(address: Address, run: Run, timeout_s: float) -> Note:
    """Whom the run has met by now. Never raises."""
    try:
        with Registrations(address, run.target.database, timeout_s) as registrations:
            own = registrations.own(run.marker)
    except DatabaseUnavailable as error:
        return _note("unasked", reason=str(error))
    if own is None:
        return _note("lost")
    met = own.get("met") or []
    return _met(str(one.get("run", "")) if isinstance(one, dict) else "" for one in met)


def warn(registrations: Registrations, run: Run) -> None:
    """Lets every other run on the same scores know of this one: before something goes that they may rely on."""
    others = registrations.others(run.marker, run.target.collection)
    registrations.tell([one["_id"] for one in others], [_named(run.marker, run.run)])


def _gone(one: dict[str, Any]) -> bool:
    return isinstance(one.get("process"), dict) and process.is_gone(one["process"])


def _named(marker: str, run: str) -> dict[str, str]:
    return {"marker": marker, "run": run}


def _met(runs: Iterable[str]) -> Note:
    names = sorted(set(runs))
    return _note("met", runs=names) if names else _note("alone")


def _note(state: str, **detail: Any) -> Note:
    return Note(time.monotonic_ns(), NOTE, {"state": state, **detail})
