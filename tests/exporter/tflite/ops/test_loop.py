import numpy as np
import pytest
from tests.exporter.tflite.ops.control_support import YES, again, agrees, floats, model, refused, run_both, scalar

STEP = """b (int64 i, bool c, float[2] s) => (bool d, float[2] t, float[2] r) { d = Identity(c)
    f = Cast<to=1>(i)
    u = Add(s, f)
    t = Mul(u, x)
    r = Neg(t) }"""
COUNTED = f"{{ y, z = Loop(n, yes, x) <body = {STEP}> }}"
X = np.array([0.5, -1.25], np.float32)


@pytest.mark.parametrize("count", [1, 3, 20])
def test_a_constant_number_of_steps(count: int) -> None:
    built = model(f"g (float[2] x) => (float[2] y, float[{count},2] z) {COUNTED}", n=scalar(count), yes=YES)
    assert ("WHILE" in agrees(built, {"x": X}, rtol=1e-4)) == (count == 20)


@pytest.mark.parametrize("shape", ["", "[1]"])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_number_of_steps_computed_at_run_time(count: int, shape: str) -> None:
    text = f"g (float[2] x, int64{shape} n) => (float[2] y) {{ y, z = Loop(n, yes, x) <body = {STEP}> }}"
    agrees(model(text, yes=YES), {"x": X, "n": np.array([count] if shape else count)})


def test_rows_of_a_declared_number_of_steps() -> None:
    """As many as declared, or an error at run time."""
    from tests.exporter.tflite.harness import tflite_outputs

    from portproof.exporter.tflite.conversion import convert_model

    built = model(f"g (float[2] x, int64 n) => (float[2] y, float[4,2] z) {COUNTED}", yes=YES)
    agrees(built, {"x": X, "n": scalar(4)}, rtol=1e-4)
    for count in (3, 5):
        with pytest.raises(RuntimeError):
            tflite_outputs(convert_model(built).data, {"x": X, "n": scalar(count)})


WHILE = """{ y, k = Loop(, yes, x, zero) <
    body = b (int64 i, bool c, float[2] s, int64 q) => (bool d, float[2] t, int64 r) { t = Mul(s, two)
    a = Abs(t)
    m = ReduceSum<keepdims=0>(a)
    d = Less(m, most)
    r = Add(q, one) }> }"""
NUMBERS = {"zero": scalar(0), "one": scalar(1), "two": scalar(2, "float32"), "most": scalar(100, "float32")}


def test_as_long_as_the_data_say() -> None:
    built = model(f"g (float[2] x) => (float[2] y, int64 k) {WHILE}", yes=YES, **NUMBERS)
    assert agrees(built, {"x": X})["WHILE"] == 1


@pytest.mark.parametrize("first", [True, False])
def test_a_first_condition_of_the_run(first: bool) -> None:
    built = model(f"g (float[2] x, bool yes) => (float[2] y, int64 k) {WHILE}", **NUMBERS)
    agrees(built, {"x": X, "yes": np.array(first)})


@pytest.mark.parametrize(("limit", "first"), [(3, True), (100, True), (0, True), (3, False)])
def test_whichever_ends_first(limit: int, first: bool) -> None:
    text = f"g (float[2] x) => (float[2] y, int64 k) {WHILE.replace('Loop(,', 'Loop(n,')}"
    agrees(model(text, n=scalar(limit), yes=np.array(first), **NUMBERS), {"x": X})


def test_a_condition_on_a_known_counter_is_known() -> None:
    """No operator of a loop is left."""
    text = """g (float[2] x) => (float[2] y, int64 k, float[5,2] z) { y, k, z = Loop(, yes, x, zero) <
        body = b (int64 i, bool c, float[2] s, int64 q) => (bool d, float[2] t, int64 r, float[2] o) { t = Mul(s, two)
            r = Add(q, one)
            d = Less(r, five)
            o = Identity(t) }> }"""
    built = model(text, yes=YES, five=scalar(5), **NUMBERS)
    assert set(agrees(built, {"x": X})) <= {"MUL", "RESHAPE", "CONCATENATION", "PACK"}


