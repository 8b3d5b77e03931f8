"""Errors of the instrument.

ChaosMongoError           what went wrong, on what, and what to do next: for a person, in one or two sentences
  BadConfiguration        a value of the experiment's configuration cannot be used
  BadArgument             an activity was given an argument that it cannot use
  NoCluster               no Kubernetes API server answers
  ApiRefused              the API server answered with a refusal (`status` is its HTTP status)
  NotAllowed              the guard refuses: the namespace does not take part
    OutsideWindow         faults may not be made at this time
    Occupied              another run holds the namespace's lock
  NotFound                something that the configuration names is not there, or cannot be reached from here
  NothingToHit            no object matches: the fault would hit nothing
  FaultFailed             a fault could not do its work, or not all of it
    CommandFailed         a command in a container ended with another status than 0 (`exit_code`)
    CommandCutOff         a command in a container was under way, and its end was not told
  NothingMeasured         a probe asks for something that this run's record cannot tell
  DatabaseUnavailable     MongoDB cannot be reached, or not with these credentials
    DatabaseRefuses       MongoDB answers, but does not permit or understand what is asked
  SeedTaken               scores of a seed are in the database already, and are not what the seed says
  WorkloadFailed          the workload process did not start, or ended by itself
  CannotRecord            there is no place for the run's directory
  LockLost                the namespace's lock is not this run's any more: no other fault may be made
  NoRun                   an activity was used without the control that records
  StillRunning            what a run left behind cannot be taken back while a process of it is there
  CannotUndo              something that a run left behind is not, or cannot be, taken back
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


class OutsideWindow(NotAllowed):
    """Faults may not be made at this time."""


class Occupied(NotAllowed):
    """Another run holds the namespace's lock."""


class NotFound(ChaosMongoError):
    """Something that the configuration names is not there, or cannot be reached from here."""


class NothingToHit(ChaosMongoError):
    """No object matches: the fault would hit nothing."""


class FaultFailed(ChaosMongoError):
    """A fault could not do its work, or not all of it; what it did is on record."""


class CommandFailed(FaultFailed):
    """A command in a container ended with another status than 0."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class CommandCutOff(FaultFailed):
    """A command in a container was under way, and its end was not told."""


class NothingMeasured(ChaosMongoError):
    """A probe asks for something that this run's record cannot tell."""


class DatabaseUnavailable(ChaosMongoError):
    """MongoDB cannot be reached, or not with these credentials."""


class DatabaseRefuses(DatabaseUnavailable):
    """MongoDB answers, but does not permit or understand what is asked."""


class SeedTaken(ChaosMongoError):
    """Scores of a seed are in the database already, with other content or more than once."""


class WorkloadFailed(ChaosMongoError):
    """The workload process did not start, or ended by itself."""


class CannotRecord(ChaosMongoError):
    """There is no place for the run's directory."""


class LockLost(ChaosMongoError):
    """The namespace's lock is not this run's any more."""


class NoRun(ChaosMongoError):
    """No run is being recorded."""


class StillRunning(ChaosMongoError):
    """A process of the run is there: taking back now would miss what it does next."""


class CannotUndo(ChaosMongoError):
    """Something that a run left behind is not, or cannot be, taken back."""
