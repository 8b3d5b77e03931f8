"""From a run directory to a `History`: everything that was recorded, in memory, ready to be judged.

A torn last line (the writer died in the middle of it) is dropped and counted. Anything else that cannot be read is
damage: it is named, and the run's verdict can then not be better than unknown.
"""

import zlib
from pathlib import Path

import msgspec

from . import records as r
from .errors import NotARun, RecordError
from .lines import lines, refuse_newer
from .model import Fault, History, Scan
from .operations import read_operations
from .results import Verdict
from .rundir import RunDirectory

SHUFFLED_NS = 1_000_000_000
"""Watches are stamped on threads of their own, so that events may stand in the file this much out of order."""


def read_run(path: Path) -> r.Run:
    """run.json of the directory at `path`. Raises NotARun or NewerFormat with a message for a person."""
    return _run(RunDirectory(path))[0]


def _run(directory: RunDirectory) -> tuple[r.Run, int]:
    """The run, and the CRC-32 of its file."""
    try:
        data = directory.run.read_bytes()
    except OSError as error:
        raise NotARun(
            f"{directory.path} is no run directory: {directory.run.name} cannot be read ({error.strerror}). "
            "Give the directory that `chaos run` named, like runs/mongo-pod-delete/20260101T120000Z"
        ) from None
    refuse_newer(data, directory.run)
    try:
        return msgspec.json.decode(data, type=r.Run), zlib.crc32(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotARun(f"{directory.run} is damaged: {error}") from None


def read_verdict(path: Path) -> Verdict | None:
    """verdict.json of the directory at `path`, or None where the run was never judged."""
    file = RunDirectory(path).verdict
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(f"{file} cannot be read: {error.strerror}") from None
    refuse_newer(data, file)
    try:
        return msgspec.json.decode(data, type=Verdict)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} is damaged ({error}); judge again with: chaos recovery verdict {path}") from None


def read(path: Path) -> History:
    """The whole record of the run at `path`. Raises NotARun, NewerFormat; what else is wrong stands in the result."""
    directory = RunDirectory(path)
    history = History(*_run(directory))
    read_operations(directory, history)
    _read_cluster(directory.cluster, history)
    _read_faults(directory.faults, history)
    _read_readback(directory.readback, history)
    return history


def _read_cluster(file: Path, history: History) -> None:
    latest_ns, backwards = 0, 0
    for record in lines(file, r.ClusterLine, history):
        backwards += record.time_ns < latest_ns - SHUFFLED_NS
        latest_ns = max(latest_ns, record.time_ns)
        (history.cluster_notes if isinstance(record, r.Note) else history.cluster).append(record)
    if backwards:
        history.damage.append(f"{file.name}: the clock ran backwards {backwards:,} times")


def _read_faults(file: Path, history: History) -> None:
    starts: dict[int, r.FaultStart] = {}
    ends: dict[int, r.FaultEnd] = {}
    for record in lines(file, r.FaultLine, history):
        if isinstance(record, r.Note):
            history.course.append(record)
        elif record.fault in (starts if isinstance(record, r.FaultStart) else ends):
            history.damage.append(f"{file.name}: fault {record.fault} begins or ends twice")
        elif isinstance(record, r.FaultStart):
            starts[record.fault] = record
        elif record.fault not in starts or record.time_ns < starts[record.fault].time_ns:
            history.damage.append(f"{file.name}: fault {record.fault} ended before it began")
        else:
            ends[record.fault] = record
    history.faults = [Fault(start, ends.get(number)) for number, start in starts.items()]


def _read_readback(file: Path, history: History) -> None:
    for record in lines(file, r.ReadbackLine, history):
        match record:
            case r.Document() if history.scan is not None:
                history.scan.documents.append(record)
            case r.SeedsRead() if history.scan is not None:
                history.scan.seeds.append(record)
            case r.Seeded():
                history.seeded.append(record)
            case r.ScanStart():
                history.scan = Scan(record)
            case r.ScanEnd() if history.scan is not None:
                history.scan.end = record
                if record.time_ns < history.scan.start.time_ns:
                    history.damage.append(f"{file.name}: a scan ended before it began")
            case r.Note():
                continue
            case _:
                history.damage.append(f"{file.name}: a document outside a scan")
