"""What is advised. Plain values: seconds, counts and texts."""

from typing import Any, Literal

import msgspec

FORMAT = 1
"""Version of what `chaos recovery advise --json` prints."""

Value = str | int | float | bool | None

Unit = Literal["s", "acknowledged writes"]


class Saving(msgspec.Struct, frozen=True):
    """Of what, and between which bounds the saving lies in a run like these. low 0: perhaps nothing."""

    of: str
    low: float
    high: float
    unit: Unit = "s"


class Proposal(msgspec.Struct, frozen=True):
    """A change of a setting. setting: in the field's words; now, then: its value; field: its path in the object, or how
    a client sets it. runs: how many of the runs bear it out.
    """

    setting: str
    field: str
    now: Value
    then: Value
    saving: Saving
    runs: int
    reason: str
    cost: str


class Change(Proposal, frozen=True, kw_only=True):
    """A change that a rule bears out. patch: of the pod's template, None where no object of Kubernetes holds the
    setting; var: what `chaos recovery trials` is given instead. condition: under which name runs differ once it is
    changed.
    """

    condition: str
    patch: dict[str, Any] | None = None
    var: dict[str, Value] = {}


class Nothing(msgspec.Struct, frozen=True):
    """A setting that was looked at, and why a change of it would save nothing, or is not known to."""

    setting: str
    reason: str


class Advice(Proposal, frozen=True):
    """A change with the commands for it. try_it, take_back: "" where nothing is to be patched. prove: in this order."""

    try_it: str
    take_back: str
    prove: list[str]


class Advised(msgspec.Struct, frozen=True):
    """Of runs that were measured alike. left_out: runs that cannot vouch for their numbers, with why."""

    runs: list[str]
    left_out: list[str]
    advice: list[Advice]
    nothing: list[Nothing]
    format: int = FORMAT
