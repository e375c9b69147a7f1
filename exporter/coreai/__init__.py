"""ONNX to Core AI, Apple's format after Core ML: `.aimodel`. Needs the extra ``coreai``, whose package is a beta."""

from pathlib import Path

__all__ = ["convert"]


def convert(onnx_path: str | Path, out_path: str | Path) -> None:
    """Converts an ONNX file as it is: simplified, lowered, written; the asset is not run here.

    The asset computes in the types of the model. Integers of quantisation are taken where Core AI takes them; a bias in
    int32 is stored as the float32 numbers that it stands for, since Core AI dequantises eight bits and fewer.

    Args:
        onnx_path: the model, with static input shapes.
        out_path: the `.aimodel` folder to write; must not exist.

    Raises:
        PortproofError: ``E-INSTALL`` without coreai-core; the file is not a usable model; ``E-OP-UNSUPPORTED`` for
            each refused node; ``E-OUTPUT`` where `out_path` exists or is no `.aimodel`.
    """
    from portproof.exporter.coreai.conversion import write_model
    from portproof.exporter.onnx_io import load
    from portproof.exporter.simplify import simplify
    from portproof.runtimes.coreai_adapter import require_coreai

    require_coreai()
    model, _ = simplify(load(Path(onnx_path)))
    write_model(model, Path(out_path))
