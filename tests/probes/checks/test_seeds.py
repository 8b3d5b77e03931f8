"""The seeded scores, compared with what their seed says."""

import msgspec
import pytest
from chaosmongo import scores
from chaosmongo.checks import seeds
from chaosmongo.checks.evidence import Evidence
from chaosmongo.comparison import CHUNK, compare
from chaosmongo.history import Scan
from chaosmongo.history.records import Document, ScanEnd, ScanStart, Seeded, SeedsRead
from chaosmongo.history.results import Seeds
from hypothesis import given, settings
from hypothesis import strategies as st

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


MANY = 2 * CHUNK + 500
DIGESTS = list(scores.seeded_digests(SEED, MANY, 1))
OTHER_DIGEST = "0123456789abcdef"


def stretched(found: list[tuple[int, str]]) -> Scan:
    """As they are recorded: by the stretch, in the order in which they were read."""
    stretches: list[SeedsRead] = []
    for number, digest in found:
        last = stretches[-1] if stretches else None
        if last is not None and number == last.first + last.count and number % CHUNK:
            stretches[-1] = SeedsRead(SEED, last.first, last.digests + digest)
        else:
            stretches.append(SeedsRead(SEED, number, digest))
    return Scan(ScanStart(at(100_000)), [], stretches, ScanEnd(at(100_001), len(found)))


def judged(found: list[tuple[int, str]], count: int = MANY):
    return seeds.check(Evidence(history([], scan=stretched(found), seeded=[Seeded(at(-1), SEED, count, 0)])))


def names(numbers):
    return [scores.seed_name(SEED, number) for number in sorted(numbers)]


class TestStretches:
    def test_of_all_of_them_pass(self):
        assert judged(list(enumerate(DIGESTS))).result == Seeds(MANY, MANY, 0, 0, 0)

    def test_of_none_are_all_missing(self):
        checked = judged([])
        assert checked.result == Seeds(MANY, 0, MANY, 0, 0)
        assert len(checked.finding.details["missing"]) == 100

    def test_that_say_more_than_was_seeded_are_no_matter(self):
        assert judged(list(enumerate(DIGESTS)), count=CHUNK + 1).result == Seeds(CHUNK + 1, CHUNK + 1, 0, 0, 0)

    def test_that_cross_the_end_of_a_chunk_are_read_all_the_same(self):
        [chunk, *_] = list(compare(SEED, MANY, [(0, "".join(DIGESTS))]))
        assert chunk.intact == CHUNK

    @settings(max_examples=40)
    @given(
        st.sets(st.integers(0, MANY - 1), max_size=30),
        st.sets(st.integers(0, MANY - 1), max_size=30),
        st.sets(st.integers(0, MANY - 1), max_size=30),
        st.randoms(use_true_random=False),
        st.booleans(),
    )
    def test_exactly_what_is_not_intact_is_found_in_any_order(self, missing, altered, duplicated, random, shuffled):
        altered, duplicated = altered - missing, duplicated - missing - altered
        found = [
            (number, OTHER_DIGEST if number in altered else digest)
            for number, digest in enumerate(DIGESTS)
            if number not in missing
        ]
        found += [(number, random.choice([DIGESTS[number], OTHER_DIGEST])) for number in sorted(duplicated)]
        if shuffled:
            random.shuffle(found)
        checked = judged(found)
        bad = len(missing) + len(altered) + len(duplicated)
        assert checked.result == Seeds(MANY, MANY - bad, len(missing), len(altered), len(duplicated))
        expected = {"missing": missing, "altered": altered, "duplicated": duplicated}
        assert checked.finding.details == {what: names(numbers) for what, numbers in expected.items() if numbers}

    def test_and_single_documents_are_counted_together(self):
        scan_ = stretched(list(enumerate(DIGESTS)))
        again = Document(scores.seed_name(SEED, 7), DIGESTS[7])
        both = Scan(scan_.start, [again], scan_.seeds, ScanEnd(at(100_001), MANY + 1))
        checked = seeds.check(Evidence(history([], scan=both, seeded=[Seeded(at(-1), SEED, MANY, 0)])))
        assert checked.result == Seeds(MANY, MANY - 1, 0, 0, 1)


def test_a_record_of_more_scores_than_a_seed_has_is_not_believed():
    checked = check(WHOLE, seeded=[Seeded(at(-1), SEED, 10**18, 0)])
    assert (checked.result, checked.finding.verdict) == (None, "unknown")


@pytest.mark.parametrize(
    "fields",
    [
        {"first": -1},
        {"digests": ""},
        {"digests": OTHER_DIGEST[1:]},
        {"digests": OTHER_DIGEST + "\n"},
        {"digests": "G" * 16},
    ],
)
def test_a_stretch_that_is_none_is_damage(fields):
    line = {"type": "seeds", "seed": SEED, "first": 0, "digests": OTHER_DIGEST}
    assert msgspec.convert(line, SeedsRead).count == 1
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(line | fields, SeedsRead)


@pytest.mark.parametrize("digest", ["", "0", WHOLE[1].digest[:-1], WHOLE[1].digest * 2])
def test_a_digest_that_is_none_is_that_of_an_altered_score(digest):
    found = [WHOLE[0], Document(WHOLE[1].key, digest), *WHOLE[2:]]
    assert check(found).result == Seeds(5, 4, 0, 1, 0)


class TestWhatItSays:
    def test_of_scores_that_are_intact(self):
        assert check(WHOLE).finding.summary == "5 seeded scores, all intact"

    def test_of_scores_that_are_not(self):
        assert check([OTHER, WHOLE[2], WHOLE[2], WHOLE[4]]).finding.summary == (
            "of 5 seeded scores 2 missing (seed-42-0000000, seed-42-0000003), 1 altered (seed-42-0000001), "
            "1 duplicated (seed-42-0000002)"
        )

    def test_of_more_than_it_lists(self):
        many = [Seeded(at(-20_000), SEED, 150, 0)]
        assert check([], seeded=many).finding.summary == (
            "of 150 seeded scores 150 missing (seed-42-0000000, seed-42-0000001, seed-42-0000002 and 147 more)"
        )

    def test_of_a_database_that_was_not_read_back(self):
        finding = seeds.check(Evidence(history([], scan=None))).finding
        assert finding.check == "seeds"
        assert finding.summary == "whether the seeded scores are intact: the database was not read back"
