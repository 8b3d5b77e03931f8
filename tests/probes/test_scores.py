"""Scores: the same seed gives the same scores, and every change of a score is seen."""

import itertools
from datetime import datetime
from typing import Any

import bson
import pytest
from chaosmongo import scores
from hypothesis import given
from hypothesis import strategies as st

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

    @given(st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers() | st.floats(), st.lists)))
    def test_every_document_has_one(self, document: dict[str, Any]) -> None:
        assert len(scores.digest(document)) == 16

    @given(st.fixed_dictionaries({"name": st.integers() | st.text() | st.binary()}))
    def test_hostile_values_do_too(self, document: dict[str, Any]) -> None:
        assert scores.digest(document) == scores.digest(dict(document))
