"""What a Transpose, Slice, Split or Gather takes: nothing, whole rows, or every element."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portproof.device_profiles.cost import components, graph, layers, movement
from portproof.device_profiles.cost.work import Layer


def kinds(text):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20]> {text}')
    return [layer.kind for layer in layers.of_graph(graph.of_proto(model))]


@pytest.mark.parametrize(
    ("shape", "perm", "kind"),
    [
        ((1, 8, 5, 5), (0, 2, 3, 1), "view"),  # an image, channels last
        ((1, 5, 5, 8), (0, 3, 1, 2), "view"),
        ((1, 7, 8), (1, 0, 2), "view"),  # the batch of one and a sequence
        ((7, 12, 8), (1, 0, 2), "move"),  # heads before positions
        ((1, 7, 3, 4, 8), (2, 0, 3, 1, 4), "move"),
        ((1, 4, 7, 8), (0, 1, 3, 2), "transpose"),
        ((7, 8), (1, 0), "transpose"),
        ((5, 5), (0, 1), "view"),
    ],
)
def test_transposes(shape, perm, kind):
    assert movement.of_transpose(shape, perm) == kind


@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=6), data=st.data())
def test_a_view_keeps_the_order_in_memory_but_of_images(shape, data):
    perm = tuple(data.draw(st.permutations(range(len(shape)))))
    kind = movement.of_transpose(tuple(shape), perm)
    whole = np.arange(np.prod(shape)).reshape(shape)
    same = np.array_equal(whole.transpose(perm).ravel(), whole.ravel())
    if same:
        assert kind == "view"
    elif kind == "view":
        assert perm in {(0, 2, 3, 1), (0, 3, 1, 2)}


def test_keys_of_an_attention_are_no_image():
    text = (
        "g (float[1,7,24] x) => (float[1,4,6,7] y) <int64[4] s = {1, 7, 4, 6}>"
        "{ r = Reshape(x, s) y = Transpose<perm=[0,2,3,1]>(r) }"
    )
    assert kinds(text) == ["transpose"]
    assert kinds("g (float[1,4,5,6] x) => (float[1,5,6,4] y) { y = Transpose<perm=[0,2,3,1]>(x) }") == ["view"]


def test_a_transpose_without_permutation_turns_all_axes():
    assert kinds("g (float[3,4] x) => (float[4,3] y) { y = Transpose(x) }") == ["transpose"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(float[3,7,8] x) => (float[7,8] y) <int64 i = {1}> { y = Gather<axis=0>(x, i) }", "view"),
        ("(float[1,3,7,8,2] x) => (float[1,7,8,2] y) <int64 i = {1}> { y = Gather<axis=1>(x, i) }", "view"),
        ("(float[3,7,8] x) => (float[3,8] y) <int64 i = {1}> { y = Gather<axis=1>(x, i) }", "move"),
        ("(float[9,8] x) => (float[2,8] y) <int64[2] i = {1, 5}> { y = Gather<axis=0>(x, i) }", "move"),
        ("(float[6,8] x) => (float[3,8] y, float[3,8] z) { y, z = Split<axis=0, num_outputs=2>(x) }", "view"),
        ("(float[6,8] x) => (float[6,4] y, float[6,4] z) { y, z = Split<axis=-1, num_outputs=2>(x) }", "move"),
        # Channels of an image are its last axis on the device.
        ("(float[1,6,5,5] x) => (float[1,3,5,5] y, float[1,3,5,5] z)"
         "{ y, z = Split<axis=1, num_outputs=2>(x) }", "move"),
        ("(float[1,9,8] x) => (float[1,4,8] y) <int64[1] b = {0}, int64[1] e = {4}, int64[1] a = {1}>"
         "{ y = Slice(x, b, e, a) }", "view"),
        ("(float[2,9,8] x) => (float[2,4,8] y) <int64[1] b = {0}, int64[1] e = {4}, int64[1] a = {1}>"
         "{ y = Slice(x, b, e, a) }", "move"),
        ("(float[9,8] x) => (float[4,4] y) <int64[2] b = {0, 0}, int64[2] e = {4, 4}> { y = Slice(x, b, e) }", "move"),
    ],
)  # fmt: skip
def test_parts(text, kind):
    assert kinds("g " + text) == [kind]


def test_other_operators_are_none_of_it():
    assert kinds("g (float[3,4] x) => (float[3,4] y) { y = Exp(x) }") == ["elt"]


def test_a_view_takes_nothing_on_a_neural_processor_and_what_a_transpose_does_on_a_core():
    moved = {
        kind: components.layer_amounts(Layer(name="n", kind=kind, inputs=10**6, outputs=10**6))
        for kind in ("view", "transpose")
    }

    def cost(kind, unit):
        priors = {term: components.PRIORS[term][components.UNITS.index(unit)] for term in moved[kind]}
        return sum(priors[term] * amount for term, amount in moved[kind].items())

    assert cost("view", "npu") < 0.001 * cost("transpose", "npu")
    assert cost("view", "cpu") == cost("transpose", "cpu")


QKV = (
    "g (float[7,1,3,{row}] x) => (float[7,1,{row}] q, float[7,1,{row}] k) <int64 i = {{0}}, int64 j = {{1}}>"
    "{{ t = Transpose<perm=[2,0,1,3]>(x) {between} q = Gather<axis=0>({source}, i) k = Gather<axis=0>({source}, j) }}"
)


def test_queries_keys_and_values_are_read_where_they_are() -> None:
    assert kinds(QKV.format(row=64, between="", source="t")) == ["view", "view", "view"]


def test_nor_does_a_reshape_between_move_them() -> None:
    text = QKV.format(row=64, between="u = Unsqueeze(t, a) s = Squeeze(u, a)", source="s")
    text = text.replace("int64 j = {1}", "int64 j = {1}, int64[1] a = {0}")
    assert kinds(text) == ["view", "view", "view"]


def test_a_reshape_that_cuts_across_them_does() -> None:
    text = QKV.format(row=64, between="u = Reshape(t, a)", source="u")
    text = text.replace("int64 j = {1}", "int64 j = {1}, int64[3] a = {7, 3, 64}").replace("[7,1,64]", "[3,64]")
    assert kinds(text)[0] == "move"


def test_parts_of_a_block_are_moved() -> None:
    assert kinds(QKV.format(row=24, between="", source="t"))[0] == "move"


def test_what_is_read_whole_too_is_moved() -> None:
    text = QKV.format(row=64, between="", source="t").replace("k = Gather<axis=0>(t, j)", "k = ReduceSum(t, j)")
    assert kinds(text)[0] == "move"
    second = text.replace("k = ReduceSum(t, j)", "k = Mul(z, t)").replace("(float[7", "(float[1] z, float[7", 1)
    assert kinds(second)[0] == "move"


def test_an_output_of_the_model_is_moved() -> None:
    text = QKV.format(row=64, between="", source="t").replace("=> (", "=> (float[3,7,1,64] t, ", 1)
    assert kinds(text)[0] == "move"


def test_what_nothing_reads_is_moved() -> None:
    assert kinds("g (float[7,1,3,64] x) => (float[3,7,1,64] t) { t = Transpose<perm=[2,0,1,3]>(x) }") == ["move"]


def test_one_head_at_a_time_is_read_where_it_is() -> None:
    text = (
        "g (float[7,12,64] x) => (float[7,64] y) <int64 i = {0}>"
        "{ t = Transpose<perm=[1,0,2]>(x) y = Gather<axis=0>(t, i) }"
    )
    assert kinds(text)[0] == "view"
    # Turned as well, nothing lies in one piece.
    assert kinds(text.replace("perm=[1,0,2]", "perm=[1,2,0]").replace("float[7,64] y", "float[64,7] y"))[0] != "view"


SHUFFLE = (
    "g (float[1,12,5,4] x) => (float[1,12,5,4] y) <int64[5] s = {{{shape}}}, int64[4] t = {{1, 12, 5, 4}}>"
    "{{ r = Reshape(x, s) p = Transpose<perm=[0,2,1,3,4]>(r) y = Reshape(p, t) }}"
)


def test_channels_that_change_places_are_moved_one_by_one() -> None:
    assert kinds(SHUFFLE.format(shape="1, 3, 4, 5, 4")) == ["transpose"]


def test_parts_of_rows_that_change_places_are_moved_whole() -> None:
    assert kinds(SHUFFLE.format(shape="12, 5, 2, 1, 2")) == ["move"]
