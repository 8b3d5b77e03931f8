"""The driver lane: inserts and reads through pymongo, as an application does them, retries and waiting included.

pymongo decides when to look for the server again; only the deadline of each operation is ours.
"""

import time

from chaosmongo import scores
from chaosmongo.database import Driver, DriverError
from chaosmongo.history.records import Fail, Info, Invoke, Ok

from .outcome import REFUSED_BEFORE_EXECUTION, Outcome, shortened
from .server import judged_document


class DriverLane:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def perform(self, op: Invoke) -> Outcome:
        sent = time.monotonic_ns()
        try:
            if op.f == "read":
                document = self._driver.find(op.key)
                return judged_document(op, document, sent, time.monotonic_ns())
            self._driver.insert({"_id": op.key, **scores.workload_score(op.key, op.op)})
        except DriverError as error:
            done = time.monotonic_ns()
            told = shortened(str(error))
            if error.sent and error.code not in REFUSED_BEFORE_EXECUTION:
                return Info(op.op, sent, done, told)
            return Fail(op.op, sent, done, told, waited=error.waited)
        return Ok(op.op, sent, time.monotonic_ns())
