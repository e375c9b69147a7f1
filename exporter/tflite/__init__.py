"""ONNX to TFLite."""

from pathlib import Path

__all__ = ["convert"]


def convert(onnx_path: str | Path, out_path: str | Path, *, io_layout: str = "auto") -> None:
    """Converts an ONNX file as it is: simplified, lowered, written; the file is not run here.

    Args:
        onnx_path: the model, with static input shapes.
        out_path: the `.tflite` file to write.
        io_layout: ``"auto"`` lets inputs and outputs of rank 4 be channels-last where that saves transposes
            (recorded in the file); ``"keep"`` keeps ONNX's shapes.

    Raises:
        PortproofError: the file is not a usable model, or ``E-OP-UNSUPPORTED`` for each refused node.
    """
    from portproof.exporter.onnx_io import load
    from portproof.exporter.pinning import pin
    from portproof.exporter.simplify import simplify
    from portproof.exporter.tflite.conversion import convert_model

    model, _ = simplify(pin(load(Path(onnx_path)), []))
    converted = convert_model(model, io_layout=io_layout)
    converted.save(Path(out_path))
