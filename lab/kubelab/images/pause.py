"""The pause image: does nothing until it is told to end. A shell, for a node may hold hundreds of them."""

from __future__ import annotations

from kubelab.images.recipe import Recipe
from kubelab.images.reference import last_part

_SLEEP = "trap 'kill $!; exit 0' TERM INT; sleep 2147483647 & wait $!"

PAUSE = Recipe(
    name="registry.k8s.io/pause",
    matches=lambda repo: last_part(repo) == "pause",
    entrypoint=("/bin/sh", "-c", _SLEEP, "pause"),
)
