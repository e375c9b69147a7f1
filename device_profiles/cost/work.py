"""A layer of work, and the classes of operators: what element-wise, what moves data, what is free."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One operator, or a chain of element-wise ones that runtimes fuse.

    Attributes:
        name: of the ONNX node (of the last one in a chain).
        kind: its class: one of `KINDS`.
        macs: multiply-accumulates.
        inputs: elements read, parameters not counted.
        outputs: elements written.
        params: parameters read.
        reduction: terms summed for one output: ``Cin / groups * kernel area`` for a convolution; 0 without a product.
        channels: channels of the output (of a matrix product: its columns); 0 without a product.
        window: elements of a convolution's kernel.
        stride: product of a convolution's strides.
        dilation: product of a convolution's dilations.
    """

    name: str
    kind: str
    macs: int = 0
    inputs: int = 0
    outputs: int = 0
    params: int = 0
    reduction: int = 0
    channels: int = 0
    window: int = 1
    stride: int = 1
    dilation: int = 1


#: The classes of layers. Products: dense, 1x1, depthwise, grouped and transposed convolution, a matrix times weights,
#: a matrix times a matrix, a recurrent layer.
KINDS = (
    "conv", "pw", "dw", "gconv", "deconv", "fc", "bmm", "rnn", "softmax", "norm", "gelu", "swish", "act", "hard", "elt",
    "elt2", "pool", "reduce", "cat", "transpose", "move", "view", "other",
)  # fmt: skip
#: Matrix units lay channels out in blocks of as many.
BLOCK = 32
#: Classes that multiply and accumulate.
PRODUCTS = ("conv", "pw", "dw", "gconv", "deconv", "fc", "bmm", "rnn")

FREE = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze"})
#: Runtimes compute these with the product before them.
FUSED = frozenset({"Relu", "Clip", "LeakyRelu", "PRelu", "BatchNormalization"})
_BINARY = frozenset({"Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Mod", "Where", "Sum", "Mean"})
SIGMOIDS = frozenset({"Sigmoid", "HardSigmoid", "Tanh", "Softplus", "Elu", "Celu", "Selu"})
SWISHES = frozenset({"HardSwish", "Swish", "Mish", "com.microsoft.QuickGelu"})
#: Those of both that need no exponential.
HARD = frozenset({"HardSwish", "HardSigmoid"})
GELUS = frozenset({"Gelu", "Erf", "com.microsoft.Gelu", "com.microsoft.FastGelu"})
_UNARY = frozenset(
    {
        "Exp", "Log", "Sqrt", "Rsqrt", "Reciprocal", "Floor", "Ceil", "Round", "Sign", "Not", "Sin", "Cos", "Tan",
        "Atan",
        "Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor", "IsNaN", "IsInf", "Neg", "Abs",
        "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Softsign", "ThresholdedRelu",
    }
)  # fmt: skip
ELEMENTWISE = _BINARY | SIGMOIDS | SWISHES | GELUS | _UNARY | FUSED

_PLAIN = {
    "softmax": {"Softmax", "LogSoftmax"},
    "norm": {
        "LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization", "LpNormalization",
        "LRN",
        "MeanVarianceNormalization", "SimplifiedLayerNormalization", "com.microsoft.SkipLayerNormalization",
    },
    "pool": {"MaxPool", "AveragePool", "LpPool", "MaxUnpool"},
    "reduce": {
        "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin",
        "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ArgMax", "ArgMin", "CumSum",
    },
    "cat": {"Concat"},
    "elt": {"DynamicQuantizeLinear"},
    "transpose": {"Transpose"},
    "move": {
        "Slice", "Split", "Gather", "GatherElements", "GatherND", "ScatterND", "ScatterElements", "Pad", "Resize",
        "Tile",
        "Expand", "DepthToSpace", "SpaceToDepth", "Upsample", "TopK", "GridSample", "ReverseSequence",
    },
}  # fmt: skip
#: The class of every operator that is neither element-wise, nor a product, nor free; what is not here is ``other``.
PLAIN = {op: kind for kind, ops in _PLAIN.items() for op in ops}
