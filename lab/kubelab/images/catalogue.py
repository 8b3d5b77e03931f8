"""The recipes that the lab knows, and the processes made from them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kubelab.images.chaos.recipe import CHAOS
from kubelab.images.container import Container, Process
from kubelab.images.errors import UnknownImage
from kubelab.images.mongo.recipe import BITNAMI, MONGO
from kubelab.images.pacman.recipe import PACMAN
from kubelab.images.pause import PAUSE
from kubelab.images.recipe import Recipe
from kubelab.images.reference import repository

RECIPES = (MONGO, BITNAMI, PACMAN, CHAOS, PAUSE)


def known() -> list[str]:
    """Names of the images that have a recipe, for people to read."""
    return [recipe.name for recipe in RECIPES]


def start(container: Container) -> Process:
    """The container's own process: the image's entrypoint, or the command of the pod spec in its place.

    Raises UnknownImage when no recipe stands for the image.
    """
    return _process(container, (*(container.command or _recipe(container.image).entrypoint), *container.args))


def run_inside(container: Container, command: Sequence[str], first_process: int) -> Process:
    """One more process in the same surroundings: an exec probe, or `kubectl exec`. Raises UnknownImage.

    first_process: the id of the container's own, which programs inside know its processes by.
    """
    process = _process(container, tuple(command))
    return replace(process, env={**process.env, "KUBELAB_FIRST_PROCESS": str(first_process)})


def _recipe(image: str) -> Recipe:
    name = repository(image)
    for recipe in RECIPES:
        if recipe.matches(name):
            return recipe
    raise UnknownImage(image, known())


def _process(container: Container, argv: tuple[str, ...]) -> Process:
    programs = _install_programs(_recipe(container.image), container.directory)
    env = dict(container.env)
    env["PATH"] = ":".join(filter(None, (str(programs), env.get("PATH"))))
    env["KUBELAB_POD_IP"] = container.pod_ip
    env["KUBELAB_MOUNTS"] = json.dumps({path: str(host) for path, host in container.mounts.items()})
    return Process(argv, env, container.directory)


def _install_programs(recipe: Recipe, directory: Path) -> Path:
    """Write the image's programs as small shell scripts into the container; return their directory."""
    folder = directory / ".image"
    folder.mkdir(parents=True, exist_ok=True)
    for name, command in recipe.programs.items():
        script = folder / name
        text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
        if not script.exists() or script.read_text() != text:
            script.write_text(text)
            script.chmod(0o755)
    return folder
