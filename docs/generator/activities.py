"""`{activities} MODULE`: its activities with their arguments. `:from:` takes those of one package."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives

from . import text
from .directive import FromCode

Function = Callable[..., Any]


class Activities(FromCode):
    """One section an activity. The docstring of a module that holds one activity alone tells of it, too."""

    option_spec: ClassVar[dict[str, Any]] = {"from": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        words = self.module(self.arguments[0])
        within = self.options.get("from", "")
        functions = [inspect.unwrap(getattr(words, name)) for name in sorted(words.__all__)]
        chosen = [function for function in functions if function.__module__.startswith(within)]
        homes = [function.__module__ for function in chosen]
        return [self._section(function, homes.count(function.__module__) == 1) for function in chosen]

    def _section(self, function: Function, alone: bool) -> nodes.section:
        home = self.module(function.__module__)
        parameters = list(inspect.signature(function).parameters.values())
        rest, meanings = text.split(function.__doc__, [parameter.name for parameter in parameters])
        contents = [node for paragraph in rest for node in text.block(paragraph)]
        if alone:
            contents += text.as_nodes(home.__doc__)
        if parameters:
            contents.insert(1, text.table(["argument", "type", "default", ""], [_row(p, meanings) for p in parameters]))
        return self.section(function.__name__, text.code(function.__name__), *contents)


def _row(parameter: inspect.Parameter, meanings: dict[str, str]) -> list[list[nodes.Node]]:
    default: list[nodes.Node] = (
        [nodes.Text("needed")] if parameter.default is parameter.empty else [text.code(repr(parameter.default))]
    )
    return [
        [text.code(parameter.name)],
        [text.code(inspect.formatannotation(parameter.annotation))],
        default,
        text.inline(meanings[parameter.name]) if parameter.name in meanings else [],
    ]
