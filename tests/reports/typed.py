"""`chaos recovery`, as a person would type it."""

from click.testing import CliRunner, Result
from recoveryreport.commands import recovery


def typed(command: str, *arguments: object) -> Result:
    """What the command printed, and how it exited. An error that is not told in words fails the test."""
    result = CliRunner().invoke(recovery, [command, *map(str, arguments)], env={"COLUMNS": "80"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result
