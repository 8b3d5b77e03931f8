"""Operations that wait for their answer: each on a thread of its own, so that none waits for another."""

import queue
import threading
import time
from collections.abc import Callable

from chaosmongo.history.records import Info, Invoke

from .outcome import Outcome, not_sent, shortened

Perform = Callable[[Invoke], Outcome]


class Pool:
    """Performs each operation from its due time on, at most `size` at once; one that exceeds this is not sent.

    The threads take turns: one waits for the next due time and then performs that operation itself, while the next
    thread waits in its place. So no operation is handed from thread to thread when it is due, and there is never more
    than one thread more than operations under way. Threads are made as they are needed.
    """

    def __init__(self, name: str, perform: Perform, done: Callable[[Outcome], None], size: int) -> None:
        self._name = name
        self._perform = perform
        self._done = done
        self._size = size
        self._waiting: queue.SimpleQueue[Invoke | None] = queue.SimpleQueue()
        self._turn = threading.Lock()
        self._counts = threading.Lock()
        self._submitted = 0
        self._under_way = 0
        self._threads = 0

    @property
    def idle(self) -> bool:
        """Whether everything that was submitted is over."""
        return self._submitted == 0

    def submit(self, op: Invoke) -> None:
        """Operations are submitted in the order of their due times."""
        with self._counts:
            self._submitted += 1
        self._waiting.put(op)
        self._hire()

    def close(self) -> None:
        """The threads end with what they are doing."""
        self._waiting.put(None)

    def _hire(self) -> None:
        """Sees to it that somebody will wait for the operation after the next one."""
        with self._counts:
            if self._threads > min(self._under_way + 1, self._size):
                return
            self._threads += 1
        threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._turn:
                op = self._waiting.get()
                if op is None:
                    self._waiting.put(None)
                    return
                self._hire()
                early_s = (op.due_ns - time.monotonic_ns()) / 1e9
                if early_s > 0:
                    time.sleep(early_s)
                with self._counts:
                    admitted = self._under_way < self._size
                    self._under_way += admitted
            self._done(self._performed(op) if admitted else not_sent(op, self._size))
            with self._counts:
                self._under_way -= admitted
                self._submitted -= 1

    def _performed(self, op: Invoke) -> Outcome:
        began_ns = time.monotonic_ns()
        try:
            return self._perform(op)
        except Exception as error:  # an answer that nobody foresaw: it may have happened, and the lane goes on
            return Info(op.op, began_ns, time.monotonic_ns(), shortened(error))
