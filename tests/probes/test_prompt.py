"""A thread that asks the kernel to be woken in time."""

import threading
from pathlib import Path

from chaosmongo.workload.prompt import wake_promptly


def timer_slack_ns() -> int:
    return int(Path(f"/proc/{threading.get_native_id()}/timerslack_ns").read_text())


def test_its_timers_are_not_bundled_with_others_and_no_other_thread_is_concerned() -> None:
    before, seen = timer_slack_ns(), []

    def prompt() -> None:
        wake_promptly()
        seen.append(timer_slack_ns())

    thread = threading.Thread(target=prompt)
    thread.start()
    thread.join()
    assert before > 1
    assert seen == [1]
    assert timer_slack_ns() == before
