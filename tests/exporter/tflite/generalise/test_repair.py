"""Each way of making a parameter right at all sizes, and what is refused because there is none."""

import numpy as np
import pytest
from tests.exporter.tflite.generalise.dynamic_support import check_sizes, converted, symbolic

from portproof.device_profiles.errors import Message, PortproofError

HEAD = '<ir_version: 10, opset_import: ["" : 23]>\n'
SIZES = [{"N": 1, "T": 2}, {"N": 3, "T": 40}, {"N": 5, "T": 5}, {"N": 2, "T": 1}, {"N": 4, "T": 17}]
NUMBERS = {
    "zero": np.array(0),
    "one": np.array(1),
    "zero1": np.array([0]),
    "one1": np.array([1]),
    "two1": np.array([2]),
    "four1": np.array([4]),
    "minus1": np.array([-1]),
}


def body(text: str, declared: str = "x=NxTx4") -> tuple:
    model = symbolic(HEAD + f"g (float[N,T,4] x) => (float[a,b,c] y) {{ s = Shape(x) {text} }}", **NUMBERS)
    return model, [declared]


def refusals(model, declared) -> tuple[Message, ...]:
    with pytest.raises(PortproofError) as caught:
        converted(model, declared)
    assert {message.code for message in caught.value.messages} == {"E-SHAPE-DYNAMIC"}
    return caught.value.messages


BATCH = "n = Slice(s, zero1, one1) "
TIME = "t = Slice(s, one1, two1) "


@pytest.mark.parametrize(
    ("text", "operators"),
    [
        # one size that is not known is left to RESHAPE
        (BATCH + "w = Concat<axis = 0>(n, minus1, two1) y = Reshape(x, w)", {"RESHAPE": 1, "CONCATENATION": 1}),
        (TIME + "w = Concat<axis = 0>(t, minus1, four1) y = Reshape(x, w)", {"RESHAPE": 1, "STRIDED_SLICE": 1}),
        # a constant that repeats
        (
            TIME
            + "w = Concat<axis = 0>(one1, t, four1) c = Expand(one, w) f = Cast<to = 1>(c) y = Concat<axis = 0>(x, f)",
            {"FILL": 1},
        ),
        # elementwise operators need no repeated operand
        (TIME + "w = Concat<axis = 0>(one1, t, one1) c = Expand(one, w) f = Cast<to = 1>(c) y = Add(x, f)", {"ADD": 1}),
        # the second half; all but the last; a stride
        (TIME + "h = Div(t, two1) y = Slice(x, h, t, one1)", {"FLOOR_DIV": 1}),
        (TIME + "h = Sub(t, zero1) y = Slice(x, zero1, h, one1)", {}),
        # repeated as often as it is long
        (BATCH + "r = Concat<axis = 0>(one1, n, one1) y = Tile(x, r)", {"TILE": 1}),
        # padded to twice its length
        (TIME + "z = Concat<axis = 0>(zero1, zero1, zero1, zero1, t, zero1) y = Pad(x, z)", {"PAD": 1}),
        # divided by its length
        (TIME + "q = Squeeze(t) f = Cast<to = 1>(q) y = Div(x, f)", {"DIV": 1}),
    ],
)
def test_parameters_that_follow_the_size(text, operators):
    file = check_sizes(*body(text), SIZES)
    assert operators.items() <= file.op_counts.items()


def test_positions_are_cut_where_their_dimension_has_a_limit():
    text = TIME + "q = Squeeze(t) r = Range(zero, q, one) f = Cast<to = 1>(r) u = Unsqueeze(f, one1) y = Add(x, u)"
    file = check_sizes(*body(text, "x=NxT:1..40x4"), SIZES)
    assert file.op_counts["SLICE"] == 1
    (message,) = refusals(*body(text))
    assert "grows without limit" in message.why
    assert "cannot follow T (N can stay dynamic)" in message.what
    assert "T:1..512" in message.hint


