import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.device_profiles.toml_text import pair_text, value_text

PLAIN = st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | st.integers(-(2**63), 2**63 - 1)
VALUES = st.recursive(
    PLAIN | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aé. \"'-", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert tomllib.loads(f"x = {value_text(value)}") == {"x": value}


def test_a_long_list_gets_a_line_for_each() -> None:
    text = pair_text("notes", ["a" * 60, "b" * 60])
    assert text.splitlines() == ["notes = [", f'    "{"a" * 60}",', f'    "{"b" * 60}",', "]"]
    assert pair_text("ops-", ["Add"]) == 'ops- = ["Add"]'
    assert tomllib.loads(pair_text("ops+", ["Add"])) == {"ops+": ["Add"]}


def test_what_toml_does_not_have() -> None:
    with pytest.raises(TypeError, match="TOML has no NoneType"):
        value_text([None])
