"""What a record does not hold: a run that crashed, was stopped, or never began still deserves a report that says so."""

from chaosmongo.history import History
from chaosmongo.history.quantities import counted
from chaosmongo.history.redaction import redacted


def gaps(history: History) -> list[str]:
    """One sentence for each thing that is missing or broken, without secrets; none for a whole record."""
    found = [*_workload(history), *_faults(history), *_readback(history), *_ending(history)]
    if not history.cluster and history.run.target.statefulset:
        found.append("No events of the cluster were recorded: the Kubernetes phases are missing.")
    found += [f"{file}: its last line was cut off and is left out." for file in history.torn]
    shown = history.damage[:5]
    found += [f"Damaged: {damage}" for damage in shown]
    if len(history.damage) > len(shown):
        found.append(f"Damaged: {len(history.damage) - len(shown)} more like these.")
    return [str(redacted(gap)) for gap in found]


def _workload(history: History) -> list[str]:
    if not history.ops:
        return ["No operation was recorded: the workload was not started, or ended before its first operation."]
    found = []
    if history.plan is None:
        found.append("The workload's plan is missing: its rates and lanes are not known.")
    if not any(note.what == "stopped" for note in history.ops_notes):
        found.append("The workload was not stopped in order: its record ends where it was cut off.")
    unanswered = sum(1 for op in history.ops if op.done_ns == 0 and op.outcome == "info")
    if unanswered:
        found.append(f"{counted(unanswered, 'operation')} had no answer by the end of the record: counted as unknown.")
    return found


def _faults(history: History) -> list[str]:
    if not history.faults:
        return ["No fault was recorded: there is nothing to recover from, and times count from the first operation."]
    return [f"The fault {fault.start.name} has no recorded end." for fault in history.faults if fault.end is None]


def _ending(history: History) -> list[str]:
    """Records of a runner that noted nothing of the experiment's course do not tell."""
    if not history.course or any(note.what == "ended" for note in history.course):
        return []
    return ["The experiment's end was not recorded: chaos run was gone before it."]


def _readback(history: History) -> list[str]:
    if history.scan is None:
        return ["There was no read-back: what became of the writes is not known."]
    if history.scan.end is None:
        return ["The read-back broke off: what became of the writes is not known for certain."]
    if history.scan.end.error:
        return [f"The read-back broke off: {history.scan.end.error}"]
    return []
