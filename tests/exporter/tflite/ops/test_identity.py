import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of, node_model
from tests.exporter.tflite.ops.movement_support import check_both, data, refused


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int64", "bool", "uint64"])
def test_identity_of_an_input(dtype: str) -> None:
    x = data((2, 2), dtype)
    check_both(node_model("Identity", {"x": x}), {"x": x})


@pytest.mark.parametrize(
    ("opset", "attributes"), [(7, {"ratio": 0.5}), (10, {"ratio": 0.9}), (12, {"seed": 1}), (22, {})]
)
@pytest.mark.parametrize("outputs", [("y",), ("y", "mask")])
def test_dropout_at_inference(opset: int, attributes: dict, outputs: tuple[str, ...]) -> None:
    x, outputs = data((2, 3)), outputs if opset >= 10 else ("y",)
    check_both(
        node_model("Dropout", {"x": x}, outputs=outputs, opset=opset, **attributes), {"x": x}, oracle="reference"
    )


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_dropout_with_ratio_and_mode_as_inputs(ratio: float) -> None:
    assert_passes_through({"r": np.float32(ratio), "t": np.array(False)}, ["x", "r", "t"])
    assert_passes_through({"t": np.array(False)}, ["x", "", "t"])


def test_a_ratio_of_zero_drops_nothing_in_training() -> None:
    assert_passes_through({"r": np.float32(0), "t": np.array(True)}, ["x", "r", "t"])


def test_training_is_refused() -> None:
    x = data((2, 3))
    constants = {"r": np.array(0.5, np.float32), "t": np.array(True)}
    refused(node_model("Dropout", {"x": x}, constants=constants), "training", "eval mode")
    mode_at_run_time = node_model("Dropout", {"x": x, "t": np.array(True)}, order=["x", "", "t"])
    refused(mode_at_run_time, "training")


def test_a_mask_that_nobody_reads_needs_no_shape() -> None:
    """Inference gives the mask none before opset 10."""
    text = """<ir_version: 10, opset_import: ["": 7]> g (float[2,3] x) => (float[2,3] y) { y, mask = Dropout (x) }"""
    check_both(model_of(text), {"x": data((2, 3))})


def assert_passes_through(constants: dict[str, np.ndarray], order: list[str]) -> None:
    x = data((2, 3))
    constants = {name: np.asarray(array) for name, array in constants.items()}
    model: ir.Model = node_model("Dropout", {"x": x}, constants=constants, order=order)
    check_both(model, {"x": x}, oracle="reference")