@pytest.mark.parametrize("count", [2, 41])
def test_values_change_places_and_types_stay(count: int) -> None:
    text = """g (int64[2] x, int64[2] w, bool[2] e) => (int64[2] y, int64[2] v, bool[2] f) { y, v, f = Loop(n, yes, x, w, e) <
        body = b (int64 i, bool c, int64[2] s, int64[2] q, bool[2] p) => (bool d, int64[2] t, int64[2] r, bool[2] o) { d = Identity(c)
            t = Identity(q)
            r = Identity(s)
            o = Not(p) }> }"""  # noqa: E501
    inputs = {"x": np.array([1, 2]), "w": np.array([2**40, -4]), "e": np.array([True, False])}
    agrees(model(text, n=scalar(count), yes=YES), inputs)


@pytest.mark.parametrize("dtype", ["float16", "uint8", "int8", "int16", "bool"])
def test_rows_of_every_type(dtype: str) -> None:
    onnx_type = dtype
    text = f"""g ({onnx_type}[2,3] x) => ({onnx_type}[40,2,3] z) {{ z = Loop(n, yes) <
        body = b (int64 i, bool c) => (bool d, {onnx_type}[2,3] o) {{ d = Identity(c)
            o = Identity(x) }}> }}"""
    array = (floats(2, 3) * 50).astype(dtype)
    assert agrees(model(text, n=scalar(40), yes=YES), {"x": array})["WHILE"] == 1


def test_scalar_rows_and_the_number_of_the_step() -> None:
    text = """g (float x) => (float y, int64[40] z) { y, z = Loop(n, yes, x) <
        body = b (int64 i, bool c, float s) => (bool d, float t, int64 o) { d = Identity(c)
            t = Neg(s)
            o = Mul(i, i) }> }"""
    agrees(model(text, n=scalar(40), yes=YES), {"x": scalar(2.5, "float32")})


def test_a_loop_inside_of_a_loop_inside_of_a_branch() -> None:
    inner = (
        "p (int64 j, bool g, float[2] a) => (bool h, float[2] o) { h = Identity(g)\n v = Mul(a, x)\n o = Add(v, s) }"
    )
    text = f"""g (float[2] x, bool k) => (float[2] y) {{ y = If(k) <
        then_branch = q () => (float[2] l) {{ l = Loop(n, yes, x) <
            body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {{ d = Identity(c)
                t = Loop(m, yes, s) <body = {inner}> }}> }},
        else_branch = e () => (float[2] w) {{ w = Neg(x) }}> }}"""
    built = model(text, n=scalar(40), m=scalar(50), yes=YES)
    for condition in (True, False):
        counts = agrees(built, {"x": X / 4, "k": np.array(condition)}, rtol=1e-4)
    assert (counts["WHILE"], counts["IF"]) == (2, 1)


def test_shapes_that_grow_are_written_out() -> None:
    text = """g (float[1,2] x) => (float[9,2] y) { y = Loop(n, yes, x) <
        body = b (int64 i, bool c, float[M,2] s) => (bool d, float[K,2] t) { d = Identity(c)
            t = Concat<axis=0>(s, x) }> }"""
    assert "WHILE" not in agrees(model(text, n=scalar(8), yes=YES), {"x": floats(1, 2)})


def test_shapes_that_grow_at_run_time_are_refused() -> None:
    text = """g (float[1,2] x, int64 n) => (float[N,2] y) { y = Loop(n, yes, x) <
        body = b (int64 i, bool c, float[M,2] s) => (bool d, float[K,2] t) { d = Identity(c)
            t = Concat<axis=0>(s, x) }> }"""
    (why,) = refused(model(text, yes=YES))
    assert why.endswith("s, which goes from step to step, has the shape [1, 2] before a step and [2, 2] after it")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_as_many_rows_as_the_run_has_steps(count: int) -> None:
    """Of the model's own outputs; the signature leaves the axis open. (LiteRT's Python hands out no empty tensor.)"""
    built = model(f"g (float[2] x, int64 n) => (float[2] y, float[N,2] z) {COUNTED}", yes=YES)
    got = run_both(built, {"x": X, "n": scalar(count)})
    assert got["z"].shape == (count, 2)


