"""The quantized plan: which nodes compute in integers, and every scale, integer weight and bias of theirs.

It is what all of calibration works on: placement and observation make it, steps change it, the guard accepts or
reverts, and only at the end is it written into a QDQ ONNX model. Values and nodes are named as in the float model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Precision = Literal["int8", "int16"]
LIMITS: Mapping[str, tuple[int, int]] = {"int8": (-128, 127), "int16": (-32768, 32767)}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How an activation is stored: ``real = (q - zero_point) * scale``, one scale a tensor.

    Attributes:
        scale: the step, above 0, exact in float32.
        zero_point: the integer of 0.0; 0 for int16.
        dtype: ``"int8"`` or ``"int16"``.
    """

    scale: float
    zero_point: int
    dtype: Precision = "int8"

    @property
    def low(self) -> float:
        """The least number that it holds."""
        return (LIMITS[self.dtype][0] - self.zero_point) * self.scale

    @property
    def high(self) -> float:
        """The largest number that it holds."""
        return (LIMITS[self.dtype][1] - self.zero_point) * self.scale

    def quantize(self, array: NDArray[Any]) -> NDArray[Any]:
        """The integers of real numbers, as QuantizeLinear gives them (half to even, saturated)."""
        low, high = LIMITS[self.dtype]
        steps = np.rint(np.asarray(array, np.float32) / np.float32(self.scale)) + self.zero_point
        integers: NDArray[Any] = np.clip(steps, low, high).astype(self.dtype)
        return integers

    def dequantize(self, integers: NDArray[Any]) -> NDArray[np.float32]:
        """The real numbers of integers, as DequantizeLinear gives them."""
        return (integers.astype(np.int32) - self.zero_point).astype(np.float32) * np.float32(self.scale)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {"scale": self.scale, "zero_point": self.zero_point, "dtype": self.dtype}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A node with constant weights (Conv, ConvTranspose, Gemm, MatMul) and what is fused behind it.

    Attributes:
        name: of the node; unique in the model.
        op_type: of the node.
        input: the value that the weights are multiplied with.
        output: the product with its bias (of a MatMul, behind the Add of its bias), before any activation function.
        result: the value after a fused Relu or Clip, which carries the pair; `output` where nothing is fused.
        weight: name of the weight's initializer.
        bias: name of the bias's initializer, "" where there is none.
        axis: of the weight, the output channels' (0 of Conv, 1 of ConvTranspose, else the output axis).
        output_axis: of the output, the channels' (1 of convolutions, -1 of matrix products).
        clip: the bounds of the fused activation, (0, inf) of Relu, (0, 6) of Relu6; None where nothing is fused.
        attributes: the node's, by name: ``strides``, ``pads``, ``dilations``, ``group``, ``transB``...
    """

    name: str
    op_type: str
    input: str
    output: str
    result: str
    weight: str
    bias: str = ""
    axis: int = 0
    output_axis: int = 1
    clip: tuple[float, float] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> int:
        """Of a convolution; 1 else."""
        return int(self.attributes.get("group", 1))


@dataclass(frozen=True, kw_only=True)
class LayerWeights:
    """A layer's integers.

    Attributes:
        integers: int8 of the weight's shape, in [-127, 127] (4 bits: [-7, 7]); zero point 0.
        scale: float32 [C] of the output channels; with blocks, the weight's shape with its input axis divided.
        axis: the output channels' axis of `integers`; with blocks, the input axis.
        bias: float32 [C] as the layer adds it, rounded to int32 when written; None where it has none.
        bits: 8 or 4.
        block_size: weights along the input axis that share a scale; 0 for a scale a channel.
    """

    integers: NDArray[np.int8]
    scale: NDArray[np.float32]
    axis: int
    bias: NDArray[np.float32] | None = None
    bits: int = 8
    block_size: int = 0

    def spread(self) -> NDArray[np.float32]:
        """The scale of each weight, in a shape that broadcasts over `integers`."""
        if self.block_size:
            return np.repeat(self.scale, self.block_size, axis=self.axis)
        shape = [1] * self.integers.ndim
        shape[self.axis] = -1
        return self.scale.reshape(shape)

    def dequantized(self) -> NDArray[np.float32]:
        """The weights as the quantized model sees them, float32 of the weight's shape."""
        return self.integers.astype(np.float32) * self.spread()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that makes a float model a quantized one. Never changed: every change makes a new plan.

    Attributes:
        layers: every layer with constant weights, by name, whether quantized or not, in the graph's order.
        integer: names of the nodes that compute in integers with fixed scales; all others are float outside.
        dynamic: names of the layers whose input is quantized when running; float in, float out.
        weight_only: names of the layers of which only the weight is integers.
        activations: the encoding of each value that carries a pair. A value made by an integer node is read through
            its pair by everyone; one made by a float node through its pair by integer nodes only.
        weights: the integers of each layer that is quantized, by layer name.
        half: names of the layers whose weight is stored as float16; all else of them is float.
        tables: matrices that rows are taken from, by the name of their initializer: a scale for each row.
        fused: names of nodes (a bias's Add, a Relu or Clip) that are computed in the node before them: no pair between.
        why_float: for each node that stays float though it computes, by name, the reason.
        float_results: for each integer layer whose result carries no pair and is float32, by name, the reason.
    """

    layers: Mapping[str, Layer]
    integer: frozenset[str]
    dynamic: frozenset[str] = frozenset()
    weight_only: frozenset[str] = frozenset()
    half: frozenset[str] = frozenset()
    fused: frozenset[str] = frozenset()
    activations: Mapping[str, Encoding]
    weights: Mapping[str, LayerWeights]
    tables: Mapping[str, LayerWeights] = field(default_factory=dict)
    why_float: Mapping[str, str] = field(default_factory=dict)
    float_results: Mapping[str, str] = field(default_factory=dict)

    def with_exact_inputs(self) -> "Plan":
        """The plan with weights alone where inputs would be quantized when running.

        ONNX has one scale for such an input, LiteRT's kernels one for each row: judged by the one, what weights gain
        drowns in noise that the other has not.
        """
        return replace(self, dynamic=frozenset(), weight_only=self.weight_only | self.dynamic)

    def with_weights(self, changes: Mapping[str, LayerWeights]) -> "Plan":
        """The plan with other weights or biases for some layers, by layer name."""
        return replace(self, weights={**self.weights, **changes})

    def with_activations(self, changes: Mapping[str, Encoding]) -> "Plan":
        """The plan with other encodings for some values."""
        return replace(self, activations={**self.activations, **changes})