def test_positions_counted_from_the_end_are_computed_from_those_from_the_beginning():
    text = TIME + "q = Squeeze(t) r = Range(zero, q, one) b = Sub(q, r) f = Cast<to = 1>(b) u = Unsqueeze(f, one1) "
    check_sizes(*body(text + "y = Add(x, u)", "x=NxT:1..40x4"), SIZES)


def test_a_constant_that_is_another_one_at_each_size():
    text = TIME + "q = Squeeze(t) w = HannWindow(q) u = Unsqueeze(w, one1) y = Add(x, u)"
    (message,) = refusals(*body(text, "x=NxT:2..40x4"))
    assert "another one at each size" in message.why
    assert message.what == "ADD cannot follow T (N can stay dynamic)"


def test_a_number_that_follows_by_no_formula():
    text = TIME + "q = Squeeze(t) f = Cast<to = 1>(q) g = Sqrt(f) y = Div(x, g)"
    (message,) = refusals(*body(text))
    assert "cannot follow T" in message.what


def test_a_graph_that_is_another_one_at_another_size():
    then, otherwise = (
        f"{name} () => (float[N,T,4] {out}) {{ {out} = {op}(x) }}"
        for name, out, op in (("a", "u", "Exp"), ("b", "v", "Neg"))
    )
    text = TIME + "l = Constant<value = int64[1] {70}>() c = Less(t, l) k = Squeeze(c) "
    (message,) = refusals(*body(text + f"y = If(k) <then_branch = {then}, else_branch = {otherwise}>"))
    assert "another size makes" in message.why
    assert "T=" in message.why


def test_the_file_has_the_sizes_asked_for_and_its_signature_those_that_are_open():
    from portproof.runtimes.tflite_schema import schema

    model, declared = body(BATCH + "w = Concat<axis = 0>(n, minus1, two1) r = Reshape(x, w) y = Relu(r)")
    _, file = converted(model, declared, representative={"N": 3, "T": 7})
    table = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytes(file.data)))
    tensors = {tensor.name.decode(): tensor for tensor in table.subgraphs[0].tensors}
    assert list(tensors["x"].shape) == [3, 7, 4]
    assert list(tensors["x"].shapeSignature) == [-1, -1, 4]
    assert list(tensors["y"].shape) == [3, 14, 2]
    assert list(tensors["y"].shapeSignature) == [-1, -1, 2]
    fixed = [tensor for tensor in tensors.values() if tensor.shapeSignature is None]
    assert all(-1 not in list(tensor.shape) for tensor in fixed)


def test_sizes_at_which_the_model_itself_makes_no_sense():
    text = "f = Constant<value = int64[3] {0, -1, 8}>() y = Reshape(x, f)"
    (message, *_) = refusals(*body(text))
    assert "the model reshapes" in message.why
    assert "step" in message.hint
    check_sizes(*body(text, "x=NxT:2..40:2x4"), [{"N": 1, "T": 2}, {"N": 3, "T": 40}])


def test_one_limit_is_enough_for_what_grows_with_that_dimension_alone():
    """The batch has no limit; nothing that is cut depends on it."""
    text = TIME + "q = Squeeze(t) r = Range(zero, q, one) f = Cast<to = 1>(r) u = Unsqueeze(f, one1) y = Add(x, u)"
    check_sizes(*body(text, "x=NxT:1..40x4"), [{"N": 50, "T": 3}, {"N": 1, "T": 40}])


def test_constants_of_a_narrow_range_of_two_dimensions():
    """Witnesses go beyond a narrow range; what is kept is what the range needs."""
    text = TIME + BATCH + "w = Concat<axis = 0>(n, t) c = Expand(one, w) f = Cast<to = 1>(c) "
    text += "m = Trilu<upper = 1>(f) u = Unsqueeze(m, two1) y = Add(x, u)"
    file = check_sizes(*body(text, "x=N:1..3xT:1..4x4"), [{"N": 1, "T": 4}, {"N": 3, "T": 1}, {"N": 3, "T": 4}])
    assert file.op_counts["SLICE"] == 1
