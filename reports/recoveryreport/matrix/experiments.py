"""What can be set in an experiment."""

import json
from pathlib import Path

from .strict import parse

SUFFIXES = (".yaml", ".yml", ".json")
"""What Chaos Toolkit takes."""


def configuration_keys(experiment: Path) -> frozenset[str]:
    """What can be set with --var: Chaos Toolkit ignores any other key without a word. Raises ValueError with what is
    wrong with the file, and what to do.
    """
    if experiment.suffix not in SUFFIXES:
        raise ValueError(f"{experiment} is no experiment: name a file that ends in {', '.join(SUFFIXES)}")
    try:
        text = experiment.read_text("utf-8")
        document = json.loads(text) if experiment.suffix == ".json" else parse(text)
    except OSError as error:
        raise ValueError(
            f"{experiment} cannot be read ({error.strerror}): name the experiment's file, relative to the matrix file"
        ) from None
    except ValueError as error:  # also what is no UTF-8
        raise ValueError(f"{experiment} is no experiment ({error}): mend it, or name another one") from None
    if not isinstance(document, dict) or "method" not in document:
        raise ValueError(f"{experiment} is no experiment, it has no method: name another one")
    configuration = document.get("configuration")
    return frozenset(map(str, configuration)) if isinstance(configuration, dict) else frozenset()


def beside(file: Path, named: str) -> str:
    """The path of an experiment that a file names relative to itself, as one would write it from here."""
    path = Path(file.parent, named).resolve()
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
