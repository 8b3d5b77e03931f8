"""Errors of the instrument.

ChaosMongoError           what went wrong, on what, and what to do next: for a person, in one or two sentences
  BadConfiguration        a value of the experiment's configuration cannot be used
  BadArgument             an activity was given an argument that it cannot use
  NoCluster               no Kubernetes API server answers
  ApiRefused              the API server answered with a refusal (`status` is its HTTP status)
  NotAllowed              the guard refuses: the namespace does not take part
  NotFound                something that the configuration names is not there, or cannot be reached from here
  NothingToHit            no object matches: the fault would hit nothing
  NothingMeasured         a probe asks for something that this run's record cannot tell
  DatabaseUnavailable     MongoDB cannot be reached, or not with these credentials
  WorkloadFailed          the workload process did not start, or ended by itself
  CannotRecord            there is no place for the run's directory
  NoRun                   an activity was used without the control that records
"""


class ChaosMongoError(Exception):
    """Base of all; its message is meant for the person who runs the experiment."""


class BadConfiguration(ChaosMongoError):
    """A value of the experiment's configuration cannot be used."""


class BadArgument(ChaosMongoError):
    """An activity was given an argument that it cannot use."""


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


class NotFound(ChaosMongoError):
    """Something that the configuration names is not there, or cannot be reached from here."""


class NothingToHit(ChaosMongoError):
    """No object matches: the fault would hit nothing."""


class NothingMeasured(ChaosMongoError):
    """A probe asks for something that this run's record cannot tell."""


class DatabaseUnavailable(ChaosMongoError):
    """MongoDB cannot be reached, or not with these credentials."""


class WorkloadFailed(ChaosMongoError):
    """The workload process did not start, or ended by itself."""


class CannotRecord(ChaosMongoError):
    """There is no place for the run's directory."""


class NoRun(ChaosMongoError):
    """No run is being recorded."""
