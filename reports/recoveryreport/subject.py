"""A run as its figures need it: worked out once, drawn in every theme."""

from dataclasses import dataclass
from functools import cached_property

import msgspec
from chaosmongo.history import History
from chaosmongo.history.redaction import redacted
from chaosmongo.history.results import Verdict

from . import words
from .parts import Part, divided
from .series import LaneSeries, lane_series, zero_ns


@dataclass(frozen=True)
class Subject:
    """A recorded run, its verdict without secrets, and the operations of its lanes as arrays.

    zero_ns: the moment that its figures count from. lanes: those that have operations, from the server outwards.
    """

    history: History
    verdict: Verdict
    zero_ns: int
    lanes: list[LaneSeries]

    @classmethod
    def of(cls, history: History, verdict: Verdict) -> "Subject":
        lanes = sorted(lane_series(history).values(), key=lambda series: words.lane_order(series.lane))
        # An older record may hold a password in what went wrong; a report is shown to others.
        shown = msgspec.convert(redacted(msgspec.to_builtins(verdict)), Verdict)
        return cls(history, shown, zero_ns(history), lanes)

    @cached_property
    def parts(self) -> list[Part]:
        """Of every lane, in order, without those in which no operation was due."""
        return divided(self)

    def at(self, time_ns: float) -> float:
        """Seconds after `zero_ns`."""
        return (time_ns - self.zero_ns) / 1e9
