"""Whole small networks: one file, right at every size, also where all sizes are equal."""

import numpy as np
import pytest
from tests.exporter.tflite.generalise.dynamic_support import check_sizes, converted, symbolic, weight

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.tflite_schema import schema

HEAD = '<ir_version: 10, opset_import: ["" : 23]>\n'
UNET = (
    HEAD
    + """
unet (float[N,3,H,W] x) => (float[N,5] label, float[N,C,h,w] mask) {
  c1 = Conv<pads = [1,1,1,1], strides = [2,2]>(x, w1)  r1 = Relu(c1)
  c2 = Conv<pads = [1,1,1,1], strides = [2,2]>(r1, w2)  r2 = Relu(c2)
  u = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(r2, , twice)
  c3 = Conv<pads = [1,1,1,1]>(u, w3)
  both = Concat<axis = 1>(u, c3)
  mask = Sigmoid(both)
  pooled = GlobalAveragePool(r2)
  flat = Flatten(pooled)
  label = Gemm(flat, w4, b4)
}"""
)
UNET_WEIGHTS = {
    "w1": weight(4, 3, 3, 3),
    "w2": weight(6, 4, 3, 3),
    "w3": weight(4, 6, 3, 3),
    "w4": weight(6, 5),
    "b4": weight(5),
    "twice": np.array([1, 1, 2, 2], np.float32),
}


def test_an_image_network_of_any_size():
    sizes = [
        {"N": 1, "H": 32, "W": 32},
        {"N": 3, "H": 33, "W": 47},
        {"N": 5, "H": 5, "W": 5},
        {"N": 1, "H": 6, "W": 7},
        {"N": 2, "H": 1, "W": 1},
    ]
    check_sizes(symbolic(UNET, **UNET_WEIGHTS), ["x=Nx3xHxW"], sizes)


def test_the_file_has_the_sizes_asked_for_behind_many_strides():
    """Which of the ways of rounding by 8 it is the witnesses do not say: the file is written with about that size."""
    layers = " ".join(f"x{n + 1} = Conv<strides = [2,2], pads = [1,1,1,1]>(x{n}, w)" for n in range(4))
    text = HEAD + f"g (float[N,3,H,W] x0) => (float[N,3,h,w] x4) {{ {layers} }}"
    sizes = {"N": 1, "H": 224, "W": 192}
    file = check_sizes(symbolic(text, w=weight(3, 3, 3, 3)), ["x0=Nx3xHxW"], [sizes], representative=sizes)
    table = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytes(file.data)))
    graph = table.subgraphs[0]
    assert list(graph.tensors[graph.inputs[0]].shape) == [1, 224, 192, 3]
    assert list(graph.tensors[graph.outputs[0]].shape) == [1, 14, 12, 3]


def test_an_image_network_in_steps_needs_no_explicit_padding_where_same_fits():
    sizes = [{"N": 1, "H": 32, "W": 64}, {"N": 8, "H": 128, "W": 32}, {"N": 4, "H": 96, "W": 96}]
    file = check_sizes(
        symbolic(UNET, **UNET_WEIGHTS), ["x=N:1..8x3xH:32..128:32xW:32..128:32"], sizes, io_layout="keep"
    )
    assert file.input_perms == {}


@pytest.mark.parametrize(
    "pool",
    [
        "MaxPool<kernel_shape = [3,3], strides = [2,2], pads = [1,1,1,1]>",
        "MaxPool<kernel_shape = [2,2], strides = [2,2], ceil_mode = 1>",
        "MaxPool<kernel_shape = [3,3], strides = [2,2], ceil_mode = 1>",
        "MaxPool<kernel_shape = [3,3], strides = [2,2], pads = [0,0,1,1], ceil_mode = 1>",
        "MaxPool<kernel_shape = [2,2], strides = [2,2]>",
        "AveragePool<kernel_shape = [3,3], strides = [2,2]>",
        "AveragePool<kernel_shape = [2,2], strides = [2,2]>",
    ],
)
def test_pools_of_odd_and_even_sizes(pool):
    """How far the last window reaches depends on the size."""
    text = HEAD + f"g (float[N,3,H,W] x) => (float[N,3,h,w] y) {{ r = Relu(x) p = {pool}(r) y = Exp(p) }}"
    sizes = [{"N": 1, "H": h, "W": w} for h, w in ((8, 8), (9, 7), (6, 11), (5, 4))]
    check_sizes(symbolic(text), ["x=Nx3xHxW"], sizes)


def test_a_pool_that_divides_by_what_is_under_each_window_is_named():
    pool = "AveragePool<kernel_shape = [3,3], strides = [2,2], pads = [1,1,1,1]>"
    text = HEAD + f"g (float[N,3,H,8] x) => (float[N,3,h,4] y) {{ y = {pool}(x) }}"
    with pytest.raises(PortproofError) as caught:
        converted(symbolic(text), ["x=Nx3xHx8"])
    assert "cannot follow H (N can stay dynamic)" in caught.value.messages[0].what


