"""What patches make of documents, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from kubelab.api.patch.jsonpatch import apply_json_patch
from kubelab.api.patch.merge import apply_merge_patch
from kubelab.api.patch.strategic import apply_strategic_patch
from kubelab.api.status import ApiError

CONTAINERS = [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]
PORTS = [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_as_in_rfc_7386(document: Any, patch: Any, result: Any) -> None:
    assert apply_merge_patch(document, patch) == result


@pytest.mark.parametrize(
    ("document", "operation", "result"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/0", "value": 9}, {"a": [9, 2]}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ({"a": {"b": 1}}, {"op": "copy", "from": "/a", "path": "/c"}, {"a": {"b": 1}, "c": {"b": 1}}),
        ({"x/y": 1, "m~n": 2}, {"op": "remove", "path": "/x~1y"}, {"m~n": 2}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1}, {"a": 1}),
    ],
)
def test_json_patch_as_in_rfc_6902(document: Any, operation: Any, result: Any) -> None:
    before = repr(document)
    assert apply_json_patch(document, [operation]) == result
    assert repr(document) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/none"},
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "add", "path": "/a/7", "value": 1},
        {"op": "add", "path": "/a/-1", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "move", "from": "/a", "path": "/a/0"},
        {"op": "test", "path": "/a/0", "value": 2},
        {"op": "add", "path": "/b"},
        {"op": "explode", "path": "/a"},
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operation: Any) -> None:
    with pytest.raises(ApiError):
        apply_json_patch({"a": [1]}, [operation])


def test_copies_of_copies_have_an_end() -> None:
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 60
    with pytest.raises(ApiError):
        apply_json_patch({"a": ["x"]}, doubling)


@pytest.mark.parametrize(
    ("spec", "patch", "result"),
    [
        pytest.param(
            {"containers": CONTAINERS},
            {"containers": [{"name": "b", "image": "2"}]},
            {"containers": [CONTAINERS[0], {"name": "b", "image": "2"}]},
            id="items are merged by their key",
        ),
        pytest.param(
            {"containers": CONTAINERS},
            {"containers": [{"name": "a", "$patch": "delete"}]},
            {"containers": CONTAINERS[1:]},
            id="items are deleted by their key",
        ),
        pytest.param(
            {"containers": CONTAINERS},
            {"containers": [{"$patch": "replace"}, {"name": "c", "image": "3"}]},
            {"containers": [{"name": "c", "image": "3"}]},
            id="a list is replaced on demand",
        ),
        pytest.param(
            {"containers": CONTAINERS},
            {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]},
            {"containers": CONTAINERS[::-1]},
            id="an order is kept",
        ),
        pytest.param(
            {"containers": [{"name": "a", "ports": PORTS}]},
            {"containers": [{"name": "a", "image": "2"}]},
            {"containers": [{"name": "a", "image": "2", "ports": PORTS}]},
            id="items that share a key are not lost",
        ),
        pytest.param(
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "b"}]},
            {"tolerations": [{"key": "b"}]},
            id="lists without a key are replaced",
        ),
        pytest.param(
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]},
            {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]},
            id="keys that are not retained go",
        ),
        pytest.param(
            {"nodeSelector": {"a": "b"}},
            {"nodeSelector": {"$patch": "replace", "c": "d"}},
            {"nodeSelector": {"c": "d"}},
            id="an object is replaced on demand",
        ),
        pytest.param({"nodeName": "n"}, {"nodeName": None}, {}, id="null removes"),
    ],
)
def test_strategic_patch_of_a_pod_spec(spec: Any, patch: Any, result: Any) -> None:
    assert apply_strategic_patch({"spec": spec}, {"spec": patch}, "Pod") == {"spec": result}


def test_taints_are_one_value_since_a_key_may_be_there_with_several_effects() -> None:
    taints = [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]
    patched = apply_strategic_patch({"spec": {"taints": taints[:1]}}, {"spec": {"taints": taints}}, "Node")
    assert patched == {"spec": {"taints": taints}}


def test_plain_values_are_merged_as_a_set() -> None:
    document = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["b", "c"]}}
    assert apply_strategic_patch(document, patch, "Pod") == {"metadata": {"finalizers": ["b", "c"]}}


def test_an_item_without_its_key_is_refused() -> None:
    with pytest.raises(ApiError, match="does not contain declared merge key: name"):
        apply_strategic_patch({"spec": {"containers": CONTAINERS}}, {"spec": {"containers": [{"image": "x"}]}}, "Pod")
