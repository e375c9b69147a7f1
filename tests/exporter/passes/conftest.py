from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.exporter import onnx_io
from portproof.exporter.onnx_run import OnnxFunction
from portproof.exporter.passes.shapes import InferShapes
from portproof.exporter.random_inputs import for_model


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a pass made of a model, its constants lifted before and dead code gone after."""

    model: ir.Model
    modified: bool
    max_error: float

    @property
    def ops(self) -> list[str]:
        return [node.op_type for node in self.model.graph]

    @property
    def only(self) -> ir.Node:
        (node,) = self.model.graph
        return node


def _apply(pass_: ir.passes.PassBase, proto: onnx.ModelProto) -> Outcome:
    from onnx_ir.passes import common

    onnx.checker.check_model(proto)
    model = ir.from_proto(proto)
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    InferShapes()(model)
    before = model.clone()
    modified = pass_(model).modified
    common.RemoveUnusedNodesPass()(model)
    again = onnx_io.to_bytes(model)
    assert not pass_(model).modified, "the pass is not idempotent"
    assert onnx_io.to_bytes(model) == again
    onnx.checker.check_model(onnx_io.to_proto(model))
    assert [v.name for v in model.graph.outputs] == [v.name for v in before.graph.outputs]
    return Outcome(model=model, modified=modified, max_error=_max_error(before, model))


def _max_error(before: ir.Model, after: ir.Model) -> float:
    sample = for_model(before, seed=3)
    with OnnxFunction(before) as old, OnnxFunction(after) as new:
        pairs = zip(old.run(sample).values(), new.run(sample).values(), strict=True)
        return max(float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0)) for a, b in pairs)


@pytest.fixture
def run() -> Callable[..., Outcome]:
    """Apply a pass to ONNX text: checks that it is idempotent, valid, and that outputs keep their names."""

    def _run(pass_: ir.passes.PassBase, text: str, **weights: np.ndarray) -> Outcome:
        header = "" if text.lstrip().startswith("<ir_version") else '<ir_version: 10, opset_import: ["" : 23]>\n'
        proto = onnx.parser.parse_model(header + text)
        proto.graph.initializer.extend(onnx.numpy_helper.from_array(a, name) for name, a in weights.items())
        return _apply(pass_, proto)

    return _run
