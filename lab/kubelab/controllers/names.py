"""Random suffixes, as metadata.generateName makes them."""

from __future__ import annotations

import secrets

from kubelab.controllers.revision import ALPHABET

LENGTH = 5


def random_suffix() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
