"""From a layer of the plan to the matrix form that rounding works on."""

from typing import Any

from portproof.calibration.plan import Layer
from portproof.calibration.rounding.layer import LinearLayer
from portproof.calibration.rounding.windows import Windows


def describe(layer: Layer, weight_shape: tuple[int, ...]) -> LinearLayer | None:
    """The matrix form of a layer; None where it has none.

    None are: a product with a weight of more than two axes, and a ConvTranspose whose pads follow from a declared
    output shape.
    """
    if layer.op_type in ("Conv", "ConvTranspose"):
        cut = _windows(layer, len(weight_shape) - 2)
        op = layer.op_type
        return None if cut is None else LinearLayer(op=op, weight_shape=weight_shape, groups=layer.group, windows=cut)
    if layer.op_type not in ("Gemm", "MatMul") or len(weight_shape) != 2:
        return None
    return LinearLayer(
        op=layer.op_type,
        weight_shape=weight_shape,
        transposed=bool(layer.attributes.get("transB", 0)),
        input_transposed=bool(layer.attributes.get("transA", 0)),
    )


def _windows(layer: Layer, rank: int) -> Windows | None:
    given = layer.attributes
    transposed, auto_pad = layer.op_type == "ConvTranspose", _text(given.get("auto_pad"))
    if transposed and ("output_shape" in given or auto_pad.startswith("SAME")):
        return None
    # VALID and SAME make the declared pads void.
    pads = tuple(given.get("pads", ())) if auto_pad == "NOTSET" else ()
    begin, end = (pads[:rank], pads[rank:]) if pads else ((0,) * rank, (0,) * rank)
    return Windows(
        strides=tuple(given.get("strides", (1,) * rank)),
        dilations=tuple(given.get("dilations", (1,) * rank)),
        pads_begin=begin,
        pads_end=end,
        transposed=transposed,
        output_padding=tuple(given.get("output_padding", ())),
        same=auto_pad if auto_pad.startswith("SAME") else "",
    )


def _text(auto_pad: Any) -> str:
    if isinstance(auto_pad, bytes):
        return auto_pad.decode()
    return auto_pad or "NOTSET"
