"""DepthToSpace and SpaceToDepth: MIL's operators for floats, transposes of at most five axes for the rest."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import reshape, transpose
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, is_float, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("DepthToSpace")
def depth_to_space(b: Builder, x: Var, *, blocksize: int, mode: str | None) -> Var:
    """Blocks of channels become blocks of pixels: DCR counts places in a block first, CRD channels first."""
    if mode not in (None, "DCR", "CRD"):
        raise Refusal(f"mode {mode} is none of ONNX's")
    if blocksize == 1:
        return x
    if not is_float(x):
        return _to_space(b, x, blocksize, places_first=mode != "CRD")
    if mode == "CRD":
        return b.emit("pixel_shuffle", x=x, upscale_factor=blocksize)
    return b.emit("depth_to_space", x=x, block_size=blocksize)


@onnx_op("SpaceToDepth")
def space_to_depth(b: Builder, x: Var, *, blocksize: int) -> Var:
    """The operator has the same meaning."""
    if blocksize == 1:
        return x
    return b.emit("space_to_depth", x=x, block_size=blocksize) if is_float(x) else _to_depth(b, x, blocksize)


def _to_space(b: Builder, x: Var, size: int, *, places_first: bool) -> Var:
    n, c, h, w = shape_of(x)
    left = c // size**2
    if places_first:
        x = transpose(b, reshape(b, x, (n, size**2, left, h * w)), (0, 2, 1, 3))
    blocks = transpose(b, reshape(b, x, (n * left, size, size, h, w)), (0, 3, 1, 4, 2))
    return reshape(b, blocks, (n, left, h * size, w * size))


def _to_depth(b: Builder, x: Var, size: int) -> Var:
    n, c, h, w = shape_of(x)
    rows, columns = h // size, w // size
    blocks = transpose(b, reshape(b, x, (n * c, rows, size, columns, size)), (0, 2, 4, 1, 3))
    places = transpose(b, reshape(b, blocks, (n, c, size**2, rows * columns)), (0, 2, 1, 3))
    return reshape(b, places, (n, c * size**2, rows, columns))
