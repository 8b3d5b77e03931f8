"""One `chaos run` as a child, and what came of it by its record."""

from collections.abc import Callable

from chaosmongo.checks import judge
from chaosmongo.history import RecordError, read
from chaosmongo.history.redaction import redacted

from recoveryreport import words
from recoveryreport.errors import NotRecorded
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
        verdict = judge(read(directory))
    except (RecordError, OSError) as error:
        return Outcome(name, "unknown", f"The run cannot be judged: {error}", directory)
    if verdict.verdict == "passed" and ended.status != 0:
        told = f"The record says passed, but `chaos run` ended with {ended.status}: nobody knows why."
        return Outcome(name, "unknown", told, directory)
    return Outcome(name, verdict.verdict, words.sentence(verdict), directory)
