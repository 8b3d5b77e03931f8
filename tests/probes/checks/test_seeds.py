"""The seeded scores, compared with what their seed says."""

import pytest
from chaosmongo.checks import seeds
from chaosmongo.checks.evidence import Evidence
from chaosmongo.history.records import Document, Seeded
from chaosmongo.history.results import Seeds

from .histories import COUNT, SEED, at, history, scan, seed_documents

WHOLE = seed_documents()
OTHER = Document(WHOLE[1].key, "other")


def check(found, **fields):
    return seeds.check(Evidence(history([], scan=scan(found), **fields)))


@pytest.mark.parametrize(
    ("found", "expected", "verdict"),
    [
        (WHOLE, Seeds(5, 5, 0, 0, 0), "passed"),
        (WHOLE[::-1], Seeds(5, 5, 0, 0, 0), "passed"),
        ([], Seeds(5, 0, 5, 0, 0), "failed"),
        (WHOLE[1:], Seeds(5, 4, 1, 0, 0), "failed"),
        ([WHOLE[0], OTHER, *WHOLE[2:]], Seeds(5, 4, 0, 1, 0), "failed"),
        ([*WHOLE, WHOLE[1]], Seeds(5, 4, 0, 0, 1), "failed"),
        ([*WHOLE, OTHER], Seeds(5, 4, 0, 0, 1), "failed"),
        ([WHOLE[0], OTHER, WHOLE[2], WHOLE[2]], Seeds(5, 1, 2, 1, 1), "failed"),
    ],
)
def test_each_is_intact_or_missing_or_altered_or_duplicated(found, expected, verdict):
    checked = check(found)
    assert (checked.result, checked.finding.verdict) == (expected, verdict)


def test_what_is_wrong_is_named():
    assert check(WHOLE[1:]).finding.summary == "of 5 seeded scores 1 missing (seed-42-0000000)"


def test_a_seed_that_was_used_twice_counts_with_its_longer_list():
    twice = [Seeded(at(-20_000), SEED, COUNT, 0), Seeded(at(-19_000), SEED, 8, COUNT)]
    assert check(seed_documents(SEED, 8), seeded=twice).result == Seeds(8, 8, 0, 0, 0)
    assert check(seed_documents(SEED, 8), seeded=twice[::-1]).result == Seeds(8, 8, 0, 0, 0)


def test_two_seeds_are_told_apart():
    both = [Seeded(at(-20_000), 4, 3, 0), Seeded(at(-19_000), 42, 3, 0)]
    checked = check(seed_documents(4, 3) + seed_documents(42, 2), seeded=both)
    assert checked.result == Seeds(6, 5, 1, 0, 0)


def test_without_seeds_there_is_nothing_to_find():
    checked = check(WHOLE, seeded=[])
    assert (checked.result, checked.finding) == (None, None)


def test_without_a_read_back_nobody_knows():
    checked = seeds.check(Evidence(history([], scan=None)))
    assert (checked.result, checked.finding.verdict) == (None, "unknown")
