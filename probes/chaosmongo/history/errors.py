"""Errors of reading and writing a record.

RecordError             something about a run directory
  NotARun               there is no readable run.json at that place
  NewerFormat           the files come from a newer version of this tool
"""


class RecordError(Exception):
    """A run directory cannot be used; the message says which, why, and what to do."""


class NotARun(RecordError):
    """No readable run.json at that place."""


class NewerFormat(RecordError):
    """Written by a newer version of this tool."""
