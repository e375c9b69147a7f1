"""What the suite's driver calls to convert a case: ``function(onnx_path, tflite_path)``."""

from pathlib import Path


def whole(onnx_path: str, tflite_path: str) -> None:
    """As a user does: checked, simplified and proven, lowered, written."""
    from portproof.exporter.tflite import convert

    convert(onnx_path, tflite_path, io_layout="keep")


def quick(onnx_path: str, tflite_path: str) -> None:
    """The same without onnxsim and the steps that need a process of their own: 50 ms a case, not a second."""
    import onnx
    import onnx_ir as ir

    from portproof.exporter.pinning import pin
    from portproof.exporter.simplify.pipeline import run_passes
    from portproof.exporter.tflite.conversion import convert_model

    model = ir.from_proto(onnx.load(onnx_path))
    model.graph.inputs[:] = [value for value in model.graph.inputs if not value.is_initializer()]
    convert_model(run_passes(pin(model, [])), io_layout="keep").save(Path(tflite_path))
