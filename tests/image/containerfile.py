"""The Containerfile as its instructions, and what it copies from the repository."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "Containerfile"


@dataclass(frozen=True)
class Instruction:
    """One, like FROM, with the rest of its line."""

    name: str
    rest: str


def instructions() -> list[Instruction]:
    """In order; lines that go on are one, comments are none."""
    lines = [line for line in CONTAINERFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", "").splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in whole]


def stages() -> list[list[Instruction]]:
    """Each begins with its FROM; what stands before the first is left out."""
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction.name == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


def final(name: str) -> list[str]:
    """What the image itself is told by this instruction."""
    return [instruction.rest for instruction in stages()[-1] if instruction.name == name]


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for rest in final("ENV") for word in rest.split())


def entrypoint() -> list[str]:
    (found,) = final("ENTRYPOINT")
    words: list[str] = json.loads(found)
    return words


def context(directory: Path) -> Path:
    """What a builder would send: the repository, less what .dockerignore leaves out. It names what is let in."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    everything, *rest = rules
    assert everything == "*"
    left_out = [rule.removeprefix("**/") for rule in rest if rule.startswith("**/")]
    for rule in rest:
        if rule.startswith("!"):
            source = ROOT / rule[1:]
            if source.is_dir():
                shutil.copytree(source, directory / rule[1:], ignore=shutil.ignore_patterns(*left_out))
            else:
                shutil.copy(source, directory)
    return directory
