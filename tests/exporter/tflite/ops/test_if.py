import numpy as np
import pytest
from tests.exporter.tflite.ops.control_support import YES, again, agrees, floats, model, refused

BRANCHES = "<then_branch = t () => (float[2,3] a) { a = Neg(x) }, else_branch = e () => (float[2,3] c) { b = Abs(x)\n c = Exp(b) }>"  # noqa: E501
NESTED = f"<then_branch = o () => (float[2,3] p) {{ p = If(l) {BRANCHES} }}, else_branch = q () => (float[2,3] r) {{ r = Exp(x) }}>"  # noqa: E501


@pytest.mark.parametrize("shape", ["", "[1]"])
@pytest.mark.parametrize("condition", [True, False])
def test_a_condition_of_the_run(condition: bool, shape: str) -> None:
    built = model(f"g (float[2,3] x, bool{shape} k) => (float[2,3] y) {{ z = If(k) {BRANCHES}\n y = Relu(z) }}")
    given = np.array([condition] if shape else condition)
    counts = agrees(built, {"x": floats(2, 3), "k": given})
    assert counts["IF"] == 1
    assert {"NEG", "ABS", "EXP"} < set(counts)


@pytest.mark.parametrize("condition", [True, False])
def test_a_known_condition_leaves_one_branch(condition: bool) -> None:
    built = model(f"g (float[2,3] x) => (float[2,3] y) {{ y = If(k) {BRANCHES} }}", k=np.array([condition]))
    assert set(agrees(built, {"x": floats(2, 3)})) == ({"NEG"} if condition else {"ABS", "EXP"})


@pytest.mark.parametrize("condition", [True, False])
@pytest.mark.parametrize("other", [True, False])
def test_an_if_inside_of_a_branch(condition: bool, other: bool) -> None:
    built = model(f"g (float[2,3] x, bool k, bool l) => (float[2,3] y) {{ y = If(k) {NESTED} }}")
    counts = agrees(built, {"x": floats(2, 3), "k": np.array(condition), "l": np.array(other)})
    assert counts["IF"] == 2


@pytest.mark.parametrize("condition", [True, False])
def test_integers_constants_and_what_was_there_before(condition: bool) -> None:
    """A branch may give out a constant, a value from around it, the same value twice."""
    text = """g (int64[3] x, bool[3] m, bool k) => (int64[3] y, int64[3] z, bool[3] n) { y, z, n = If(k) <
        then_branch = t () => (int64[3] a, int64[3] b, bool[3] c) { a = Identity(w)
            b = Identity(x)
            c = Not(m) },
        else_branch = e () => (int64[3] d, int64[3] f, bool[3] h) { d = Add(x, w)
            f = Identity(d)
            h = Identity(m) }> }"""
    inputs = {"x": np.array([1, 2**40, -3]), "m": np.array([True, False, True]), "k": np.array(condition)}
    agrees(model(text, w=np.array([5, 6, 7])), inputs)


@pytest.mark.parametrize("condition", [True, False])
def test_no_value_from_around(condition: bool) -> None:
    text = """g (bool k) => (float[2] y) { y = If(k) <then_branch = t () => (float[2] a) { a = Constant<value = float[2] {1, 2}>() },
        else_branch = e () => (float[2] b) { b = Constant<value = float[2] {3, 4}>() }> }"""  # noqa: E501
    agrees(model(text), {"k": np.array(condition)})


def test_layouts_are_chosen_inside_of_a_branch() -> None:
    """Two convolutions in a row: channels-last between them, in the branch as anywhere."""
    text = """g (float[1,3,8,8] x, bool k) => (float[1,3,8,8] y) { y = If(k) <
        then_branch = t () => (float[1,3,8,8] a) { b = Conv<pads=[1,1,1,1]>(x, w)
            c = Relu(b)
            a = Conv<pads=[1,1,1,1]>(c, w) },
        else_branch = e () => (float[1,3,8,8] d) { d = Identity(x) }> }"""
    built = model(text, w=floats(3, 3, 3, 3, seed=1))
    counts = agrees(built, {"x": floats(1, 3, 8, 8), "k": YES}, rtol=1e-4, atol=1e-5)
    assert counts["TRANSPOSE"] == 2
    assert "RELU" not in counts


def test_branches_of_different_shapes_are_refused() -> None:
    text = "g (float[4] x, bool k) => (float[N] y) { y = If(k) <then_branch = t () => (float[4] a) { a = Neg(x) }, else_branch = e () => (float[8] b) { b = Concat<axis=0>(x, x) }> }"  # noqa: E501
    assert refused(model(text)) == ["If cannot be written in TFLite: its branches give different shapes: 4 and 8"]


def test_all_that_is_refused_in_both_branches_is_told() -> None:
    text = "g (float[4] x, bool k) => (int64[1,N] y) { y = If(k) <then_branch = t () => (int64[1,N] a) { a = NonZero(x) }, else_branch = e () => (int64[1,M] b) { c = Neg(x)\n d = Unique(c)\n f = NonZero(d)\n b = Abs(f) }> }"  # noqa: E501
    why = refused(model(text))
    assert len(why) >= 2
    assert any(item.startswith("Unique") for item in why)


def test_a_condition_on_shapes_alone_is_known() -> None:
    """Without any simplification before; the branch not taken need not be fit to be lowered."""
    text = "g (float[2,3] x) => (float[2,3] y) { n = Size(x)\n k = Equal(n, six)\n y = If(k) <then_branch = t () => (float[2,3] a) { a = Neg(x) }, else_branch = e () => (float[2,3] b) { i = NonZero(x)\n f = Cast<to=1>(i)\n b = Identity(f) }> }"  # noqa: E501
    assert agrees(model(text, six=np.array(6)), {"x": floats(2, 3)}) == {"NEG": 1}


@pytest.mark.parametrize("line", ["a = Tile(few, many)", "s = Reshape(few, one)\n a = Tile(s, many)"])
def test_what_a_branch_makes_of_constants_alone(line: str) -> None:
    """LiteRT computes it when it loads the file; handed on as it is it would be freed twice."""
    text = f"""g (float[2] x, float[40000] z, bool k) => (float[40000] y, float[2] v) {{ y, v = If(k) <
        then_branch = t () => (float[40000] a, float[2] b) {{ {line}
            b = Identity(x) }},
        else_branch = e () => (float[40000] c, float[2] d) {{ c = Neg(z)
            d = Neg(x) }}> }}"""
    built = model(text, few=floats(4), many=np.array([10000]), one=np.array([-1]))
    for condition in (True, False):
        agrees(built, {"x": floats(2), "z": floats(40000), "k": np.array(condition)})


def test_run_after_run() -> None:
    feeds = [{"x": floats(2, 3, seed=k), "k": np.array(k % 2 == 0), "l": np.array(k < 2)} for k in range(4)]
    again(model(f"g (float[2,3] x, bool k, bool l) => (float[2,3] y) {{ y = If(k) {NESTED} }}"), feeds)
