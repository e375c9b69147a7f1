import numpy as np
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.ops.control_support import YES, agrees, floats, model, refused, scalar

from portproof.exporter.tflite.conversion import convert_model

A, B, C = floats(2, 3), floats(2, 3, seed=1), floats(2, 3, seed=2)
THREE = {"a": A, "b": B, "c": C}
INPUTS = "float[2,3] a, float[2,3] b, float[2,3] c"


@pytest.mark.parametrize("position", [0, 2, -1, -3])
def test_at_a_constant_position_nothing_is_left(position: int) -> None:
    text = f"g ({INPUTS}) => (float[2,3] y) {{ s = SequenceConstruct(a, b, c)\n z = SequenceAt(s, p)\n y = Neg(z) }}"
    assert agrees(model(text, p=scalar(position)), THREE) == {"NEG": 1}


@pytest.mark.parametrize("position", [0, 2, -1, -3])
def test_at_a_position_computed_at_run_time(position: int) -> None:
    text = f"g ({INPUTS}, int64 p) => (float[2,3] y) {{ s = SequenceConstruct(a, b, c)\n y = SequenceAt(s, p) }}"
    agrees(model(text), THREE | {"p": scalar(position)})


@pytest.mark.parametrize(("insert", "erase"), [("", ""), (", p", ""), ("", ", p"), (", p", ", p")])
@pytest.mark.parametrize("position", [0, 1, -1])
def test_insert_and_erase(insert: str, erase: str, position: int) -> None:
    text = f"""g ({INPUTS}) => (float[N,3] y, int64 n) {{ s = SequenceConstruct(a, b)
        t = SequenceInsert(s, c{insert})
        u = SequenceErase(t{erase})
        y = ConcatFromSequence<axis=0>(u)
        n = SequenceLength(t) }}"""
    agrees(model(text, p=scalar(position)), THREE)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_stacked_on_a_new_axis(axis: int) -> None:
    text = f"""g ({INPUTS}) => (float[K,L,M] y) {{ e = SequenceEmpty()
        s = SequenceInsert(e, a)
        t = SequenceInsert(s, b)
        y = ConcatFromSequence<axis={axis}, new_axis=1>(t) }}"""
    agrees(model(text), {"a": A, "b": B, "c": C})


@pytest.mark.parametrize(
    ("split", "keepdims"),
    [(None, 0), (None, 1), (scalar(2), 1), (scalar(5), 1), (np.array([1, 4, 0]), 1), (np.array([5]), 1)],
)
def test_split_to_a_sequence(split: np.ndarray | None, keepdims: int) -> None:
    given, constants = ("", {}) if split is None else (", k", {"k": split})
    text = f"""g (int64[3,5] x) => (int64[L,M] y, int64 n) {{
        s = SplitToSequence<axis=-1, keepdims={keepdims}>(x{given})
        n = SequenceLength(s)
        z = SequenceAt(s, p)
        y = Neg(z) }}""".replace("[L,M]", "[L]" if split is None and not keepdims else "[L,M]")
    agrees(model(text, p=scalar(0), **constants), {"x": np.arange(15).reshape(3, 5)})


MAPPED = f"""g ({INPUTS}) => (float[4,3] y, float[4,3] z) {{ s = SequenceConstruct(a, b)
    t = SequenceConstruct(b, c)
    u, v = SequenceMap<body = m (float[2,3] p, float[2,3] q, float[2,3] r) => (float[2,3] k, float[2,3] l) {{
        h = Add(p, q)
        k = Mul(h, r)
        l = Sub(p, LAST) }}>(s, t, a)
    y = ConcatFromSequence<axis=0>(u)
    z = ConcatFromSequence<axis=0>(v) }}"""


def test_a_body_for_each_tensor() -> None:
    """Of two sequences and a tensor."""
    agrees(model(MAPPED.replace("LAST", "r")), THREE)


def test_such_a_body_reads_a_value_from_around() -> None:
    """ONNX Runtime does not."""
    built = model(MAPPED.replace("LAST", "c"))
    got = tflite_outputs(convert_model(built, io_layout="keep").data, THREE)
    np.testing.assert_allclose(got["y"], np.concatenate([(A + B) * A, (B + C) * A]), rtol=1e-6)
    np.testing.assert_allclose(got["z"], np.concatenate([A - C, B - C]), rtol=1e-6)


def test_a_loop_gathers_a_sequence() -> None:
    """As torch.jit writes a list that a loop appends to."""
    text = """g (float[2,3] a) => (float[6,3] y) { e = SequenceEmpty()
        s, x = Loop(n, yes, e, a) <body = k (int64 i, bool c, seq(float[2,3]) t, float[2,3] u)
            => (bool d, seq(float[2,3]) v, float[2,3] w) { d = Identity(c)
            w = Mul(u, u)
            v = SequenceInsert(t, w) }>
        y = ConcatFromSequence<axis=0>(s) }"""
    assert "WHILE" not in agrees(model(text, n=scalar(3), yes=YES), {"a": A})


