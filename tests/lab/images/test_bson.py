"""Our small BSON and pymongo's agree."""

import bson as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kubelab.images.mongo import bson

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=20)
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4))
documents = st.dictionaries(names, values, max_size=5)


@settings(max_examples=50)
@given(documents)
def test_what_we_encode_pymongo_reads(document: dict[str, object]) -> None:
    assert reference.decode(bson.encode(document)) == document


@settings(max_examples=50)
@given(documents)
def test_what_pymongo_encodes_we_read(document: dict[str, object]) -> None:
    assert bson.decode(reference.encode(document)) == document


def test_object_ids_are_read_as_text_and_unknown_types_refused() -> None:
    one = reference.ObjectId()
    assert bson.decode(reference.encode({"_id": one})) == {"_id": str(one)}
    with pytest.raises(ValueError, match="'code'"):
        bson.decode(reference.encode({"code": reference.Code("x")}))
    with pytest.raises(TypeError):
        bson.encode({"a": object()})
