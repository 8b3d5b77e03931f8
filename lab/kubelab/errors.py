"""What can go wrong in a lab.

LabError                    anything below; its text is one message for the user
├── StateError              the state directory cannot be used
│   ├── StateInUse          another lab runs in it
│   └── NoLab               no lab runs in it
├── NoFreeBlock             every block of loopback addresses is taken
├── ComponentDied           a process of the lab ended; carries its last lines and the path of its log
├── ManifestError           a file to apply is missing, broken or refused
├── NotReady                something was not ready in time; says what waits for what
└── KubeconfigError         a kubeconfig is missing or broken
ApiError                    the API server's refusal (its Status)
└── ApiUnreachable          no answer at all
"""

from __future__ import annotations


class LabError(Exception):
    """A failure whose text tells the user what was tried, on what, and what to do next."""


class StateError(LabError):
    """The state directory cannot be used."""


class StateInUse(StateError):
    """Another lab runs in the state directory."""


class NoLab(StateError):
    """No lab runs in the state directory."""


class NoFreeBlock(LabError):
    """Every block of loopback addresses is taken."""


class ComponentDied(LabError):
    """A process of the lab ended although it should run."""


class ManifestError(LabError):
    """A file to apply is missing, broken, or holds an object that the API server refuses."""


class NotReady(LabError):
    """Something was not ready in time."""


class KubeconfigError(LabError):
    """A kubeconfig is missing or broken."""


class ApiError(Exception):
    """The API server refused a request.

    status: HTTP status. reason: the Status object's reason ("NotFound", "AlreadyExists", "Conflict", ...).
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def already_exists(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        return self.status == 409 and self.reason != "AlreadyExists"

    @property
    def expired(self) -> bool:
        """The resource version to watch from is too old: list again."""
        return self.status == 410

    @property
    def transient(self) -> bool:
        """The same request may succeed a moment later."""
        return self.status in (0, 429) or self.status >= 500


class ApiUnreachable(ApiError):
    """The API server did not answer (connection refused, reset or timed out)."""

    def __init__(self, message: str) -> None:
        super().__init__(0, "Unreachable", message)
