"""Runs in a child process: onnx's checker and shape inference on a file.

Prints the reason and returns 3 when the model is bad.
"""

_INVALID = 3


def main(path: str) -> int:
    """Check the ONNX file at `path`; 0 when it is right."""
    import onnx

    try:
        onnx.checker.check_model(path)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        print(error)  # noqa: T201 - the parent reads it
        return _INVALID
    # Shapes that contradict each other are found later, by whoever needs them; here it only must not crash.
    model = onnx.load(path, load_external_data=False)
    onnx.shape_inference.infer_shapes(model)
    return 0
