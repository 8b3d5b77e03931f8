"""Errors of drawing a report.

ReportError             a report cannot be made; the message says which, why, and what to do
  NoRuns                no run was named, and there is none below ./runs
  CannotWrite           a file of the report cannot be written
"""


class ReportError(Exception):
    """A report cannot be made; the message says which, why, and what to do."""


class NoRuns(ReportError):
    """No run was named, and there is none at the usual place."""


class CannotWrite(ReportError):
    """A file of the report cannot be written: no permission, no space, no such directory."""
