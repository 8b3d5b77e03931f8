"""What the directives share."""

import importlib
import inspect
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from . import text


class FromCode(SphinxDirective):
    """Takes the name of a module. A page is made anew when the source of one that it was made from changed."""

    required_arguments = 1

    def module(self, name: str) -> ModuleType:
        found = importlib.import_module(name)
        self.follow(found)
        return found

    def follow(self, source: Any) -> None:
        if file := inspect.getsourcefile(source):
            self.env.note_dependency(file)

    def section(self, name: str, title: nodes.Node, *contents: nodes.Node) -> nodes.section:
        """A section that `[](#name)` leads to."""
        made = text.section(name, title, *contents)
        self.state.document.note_explicit_target(made, made)
        return made
