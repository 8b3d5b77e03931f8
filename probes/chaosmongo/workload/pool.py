"""Operations that wait for their answer: each on a thread of its own, so that none waits for another."""

import queue
import threading
import time
from collections.abc import Callable

from chaosmongo.history.records import Invoke

from .outcome import Outcome

Perform = Callable[[Invoke], Outcome]


class Pool:
    """Starts each operation at its due time on a thread that is free then, at most `size` at once.

    Threads are made as they are needed. An operation handed over after its due time is started at once.
    """

    def __init__(self, name: str, perform: Perform, done: Callable[[Outcome], None], size: int) -> None:
        self._name = name
        self._perform = perform
        self._done = done
        self._size = size
        self._waiting: queue.SimpleQueue[Invoke | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open = 0

    @property
    def full(self) -> bool:
        """Whether as many operations are open as may be."""
        return self._open >= self._size

    @property
    def idle(self) -> bool:
        """Whether no operation is open."""
        return self._open == 0

    def submit(self, op: Invoke) -> None:
        with self._lock:
            self._open += 1
            if self._open > len(self._threads):
                thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._waiting.put(op)

    def _work(self) -> None:
        while (op := self._waiting.get()) is not None:
            early_s = (op.due_ns - time.monotonic_ns()) / 1e9
            if early_s > 0:
                time.sleep(early_s)
            self._done(self._perform(op))
            with self._lock:
                self._open -= 1

    def close(self) -> None:
        for _ in self._threads:
            self._waiting.put(None)