def test_no_more_rows_than_the_limit() -> None:
    text = """g (float[2] x, float most) => (float[2] y, float[N,2] z) { y, z = Loop(n, yes, x) <
        body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t, float[2] r) { t = Mul(s, two)
            a = Abs(t)
            m = ReduceSum<keepdims=0>(a)
            d = Less(m, most)
            r = Identity(s) }> }"""
    built = model(text, n=scalar(6), yes=YES, two=scalar(2, "float32"))
    for most, rows in ((1, 1), (10, 3), (1e9, 6)):
        assert run_both(built, {"x": X, "most": scalar(most, "float32")})["z"].shape == (rows, 2)


def test_rows_of_an_unknown_number_that_something_reads_are_refused() -> None:
    text = f"g (float[2] x, int64 n) => (float[N,2] w) {{ y, z = Loop(n, yes, x) <body = {STEP}>\n w = Neg(z) }}"
    (why,) = refused(model(text, yes=YES))
    assert "the number of steps is known only at run time" in why


def test_weights_are_in_the_file_once() -> None:
    from portproof.exporter.tflite.conversion import convert_model

    text = """g (float[1,64] x) => (float[1,64] y) { y = Loop(n, yes, x) <
        body = b (int64 i, bool c, float[1,64] s) => (bool d, float[1,64] t) { d = Identity(c)
            u = MatMul(s, w)
            v = MatMul(u, w)
            t = Tanh(v) }> }"""
    built = model(text, n=scalar(30), yes=YES, w=floats(64, 64) / 16)
    agrees(built, {"x": floats(1, 64)}, rtol=1e-3, atol=1e-5)
    assert convert_model(built).data.nbytes < 1.5 * 64 * 64 * 4


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("count", [3, 30])
def test_a_window_that_moves_with_the_steps(count: int, constant: bool) -> None:
    text = """g (float[3,40] q, float[3,2] x) => (float[3,2] y) { y = Loop(n, yes, x) <
        body = b (int64 i, bool c, float[3,2] s) => (bool d, float[3,2] t) { d = Identity(c)
            e = Add(i, two)
            f = Unsqueeze(i, zero)
            h = Unsqueeze(e, zero)
            w = Slice(q, f, h, one)
            t = Add(s, w) }> }"""
    window = floats(3, 40)
    given = {"x": floats(3, 2, seed=1)} | ({} if constant else {"q": window})
    numbers = {"n": scalar(count), "two": scalar(2), "zero": np.array([0]), "one": np.array([1]), "yes": YES}
    if constant:
        text = text.replace("float[3,40] q, ", "")
        numbers["q"] = window
    agrees(model(text, **numbers), given, rtol=1e-4, atol=1e-5)


def test_run_after_run_of_other_lengths() -> None:
    built = model(f"g (float[2] x, int64 n) => (float[2] y, float[N,2] z) {COUNTED}", yes=YES)
    again(built, [{"x": X, "n": scalar(count)} for count in (1, 5, 3)])


def test_the_number_of_a_step_is_no_index_from_the_end() -> None:
    text = """g (float[40,2] q, float[2] x) => (float[2] y) { y = Loop(n, yes, x) <
        body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) { d = Identity(c)
            r = Gather(q, i)
            t = Add(s, r) }> }"""
    counts = agrees(model(text, n=scalar(40), yes=YES), {"q": floats(40, 2), "x": X}, rtol=1e-4)
    assert (counts["WHILE"], counts["GATHER"]) == (1, 1)
    assert "SELECT_V2" not in counts
