"""ONNX to Core ML."""

from pathlib import Path

__all__ = ["convert"]


def convert(
    onnx_path: str | Path,
    out_path: str | Path,
    *,
    target: str = "iOS16",
    float16: bool = True,
) -> None:
    """Converts an ONNX file as it is: simplified, lowered, written; the package is not run here.

    Args:
        onnx_path: the model, with static input shapes.
        out_path: the `.mlpackage` folder to write; must not exist.
        target: the oldest release that must run it: ``"iOS15"`` to ``"iOS18"``.
        float16: compute and store in float16, Core ML's default; inputs and outputs keep their types.

    Raises:
        PortproofError: the file is not a usable model; ``E-OP-UNSUPPORTED`` for each refused node.
    """
    from portproof.exporter.coreml.conversion import write_model
    from portproof.exporter.onnx_io import load
    from portproof.exporter.simplify import simplify

    model, _ = simplify(load(Path(onnx_path)))
    write_model(model, Path(out_path), target=target, float16=float16)
