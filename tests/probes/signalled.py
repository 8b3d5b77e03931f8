"""Activities in which a SIGTERM comes where what Chaos Toolkit raises for it would be lost."""

import contextlib
import logging
import os
import signal


def in_a_log_line() -> None:
    logger = logging.getLogger("chaostoolkit")
    handler = _Signals()
    logger.addHandler(handler)
    try:
        logger.info("a line")
    finally:
        logger.removeHandler(handler)


def where_every_exception_is_caught() -> None:
    with contextlib.suppress(Exception):
        os.kill(os.getpid(), signal.SIGTERM)


class _Signals(logging.Handler):
    """Does as every handler of the library: what emitting raises is printed, and no more is heard of it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Exception:
            self.handleError(record)
