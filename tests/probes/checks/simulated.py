"""A server whose truth is known, up or down in given intervals, and open-loop clients that ask it. Milliseconds."""

import random
from dataclasses import dataclass

from chaosmongo.history import Op

from .histories import op

DEADLINE_MS = 1000.0


@dataclass(frozen=True)
class Down:
    """manner: "refuses" (process gone: resets what is under way), "silent" (host gone: nothing ever answers) or
    "frozen" (answers when it thaws).
    """

    start_ms: float
    end_ms: float
    manner: str


@dataclass(frozen=True)
class Server:
    downs: tuple[Down, ...]

    def down_at(self, ms: float) -> Down | None:
        return next((down for down in self.downs if down.start_ms <= ms < down.end_ms), None)

    def ends_within(self, from_ms: float, to_ms: float) -> Down | None:
        return next((down for down in self.downs if from_ms < down.start_ms < to_ms), None)

    def answer(self, sent_ms: float, latency_ms: float) -> tuple[str, float]:
        """Outcome of an operation, and when it is known. It is executed half its latency after it was sent."""
        executed = sent_ms + latency_ms / 2
        down = self.down_at(sent_ms) or self.ends_within(sent_ms, executed)
        if down is None:
            return "ok", sent_ms + latency_ms
        begun = max(sent_ms, down.start_ms)
        if down.manner == "refuses":
            return "fail", begun + min(0.1, latency_ms / 2)
        if down.manner == "frozen" and down.end_ms + latency_ms < sent_ms + DEADLINE_MS:
            return "ok", down.end_ms + latency_ms
        return "info", sent_ms + DEADLINE_MS


def ask(
    server: Server, until_ms: float, every_ms: float, slowest_ms: float, seed: int, from_ms: float = -3000
) -> list[Op]:
    """What clients record that ask every `every_ms`, a little late; most answers are quick, one in twenty is slow."""
    rng = random.Random(seed)
    ops = []
    due = from_ms
    while due < until_ms:
        late = rng.uniform(0, 0.1 * every_ms)
        latency = rng.uniform(0.2, slowest_ms) if rng.random() < 0.05 else rng.uniform(0.1, 1.0)
        outcome, done = server.answer(due + late, latency)
        ops.append(op(len(ops) + 1, due, outcome, done - due - late, late))
        due += every_ms
    return ops
