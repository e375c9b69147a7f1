"""ONNX to TFLite."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portproof.exporter.tflite.conversion import Lowered

__all__ = ["convert"]


def convert(
    onnx_path: str | Path | Mapping[str, str | Path],
    out_path: str | Path,
    *,
    io_layout: str = "auto",
    dims: Mapping[str, tuple[int, int | None]] | None = None,
    integer_io: bool = False,
    unit: str = "litert-xnnpack",
) -> None:
    """Converts an ONNX file as it is: simplified, lowered, written; the file is not run here.

    Args:
        onnx_path: the model, with static input shapes; or several by name, ``{"encode": path, "decode": path}``,
            each of which becomes a signature of one file. What is equal in their weights is stored once.
        out_path: the `.tflite` file to write.
        io_layout: ``"auto"`` lets inputs and outputs of rank 4 be channels-last where that saves transposes
            (recorded in the file); ``"keep"`` keeps ONNX's shapes.
        dims: the symbolic sizes of the model's inputs that stay dynamic, each with its smallest and largest size, None
            for no limit: ``{"N": (1, 8), "T": (1, None)}``.
        integer_io: inputs and outputs that a quantized model quantizes are integers in the file, with their scale
            and zero point, not float32.
        unit: of `portproof.device_profiles.integer_kernels`, where the file is to run: what XNNPACK computes in
            float32 only is left so for it, NPUs and the built-in kernels get all integer kernels of TFLite.

    Raises:
        PortproofError: the file is not a usable model, ``E-OP-UNSUPPORTED`` for each refused node,
            ``E-SHAPE-DYNAMIC`` for each that cannot follow a size, ``E-USAGE`` for names that a signature cannot
            have and dimensions that the model does not have, or ``E-DEVICE-UNKNOWN``.
    """
    from portproof.exporter.tflite.conversion import write_functions
    from portproof.exporter.tflite.sharing import SharedWeights
    from portproof.exporter.tflite.signatures import check_names, for_each
    from portproof.runtimes.options import DEFAULT_SIGNATURE

    options = {"io_layout": io_layout, "integer_io": integer_io, "unit": unit}
    paths = onnx_path if isinstance(onnx_path, Mapping) else {DEFAULT_SIGNATURE: onnx_path}
    check_names(list(paths))
    weights = SharedWeights()

    def lowered(name: str) -> "Lowered":
        function = _lowered(Path(paths[name]), dims or {}, options, several=len(paths) > 1)
        if len(paths) > 1:
            weights.share(function.model)
        return function

    write_functions(for_each(list(paths), lowered)).save(Path(out_path))


def _lowered(
    path: Path, ranges: Mapping[str, tuple[int, int | None]], options: Mapping[str, Any], *, several: bool
) -> "Lowered":
    from portproof.exporter.onnx_io import load
    from portproof.exporter.pinning import keep, pin
    from portproof.exporter.simplify import simplify
    from portproof.exporter.sizes import representative
    from portproof.exporter.tflite.conversion import lower_function

    loaded = load(path)
    declared, dims = keep(loaded, ranges, several=several)
    source = pin(loaded, declared)
    model, _ = simplify(source, dims=dims)
    return lower_function(model, dims=dims, representative=representative(source, dims, None), **options)
