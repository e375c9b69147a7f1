"""The float model as calibration works on it: sizes are inferred where one is missing, and only then."""

import onnx_ir as ir
import pytest
from onnx_ir.passes import common

from portproof.calibration.prepare import prepare

TEXT = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[2,3,8,8] x) => (float[2,4,8,8] y) <float[4,3,1,1] w = {1,2,3,4,5,6,7,8,9,1,2,3}>
{ a = Conv(x, w) b = Relu(a) y = Sigmoid(b) }
"""


@pytest.fixture
def inferred() -> ir.Model:
    return common.ShapeInferencePass()(ir.from_onnx_text(TEXT)).model


def shapes(model: ir.Model) -> list[tuple[int, ...]]:
    return [value.shape.numpy() for node in model.graph for value in node.outputs if value.shape is not None]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ir.Model]:
    calls: list[ir.Model] = []
    usual = common.ShapeInferencePass.call

    def counted(self: common.ShapeInferencePass, model: ir.Model) -> ir.passes.PassResult:
        calls.append(model)
        return usual(self, model)

    monkeypatch.setattr(common.ShapeInferencePass, "call", counted)
    return calls


def test_what_is_known_is_not_inferred_again(inferred: ir.Model, asked: list[ir.Model]) -> None:
    assert shapes(prepare(inferred)) == [(2, 4, 8, 8)] * 3
    assert asked == []


@pytest.mark.parametrize("missing", ["shape", "type"])
def test_one_missing_size_or_type_is_inferred(inferred: ir.Model, asked: list[ir.Model], missing: str) -> None:
    setattr(inferred.graph[1].outputs[0], missing, None)
    found = prepare(inferred)
    assert len(asked) == 1
    assert shapes(found) == [(2, 4, 8, 8)] * 3
    assert {value.dtype for node in found.graph for value in node.outputs} == {ir.DataType.FLOAT}
