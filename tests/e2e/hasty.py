"""A control that makes the lock of a run hasty: renewed every half second, stale after three. List it before the one
that records.
"""

from typing import Any

from chaosmongo import lease, lock


def configure_control(*_: Any, **__: Any) -> None:
    lock.DURATION_S, lock.RENEWED_EVERY_S, lock.TRIED_AGAIN_AFTER_S, lease.LOOKS_EVERY_S = 3, 0.5, 0.2, 0.2