APPENDS = """g (float[30,2,3] x, float[2,3] h) => (float[2,3] last, OUT y) {{ e = SequenceEmpty()
    s, last, t = Loop(n, yes, e, h, e) <body = k (int64 i, bool c, seq(float[2,3]) p, float[2,3] u, seq(float[2,3]) q)
        => (bool d, seq(float[2,3]) v, float[2,3] w, seq(float[2,3]) z) {{ d = Identity(c)
        r = Gather(x, i)
        f = Add(u, r)
        w = Tanh(f)
        v = SequenceInsert(p, w)
        z = SequenceInsert(q, r) }}>
    {line} }}"""


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("y = ConcatFromSequence<axis = 0, new_axis = 1>(s)", "float[30,2,3]"),
        ("y = ConcatFromSequence<axis = -1, new_axis = 1>(t)", "float[2,3,30]"),
        ("y = ConcatFromSequence<axis = 0>(s)", "float[60,3]"),
        ("y = ConcatFromSequence<axis = 1>(t)", "float[2,90]"),
        ("a = SequenceAt(s, m)\n b = SequenceAt(t, n1)\n y = Add(a, b)", "float[2,3]"),
        ("y = SequenceLength(t)", "int64"),
        ("a = SequenceErase(s, n1)\n y = ConcatFromSequence<axis = 0>(a)", "float[58,3]"),
    ],
)
def test_what_a_long_loop_appends_are_rows(line: str, out: str) -> None:
    text = APPENDS.format(line=line).replace("OUT", out)
    numbers = {"n": 30, "m": -2, "n1": 7}
    constants = {name: scalar(number) for name, number in numbers.items() if name in text}
    counts = agrees(model(text, yes=YES, **constants), {"x": floats(30, 2, 3), "h": floats(2, 3)}, rtol=1e-4, atol=1e-5)
    assert counts["WHILE"] == 1
    assert counts.get("SLICE", 0) < 60


def test_tensors_of_different_shapes_stay_a_list() -> None:
    text = """g (float[1,3] x) => (float[10,3] y) { e = SequenceEmpty()
        s, l = Loop(n, yes, e, x) <body = k (int64 i, bool c, seq(float[M,3]) p, float[K,3] u)
            => (bool d, seq(float[M,3]) v, float[L,3] w) { d = Identity(c)
            w = Concat<axis = 0>(u, x)
            v = SequenceInsert(p, u) }>
        y = ConcatFromSequence<axis = 0>(s) }"""
    assert "WHILE" not in agrees(model(text, n=scalar(4), yes=YES), {"x": floats(1, 3)})


@pytest.mark.parametrize("condition", [True, False])
def test_a_sequence_goes_through_branches_and_steps(condition: bool) -> None:
    """Into an IF, out of it, and from step to step of a WHILE."""
    text = """g (float[2,3] a, float[2,3] b, bool k) => (float[4,3] y) { s = SequenceConstruct(a, b)
        t = If(k) <then_branch = p () => (seq(float[2,3]) q) { h = SequenceAt(s, zero)
            j = Neg(h)
            q = SequenceConstruct(j, b) },
        else_branch = e () => (seq(float[2,3]) r) { r = Identity(s) }>
        w = Loop(n, yes, t) <body = m (int64 i, bool c, seq(float[2,3]) u) => (bool d, seq(float[2,3]) v) { d = Identity(c)
            f = SequenceAt(u, zero)
            l = SequenceAt(u, one)
            v = SequenceConstruct(l, f) }>
        y = ConcatFromSequence<axis=0>(w) }"""  # noqa: E501
    built = model(text, zero=scalar(0), one=scalar(1), n=scalar(41), yes=YES)
    counts = agrees(built, {"a": A, "b": B, "k": np.array(condition)})
    assert (counts["IF"], counts["WHILE"]) == (1, 1)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "s = SequenceConstruct(a, b)\n t = SequenceInsert(s, c, n)\n y = SequenceAt(t, p)",
            "the position is computed",
        ),
        ("s = SequenceConstruct(a, b)\n y = SequenceAt(s, q)", "position 2 of a sequence of 2"),
        ("s = SequenceEmpty()\n t = SequenceErase(s)\n y = SequenceAt(t, p)", "out of an empty sequence"),
        ("s = SequenceEmpty()\n y = ConcatFromSequence<axis=0>(s)", "it joins an empty sequence"),
        ("s = SplitToSequence(a, n)\n y = SequenceAt(s, p)", "split is computed at run time"),
        ("d = Slice(a, o, w)\n s = SequenceConstruct(a, d)\n y = SequenceAt(s, n)", "the tensors differ in shape"),
    ],
)
def test_what_is_refused_is_refused_once(line: str, why: str) -> None:
    text = f"g ({INPUTS}, int64 n) => (float[K,L] y) {{ {line} }}"
    constants = {"p": scalar(0), "q": scalar(2), "o": np.array([0]), "w": np.array([1])}
    (found,) = refused(model(text, **constants))
    assert why in found


def test_sequences_do_not_go_in_or_out() -> None:
    given = refused(model("g (seq(float[2]) s) => (float[2] y) { y = SequenceAt(s, p) }", p=scalar(0)))
    assert given == [
        "input s cannot be written in TFLite: it is a sequence or an optional value, which TFLite does not have"
    ]
    (out,) = refused(model("g (float[2] x) => (seq(float[2]) s) { s = SequenceConstruct(x) }"))
    assert out.startswith("output s cannot be written")
