"""Have the primary of a replica set step down: a planned election. Nothing needs to be taken back."""

from chaosmongo.activity import activity
from chaosmongo.history.records import Hit

from .selection import aim, at_least


@activity
def step_down_primary(namespace: str, for_s: float = 60, timeout_s: float = 30) -> dict:  # type: ignore[type-arg]
    """Asks the primary to step down, and not to become primary again for `for_s` seconds (replSetStepDown).

    timeout_s: seconds that a secondary has to catch up. Returns {"primary": host and port}. Fails where there is no
    primary, or where the user may not ask for it.
    """
    at_least("for_s", for_s, 1)
    at_least("timeout_s", timeout_s, 1)
    at = aim(namespace, min(timeout_s, 10))
    with at.recording.scores(timeout_s) as scores:
        primary = scores.primary()
        hit = Hit(kind="Server", name=primary, namespace=namespace)
        arguments = {"namespace": namespace, "for_s": for_s}
        with at.recording.fault("step_down_primary", [hit], "stepped down", arguments):
            scores.step_down(int(for_s), int(timeout_s))
    return {"primary": primary}
