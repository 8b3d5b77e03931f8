"""What a check hands back."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from chaosmongo.history.results import Finding

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Checked(Generic[T_co]):
    """A check's result and its finding. No finding: the check does not apply to this run (no cluster, for one).

    doubts: what the check doubts of its own result, where that does not change the finding.
    """

    result: T_co
    finding: Finding | None
    doubts: tuple[str, ...] = ()
