"""The recipe for the runner's image, which the Containerfile at the repository's root builds."""

from __future__ import annotations

from kubelab.images.python import lean
from kubelab.images.recipe import Recipe
from kubelab.images.reference import last_part

_LAUNCHER = lean("chaos.launcher")
_PROGRAMS = ("chaos", "python", "python3", "sh", "cat", "ls", "tar")
"""Ours, and what people use to look into a container; each knows the container's paths."""

CHAOS = Recipe(
    name="chaostoolkit-mongodb",
    matches=lambda repo: last_part(repo) == "chaostoolkit-mongodb",
    entrypoint=(*_LAUNCHER, "chaos", "--no-version-check", "--no-log-file"),
    programs={name: (*_LAUNCHER, name) for name in _PROGRAMS},
)
