"""Delete one pod again and again, each time as a fault of its own. Nothing needs to be taken back."""

import time

from chaosmongo.activity import activity
from chaosmongo.errors import BadArgument, NothingToHit

from .delete_pod import GRACE_OF_THE_POD, check_grace, delete
from .selection import Aim, aim, at_least

LOOKS_EVERY_S = 0.1
MOST = 1000


@activity
def kill_repeatedly(
    namespace: str,
    name: str,
    times: int = 3,
    every_s: float = 10,
    grace_period_s: int = GRACE_OF_THE_POD,
    timeout_s: float = 60,
) -> dict:  # type: ignore[type-arg]
    """Deletes the pod `name` in `namespace`, `times` times, every `every_s` seconds (at least 1) from one to the next.

    Where the time has come and the pod is not there, or still going, it waits for it for at most timeout_s seconds.
    grace_period_s: as in delete_pod. Returns {"deleted": how often}. Fails like delete_pod.
    """
    if type(times) is not int or not 1 <= times <= MOST:
        raise BadArgument(f"times is {times!r}: it must be a whole number from 1 to {MOST}")
    at_least("every_s", every_s, 1)
    at_least("timeout_s", timeout_s, 0)
    check_grace(grace_period_s)
    at = aim(namespace, min(timeout_s, 10))
    due = time.monotonic()
    for number in range(times):
        time.sleep(max(0.0, due - time.monotonic()))
        began = time.monotonic()
        _one(at, name, grace_period_s, began + (timeout_s if number else 0))
        due = began + every_s
    return {"deleted": times}


def _one(at: Aim, name: str, grace_period_s: int, until: float) -> None:
    """The first must be there at once; later ones are waited for."""
    while True:
        try:
            delete(at, "kill_repeatedly", name, "", grace_period_s)
        except NothingToHit:
            if time.monotonic() > until:
                raise
            time.sleep(LOOKS_EVERY_S)
        else:
            return
