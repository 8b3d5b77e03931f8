"""Seeded scores that are digested without being decoded: either as decoding them would have it, or not at all."""

import itertools
import random
from typing import Any

import bson
import pytest
from bson.errors import InvalidBSON
from chaosmongo import readback, scores
from chaosmongo.database import Batch
from chaosmongo.undecoded import digested
from hypothesis import given, settings
from hypothesis import strategies as st

SEED = 42
MARKER = "chaos-0123abcd-"


def seeded(count: int, seed: int = SEED, first: int = 0) -> list[dict[str, Any]]:
    """As seed_high_scores puts them there."""
    found = [{"_id": score["name"], **score, "run": MARKER} for score in scores.seeded(seed, first + count)]
    return found[first:]


def raw(documents: list[dict[str, Any]]) -> bytes:
    return b"".join(map(bson.encode, documents))


def decoded(batch: bytes) -> list[dict[str, Any]]:
    return bson.decode_all(batch)


def agrees(batch: bytes, seed: int = SEED) -> bool:
    """Whether it was digested. Raises AssertionError where decoding it would have come to something else."""
    found = digested(batch, seed)
    if found is None:
        return False
    first, digests = found
    documents = decoded(batch)
    assert [one["name"] for one in documents] == [scores.seed_name(seed, first + n) for n in range(len(documents))]
    assert digests == "".join(map(scores.digest, documents))
    return True


MANY = seeded(2600)


class TestScoresAsTheyWereSeeded:
    @pytest.mark.parametrize("seed", [0, 42, -7, 10**29])
    @pytest.mark.parametrize("first", [0, 998])
    def test_are_digested(self, seed: int, first: int) -> None:
        assert agrees(raw(seeded(40, seed, first)), seed)

    def test_are_those_of_their_seed_alone(self) -> None:
        assert digested(raw(seeded(3, 43)), 42) is None

    def test_are_digested_as_they_are_and_not_as_they_should_be(self) -> None:
        one, two, three = seeded(3)
        others = {"score": -1, "level": 2**31 - 1, "cloud": "azure", "zone": "zone-9", "host": "host-99"}
        for field, value in others.items():
            changed = raw([one, two | {field: value}, three])
            assert two[field] != value
            assert agrees(changed), field
            assert digested(changed, SEED) != digested(raw([one, two, three]), SEED)


class TestAnythingElse:
    @pytest.mark.parametrize("batch", [b"", b"\0" * 200, raw([{"_id": 1}]), raw(seeded(3))[:-1], raw(seeded(3))[1:]])
    def test_is_left_to_who_decodes(self, batch: bytes) -> None:
        assert digested(batch, SEED) is None

    @pytest.mark.parametrize(
        "change",
        [
            {"_id": 7},
            {"_id": "seed-42-000001"},
            {"name": "seed-42-0000002"},
            {"name": ["seed-42-0000001"]},
            {"cloud": "Azure"},
            {"cloud": "aws\0\x02x\0\x02\0\0\0"},
            {"zone": "zone-10"},
            {"zone": 'zon"-1'},
            {"host": None},
            {"score": 1.0},
            {"score": bson.Int64(5)},
            {"level": True},
            {"run": "somebody"},
            {"run": MARKER, "more": 1},
        ],
    )
    def test_in_one_field_is_left_to_who_decodes(self, change: dict[str, Any]) -> None:
        documents = seeded(3)
        assert digested(raw([documents[0], documents[1] | change, documents[2]]), SEED) is None

    def test_that_is_missing_doubled_or_in_another_order_is_left_to_who_decodes(self) -> None:
        one, two, three = seeded(3)
        reordered = dict(reversed(two.items()))
        without = {key: value for key, value in two.items() if key != "run"}
        for documents in ([one, three], [one, one, two], [two, one], [one, reordered, three], [one, without, three]):
            assert digested(raw(documents), SEED) is None

    def test_that_any_byte_may_be_is_told_as_decoding_tells_it(self) -> None:
        """Every byte of a document, changed in some ways: what it says of lengths, types, names and values."""
        batch = raw(seeded(3))
        length = len(batch) // 3
        chance, taken = random.Random(1), 0
        for place in range(length, 2 * length):
            before = batch[place]
            for value in {
                0,
                1,
                4,
                6,
                before ^ 1,
                before ^ 2,
                before ^ 32,
                (before + 1) % 256,
                chance.randrange(256),
            } - {before}:
                changed = batch[:place] + bytes([value]) + batch[place + 1 :]
                try:
                    taken += agrees(changed)
                except InvalidBSON:
                    pytest.fail(f"byte {place} as {value} is no document, and was digested")
        assert taken, "some of them are other values of the same form"


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 2600), max_size=6), st.integers(0, 3), st.integers(2000, 2700))
def test_stretches_are_the_same_however_they_came(cuts: list[int], missing: int, count: int) -> None:
    """In batches of any size, with a score missing, decoded or not."""
    documents = [*MANY]
    if missing:
        del documents[missing * 650]

    def read(documents: list[dict[str, Any]]) -> list[readback.Record]:
        places = sorted({0, *cuts, len(documents)})
        batches = [Batch(raw(documents[a:b]), decoded) for a, b in itertools.pairwise(places) if documents[a:b]]
        return list(readback.records(batches, ("seed-42-",), {SEED: count}))

    without_run = [{key: value for key, value in one.items() if key != "run"} for one in documents]
    assert read(documents) == read(without_run)
