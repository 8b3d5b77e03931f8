"""What a look ahead can find."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """error: the fault would be refused, would hit nothing, or could not be taken back. warning: it would be done, and
    this is what comes of it. remedy: the command or setting that would change that, "" where there is none to be told.
    """

    level: Literal["error", "warning"]
    text: str
    remedy: str = ""


def error(text: str, remedy: str = "") -> Finding:
    return Finding("error", text, remedy)


def warning(text: str, remedy: str = "") -> Finding:
    return Finding("warning", text, remedy)


def any_error(findings: Iterable[Finding]) -> bool:
    return any(finding.level == "error" for finding in findings)
