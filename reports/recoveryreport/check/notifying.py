"""Tells what came of a check through Chaos Toolkit's own notifications: its settings, its channels, its event filters.

    notifications:
      - type: http
        url: https://example.com/hook
        events: [recovery-check-failed, recovery-check-unknown]

Chaos Toolkit says of a channel that failed nothing but a line of debug, which holds the channel's address and whatever
secret that has in it. Here it is told that it failed, and the lines are held back.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from chaoslib.notification import FlowEvent, notify

from recoveryreport.errors import CannotCheck
from recoveryreport.words import harmless

from .outcome import Outcome

logger = logging.getLogger("chaostoolkit")

KINDS = ("http", "plugin")
"""Types of channels that Chaos Toolkit knows."""


class RecoveryCheckEvent(FlowEvent):  # type: ignore[misc]
    """Names of the events, as the settings' filters take them."""

    Passed = "recovery-check-passed"
    Failed = "recovery-check-failed"
    Unknown = "recovery-check-unknown"


def channels(file: Path) -> list[dict[str, Any]]:
    """The notification channels of a settings file; none where there is no file. Raises CannotCheck."""
    try:
        settings = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CannotCheck(f"The settings {file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise CannotCheck(f"The settings {file} are no YAML") from None  # what is wrong may hold a secret
    found = (settings or {}).get("notifications") or [] if isinstance(settings or {}, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CannotCheck(f"The settings {file} hold no list of notifications")
    return found


def tell(found: list[dict[str, Any]], outcome: Outcome) -> list[str]:
    """Sends the outcome through every channel that wants it; what failed, one line each, without secrets."""
    event, wrong = RecoveryCheckEvent(f"recovery-check-{outcome.answer}"), []
    for number, channel in enumerate(found, 1):
        if why := _failure(channel, event, payload(outcome)):
            wrong.append(f"Notification {number} ({_shown(channel)}) was not sent: {why}")
    return wrong


def payload(outcome: Outcome) -> dict[str, Any]:
    """What is sent."""
    return {
        "experiment": outcome.experiment,
        "verdict": outcome.answer,
        "sentence": outcome.sentence,
        "exit_code": outcome.exit_code,
        "run": None if outcome.directory is None else f"{outcome.directory.parent.name}/{outcome.directory.name}",
        "directory": None if outcome.directory is None else str(outcome.directory),
        "undone": outcome.undone,
        "refused": outcome.refused,
    }


def _failure(channel: dict[str, Any], event: RecoveryCheckEvent, sent: dict[str, Any]) -> str:
    """Why a channel failed; "" where it did not, or does not want the event."""
    if channel.get("type") not in KINDS:
        return f"its type is none of {', '.join(KINDS)}"  # Chaos Toolkit passes over it without a word
    with _held_back() as failed:
        try:
            notify({"notifications": [channel]}, event, sent)
        except Exception as error:  # whatever it is, it changes no verdict
            failed.append(type(error).__name__)
    return failed[0] if failed else ""


@contextmanager
def _held_back() -> Iterator[list[str]]:
    """What Chaos Toolkit logs of failures meanwhile, in words without secrets, instead of being logged."""
    failed: list[str] = []
    level = logger.getEffectiveLevel()

    def hold(record: logging.LogRecord) -> bool:
        if record.module != "notification":
            return record.levelno >= level
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        failed.append(type(error).__name__ if error is not None else _reason(record))
        return False

    before = logger.level
    logger.addFilter(hold)
    logger.setLevel(logging.DEBUG)
    try:
        yield failed
    finally:
        logger.setLevel(before)
        logger.removeFilter(hold)


def _reason(record: logging.LogRecord) -> str:
    """Of a message that may hold the address: the status of an HTTP answer, or what is missing."""
    text = record.getMessage()
    if "failed with:" in text:
        return f"HTTP {text.rpartition('failed with:')[2].split(' for url')[0].strip()}"
    return "the channel has no url" if "missing url" in text else "its module or function is not to be found"


def _shown(channel: dict[str, Any]) -> str:
    kind = str(channel.get("type"))
    if kind != "http":
        return harmless(f"{kind} {channel.get('module') or ''}".strip())
    try:
        host = urlsplit(str(channel.get("url"))).hostname
    except ValueError:
        host = None
    return harmless(f"http {host or 'without a host'}")
