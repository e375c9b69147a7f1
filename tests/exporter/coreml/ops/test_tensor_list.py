"""Sequences and optional values, of which the package knows nothing."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, run
from tests.exporter.coreml.ops.movement_support import refused
from tests.exporter.tflite.ops.control_support import YES, floats, model, scalar

A, B, C = floats(2, 3), floats(2, 3, seed=1), floats(2, 3, seed=2)
THREE = {"a": A, "b": B, "c": C}
INPUTS = "float[2,3] a, float[2,3] b, float[2,3] c"


def test_at_a_constant_position_nothing_is_left() -> None:
    text = f"g ({INPUTS}) => (float[2,3] y) {{ s = SequenceConstruct(a, b, c)\n z = SequenceAt(s, p)\n y = Neg(z) }}"
    got, written = run(model(text, p=scalar(-3)), THREE)
    np.testing.assert_array_equal(got["y"], -A)
    assert set(written.op_counts) == {"identity", "mul"}


@pytest.mark.parametrize("position", [0, -1])
def test_at_a_position_computed_at_run_time(position: int) -> None:
    text = f"g ({INPUTS}, int64 p) => (float[2,3] y) {{ s = SequenceConstruct(a, b, c)\n y = SequenceAt(s, p) }}"
    check(model(text), THREE | {"p": scalar(position)}, float16=False)


def test_insert_erase_join_and_count() -> None:
    text = f"""g ({INPUTS}) => (float[N,3] y, int64 n, float[K,L,M] z) {{ s = SequenceConstruct(a, b)
        t = SequenceInsert(s, c, p)
        u = SequenceErase(t)
        y = ConcatFromSequence<axis=0>(u)
        z = ConcatFromSequence<axis=-1, new_axis=1>(t)
        n = SequenceLength(t) }}"""
    check(model(text, p=scalar(-1)), THREE, float16=False)


@pytest.mark.parametrize(("split", "keepdims"), [(None, 0), (None, 1), (scalar(2), 1), (np.array([1, 4]), 1)])
def test_split_to_a_sequence(split: np.ndarray | None, keepdims: int) -> None:
    given, constants = ("", {}) if split is None else (", k", {"k": split})
    text = f"""g (int64[3,5] x) => (int64[L,M] y, int64 n) {{
        s = SplitToSequence<axis=-1, keepdims={keepdims}>(x{given})
        n = SequenceLength(s)
        y = SequenceAt(s, p) }}""".replace("[L,M]", "[L]" if split is None and not keepdims else "[L,M]")
    check(model(text, p=scalar(1), **constants), {"x": np.arange(15).reshape(3, 5)}, float16=False)


def test_a_body_for_each_tensor() -> None:
    text = f"""g ({INPUTS}) => (float[4,3] y) {{ s = SequenceConstruct(a, b)
        t = SequenceConstruct(b, c)
        u = SequenceMap<body = m (float[2,3] p, float[2,3] q, float[2,3] r) => (float[2,3] k) {{
            h = Add(p, q)
            k = Mul(h, r) }}>(s, t, a)
        y = ConcatFromSequence<axis=0>(u) }}"""
    check(model(text), THREE)


def test_a_loop_gathers_a_sequence() -> None:
    text = """g (float[2,3] a) => (float[60,3] y) { e = SequenceEmpty()
        s, x = Loop(n, yes, e, a) <body = k (int64 i, bool c, seq(float[2,3]) t, float[2,3] u)
            => (bool d, seq(float[2,3]) v, float[2,3] w) { d = Identity(c)
            w = Tanh(u)
            v = SequenceInsert(t, w) }>
        y = ConcatFromSequence<axis=0>(s) }"""
    check(model(text, n=scalar(30), yes=YES), {"a": A}, float16=False)


def test_a_sequence_goes_through_branches_and_steps() -> None:
    text = """g (float[2,3] a, float[2,3] b, bool k, int64 n) => (float[4,3] y) { s = SequenceConstruct(a, b)
        t = If(k) <then_branch = p () => (seq(float[2,3]) q) { h = SequenceAt(s, zero)
            j = Neg(h)
            q = SequenceConstruct(j, b) },
        else_branch = e () => (seq(float[2,3]) r) { r = Identity(s) }>
        w = Loop(n, yes, t) <body = m (int64 i, bool c, seq(float[2,3]) u) => (bool d, seq(float[2,3]) v) {
            d = Identity(c)
            f = SequenceAt(u, zero)
            l = SequenceAt(u, one)
            v = SequenceConstruct(l, f) }>
        y = ConcatFromSequence<axis=0>(w) }"""
    built = model(text, zero=scalar(0), one=scalar(1), yes=YES)
    check(built, {"a": A, "b": B, "k": YES, "n": scalar(3)}, float16=False)


def test_optional_values() -> None:
    text = """g (float[2] x) => (float[2] y, bool h) {
        o = Optional(x)
        h = OptionalHasElement(o)
        y = OptionalGetElement(o) }"""
    got, _ = run(model(text), {"x": floats(2)})
    np.testing.assert_array_equal(got["y"], floats(2))
    assert got["h"].tolist() == [1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "t = SequenceConstruct(a, b)\n s = SequenceInsert(t, c, n)\n y = SequenceAt(s, p)",
            "the position is computed",
        ),
        ("s = SequenceConstruct(a, b)\n y = SequenceAt(s, q)", "position 2 of a sequence of 2"),
        ("s = SequenceEmpty()\n t = SequenceErase(s)\n y = SequenceAt(t, p)", "out of an empty sequence"),
        ("s = SequenceEmpty()\n y = ConcatFromSequence<axis=0>(s)", "it joins an empty sequence"),
        ("s = SplitToSequence(a, n)\n y = SequenceAt(s, p)", "split is computed at run time"),
    ],
)
def test_what_is_refused(line: str, why: str) -> None:
    text = f"g ({INPUTS}, int64 n) => (float[K,L] y) {{ {line} }}"
    refused(model(text, p=scalar(0), q=scalar(2)), why)


def test_sequences_do_not_go_out() -> None:
    refused(model("g (float[2] x) => (seq(float[2]) s) { s = SequenceConstruct(x) }"), "sequence")
