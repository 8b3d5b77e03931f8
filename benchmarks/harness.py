"""What every benchmark uses: the rows of the table, and where raw samples are kept."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

RESULTS = Path(__file__).with_name("results")
"""Raw samples, one JSON-lines file for each benchmark; ignored by git, replaced by the next run of the same name."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    value       what was measured, with its unit
    reference   what it is compared with, where it is compared
    ratio       value to reference
    n           how many measurements `value` stands for
    spread      how far they lie apart, and in which sense ("4.1 to 5.0 s")
    wanted      what it should be
    met         whether it is; None: nothing is wanted of it, or this many measurements cannot tell
    """

    what: str
    value: str
    reference: str = ""
    ratio: str = ""
    n: int = 0
    spread: str = ""
    wanted: str = ""
    met: bool | None = None


def keep(name: str, records: Iterable[Mapping[str, object]]) -> Path:
    """Writes raw samples to results/<name>.jsonl in place of those of the last time, and says where they are."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.jsonl"
    encoder = msgspec.json.Encoder(enc_hook=str)
    with path.open("wb") as file:
        for record in records:
            file.write(encoder.encode(record) + b"\n")
    return path


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def extent(values: Sequence[float], unit: str, places: int = 2) -> str:
    """From the smallest to the largest, like "0.10 to 0.52 ms"."""
    return f"{min(values):.{places}f} to {max(values):.{places}f} {unit}"
