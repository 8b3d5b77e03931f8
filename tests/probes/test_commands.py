"""Commands of the operator's: run as they were written, ended in time, and told in one message."""

import sys
import time

import pytest
from chaosmongo import commands
from chaosmongo.errors import BadConfiguration, FaultFailed

from tests.e2e.commands import processes_mentioning


class TestTheWords:
    def test_are_those_of_a_shell_with_the_values_put_in_and_no_shell(self) -> None:
        words = commands.command("node_crash_command", "ssh {node} 'sudo poweroff; true' $HOME", node="n-1")
        assert words == ["ssh", "n-1", "sudo poweroff; true", "$HOME"]

    @pytest.mark.parametrize("text", ["", "  "])
    def test_are_missed_where_nothing_is_set(self, text: str) -> None:
        with pytest.raises(BadConfiguration, match=r"node_crash_command .environment variable NODE_CRASH_COMMAND"):
            commands.command("node_crash_command", text, node="n-1")

    @pytest.mark.parametrize("text", ["ssh 'x", "ssh {host}", "ssh {0}", "ssh {"])
    def test_that_cannot_be_read_are_named(self, text: str) -> None:
        with pytest.raises(BadConfiguration, match=r"cannot be read as a command .*\{node\} is put in"):
            commands.command("node_crash_command", text, node="n-1")


class TestRunning:
    def test_gives_what_was_said(self) -> None:
        assert commands.run(["echo", "it is done"], 5) == "it is done"

    def test_that_fails_tells_what_was_said(self) -> None:
        with pytest.raises(FaultFailed, match=r"failed \(exit status 3\): no such node"):
            commands.run(["sh", "-c", "echo no such node >&2; exit 3"], 5)

    def test_of_what_is_not_there_says_so(self) -> None:
        with pytest.raises(FaultFailed, match="nowhere/to/be cannot be run: No such file"):
            commands.run(["nowhere/to/be"], 5)

    def test_takes_along_what_it_started_when_its_time_is_over(self) -> None:
        mark = f"mark-{time.monotonic_ns()}"
        child = (
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)', '{mark}'])"
        )
        with pytest.raises(FaultFailed, match=r"did not end within 0.5 s, and was killed"):
            commands.run([sys.executable, "-c", child], 0.5)
        assert processes_mentioning(mark) == []
