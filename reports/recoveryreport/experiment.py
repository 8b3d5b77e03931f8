"""What the experiment asked, and its own text, as far as they are on record; nothing secret is shown."""

import msgspec
import yaml
from chaosmongo.history import History
from chaosmongo.history.redaction import redacted

from .words import harmless


def title(history: History) -> str:
    """The question, as the experiment's title asks it."""
    return str(redacted(history.run.title)).strip() or "The experiment has no title on record"


def description(history: History) -> str:
    """What it does, expects and risks, in as many lines as it was written in."""
    told = _lines(str(redacted(history.run.description)).strip())
    return told or "The experiment has no description on record."


def text(history: History) -> str:
    """The experiment as YAML, without its configuration and its secrets; empty where it is not on record."""
    recorded = redacted(msgspec.to_builtins(history.run.experiment))
    if not recorded:
        return ""
    return _lines(yaml.safe_dump(recorded, sort_keys=False, allow_unicode=True, width=100))


def _lines(text: str) -> str:
    return "\n".join(map(harmless, text.splitlines()))
