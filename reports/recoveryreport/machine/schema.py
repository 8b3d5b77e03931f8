"""The JSON Schema of summary.json, made of its types.

python -m recoveryreport.machine.schema > docs/summary.schema.json
"""

import inspect
import json
import sys
from typing import Any

import msgspec

from .records import FORMAT, Summary


def schema() -> dict[str, Any]:
    """As msgspec makes it, with what the types' docstrings say."""
    made = msgspec.json.schema(Summary)
    for definition in made["$defs"].values():
        definition["description"] = inspect.cleandoc(definition["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"summary.json of chaostoolkit-mongodb, format {FORMAT}",
        **made,
    }


def encoded() -> bytes:
    """docs/summary.schema.json"""
    return (json.dumps(schema(), indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(encoded())
