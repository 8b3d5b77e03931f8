"""The recipes for MongoDB's official image and Bitnami's."""

from __future__ import annotations

from kubelab.images.python import lean
from kubelab.images.recipe import Recipe
from kubelab.images.reference import last_part

_ENTRYPOINT = lean("mongo.entrypoint")
_PROGRAMS = {"mongod": (*_ENTRYPOINT, "none"), "mongosh": lean("mongo.mongosh"), "pidof": lean("mongo.pidof")}

MONGO = Recipe(
    name="mongo",
    matches=lambda repo: last_part(repo) == "mongo",
    entrypoint=(*_ENTRYPOINT, "official"),
    programs={**_PROGRAMS, "docker-entrypoint.sh": (*_ENTRYPOINT, "official")},
)

BITNAMI = Recipe(
    name="bitnami/mongodb",
    matches=lambda repo: repo.endswith(("bitnami/mongodb", "bitnamilegacy/mongodb")),
    entrypoint=(*_ENTRYPOINT, "bitnami"),
    programs=_PROGRAMS,
)
