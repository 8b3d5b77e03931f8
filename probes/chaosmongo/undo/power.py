"""A node that was cut off, or whose kubelet was stopped: the operator's command brings it back."""

import shlex
from collections.abc import Mapping
from typing import Any

from chaosmongo import commands
from chaosmongo.errors import CannotUndo

from .action import Done, Place
from .seal import is_ours

NAME = "start_node"
SETTING = "node_start_command"
TIMEOUT_S = 60


def undo(place: Place, arguments: Mapping[str, Any]) -> Done:
    """arguments: {"node": name, "command": [word, ...], "seal": of the command}. The command must be harmless where the
    node is back already.
    """
    node, words = arguments.get("node"), arguments.get("command")
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise CannotUndo(f"{words!r} is no command: node {node} must be started by hand")
    if not is_ours(place.run.run, words, str(arguments.get("seal") or "")):
        raise CannotUndo(
            f"the record says to start node {node} with `{shlex.join(words)}`, but it was recorded by somebody else, "
            "or elsewhere: run it yourself, if it is right"
        )
    said = commands.run(words, TIMEOUT_S)
    return Done(1, f"node {node}: {said.splitlines()[-1] if said else 'started'}")
