"""All undo actions by name. A fault that must be taken back has its action in its own file, and a line here."""

from . import registration, scores, seeds
from .action import Action

ACTIONS: dict[str, Action] = {
    scores.NAME: scores.remove,
    seeds.NAME: seeds.remove,
    registration.NAME: registration.remove,
}
