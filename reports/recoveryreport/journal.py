"""The experiment's journal: what was done, when, and how it ended, from what the control and the faults recorded."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chaosmongo.history import History
from chaosmongo.history.quantities import listed, seconds
from chaosmongo.history.records import Note
from chaosmongo.history.redaction import redacted

_COMPANY = {"alone": "none", "unasked": "not known: the database did not answer", "lost": "not known any more"}
"""What a look for other runs on the same scores came to, where it met none."""

LONGEST_S = 1e9
"""No activity takes thirty years: a record that says so is wrong."""


@dataclass(frozen=True)
class Entry:
    """A moment of the run. bad: something did not go as it should. took: how long, where that is known."""

    time_ns: int
    what: str
    told: str
    took: str = ""
    bad: bool = False


def journal(history: History) -> list[Entry]:
    """Everything on record of the experiment's course, in order."""
    entries = [*map(_entry, history.course), *_faults(history)]
    return sorted(entries, key=lambda entry: entry.time_ns)


def activities_recorded(history: History) -> bool:
    """Whether the activities are on record; older records hold only those that failed."""
    return any(note.what == "done" for note in history.course)


def _entry(note: Note) -> Entry:
    detail: dict[str, Any] = redacted(note.detail)
    match note.what:
        case "done" | "activity":
            return _activity(note, detail)
        case "hypothesis":
            probes = detail.get("probes")
            failed = ", ".join(map(str, probes)) if isinstance(probes, list) else ""
            met = bool(detail.get("met"))
            told = "met" if met else f"not met: {failed or 'what was asked for'}"
            return Entry(note.time_ns, "steady state", told, bad=not met)
        case "company":
            runs, state = detail.get("runs"), str(detail.get("state"))
            others = [str(run) for run in runs] if isinstance(runs, list) else []
            told = listed(others) or _COMPANY.get(state, state)
            return Entry(note.time_ns, "other runs", told, bad=state in ("met", "lost"))
        case "mark":
            return Entry(note.time_ns, "fault", str(detail.get("name", "")))
        case "ended":
            status = str(detail.get("status"))
            deviated = bool(detail.get("deviated"))
            told = f"{status}{', deviated from its steady state' if deviated else ''}"
            return Entry(note.time_ns, "experiment ended", told, bad=deviated or status != "completed")
        case _:
            return Entry(note.time_ns, note.what, _told(detail))


def _activity(note: Note, detail: dict[str, Any]) -> Entry:
    error = detail.get("error")
    took = detail.get("duration_s")
    return Entry(
        note.time_ns,
        str(detail.get("type") or "activity"),
        f"{detail.get('name')}: {detail.get('status')}{f' ({error})' if error else ''}",
        seconds(took * 1e9, decimals=3) if isinstance(took, int | float) and 0 <= took < LONGEST_S else "",
        bad=note.what == "activity",
    )


def _faults(history: History) -> Iterator[Entry]:
    for fault in history.faults:
        hits = [f"{hit.kind} {hit.namespace + '/' if hit.namespace else ''}{hit.name}" for hit in fault.start.hits]
        yield Entry(fault.start.time_ns, "fault begins", f"{fault.start.name}: {listed(hits) or 'nothing hit'}")
        if fault.end is not None:
            lasted = seconds(fault.end.time_ns - fault.start.time_ns, decimals=3)
            error = str(redacted(fault.end.error))
            told = f"{fault.start.name}: {f'failed: {error}' if error else 'asked for'}"
            yield Entry(fault.end.time_ns, "fault done", told, lasted, bad=bool(error))


def _told(detail: dict[str, Any]) -> str:
    """A detail that has no words of its own."""
    return ", ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in detail.items()
    )
