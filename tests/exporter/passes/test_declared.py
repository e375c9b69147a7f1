import onnx
import onnx_ir as ir
import pytest

from portproof.exporter.passes.declared import InferFromOutputs, has_unknown_shape
from portproof.exporter.passes.graph import shape_of
from portproof.exporter.passes.shapes import InferShapes

HEAD = '<ir_version: 10, opset_import: ["" : 23, "other" : 1]>\n'


def model_of(text: str) -> ir.Model:
    return ir.from_proto(onnx.parser.parse_model(HEAD + text))


def test_a_size_computed_at_run_time_is_that_of_the_output():
    text = """g (int64 n) => (float[8] y) <int64 z = {0}, int64 o = {1}> {
        r = Range(z, n, o)\n f = Cast<to = 1>(r)\n c = Cos(f)\n s = Sin(f)\n t = Mul(c, s)\n y = Tanh(t) }"""
    model = model_of(text)
    InferShapes()(model)
    assert not has_unknown_shape(model)
    assert shape_of(model.graph[0].outputs[0]) == (8,)
    assert not InferShapes()(model).modified


def unknown_operand(other: str, declared: str, *, rank: str = "") -> tuple[int, ...] | None:
    """The shape found for the first operand of an Add with another one."""
    text = f"""g (float[2,3] x, float[{other}] b) => (float[{declared}] y) {rank and f"<float[{rank}] a>"} {{
        a = other.Secret(x)\n y = Add(a, b) }}"""
    model = model_of(text.replace("float[]", "float"))
    InferFromOutputs()(model)
    return shape_of(model.graph[0].outputs[0])


@pytest.mark.parametrize(
    ("other", "declared", "rank", "found"),
    [
        ("", "4,5", "", (4, 5)),
        ("1", "4,5", "", (4, 5)),
        ("1,1", "4,5", "p,q", (4, 5)),
        ("1,1", "4,5", "q", (5,)),
        ("1,1", "4,5", "", None),  # [5] would do as well
        ("1,5", "4,5", "p,q", None),  # the last may be 1 or 5
        ("5", "4,5", "", None),
        ("", "p", "", None),
        ("", "", "", ()),
    ],
)
def test_operands_of_broadcasting(other, declared, rank, found):
    assert unknown_operand(other, declared, rank=rank) == found


def test_names_of_sizes_mean_one_size_everywhere():
    model = model_of("""g (float[2] x) => (float[4,5] y, float[q,9] z) <float[p,q] a, float[p,q] b> {
        a = other.Secret(x)\n b = other.Secret(x)\n y = Add(a, b)\n z = other.Secret(b) }""")
    assert InferFromOutputs()(model).modified
    assert [shape_of(node.outputs[0]) for node in model.graph] == [(4, 5), (4, 5), (4, 5), (5, 9)]


def test_different_names_may_be_one_or_repeated():
    model = model_of("""g (float[2] x) => (float[4] y) <float[p] a, float[q] b> {
        a = other.Secret(x)\n b = other.Secret(x)\n y = Add(a, b) }""")
    assert not InferFromOutputs()(model).modified


def test_sizes_of_inputs_are_for_their_owner_to_fix():
    model = model_of("g (float[p] x) => (float[4] y) <float[p] a> { a = Neg(x)\n y = Abs(a) }")
    assert not InferFromOutputs()(model).modified
    assert has_unknown_shape(model)


def test_two_operands_without_a_rank_stay():
    model = model_of("g (float[2] x) => (float[4] y) { a = other.Secret(x)\n b = other.Secret(a)\n y = Add(a, b) }")
    assert not InferFromOutputs()(model).modified
