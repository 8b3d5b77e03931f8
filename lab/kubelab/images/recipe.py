"""What a recipe is: an image's entrypoint, and the programs that people expect on the PATH inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recipe:
    """One image, as local programs. Command lines are complete; a container's arguments are appended to them."""

    name: str  # as shown in the list of known images
    matches: Callable[[str], bool]  # does it stand for this repository (an image name without tag and digest)?
    entrypoint: tuple[str, ...]
    programs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # program on the PATH -> command line
