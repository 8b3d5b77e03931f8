"""`chaos recovery lint`: a line a finding, and an exit code."""

from pathlib import Path

from click.testing import CliRunner, Result
from recoveryreport.commands.lint import lint

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
GOOD = EXPERIMENTS / "mongo-pod-delete.yaml"


def invoke(*files: Path) -> Result:
    result = CliRunner().invoke(lint, [str(file) for file in files])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def misspelt(directory: Path) -> Path:
    file = directory / "a.yaml"
    file.write_text(GOOD.read_text().replace("    pauses:", "    backgroud: true\n    pauses:", 1))
    return file


def test_exits_0_and_says_nothing_where_nothing_is_found() -> None:
    result = invoke(GOOD, GOOD)
    assert (result.exit_code, result.output) == (0, "")


def test_exits_1_and_names_file_line_and_remedy(tmp_path: Path) -> None:
    file = misspelt(tmp_path)
    line = file.read_text().splitlines().index("    backgroud: true") + 1
    result = invoke(GOOD, file)
    assert result.exit_code == 1
    assert result.stdout == f"{file}:{line}: nothing reads backgroud in the activity; did you mean background?\n"


def test_exits_2_where_one_cannot_be_read_and_tells_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("[")
    result = invoke(tmp_path / "none.yaml", tmp_path / "b.yaml", misspelt(tmp_path))
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 1
    none, bad = result.stderr.splitlines()
    assert none == f"Error: {tmp_path}/none.yaml is no experiment: it cannot be read: No such file or directory"
    assert bad.startswith(f"Error: {tmp_path}/b.yaml is no experiment: line 1: it is no YAML")


def test_needs_a_file() -> None:
    assert invoke().exit_code == 2
