"""The fields of a class as its source declares them: names, types, defaults, and what is written below them."""

import ast
import inspect
import itertools
import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """default and told are "" where there are none."""

    name: str
    type: str
    default: str
    told: str


def fields(kind: type) -> list[Field]:
    """In order, without those of its bases."""
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(made, ast.ClassDef)
    found = []
    for one, following in itertools.zip_longest(made.body, made.body[1:]):
        if not isinstance(one, ast.AnnAssign) or not isinstance(one.target, ast.Name):
            continue
        of = ast.unparse(one.annotation)
        if not of.startswith("ClassVar"):
            default = ast.unparse(one.value) if one.value else ""
            found.append(Field(one.target.id, of, default, _string(following)))
    return found


def _string(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return ""
