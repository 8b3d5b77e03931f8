"""How long to wait before trying again: 10 s, doubling up to 5 minutes (client-go/util/flowcontrol/backoff.go)."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_S = 10
LONGEST_S = 300


class BackOff:
    """The waits between restarts of one container, or between pulls of one image."""

    def __init__(self) -> None:
        self.seconds = 0
        self._updated: datetime | None = None

    def remaining_s(self, since: datetime, now: datetime) -> float:
        """Seconds left of the wait that began with the failure at `since`; 0 when there is none."""
        if self.seconds == 0 or self._expired(since):
            return 0.0
        return max(0.0, (since + timedelta(seconds=self.seconds) - now).total_seconds())

    def next(self, since: datetime, now: datetime) -> None:
        """A new try begins, after the failure at `since`: should it fail, too, the wait is twice as long."""
        again = self.seconds and not self._expired(since)
        self.seconds = min(self.seconds * 2, LONGEST_S) if again else FIRST_S
        self._updated = now

    def _expired(self, since: datetime) -> bool:
        return self._updated is not None and since - self._updated > timedelta(seconds=2 * LONGEST_S)


def duration(seconds: int) -> str:
    """As Go prints durations: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
