"""Arrays for tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from tests.exporter.coreml.harness import check_all
from tests.exporter.tflite.harness import node_model

Case = tuple[dict[str, Any], Sequence[int]]
"""Attributes of a node, and the shape of its input."""


def grid(*shape: int, seed: int = 0) -> np.ndarray:
    """Distinct numbers from -2 to 2 in random order, exact in float16 as long as they are few: float32."""
    count = int(np.prod(shape))
    numbers = np.random.default_rng(seed).permutation(count) - count // 2
    return (numbers * (2.0 ** -max(int(np.ceil(np.log2(count))) - 2, 0))).astype(np.float32).reshape(shape)


def case(op: str, shape: Sequence[int], opset: int = 23, **attributes: Any) -> tuple[ir.Model, dict[str, np.ndarray]]:
    """A model of one node with one input, and the input."""
    x = grid(*shape)
    return node_model(op, {"x": x}, opset=opset, **attributes), {"x": x}


def check_cases(op: str, cases: Sequence[Case], **how: Any) -> None:
    """All as one model, named by their places."""
    check_all({f"c{place}": case(op, shape, **given) for place, (given, shape) in enumerate(cases)}, **how)


def typed(model: ir.Model, shape: Sequence[int], dtype: ir.DataType = ir.DataType.FLOAT) -> ir.Model:
    """`model` with the shape and type of its output, where ONNX infers none."""
    model.graph.outputs[0].shape, model.graph.outputs[0].dtype = ir.Shape(shape), dtype
    return model
