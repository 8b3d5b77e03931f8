"""Names for versions of a pod template."""

from __future__ import annotations

import json
from typing import Any

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so that no name spells a word (k8s.io/apimachinery/pkg/util/rand)."""


def template_hash(template: Any, collisions: int = 0) -> str:
    """FNV-1a (32 bits) of the template's JSON, written as Kubernetes writes such hashes.

    Its value differs from Kubernetes' own, which hashes Go's print-out of the structure.
    """
    value = 2166136261
    text = json.dumps(template, sort_keys=True, separators=(",", ":")) + (str(collisions) if collisions else "")
    for byte in text.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in str(value))
