"""Image references: registry.example:5000/path/name:tag@sha256:... ."""

from __future__ import annotations


def repository(image: str) -> str:
    """The image's name without tag and digest; a colon before the last slash belongs to the registry's port."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def last_part(repo: str) -> str:
    """The last path part of a repository: 'mongo' of docker.io/library/mongo."""
    return repo.rpartition("/")[2]
