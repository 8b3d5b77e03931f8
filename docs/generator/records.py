"""`{records} MODULE`: its record types. `{schema} MODULE:TYPE`: the JSON Schema of one, or of all of a module's."""

import inspect
import json
from typing import Any

import msgspec
from docutils import nodes

from . import text
from .declared import Field, fields
from .directive import FromCode


class Records(FromCode):
    """Every record type of a module, in the order of its source."""

    def run(self) -> list[nodes.Node]:
        module = self.module(self.arguments[0])
        return [*text.as_nodes(module.__doc__), *(self._section(kind) for kind in structs(module))]

    def _section(self, kind: type[msgspec.Struct]) -> nodes.section:
        declared = fields(kind)
        rest, meanings = text.split(kind.__doc__, [field.name for field in declared])
        contents = [node for paragraph in rest for node in text.block(paragraph)]
        if tag := kind.__struct_config__.tag:
            contents.append(nodes.paragraph("", "", *text.inline(f'A line of `"type": "{tag}"`.')))
        if declared:
            contents.append(text.table(["field", "type", "default", ""], [_row(field, meanings) for field in declared]))
        return self.section(f"{kind.__module__}.{kind.__name__}", text.code(kind.__name__), *contents)


class Schema(FromCode):
    """As msgspec makes it."""

    def run(self) -> list[nodes.Node]:
        of, _, name = self.arguments[0].partition(":")
        module = self.module(of)
        made = json.dumps(schema([getattr(module, name)] if name else structs(module)), indent=2, ensure_ascii=False)
        return [nodes.literal_block(made, made, language="json")]


def structs(module: Any) -> list[type[msgspec.Struct]]:
    found = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]
    return sorted(found, key=lambda kind: inspect.getsourcelines(kind)[1])


def schema(kinds: list[type[msgspec.Struct]]) -> dict[str, Any]:
    """Of a line that is one of these types."""
    shapes, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = inspect.cleandoc(definition["description"])
    whole = shapes[0] if len(kinds) == 1 else {"anyOf": list(shapes)}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "$defs": definitions}


def _row(field: Field, meanings: dict[str, str]) -> list[list[nodes.Node]]:
    told = field.told or meanings.get(field.name, "")
    return [
        [text.code(field.name)],
        [text.code(field.type)],
        [text.code(field.default)] if field.default else [],
        text.inline(" ".join(told.split())) if told else [],
    ]
