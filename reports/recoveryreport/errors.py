"""Errors of drawing a report.

ReportError             a report cannot be made; the message says which, why, and what to do
  NoRuns                no run was named, and there is none below ./runs
  CannotWrite           a file of the report cannot be written
  UnlikeRuns            runs that were not measured alike are to be pooled
  NotRecorded           `chaos run` left no record: it was refused, or it died
  BadMatrix             a matrix file cannot be run as it is
  NotAMatrix            no matrix was kept where one is to go on
  NothingToCompare      what is to be compared is no set of runs, or no other one
  CannotCheck           a scheduled check cannot be made, or not now
  NotJudged             a run has no verdict that can be summed up
  CannotServe           pages cannot be served at an address
"""


class ReportError(Exception):
    """A report cannot be made; the message says which, why, and what to do."""


class NoRuns(ReportError):
    """No run was named, and there is none at the usual place."""


class CannotWrite(ReportError):
    """A file of the report cannot be written: no permission, no space, no such directory."""


class UnlikeRuns(ReportError):
    """Runs that were not measured alike are to be pooled; the message says what differs."""


class NotRecorded(ReportError):
    """`chaos run` left no record; the message holds its exit status and its last lines."""


class BadMatrix(ReportError):
    """A matrix file cannot be run as it is; the message says everything that is wrong, by key, and what to do."""


class NotAMatrix(ReportError):
    """No matrix was kept where one is to go on, or it is not whole."""


class CannotCheck(ReportError):
    """A scheduled check cannot be made here and now; the message says why, and what to do."""


class NotJudged(ReportError):
    """A run has no verdict, or one of an older format or another run: it is to be judged first."""


class NothingToCompare(ReportError):
    """What is to be compared is neither a run, nor a directory of runs, nor what trials kept, or it is the same."""


class CannotServe(ReportError):
    """Pages cannot be served where they are to be: the address is another machine's, the port is taken."""
