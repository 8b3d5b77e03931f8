"""Was the run alone on its scores? Where another one was at work there, its doing cannot be told from the fault's.

Another run's faults are outages of this one, and its rollbacks take out seeded scores that this run had found there. It
never touches what bears this run's marker: only the fate of the run's own writes (`durability`) stands all the same.

In a cluster a run holds the lock of its namespace, so that no other one begins: where the lock was lost, one may have.
"""

from collections.abc import Iterator

from chaosmongo.history.quantities import listed
from chaosmongo.history.records import Note
from chaosmongo.history.results import Answer, Finding

from .check import Checked
from .evidence import Evidence

NAME = "alone"
OWN = "durability"
SHARED = ("seeds", "course", "recovery")
"""Checks that fail where seeded scores are missing: the list of scores lacks them, the steady state is not met."""


def check(evidence: Evidence) -> Checked[None]:
    """unknown where another run was met, or nobody can tell. Says nothing of a record that does not speak of it."""
    if lost := _lost(evidence):
        return _answer("unknown", f"another run may have been at work in the namespace: {lost[0]}")
    notes = [note for note in evidence.history.course if note.what == "company"]
    doubts = tuple(_taken_over(evidence))
    if not notes:
        return Checked(None, None, doubts)
    collection = evidence.history.run.target.collection
    met = sorted({str(run) for note in notes if _state(note) == "met" for run in note.detail.get("runs") or ["?"]})
    if met:
        return _answer("unknown", f"another run was at work on {collection} at the same time: {listed(met)}")
    refused = [note for note in notes if _state(note) == "refused"]
    if refused:
        doubt = f"whether another run was at work on {collection} is not known: {refused[0].detail.get('reason', '')}"
        return Checked(None, None, (*doubts, doubt))
    if any(_state(note) == "lost" for note in notes):
        return _answer("unknown", "the run's registration is gone from the database: another run may have been at work")
    if not any(_state(note) == "alone" for note in notes[1:]):
        return _answer("unknown", "nobody looked whether another run was at work, or the database did not answer")
    return _answer("passed", f"no other run was at work on {collection}", doubts)


def tempered(findings: list[Finding], evidence: Evidence) -> list[Finding]:
    """The findings, less those failures that another run may be the cause of: they are unknown.

    Where another run was met, or the namespace's lock was lost, that is every failure but the loss of the run's own
    writes. Where it is only not known, it is what follows from seeded scores that are missing while the run's own
    writes are all there: a database that lost these too has lost data, whoever else was at work.
    """
    failed = {finding.check for finding in findings if finding.verdict == "failed"}
    notes = [note for note in evidence.history.course if note.what == "company"]
    if any(_state(note) == "met" for note in notes) or _lost(evidence):
        suspect = failed - {OWN}
    elif notes and "seeds" in failed and OWN not in failed and not _alone_until_read_back(notes, evidence):
        suspect = failed & set(SHARED)
    else:
        return findings
    return [_doubted(finding) if finding.check in suspect else finding for finding in findings]


def _alone_until_read_back(notes: list[Note], evidence: Evidence) -> bool:
    scan = evidence.history.scan
    end_ns = scan.end.time_ns if scan and scan.end else 0
    return any(_state(note) == "alone" and note.time_ns >= end_ns for note in notes)


def _doubted(finding: Finding) -> Finding:
    return Finding(finding.check, "unknown", f"{finding.summary} (another run may be the cause)", finding.details)


def _lost(evidence: Evidence) -> list[str]:
    """How the namespace's lock was lost."""
    return [str(note.detail.get("reason", "")) for note in _of_lock(evidence) if _state(note) == "lost"]


def _taken_over(evidence: Evidence) -> Iterator[str]:
    for note in _of_lock(evidence):
        if before := note.detail.get("before"):
            yield f"the run {before} before it was killed or cut off (its lock was taken over): what did it leave?"


def _of_lock(evidence: Evidence) -> list[Note]:
    return [note for note in evidence.history.course if note.what == "lock"]


def _state(note: Note) -> str:
    return str(note.detail.get("state", ""))


def _answer(answer: Answer, summary: str, doubts: tuple[str, ...] = ()) -> Checked[None]:
    return Checked(None, Finding(NAME, answer, summary), doubts)
