import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.device_profiles.loading.lines import line_of, lines
from portproof.device_profiles.loading.places import BUILT_IN
from portproof.device_profiles.toml_text import pair_text

TEXT = '''# a comment with = and [brackets]
kind = "device"  # another
"quoted key" = 1
a.b = { c = 1, "d e" = [1, "]", { f = 2 }] }

[npu]
sram_mib = { value = 2, kind = "primary" }
notes = """
[not.a.table]
key = 3
"""
literal = \'\'\'
x = 1\'\'\'
"ops-" = [
    "Softmax",  # why
    'Gelu',
]
[npu.options]
when = 1979-05-27T07:32:00Z

[[runtimes]]
name = "a"
[runtimes.more]
x = 1
[[runtimes]]
name = "b"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("kind",), 2),
        (("quoted key",), 3),
        (("a", "b", "c"), 4),
        (("a", "b", "d e", 2, "f"), 4),
        (("npu",), 6),
        (("npu", "sram_mib", "kind"), 7),
        (("npu", "literal"), 12),
        (("npu", "ops-", 1), 16),
        (("npu", "options", "when"), 19),
        (("runtimes",), 21),
        (("runtimes", 0, "more", "x"), 24),
        (("runtimes", 1, "name"), 26),
    ],
)
def test_each_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert lines(TEXT)[path] == line


def test_text_in_strings_is_no_key() -> None:
    assert ("npu", "key") not in lines(TEXT)
    assert ("not",) not in lines(TEXT)


def test_a_key_that_is_missing_is_told_where_its_table_stands() -> None:
    found = lines(TEXT)
    assert line_of(found, ("npu", "sram_mib", "source")) == 7
    assert line_of(found, ("gpu", "name")) is None


def paths(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every path of what tomllib reads."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path, *(each for key, inner in children for each in paths(inner, (*path, key)))}


@pytest.mark.parametrize("name", ["socs/snapdragon-8-gen-3", "socs/bcm2712", "devices/imx-93"])
def test_nothing_is_left_out_and_nothing_is_made_up(name: str) -> None:
    text = (BUILT_IN / f"{name}.toml").read_text(encoding="utf-8")
    assert {(), *lines(text)} == paths(tomllib.loads(text))


KEYS = st.text("ab-_1", min_size=1, max_size=3)
LEAVES = st.integers() | st.booleans() | st.text("a\"'#[]{},=\n\\.", max_size=6)
VALUES = st.recursive(LEAVES, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=2), max_leaves=5)
TABLES = st.dictionaries(KEYS, VALUES, max_size=3)


@settings(max_examples=60, deadline=None)
@given(TABLES, st.dictionaries(KEYS, TABLES, max_size=2), st.lists(TABLES, max_size=2))
def test_whatever_is_written_its_paths_are_found(top: Any, tables: Any, several: Any) -> None:
    parts = [pair_text(key, value) for key, value in top.items()]
    for key, table in tables.items():
        parts += [f"[t.{key}] # [x]", *(pair_text(*each) for each in table.items())]
    for table in several:
        parts += ["[[more]]", *(pair_text(*each) for each in table.items())]
    text = "\n".join(parts)
    found = lines(text)
    assert {(), *found} == paths(tomllib.loads(text))
    for path, line in found.items():
        assert isinstance(path[-1], int) or path[-1] in text.splitlines()[line - 1], (path, line)
