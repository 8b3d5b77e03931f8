"""The manifests as kubectl reads a folder: its .yaml files in the order of their names, not its subfolders."""

from pathlib import Path
from typing import Any

import yaml

MANIFESTS = Path(__file__).parents[2] / "manifests"
FOLDERS = (MANIFESTS, *sorted(path for path in (MANIFESTS / "variants").iterdir() if path.is_dir()))
REPLICA_SET = MANIFESTS / "replica-set"
"""Another database, not the demo."""

Object = dict[str, Any]


def load(folder: Path) -> list[Object]:
    """Every object of a folder, in the order in which it is applied."""
    return [found for path in sorted(folder.glob("*.yaml")) for found in yaml.safe_load_all(path.read_text())]


def by_name(folder: Path) -> dict[tuple[str, str], Object]:
    """Objects by kind and name."""
    return {(item["kind"], item["metadata"]["name"]): item for item in load(folder)}


def flat(item: Any, path: str = "") -> dict[str, Any]:
    """Leaves of an object by their path; items of lists that have names go by those."""
    if isinstance(item, dict) and item:
        pairs = [(f"{path}.{key}", value) for key, value in item.items()]
    elif isinstance(item, list) and item:
        pairs = [
            (f"{path}[{part.get('name', index) if isinstance(part, dict) else index}]", part)
            for index, part in enumerate(item)
        ]
    else:
        return {path: item}
    return {leaf: value for inner, part in pairs for leaf, value in flat(part, inner).items()}
