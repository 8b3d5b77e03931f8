"""Waiting until a fault is over."""

import time

from chaosmongo import run
from chaosmongo.activity import activity
from chaosmongo.errors import WorkloadFailed
from chaosmongo.progress import Progress

LOOKS_EVERY_S = 0.1
"""Only how soon the experiment goes on depends on it: what is measured is computed from the record."""


@activity
def wait_for_recovery(timeout_s: float = 60) -> dict:  # type: ignore[type-arg]
    """Waits until the last fault has taken effect and every lane works again, or until timeout_s have passed.

    Taken effect: what was deleted is replaced and Ready. Works: a stable streak of at least 20 operations and 1 s.

    Returns {"recovered": bool, "waited_s": seconds}. It does not fail where nothing recovers: that is for the checks to
    say. Fails where the workload is not running.
    """
    recording = run.current()
    begin = time.monotonic()
    progress = Progress(recording.directory)
    while time.monotonic() - begin < timeout_s:
        if recording.workload is None or not recording.workload.running:
            reason = recording.workload.why() if recording.workload else "no workload runs: start_workload comes first"
            raise WorkloadFailed(reason)
        progress.look()
        effect_ns = recording.effect_ns()
        if effect_ns is not None and progress.stable_since(effect_ns):
            return {"recovered": True, "waited_s": round(time.monotonic() - begin, 3)}
        time.sleep(LOOKS_EVERY_S)
    return {"recovered": False, "waited_s": round(time.monotonic() - begin, 3)}
