"""Commands of the operator's, for what no API of Kubernetes does: cutting a node off, bringing it back."""

import shlex
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from os import killpg

from chaosmongo.errors import BadConfiguration, FaultFailed

SHOWN = 300
"""Characters of a failed command's output that are told."""


def command(setting: str, text: str, **values: str) -> list[str]:
    """The command of a configuration key, with the values put in for {name}. Raises BadConfiguration."""
    if not text.strip():
        raise BadConfiguration(
            f"configuration {setting} (environment variable {setting.upper()}) is not set: Kubernetes has no way to do "
            f"this, so say how it is done here, like: ssh {{node}} sudo ..."
        )
    try:
        words = [word.format(**values) for word in shlex.split(text)]
    except (ValueError, KeyError, IndexError) as error:
        known = ", ".join(f"{{{name}}}" for name in values) or "nothing"
        raise BadConfiguration(
            f"configuration {setting}: {text!r} cannot be read as a command ({error}); {known} is put in"
        ) from None
    return words


def run(words: Sequence[str], timeout_s: float) -> str:
    """Runs a command to its end; what it printed. Raises FaultFailed where it fails or takes longer."""
    shown = shlex.join(words)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise FaultFailed(f"{words[0]} cannot be run: {error.strerror}") from None
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise FaultFailed(f"`{shown}` did not end within {timeout_s:g} s, and was killed") from None
    finally:
        if process.poll() is None:  # also where we are interrupted
            with suppress(ProcessLookupError):
                killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode != 0:
        raise FaultFailed(f"`{shown}` failed (exit status {process.returncode}): {output.strip()[-SHOWN:]}")
    return output.strip()
