"""`{modules} PACKAGE`: what the docstring of each of its modules says. `:only:` takes some, in that order."""

import importlib
import pkgutil
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives

from . import text
from .directive import FromCode


class Modules(FromCode):
    """One section a module."""

    option_spec: ClassVar[dict[str, Any]] = {"only": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        package = self.module(self.arguments[0])
        names = self.options.get("only", "").split() or sorted(m.name for m in pkgutil.iter_modules(package.__path__))
        return [self._section(f"{package.__name__}.{name}") for name in names]

    def _section(self, name: str) -> nodes.section:
        module = importlib.import_module(name)
        self.follow(module)
        return self.section(name, text.code(name.rpartition(".")[2]), *text.as_nodes(module.__doc__))
