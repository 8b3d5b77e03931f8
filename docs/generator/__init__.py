"""Pages of the reference, made from the code when the documentation is built, so that they cannot go stale.

text        a docstring as paragraphs, and what it says of each argument or field
declared    the fields of a class as its source declares them
activities  actions and probes, from their signatures
records     record types: fields and JSON Schema
settings    the configuration's keys
modules     the docstrings of a package's modules: one check, one rule, one file
commands    an argparse command line (`chaos recovery` is click's: sphinx-click)
"""

from typing import Any

from sphinx.application import Sphinx

from .activities import Activities
from .commands import Commands, plain
from .modules import Modules
from .records import Records, Schema
from .settings import Settings


def setup(app: Sphinx) -> dict[str, Any]:
    """One line a directive."""
    app.add_directive("activities", Activities)
    app.add_directive("commands", Commands)
    app.add_directive("modules", Modules)
    app.add_directive("records", Records)
    app.add_directive("schema", Schema)
    app.add_directive("settings", Settings)
    app.connect("sphinx-click-process-description", plain)
    return {"parallel_read_safe": True, "version": "1"}
