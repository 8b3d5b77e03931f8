"""Errors of the instrument.

ChaosMongoError           what went wrong, on what, and what to do next: for a person, in one or two sentences
  NoCluster               no Kubernetes API server answers
  ApiRefused              the API server answered with a refusal (`status` is its HTTP status)
  NotAllowed              the guard refuses: the namespace does not take part
  DatabaseUnavailable     MongoDB cannot be reached, or not with these credentials
  WorkloadFailed          the workload process did not start, or ended by itself
  NoRun                   an activity was used without the control that records
"""


class ChaosMongoError(Exception):
    """Base of all; its message is meant for the person who runs the experiment."""


class NoCluster(ChaosMongoError):
    """No Kubernetes API server answers."""


class ApiRefused(ChaosMongoError):
    """The API server refused a request."""

    def __init__(self, message: str, status: int, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class NotAllowed(ChaosMongoError):
    """What is asked for is outside what may be touched."""


class DatabaseUnavailable(ChaosMongoError):
    """MongoDB cannot be reached, or not with these credentials."""


class WorkloadFailed(ChaosMongoError):
    """The workload process did not start, or ended by itself."""


class NoRun(ChaosMongoError):
    """No run is being recorded."""
