"""Models of one operator each, for compilers of vendors: forms that they take, and forms that they refuse."""

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from tests.conformance.single_op import IMAGE, ROWS, Case


def cases() -> tuple[Case, ...]:
    """All of them; names are unique."""
    return (
        *_convolutions(),
        *_products(),
        *_pools(),
        *_elementwise(),
        *_moves(),
        *_reductions(),
        *_others(),
        *_rarer(),
        *_typed(),
    )


def weights(*shape: int) -> NDArray[np.float32]:
    """Seeded weights."""
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def _ints(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


def _convolutions() -> Iterator[Case]:
    for stride in (1, 2, 3, 4):
        pads = [1, 1, 1, 1] if stride == 1 else [0, 0, 0, 0]
        yield Case(
            name=f"conv_stride_{stride}",
            op="Conv",
            constants=(weights(12, 8, 3, 3), weights(12)),
            attributes={"strides": [stride, stride], "pads": pads},
        )
        yield Case(
            name=f"depthwise_stride_{stride}",
            op="Conv",
            constants=(weights(8, 1, 3, 3), weights(8)),
            attributes={"strides": [stride, stride], "pads": pads, "group": 8},
        )
    yield Case(
        name="conv_stride_4_padded",
        op="Conv",
        inputs=((1, 8, 18, 18),),
        constants=(weights(12, 8, 3, 3),),
        attributes={"strides": [4, 4], "auto_pad": "SAME_UPPER"},
    )
    for dilation in (2, 4):
        yield Case(
            name=f"conv_dilation_{dilation}",
            op="Conv",
            constants=(weights(12, 8, 3, 3),),
            attributes={"dilations": [dilation, dilation], "pads": [dilation] * 4},
        )
    yield Case(name="conv_1x1", op="Conv", constants=(weights(12, 8, 1, 1), weights(12)))
    yield Case(name="conv_grouped", op="Conv", constants=(weights(12, 4, 3, 3), weights(12)), attributes={"group": 2})
    yield Case(
        name="conv_large_kernel",
        op="Conv",
        inputs=((1, 4, 80, 80),),
        constants=(weights(4, 4, 70, 70),),
    )
    yield Case(name="conv_1d", op="Conv", inputs=((1, 8, 40),), constants=(weights(12, 8, 3), weights(12)))
    yield Case(name="conv_3d", op="Conv", inputs=((1, 4, 6, 6, 6),), constants=(weights(6, 4, 3, 3, 3),))
    yield Case(name="conv_computed_weights", op="Conv", inputs=(IMAGE, (12, 8, 3, 3)))
    yield Case(name="conv_batch_4", op="Conv", inputs=((4, 8, 16, 16),), constants=(weights(12, 8, 3, 3),))
    for stride in (1, 2, 3):
        yield Case(
            name=f"transposed_stride_{stride}",
            op="ConvTranspose",
            constants=(weights(8, 6, 2, 2), weights(6)),
            attributes={"strides": [stride, stride]},
        )
    yield Case(
        name="transposed_kernel_4",
        op="ConvTranspose",
        constants=(weights(8, 6, 4, 4), weights(6)),
        attributes={"strides": [2, 2], "pads": [1, 1, 1, 1]},
    )


def _products() -> Iterator[Case]:
    yield Case(
        name="gemm", op="Gemm", inputs=((1, 32),), constants=(weights(16, 32), weights(16)), attributes={"transB": 1}
    )
    yield Case(name="gemm_batch", op="Gemm", inputs=((5, 32),), constants=(weights(32, 16), weights(16)))
    yield Case(name="matmul_constant", op="MatMul", inputs=(ROWS,), constants=(weights(32, 16),))
    yield Case(name="matmul_two", op="MatMul", inputs=((1, 4, 24, 32), (1, 4, 32, 24)))
    yield Case(name="matmul_two_3d", op="MatMul", inputs=((4, 24, 32), (4, 32, 24)))
    yield Case(name="matmul_five_axes", op="MatMul", inputs=((1, 2, 3, 8, 16), (1, 2, 3, 16, 8)))
    yield Case(
        name="einsum",
        op="Einsum",
        inputs=((2, 8, 16), (2, 16, 4)),
        attributes={"equation": "bij,bjk->bik"},
    )


def _pools() -> Iterator[Case]:
    for kernel, stride in ((2, 2), (3, 1), (3, 2), (5, 4), (9, 1)):
        yield Case(
            name=f"max_pool_{kernel}_{stride}",
            op="MaxPool",
            attributes={"kernel_shape": [kernel, kernel], "strides": [stride, stride]},
        )
        yield Case(
            name=f"average_pool_{kernel}_{stride}",
            op="AveragePool",
            attributes={"kernel_shape": [kernel, kernel], "strides": [stride, stride]},
        )
    yield Case(
        name="average_pool_padded",
        op="AveragePool",
        attributes={"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1]},
    )
    yield Case(
        name="average_pool_padded_9",
        op="AveragePool",
        attributes={"kernel_shape": [9, 9], "strides": [1, 1], "pads": [4, 4, 4, 4]},
    )
    yield Case(
        name="max_pool_dilated",
        op="MaxPool",
        attributes={"kernel_shape": [3, 3], "strides": [1, 1], "dilations": [2, 2]},
    )
    yield Case(name="global_average_pool", op="GlobalAveragePool")
    yield Case(name="global_max_pool", op="GlobalMaxPool")


def _elementwise() -> Iterator[Case]:
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"):
        yield Case(name=f"{op.lower()}_two", op=op, inputs=(IMAGE, IMAGE))
    for op in ("Add", "Mul", "Div", "Pow"):
        yield Case(name=f"{op.lower()}_constant", op=op, constants=(np.full((8, 1, 1), 2.0, np.float32),))
    yield Case(name="add_rank_5", op="Add", inputs=((1, 2, 3, 4, 5), (1, 2, 3, 4, 5)))
    yield Case(name="add_int32", op="Add", inputs=(ROWS, ROWS), dtype=onnx.TensorProto.INT32)
    unary = (
        "Abs Neg Relu Sigmoid Tanh Exp Log Sqrt Reciprocal HardSwish LeakyRelu Elu Erf Floor Ceil Round Sign Sin Cos "
        "Softplus HardSigmoid Selu Mish"
    )
    for op in unary.split():
        yield Case(name=op.lower(), op=op)
    yield Case(name="clip_0_6", op="Clip", constants=(np.array(0, np.float32), np.array(6, np.float32)))
    yield Case(name="clip_odd", op="Clip", constants=(np.array(-2, np.float32), np.array(3, np.float32)))
    yield Case(name="prelu", op="PRelu", constants=(weights(8, 1, 1),))
    for op in ("Greater", "Less", "Equal"):
        yield Case(name=op.lower(), op=op, inputs=(IMAGE, IMAGE), out_dtype=onnx.TensorProto.BOOL)
    yield Case(name="softmax", op="Softmax", inputs=((1, 4, 24, 32),), attributes={"axis": -1})
    yield Case(name="softmax_channels", op="Softmax", attributes={"axis": 1})
    yield Case(name="log_softmax", op="LogSoftmax", inputs=((1, 32),), attributes={"axis": -1})


def _moves() -> Iterator[Case]:
    yield Case(name="concat_channels", op="Concat", inputs=(IMAGE, IMAGE), attributes={"axis": 1})
    yield Case(name="concat_rows", op="Concat", inputs=(ROWS, ROWS, ROWS), attributes={"axis": 1})
    yield Case(name="split", op="Split", attributes={"axis": 1, "num_outputs": 2}, outputs=2)
    yield Case(name="reshape", op="Reshape", constants=(_ints(1, 32, 64),))
    yield Case(name="flatten", op="Flatten")
    yield Case(name="squeeze", op="Squeeze", inputs=((1, 1, 8, 16),), constants=(_ints(1),))
    yield Case(name="unsqueeze", op="Unsqueeze", inputs=(ROWS,), constants=(_ints(1),))
    yield Case(name="transpose_4d", op="Transpose", attributes={"perm": [0, 2, 3, 1]})
    yield Case(name="transpose_heads", op="Transpose", inputs=((1, 24, 4, 8),), attributes={"perm": [0, 2, 1, 3]})
    yield Case(name="transpose_5d", op="Transpose", inputs=((2, 3, 4, 5, 6),), attributes={"perm": [4, 2, 0, 3, 1]})
    yield Case(name="slice", op="Slice", constants=(_ints(0, 2), _ints(8, 10), _ints(2, 3)))
    yield Case(name="slice_stepped", op="Slice", constants=(_ints(0), _ints(16), _ints(3), _ints(2)))
    yield Case(name="slice_backwards", op="Slice", constants=(_ints(-1), _ints(-17), _ints(3), _ints(-1)))
    yield Case(name="pad", op="Pad", constants=(_ints(0, 0, 1, 1, 0, 0, 1, 1),))
    yield Case(name="pad_channels", op="Pad", constants=(_ints(0, 1, 0, 0, 0, 1, 0, 0),))
    yield Case(name="pad_reflect", op="Pad", constants=(_ints(0, 0, 1, 1, 0, 0, 1, 1),), attributes={"mode": "reflect"})
    yield Case(name="gather", op="Gather", inputs=(ROWS,), constants=(_ints(3, 1, 2),), attributes={"axis": 1})
    yield Case(name="tile", op="Tile", inputs=(ROWS,), constants=(_ints(1, 2, 1),))
    yield Case(name="expand", op="Expand", inputs=((1, 1, 32),), constants=(_ints(1, 24, 32),))
    yield Case(name="depth_to_space", op="DepthToSpace", attributes={"blocksize": 2})
    yield Case(name="space_to_depth", op="SpaceToDepth", attributes={"blocksize": 2})
    yield Case(name="cast", op="Cast", attributes={"to": onnx.TensorProto.INT32}, out_dtype=onnx.TensorProto.INT32)
    for mode, coordinates in (("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners")):
        for scale in (2, 3):
            yield Case(
                name=f"resize_{mode}_{coordinates}_{scale}",
                op="Resize",
                constants=(None, np.array([1, 1, scale, scale], np.float32)),
                attributes={"mode": mode, "coordinate_transformation_mode": coordinates, "nearest_mode": "floor"},
            )
    yield Case(
        name="resize_cubic",
        op="Resize",
        constants=(None, np.array([1, 1, 2, 2], np.float32)),
        attributes={"mode": "cubic"},
    )


def _reductions() -> Iterator[Case]:
    for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"):
        yield Case(name=f"{op.lower()}_spatial", op=op, constants=(_ints(2, 3),), attributes={"keepdims": 1})
        yield Case(name=f"{op.lower()}_channels", op=op, constants=(_ints(1),), attributes={"keepdims": 1})
        yield Case(name=f"{op.lower()}_rows", op=op, inputs=(ROWS,), constants=(_ints(-1),), attributes={"keepdims": 1})
    yield Case(name="reduce_mean_batch", op="ReduceMean", inputs=((2, 8, 16, 16),), constants=(_ints(2, 3),))
    yield Case(name="reduce_prod", op="ReduceProd", constants=(_ints(2, 3),))
    yield Case(name="arg_max", op="ArgMax", attributes={"axis": 1}, out_dtype=onnx.TensorProto.INT64)
    yield Case(
        name="arg_max_wide",
        op="ArgMax",
        inputs=((1, 200, 4, 4),),
        attributes={"axis": 1},
        out_dtype=onnx.TensorProto.INT64,
    )
    yield Case(name="arg_max_rows", op="ArgMax", attributes={"axis": 2}, out_dtype=onnx.TensorProto.INT64)


def _others() -> Iterator[Case]:
    yield Case(name="layer_norm", op="LayerNormalization", inputs=(ROWS,), constants=(weights(32), weights(32)))
    yield Case(name="instance_norm", op="InstanceNormalization", constants=(weights(8), weights(8)))
    yield Case(
        name="batch_norm",
        op="BatchNormalization",
        constants=(weights(8), weights(8), weights(8), np.abs(weights(8)) + 1),
    )
    yield Case(name="cumsum", op="CumSum", inputs=(ROWS,), constants=(np.array(1, np.int64),))
    yield Case(name="lrn", op="LRN", attributes={"size": 3})
    yield Case(name="lp_normalization", op="LpNormalization", inputs=((1, 32),), attributes={"axis": -1, "p": 2})


def _rarer() -> Iterator[Case]:
    """Operators that few compilers know."""
    for op in [
        "Acos",
        "Acosh",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "Celu",
        "Cosh",
        "Sinh",
        "Softsign",
        "Tan",
        "ThresholdedRelu",
        "Shrink",
        "Hardmax",
    ]:
        yield Case(name=op.lower(), op=op, inputs=((1, 8, 16),))
    for op in ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"]:
        yield Case(name=op.lower(), op=op, inputs=(ROWS,), constants=(_ints(-1),))
    yield Case(name="arg_min", op="ArgMin", inputs=(ROWS,), attributes={"axis": -1}, out_dtype=onnx.TensorProto.INT64)
    yield Case(name="mean_of_two", op="Mean", inputs=(ROWS, ROWS))
    yield Case(name="sum_of_three", op="Sum", inputs=(ROWS, ROWS, ROWS))
    yield Case(name="mod_float", op="Mod", inputs=(ROWS, ROWS), attributes={"fmod": 1})
    yield Case(name="trilu", op="Trilu", inputs=((1, 16, 16),))
    yield Case(name="isnan", op="IsNaN", inputs=(ROWS,), out_dtype=onnx.TensorProto.BOOL)
    yield Case(name="isinf", op="IsInf", inputs=(ROWS,), out_dtype=onnx.TensorProto.BOOL)
    yield Case(name="det", op="Det", inputs=((1, 4, 4),))
    yield Case(
        name="max_pool_ceil", op="MaxPool", attributes={"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}
    )
    yield Case(name="lp_pool", op="LpPool", attributes={"kernel_shape": [2, 2], "strides": [2, 2]})
    yield Case(name="max_pool_1d", op="MaxPool", inputs=((1, 8, 32),), attributes={"kernel_shape": [2], "strides": [2]})
    yield Case(
        name="average_pool_3d",
        op="AveragePool",
        inputs=((1, 4, 8, 8, 8),),
        attributes={"kernel_shape": [2, 2, 2], "strides": [2, 2, 2]},
    )
    yield Case(name="mean_variance_normalization", op="MeanVarianceNormalization", attributes={"axes": [0, 2, 3]})
    yield Case(name="add_rank_6", op="Add", inputs=((1, 2, 2, 2, 3, 4), (1, 2, 2, 2, 3, 4)))
    yield Case(
        name="transpose_6d", op="Transpose", inputs=((1, 2, 3, 2, 3, 2),), attributes={"perm": [0, 1, 3, 2, 5, 4]}
    )
    yield Case(
        name="grid_sample",
        op="GridSample",
        inputs=(IMAGE, (1, 10, 10, 2)),
        attributes={"mode": "bilinear", "padding_mode": "zeros"},
    )
    yield Case(
        name="gather_elements",
        op="GatherElements",
        inputs=(ROWS,),
        constants=(np.zeros((1, 24, 8), np.int64),),
        attributes={"axis": 2},
    )
    yield Case(name="gather_nd", op="GatherND", inputs=(ROWS,), constants=(np.array([[0, 1], [0, 3]], np.int64),))
    yield Case(
        name="scatter_nd",
        op="ScatterND",
        inputs=(ROWS,),
        constants=(np.array([[0, 1], [0, 3]], np.int64), weights(2, 32)),
    )
    yield Case(name="non_zero", op="NonZero", inputs=((4, 8),), out_dtype=onnx.TensorProto.INT64)
    yield Case(
        name="resize_nearest_1d",
        op="Resize",
        inputs=((1, 8, 32),),
        constants=(None, np.array([1, 1, 2], np.float32)),
        attributes={"mode": "nearest"},
    )
    yield Case(
        name="gru",
        op="GRU",
        inputs=((10, 1, 16),),
        constants=(weights(1, 60, 16), weights(1, 60, 20), weights(1, 120)),
        attributes={"hidden_size": 20, "linear_before_reset": 1},
    )
    yield Case(
        name="lstm",
        op="LSTM",
        inputs=((10, 1, 16),),
        constants=(weights(1, 80, 16), weights(1, 80, 20), weights(1, 160)),
        attributes={"hidden_size": 20},
    )
    yield Case(
        name="lstm_both_ways",
        op="LSTM",
        inputs=((10, 1, 16),),
        constants=(weights(2, 80, 16), weights(2, 80, 20), weights(2, 160)),
        attributes={"hidden_size": 20, "direction": "bidirectional"},
    )
    yield Case(
        name="one_hot",
        op="OneHot",
        inputs=((1, 8),),
        constants=(_ints(16), np.array([0, 1], np.float32)),
        dtype=onnx.TensorProto.INT64,
        out_dtype=onnx.TensorProto.FLOAT,
    )


def _typed() -> Iterator[Case]:
    """The same operators on other types than float32."""
    types = onnx.TensorProto
    for name, dtype in (
        ("float16", types.FLOAT16),
        ("int32", types.INT32),
        ("int64", types.INT64),
        ("double", types.DOUBLE),
    ):
        yield Case(name=f"mul_{name}", op="Mul", inputs=(ROWS, ROWS), dtype=dtype)
        yield Case(
            name=f"transpose_{name}", op="Transpose", inputs=(ROWS,), attributes={"perm": [0, 2, 1]}, dtype=dtype
        )
    yield Case(name="abs_int32", op="Abs", inputs=(ROWS,), dtype=types.INT32)
    yield Case(name="reduce_sum_int32", op="ReduceSum", inputs=(ROWS,), constants=(_ints(-1),), dtype=types.INT32)
    for op in ("And", "Or", "Xor"):
        yield Case(name=op.lower(), op=op, inputs=(ROWS, ROWS), dtype=types.BOOL)
    yield Case(name="not", op="Not", inputs=(ROWS,), dtype=types.BOOL)
    yield Case(name="mod_int32", op="Mod", inputs=(ROWS, ROWS), dtype=types.INT32)
    yield Case(name="cast_int64", op="Cast", inputs=(ROWS,), attributes={"to": types.INT64}, out_dtype=types.INT64)
    yield Case(name="cast_bool", op="Cast", inputs=(ROWS,), attributes={"to": types.BOOL}, out_dtype=types.BOOL)
    yield Case(name="bitwise_and", op="BitwiseAnd", inputs=(ROWS, ROWS), dtype=types.INT32)
