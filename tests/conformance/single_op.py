"""A model of one operator."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_OPSET = 18
IMAGE = (1, 8, 16, 16)
ROWS = (1, 24, 32)

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One operator.

    Attributes:
        name: of the case.
        op: of ONNX.
        inputs: shapes of what is known only when running.
        constants: of the other inputs, in order behind these.
        attributes: of the node.
        outputs: how many.
        dtype: of the inputs.
        out_dtype: of the outputs, where it differs.
    """

    name: str
    op: str
    inputs: Sequence[Shape] = (IMAGE,)
    constants: Sequence[NDArray[Any] | None] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1
    dtype: int = onnx.TensorProto.FLOAT
    out_dtype: int | None = None

    def model(self) -> onnx.ModelProto:
        """The model, checked, with inferred shapes."""
        names = [f"x{index}" for index in range(len(self.inputs))]
        held = [("" if array is None else f"c{index}", array) for index, array in enumerate(self.constants)]
        outputs = [f"y{index}" for index in range(self.outputs)]
        node = helper.make_node(
            self.op, [*names, *(name for name, _ in held)], outputs, name="the_node", **self.attributes
        )
        graph = helper.make_graph(
            [node],
            self.name,
            [
                helper.make_tensor_value_info(name, self.dtype, shape)
                for name, shape in zip(names, self.inputs, strict=True)
            ],
            [helper.make_tensor_value_info(name, self.out_dtype or self.dtype, None) for name in outputs],
            [numpy_helper.from_array(array, name) for name, array in held if array is not None],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10)
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        onnx.checker.check_model(inferred)
        return inferred
