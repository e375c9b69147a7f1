"""Writes small graphs of the `tfl` dialect for tests of passes and of the writer."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.values import DOMAIN


def graph_input(name: str, shape: Sequence[int], dtype=np.float32) -> ir.Value:
    return ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.from_numpy(np.dtype(dtype))))


def model_of(builder: Builder, inputs: Sequence[ir.Value], outputs: dict[str, ir.Value]) -> ir.Model:
    for name, value in outputs.items():
        value.name = name
    graph = ir.Graph(list(inputs), list(outputs.values()), nodes=builder.nodes, opset_imports={DOMAIN: 1}, name="g")
    return ir.Model(graph, ir_version=10)


def op_names(model: ir.Model) -> list[str]:
    return [node.op_type for node in model.graph]
