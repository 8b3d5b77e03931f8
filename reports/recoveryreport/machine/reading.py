"""A run as it was judged: run.json and verdict.json, without the operations."""

from pathlib import Path

import msgspec
from chaosmongo.history import RunDirectory, read_run, read_verdict
from chaosmongo.history.records import FORMAT, Run
from chaosmongo.history.results import Verdict

from recoveryreport.errors import NotJudged


def as_judged(directory: Path) -> tuple[Run, Verdict]:
    """Raises NotJudged where there is no verdict that can be summed up, RecordError where a file cannot be read."""
    run, again = read_run(directory), f"Judge it with: chaos recovery verdict {directory}"
    file = RunDirectory(directory).verdict
    format_ = _format(file)
    if format_ < FORMAT:
        raise NotJudged(f"{file} has format {format_}, and this version writes {FORMAT}. {again}")
    verdict = read_verdict(directory)
    if verdict is None:
        raise NotJudged(f"{directory} has no verdict: the run is not over, or ended before it was judged. {again}")
    if verdict.run != run.run:
        raise NotJudged(f"{file} is the verdict of another run ({verdict.run}). {again}")
    return run, verdict


class _Versioned(msgspec.Struct):
    format: int = FORMAT


def _format(file: Path) -> int:
    """Of what cannot be read, ours: whoever reads it whole says what is wrong."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Versioned).format
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return FORMAT
