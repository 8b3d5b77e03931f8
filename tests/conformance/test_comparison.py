"""The comparison says no: whatever differs between two answers is found, at its place, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from .comparison import ABSENT, differences

UIDS = "6cf4eb42-f6d4-4cf3-a9b4-699fd6a241d8", "8bcb239b-3377-4eac-a937-00c6516b51d2"


@pytest.mark.parametrize(
    ("theirs", "ours", "found"),
    [
        ({"status": 404}, {"status": 403}, {"status": (404, 403)}),
        ({"a": {"b": 1}}, {"a": {}}, {"a.b": (1, ABSENT)}),
        ({"a": None}, {}, {"a": (None, ABSENT)}),
        ({}, {"a": []}, {"a": (ABSENT, [])}),
        ({"a": True}, {"a": 1}, {"a": (True, 1)}),
        ([1, 2], [1], {"1": (2, ABSENT)}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}, {"env.A.value": ("1", "2")}),
        ([{"name": "A"}, {"name": "B"}], [{"name": "B"}, {"name": "A"}], {"order": (["A", "B"], ["B", "A"])}),
        ([{"name": "A"}, {"name": "B"}], [{"name": "B"}], {"A": ({"name": "A"}, ABSENT)}),
        ({"cells": ["x", "5m"]}, {"cells": ["x", "<unknown>"]}, {"cells.1": ("<age>", "<unknown>")}),
        ({"uid": UIDS[0]}, {"uid": "mine"}, {"uid": ("<uid>", "mine")}),
        ({"clusterIP": "10.96.0.7"}, {"clusterIP": "None"}, {"clusterIP": ("<cluster address>", "None")}),
    ],
)
def test_a_difference_is_found(theirs: Any, ours: Any, found: dict[str, Any]) -> None:
    assert differences(theirs, ours) == found


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"uid": UIDS[0], "message": f"not {UIDS[0]}"}, {"uid": UIDS[1], "message": f"not {UIDS[1]}"}),
        ({"resourceVersion": "5822"}, {"resourceVersion": "9"}),
        ({"creationTimestamp": "2026-11-23T19:06:48Z"}, {"creationTimestamp": "2026-11-24T00:00:00Z"}),
        ({"name": "gen-6jjpt", "generateName": "gen-"}, {"name": "gen-b2b2b", "generateName": "gen-"}),
        ({"clusterIP": "10.96.0.7", "nodePort": 30000}, {"clusterIP": "127.64.240.9", "nodePort": 32767}),
        ({"cells": ["13m"]}, {"cells": ["3m50s"]}),
    ],
)
def test_what_is_made_up_anew_is_no_difference(theirs: Any, ours: Any) -> None:
    assert differences(theirs, ours) == {}
