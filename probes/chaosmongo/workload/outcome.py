"""What is known of an operation afterwards. Never guessed: where it cannot be told, it is info.

fail   provably not executed: nothing was sent, or the server refused it before it executed anything
info   everything else that is not ok; it may have happened
"""

import time

from chaosmongo.history.records import Fail, Info, Invoke, Ok

REFUSED_BEFORE_EXECUTION = frozenset(
    {
        13,  # Unauthorized
        18,  # AuthenticationFailed
        10107,  # NotWritablePrimary
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
    }
)
"""Codes with which MongoDB refuses a command before it does any of it (mongodb/mongo, error_codes.yml)."""

REFUSED_DOCUMENT = REFUSED_BEFORE_EXECUTION | {
    121,  # DocumentValidationFailure
    10334,  # BSONObjectTooLarge
    11000,  # DuplicateKey
}
"""Codes of a write error with which MongoDB says that the one document of an insert was not stored by it."""

Outcome = Ok | Fail | Info

LONGEST = 160
"""Characters of an error that are recorded."""


def shortened(error: BaseException | str) -> str:
    """One line for the record."""
    text = (
        error if isinstance(error, str) else f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    )
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def not_sent(op: Invoke, bound: int) -> Fail:
    """As many operations are under way as may be, so this one was not even tried."""
    return Fail(op.op, 0, time.monotonic_ns(), f"not sent: {bound} operations in flight")
