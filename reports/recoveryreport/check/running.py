"""One `chaos run` as a child, and what came of it by its record."""

from collections.abc import Callable

from chaosmongo.history import RecordError
from chaosmongo.history.redaction import redacted

from recoveryreport import words
from recoveryreport.errors import NotRecorded, ReportError
from recoveryreport.machine.reading import as_judged
from recoveryreport.trials.running import Runner

from .outcome import Outcome


def run(runner: Runner, name: str, source: str, heard: Callable[[str], None]) -> Outcome:
    """Nothing but a run that was recorded, judged and ended as it should counts as passed."""
    ended = runner.run(heard, [source])
    try:
        directory = ended.recorded()
    except NotRecorded as error:
        return Outcome(name, "unknown", str(redacted(str(error))))
    try:
        _, verdict = as_judged(directory)
    except (RecordError, ReportError, OSError) as error:
        return Outcome(name, "unknown", f"The run came to no verdict: {error}", directory)
    if verdict.verdict == "passed" and ended.status != 0:
        told = f"The record says passed, but `chaos run` ended with {ended.status}: nobody knows why."
        return Outcome(name, "unknown", told, directory)
    return Outcome(name, verdict.verdict, words.sentence(verdict), directory)
