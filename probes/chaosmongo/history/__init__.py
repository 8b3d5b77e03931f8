"""The record of a run: its types, its one writer per file, and its reader. No connection, no clock, no judgement.

records    what stands in the files, line by line
results    what the checks say of it (verdict.json)
quantities how numbers are told, with units and no more digits than are known
redaction  what is kept and shown without its secrets
rundir     where the files are
writer     append-only, group commit
model      a run as it is judged: `History`
lines      the lines of one file as records
operations the files of the workload's shards as operations
reader     from a directory to a `History`
"""

from .errors import NewerFormat, NotARun, RecordError
from .model import Fault, History, Op, Scan
from .reader import read, read_run, read_verdict
from .rundir import RunDirectory
from .writer import Writer, write_whole

__all__ = [
    "Fault",
    "History",
    "NewerFormat",
    "NotARun",
    "Op",
    "RecordError",
    "RunDirectory",
    "Scan",
    "Writer",
    "read",
    "read_run",
    "read_verdict",
    "write_whole",
]