BLOCK = (
    HEAD
    + """
block (float[N,T,16] x, float[N,T] keep) => (float[N,T,16] y) {
  n = LayerNormalization<axis = -1>(x, gain, bias)
  qkv = MatMul(n, wqkv)
  shape = Shape(x)
  batch = Gather(shape, zero)  time = Gather(shape, one)
  batch1 = Unsqueeze(batch, zero1)  time1 = Unsqueeze(time, zero1)
  split = Concat<axis = 0>(batch1, time1, heads)
  parts = Reshape(qkv, split)
  moved = Transpose<perm = [2,0,3,1,4]>(parts)
  q = Gather<axis = 0>(moved, zero)  k = Gather<axis = 0>(moved, one)  v = Gather<axis = 0>(moved, two)
  kt = Transpose<perm = [0,1,3,2]>(k)
  s = MatMul(q, kt)
  square = Concat<axis = 0>(time1, time1)
  full = ConstantOfShape<value = float[1] {-9.0}>(square)
  causal = Trilu<upper = 1>(full, one)
  s1 = Add(s, causal)
  axes = Constant<value = int64[2] {1, 2}>()
  mask = Unsqueeze(keep, axes)
  s2 = Add(s1, mask)
  a = Softmax<axis = -1>(s2)
  o = MatMul(a, v)
  ot = Transpose<perm = [0,2,1,3]>(o)
  whole = Concat<axis = 0>(batch1, time1, width)
  joined = Reshape(ot, whole)
  steps = Range(zero, time, one)
  positions = Gather<axis = 0>(table, steps)
  placed = Add(joined, positions)
  y = Add(placed, x)
}"""
)
BLOCK_WEIGHTS = {
    "gain": weight(16),
    "bias": weight(16, seed=1),
    "wqkv": weight(16, 48),
    "table": weight(64, 16),
    "zero": np.array(0),
    "one": np.array(1),
    "two": np.array(2),
    "zero1": np.array([0]),
    "heads": np.array([3, 2, 8]),
    "width": np.array([16]),
}
SEQUENCES = [{"N": 1, "T": 1}, {"N": 8, "T": 64}, {"N": 1, "T": 8}, {"N": 7, "T": 7}, {"N": 2, "T": 16}]


def test_attention_with_a_mask_and_positions():
    """Mask and positions are constants, made for the limit and cut when running."""
    file = check_sizes(symbolic(BLOCK, **BLOCK_WEIGHTS), ["x=N:1..8xT:1..64x16", "keep=NxT"], SEQUENCES)
    assert file.op_counts["SLICE"] == 2


def test_constants_that_grow_without_limit_are_named():
    weights = BLOCK_WEIGHTS | {"table": weight(256, 16)}
    with pytest.raises(PortproofError) as caught:
        converted(symbolic(BLOCK, **weights), ["x=N:1..8xTx16", "keep=NxT"])
    assert {message.code for message in caught.value.messages} == {"E-SHAPE-DYNAMIC"}
    assert len(caught.value.messages) == 2
    assert all("upper limit" in message.hint for message in caught.value.messages)


def test_a_limit_that_the_model_has_and_nobody_declared_is_told():
    with pytest.raises(PortproofError) as caught:
        converted(symbolic(BLOCK, **BLOCK_WEIGHTS), ["x=N:1..8xTx16", "keep=NxT"])
    assert "a constant index is outside" in caught.value.messages[0].why
    assert "declare it" in caught.value.messages[0].hint


LSTM = (
    HEAD
    + """
layer (float[T,N,8] x) => (float[T,N,4] y, float[2,N,6] last) {
  all, last, c = LSTM<hidden_size = 6, direction = "bidirectional">(x, w, r, b)
  moved = Transpose<perm = [0,2,1,3]>(all)
  shape = Shape(x)
  two = Slice(shape, zero1, two1)
  wanted = Concat<axis = 0>(two, width)
  joined = Reshape(moved, wanted)
  y = MatMul(joined, w2)
}"""
)


def test_a_recurrent_layer_with_dynamic_batch_and_time():
    weights = {
        "w": weight(2, 24, 8),
        "r": weight(2, 24, 6),
        "b": weight(2, 48),
        "w2": weight(12, 4),
        "zero1": np.array([0]),
        "two1": np.array([2]),
        "width": np.array([12]),
    }
    sizes = [{"N": 1, "T": 1}, {"N": 3, "T": 9}, {"N": 5, "T": 5}, {"N": 1, "T": 30}]
    check_sizes(symbolic(LSTM, **weights), ["x=TxNx8"], sizes)
