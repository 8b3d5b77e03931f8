"""The recipe for the Pac-Man demo's image."""

from __future__ import annotations

from kubelab.images.python import full
from kubelab.images.recipe import Recipe
from kubelab.images.reference import last_part

PACMAN = Recipe(
    name="quay.io/ifont/pacman-nodejs-app",
    matches=lambda repo: "pacman" in last_part(repo),
    entrypoint=full("kubelab.images.pacman"),
)
