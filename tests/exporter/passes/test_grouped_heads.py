import numpy as np
import pytest

from portproof.exporter.passes.grouped_heads import ShareKeysAndValues

TEXT = """g (float[2,%d,3,4] q, float[2,%d,1,5,4] k, float[2,%d,1,5,4] v) => (float[2,%d,3,4] y)
    { ek = Expand(k, wide) rk = Reshape(ek, joined) ev = Expand(v, wide) rv = Reshape(ev, joined)
      y = Attention(q, rk, rv) }"""


def text(heads: int, group: int) -> str:
    return TEXT % (heads * group, heads, heads, heads * group)


def shapes(heads: int, group: int) -> dict[str, np.ndarray]:
    return {"wide": np.array([2, heads, group, 5, 4]), "joined": np.array([2, heads * group, 5, 4])}


@pytest.mark.parametrize(("heads", "group"), [(1, 4), (2, 2), (3, 2), (5, 4)])
def test_keys_and_values_are_read_once(run, heads, group):
    outcome = run(ShareKeysAndValues(), text(heads, group), **shapes(heads, group))
    assert outcome.modified
    assert outcome.ops == ["Squeeze", "Squeeze", "Attention"]
    assert outcome.max_error < 1e-6


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ev = Expand(v, wide) rv = Reshape(ev, joined)", "rv = Reshape(whole, joined)"),
        ("=> (float[2,4,3,4] y)", "=> (float[2,4,3,4] y, float[2,4,5,4] z)"),
    ],
)
def test_what_is_not_repeated_or_is_read_stays(run, old, new):
    body = text(2, 2).replace(old, new)
    if "whole" in new:
        body = body.replace("[2,2,1,5,4] v", "[2,2,2,5,4] whole")
    else:
        body = body.replace("y = Attention(q, rk, rv)", "y, z, u = Attention(q, rk, rv)")
    assert not run(ShareKeysAndValues(), body, **shapes(2, 2)).modified


def test_heads_that_are_repeated_one_after_the_other_stay(run):
    body = (
        text(2, 2)
        .replace("float[2,2,1,5,4] k", "float[2,1,2,5,4] k")
        .replace("float[2,2,1,5,4] v", "float[2,1,2,5,4] v")
    )
    assert not run(ShareKeysAndValues(), body, **shapes(2, 2)).modified


def test_an_expansion_of_nothing_stays(run):
    body = (
        text(2, 2)
        .replace("float[2,2,1,5,4] k", "float[2,2,2,5,4] k")
        .replace("float[2,2,1,5,4] v", "float[2,2,2,5,4] v")
    )
    assert not run(ShareKeysAndValues(), body, **shapes(2, 2)).modified
