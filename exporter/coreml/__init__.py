"""ONNX to Core ML."""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["convert"]


def convert(
    onnx_path: str | Path,
    out_path: str | Path,
    *,
    target: str = "iOS16",
    float16: bool = True,
    dims: Mapping[str, tuple[int, int] | tuple[int, int, int]] | None = None,
    states: Mapping[str, str] | None = None,
) -> None:
    """Converts an ONNX file as it is: simplified, lowered, written; the package is not run here.

    Args:
        onnx_path: the model, with static input shapes, or symbolic ones that `dims` names.
        out_path: the `.mlpackage` folder to write; must not exist.
        target: the oldest release that must run it: ``"iOS15"`` to ``"iOS18"``.
        float16: compute and store in float16, Core ML's default; inputs and outputs keep their types.
        dims: the symbolic sizes of the model's inputs that stay open, each with its smallest and largest size:
            ``{"N": (1, 8)}``. With a step, ``{"H": (32, 512, 32)}``, the package enumerates every shape there is.
        states: by the name of an input that becomes a state, the output that a run leaves in it for the next one:
            ``{"past_key": "present_key"}``. For iOS18; in float16, and zeros at first, as Core ML has them.

    Raises:
        PortproofError: the file is not a usable model; ``E-OP-UNSUPPORTED`` for each refused node, or an input that
            cannot be a state; ``E-SHAPE-DYNAMIC`` for sizes that Core ML cannot leave open; ``E-USAGE`` for names that
            the model does not have.
    """
    from dataclasses import replace

    from portproof.exporter.coreml.conversion import write_model
    from portproof.exporter.onnx_io import load
    from portproof.exporter.pinning import keep, pin
    from portproof.exporter.simplify import simplify

    loaded = load(Path(onnx_path))
    given = dims or {}
    declared, kept = keep(loaded, {name: (size[0], size[1]) for name, size in given.items()})
    open_sizes = tuple(replace(dim, step=[*given[dim.name], 1][2]) for dim in kept)
    model, _ = simplify(pin(loaded, declared), dims=open_sizes)
    write_model(model, Path(out_path), target=target, float16=float16, dims=open_sizes, states=states)
