"""The seeded scores, compared with what their seed says: the same seed gives the same scores (`scores.seeded`)."""

from collections.abc import Iterable

from chaosmongo import scores
from chaosmongo.history.quantities import counted, listed
from chaosmongo.history.records import Document, Seeded
from chaosmongo.history.results import Finding, Seeds

from .check import Checked
from .evidence import Evidence


def check(evidence: Evidence) -> Checked[Seeds | None]:
    seeded, scan = evidence.history.seeded, evidence.history.scan
    if not seeded:
        return Checked(None, None)
    if scan is None or scan.end is None or scan.end.error:
        return Checked(None, Finding("seeds", "unknown", "the seeded scores were not read back"))
    expected = _expected(seeded)
    digests = _digests(scan.documents, tuple(scores.seed_prefix(record.seed) for record in seeded))
    missing = [key for key in expected if key not in digests]
    duplicated = [key for key in expected if len(digests.get(key, [])) > 1]
    altered = [key for key, digest in expected.items() if len(digests.get(key, [])) == 1 and digests[key] != [digest]]
    bad = len(missing) + len(duplicated) + len(altered)
    result = Seeds(len(expected), len(expected) - bad, len(missing), len(altered), len(duplicated))
    return Checked(result, _finding(result, missing, altered, duplicated))


def _expected(seeded: Iterable[Seeded]) -> dict[str, str]:
    """Digest by key of all scores that were seeded; a seed that was used twice counts with its longer list."""
    counts: dict[int, int] = {}
    for record in seeded:
        counts[record.seed] = max(record.count, counts.get(record.seed, 0))
    return {
        score["name"]: scores.digest(score) for seed, count in counts.items() for score in scores.seeded(seed, count)
    }


def _digests(documents: Iterable[Document], prefixes: tuple[str, ...]) -> dict[str, list[str]]:
    digests: dict[str, list[str]] = {}
    for document in documents:
        if document.key.startswith(prefixes):
            digests.setdefault(document.key, []).append(document.digest)
    return digests


def _finding(result: Seeds, missing: list[str], altered: list[str], duplicated: list[str]) -> Finding:
    kinds = (("missing", missing), ("altered", altered), ("duplicated", duplicated))
    wrong = [f"{len(keys):,} {what} ({listed(keys)})" for what, keys in kinds if keys]
    if wrong:
        return Finding("seeds", "failed", f"of {counted(result.count, 'seeded score')} {', '.join(wrong)}")
    return Finding("seeds", "passed", f"{counted(result.count, 'seeded score')}, all intact")
