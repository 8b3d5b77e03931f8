"""Aborts the experiment when a lane has been down for longer than its budget: users come before evidence."""

import logging
import threading
import time

from chaoslib.exit import exit_gracefully

from chaosmongo.progress import Progress
from chaosmongo.run import Recording

logger = logging.getLogger("chaostoolkit")

LOOKS_EVERY_S = 0.2


def abort(recording: Recording, what: str, **detail: str) -> None:
    """Interrupts the experiment in order, from any thread: its rollbacks are done, and it is judged. what, detail: the
    note of it; `reason` is told.
    """
    recording.note(what, **detail)
    logger.error("The experiment is aborted: %s", detail["reason"])
    exit_gracefully()


class Safeguard:
    """Watches a run's load from a thread of its own, from `start` to `stop`."""

    def __init__(self, recording: Recording, budget_s: float) -> None:
        self._recording = recording
        self._budget_s = budget_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="safeguard", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No abort comes after this."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            why = self._reason()
        except Exception as error:  # whatever it is, nobody watches any more
            why = f"the safeguard cannot tell any more whether users are served ({type(error).__name__}: {error})"
        if why and not self._stopped.is_set():
            abort(self._recording, "safeguard", reason=why)

    def _reason(self) -> str:
        """Returns when the experiment must be aborted, with the reason, or with "" when it is over."""
        progress = Progress(self._recording.directory)
        while not self._stopped.wait(LOOKS_EVERY_S):
            progress.look()
            down = progress.longest_down(time.monotonic_ns()) if self._recording.workload is not None else None
            if down is not None and down[1] > self._budget_s * 1e9:
                lane, down_ns = down
                return f"lane {lane} is down for {down_ns / 1e9:.1f} s, abort_outage_s is {self._budget_s:g} s"
        return ""
