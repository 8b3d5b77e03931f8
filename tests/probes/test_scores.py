"""Scores: the same seed gives the same scores, and every change of a score is seen."""

import itertools
from datetime import datetime
from typing import Any

import bson
import pytest
from chaosmongo import scores
from hypothesis import given
from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
"""Whatever a document may hold."""

A_SCORE = {"name": "n", "cloud": "c", "zone": "z", "host": "h", "score": 1, "level": 2}


class TestSeeding:
    def test_the_same_seed_gives_the_same_scores(self) -> None:
        assert list(scores.seeded(42, 50)) == list(scores.seeded(42, 50))

    def test_another_seed_gives_others(self) -> None:
        assert list(scores.seeded(42, 50)) != list(scores.seeded(43, 50))

    def test_a_longer_list_begins_with_the_shorter_one(self) -> None:
        assert list(itertools.islice(scores.seeded(7, 100), 10)) == list(scores.seeded(7, 10))

    def test_the_scores_of_a_seed_never_change(self) -> None:
        """Databases out there hold them: these are the first two of seed 42, for ever."""
        assert [(s["name"], s["score"], s["level"]) for s in scores.seeded(42, 2)] == [
            ("seed-42-0000000", 300880, 29),
            ("seed-42-0000001", 479720, 2),
        ]

    def test_all_are_higher_than_what_the_workload_writes(self) -> None:
        assert min(s["score"] for s in scores.seeded(1, 5000)) > max(
            scores.workload_score("k", n)["score"] for n in range(20_000)
        )

    @given(st.integers(-(10**20), 10**20), st.integers(1, 25))
    def test_their_digests_can_be_had_without_them(self, seed: int, at_once: int) -> None:
        each = [scores.digest(score) for score in scores.seeded(seed, 20)]
        joined = ["".join(each[first : first + at_once]) for first in range(0, 20, at_once)]
        assert list(scores.seeded_digests(seed, 20, at_once)) == joined

    def test_the_digests_of_a_seed_never_change(self) -> None:
        """Records out there hold them."""
        assert list(scores.seeded_digests(42, 2, 1)) == ["059a6d065a274f37", "f1aa230aafe0c317"]

    @given(st.integers(-(10**20), 10**20), st.integers(0, scores.SEEDS_MOST - 1))
    def test_a_name_says_which_score_of_which_seed_it_is(self, seed: int, number: int) -> None:
        assert scores.seed_and_number(scores.seed_name(seed, number)) == (seed, number)

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "seed-42-",
            "seed-42-1",
            "seed-42-000001",
            "seed-42-00000001",
            "seed-042-0000001",
            "seed--0-0000001",
            "seed-42-000000x",
            "seed-42-0000001 ",
            "seed-42-0000001\n",
            " seed-42-0000001",
            "seed-4 2-0000001",
            "seed-42-٠٠٠٠٠٠١",
            "seed-٤٢-0000001",
            "Seed-42-0000001",
        ],
    )
    def test_no_other_name_does(self, name: str) -> None:
        assert scores.seed_and_number(name) is None


class TestDigest:
    def test_what_else_a_document_holds_does_not_matter(self) -> None:
        assert scores.digest({**A_SCORE, "_id": bson.ObjectId(), "date": "today"}) == scores.digest(A_SCORE)

    def test_the_order_of_fields_does_not_matter(self) -> None:
        assert scores.digest(dict(reversed(A_SCORE.items()))) == scores.digest(A_SCORE)

    def test_the_width_of_a_whole_number_does_not_matter(self) -> None:
        assert scores.digest({**A_SCORE, "score": bson.Int64(1)}) == scores.digest(A_SCORE)

    @pytest.mark.parametrize("field", scores.FIELDS)
    @pytest.mark.parametrize("value", [None, "", "1", "2", 0, 3, 1.0, 2.0, True, [], {}, b"n", datetime(2026, 1, 1)])
    def test_another_value_or_type_has_another_digest(self, field: str, value: Any) -> None:
        assert scores.digest({**A_SCORE, field: value}) != scores.digest(A_SCORE)

    @pytest.mark.parametrize("field", scores.FIELDS)
    def test_a_missing_field_has_another_digest(self, field: str) -> None:
        without = {key: value for key, value in A_SCORE.items() if key != field}
        assert scores.digest(without) not in (scores.digest(A_SCORE), scores.digest({**A_SCORE, field: None}))

    @given(st.dictionaries(st.sampled_from([*scores.FIELDS, "_id", "more"]), ANYTHING))
    def test_every_document_has_one(self, document: dict[str, Any]) -> None:
        assert len(scores.digest(document)) == 16

    @given(st.fixed_dictionaries({"name": st.integers() | st.text() | st.binary()}))
    def test_hostile_values_do_too(self, document: dict[str, Any]) -> None:
        assert scores.digest(document) == scores.digest(dict(document))
