"""`{settings} MODULE:CLASS`: the keys of an experiment's configuration, with types and defaults."""

from docutils import nodes

from . import text
from .declared import fields
from .directive import FromCode


class Settings(FromCode):
    """From the fields of the class that reads them."""

    def run(self) -> list[nodes.Node]:
        of, _, name = self.arguments[0].partition(":")
        kind = getattr(self.module(of), name)
        declared = fields(kind)
        rest, meanings = text.split(kind.__doc__, [field.name for field in declared])
        rows = [
            [
                [text.code(field.name)],
                [text.code(field.type)],
                [text.code(field.default)],
                text.inline(meanings[field.name]) if field.name in meanings else [],
            ]
            for field in declared
        ]
        made: list[nodes.Node] = [text.table(["key", "type", "default", ""], rows)]
        return made + [node for paragraph in rest for node in text.block(paragraph)]
