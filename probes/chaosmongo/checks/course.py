"""Did the experiment run its course: steady state before and after, every activity done, the end reached?

Chaos Toolkit goes on after an action that failed, and calls an experiment completed whose method never ran. The control
notes what happened; a run that was recorded without it (no notes at all) is judged by its measurements alone.
"""

from chaosmongo.history.records import Note
from chaosmongo.history.results import Finding

from .check import Checked
from .evidence import Evidence

NAME = "course"


def check(evidence: Evidence) -> Checked[None]:
    """failed: the steady state was not met after the fault. unknown: anything else did not go as it should.

    Where an activity had failed before it was asked for, as one that waits for the recovery, an unmet steady state may
    only have been asked for too early: that is unknown.
    """
    notes = evidence.history.course
    if not notes:
        return Checked(None, None)
    fault_ns = evidence.fault_ns
    unmet = [note for note in notes if note.what == "hypothesis" and not note.detail.get("met")]
    before = [note for note in unmet if fault_ns is None or note.time_ns < fault_ns]
    after = [note for note in unmet if note not in before]
    told = [f"the steady state was not met after the fault: not {_probes(note)}" for note in after[-1:]]
    broken = [note.time_ns for note in notes if note.what == "activity"]
    if after and not any(time_ns < after[-1].time_ns for time_ns in broken):
        return _answer("failed", told[0])
    wrong = [
        *told,
        *(f"the steady state was not met before the fault: not {_probes(note)}" for note in before),
        *(_activity(note) for note in notes if note.what == "activity"),
        *_ending(notes),
    ]
    if wrong:
        return _answer("unknown", "; ".join(wrong))
    return _answer("passed", "the experiment ran its course, and the steady state was met whenever it was asked for")


def _answer(answer: str, summary: str) -> Checked[None]:
    return Checked(None, Finding(NAME, answer, summary))  # type: ignore[arg-type]


def _probes(note: Note) -> str:
    return ", ".join(f"'{name}'" for name in note.detail.get("probes") or ["what was asked for"])


def _activity(note: Note) -> str:
    error = note.detail.get("error")
    return f"'{note.detail.get('name')}' {note.detail.get('status')}{f' ({error})' if error else ''}"


def _ending(notes: list[Note]) -> list[str]:
    ends = [note for note in notes if note.what == "ended"]
    if not ends:
        return ["the runner was gone before the experiment's end"]
    status = ends[-1].detail.get("status")
    if status != "completed":
        return [f"the experiment was {status}"]
    unsaid = ends[-1].detail.get("deviated") and all(
        note.detail.get("met") for note in notes if note.what == "hypothesis"
    )
    return ["the experiment deviated from its steady state, but nothing on record says when"] if unsaid else []
