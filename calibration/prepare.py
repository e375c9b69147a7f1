"""The float model as calibration works on it: constants lifted, BatchNorm folded, shapes known, every node named."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.calibration.graph.access import nodes
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes import onnx_format

if TYPE_CHECKING:
    import onnx_ir as ir

_QUANTIZED = (
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "QLinearConv",
    "QLinearMatMul",
    "MatMulInteger",
    "ConvInteger",
)
#: The operator set since which QuantizeLinear and DequantizeLinear may be of 16 bits.
WIDE_PAIRS = 21
_OLDEST_OPSET = 13  # QuantizeLinear and DequantizeLinear take an axis since


def load(path: str | os.PathLike[str]) -> "ir.Model":
    """Read an ONNX file for calibration; weights in external files are read too.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``, ``E-MODEL-EXTERNAL``.
    """
    import onnx_ir as ir

    path = Path(path)
    onnx_format.check(path)
    try:
        return ir.external_data.load_to_model(ir.load(path))
    except Exception as error:  # onnx_ir raises many types
        what = f"{path.name} is not a readable ONNX model"
        raise PortproofError("E-MODEL-FORMAT", what, where=str(path), why=str(error)) from error


def prepare(model: "ir.Model") -> "ir.Model":
    """A copy of a float model in the form that placement expects; its function is the same.

    Raises:
        PortproofError: ``E-CALIB-QUANTIZED``: it holds quantized operators already; ``E-MODEL-UNSUPPORTED``: its
            opset has no scales for each channel, and cannot be converted to one that has.
    """
    from onnx_ir.passes import common

    from portproof.calibration.graph.batchnorm import FoldBatchNorm, LowerBatchNorm
    from portproof.calibration.graph.gelu import RecogniseGelu

    _refuse(model)
    copy = _renewed(model)
    for each in (
        common.InlinePass(),
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        common.RemoveInitializersFromInputsPass(),
        common.IdentityEliminationPass(),
        FoldBatchNorm(),
        LowerBatchNorm(),
        common.RemoveUnusedNodesPass(),
    ):
        copy = each(copy).model
    if not _is_inferred(copy):
        common.ShapeInferencePass()(copy)
    RecogniseGelu()(copy)
    return tidied(copy)


def require_wide_pairs(model: "ir.Model") -> None:
    """Refuse a model whose operator set has no pairs of 16 bits.

    Raises:
        PortproofError: ``E-MODEL-UNSUPPORTED``.
    """
    opset = model.opset_imports.get("", 0)
    if opset < WIDE_PAIRS:
        raise PortproofError(
            "E-MODEL-UNSUPPORTED",
            f"int16 activations need operator set {WIDE_PAIRS}, the model is of {opset}",
            why="QuantizeLinear of an older one knows 8 bits only",
            hint=f"export it anew with opset {WIDE_PAIRS} or later, as `portproof export` does from torch",
        )


def _is_inferred(model: "ir.Model") -> bool:
    """Whether all sizes and types are known: inference has nothing to add, and copies the model through a proto."""
    made = (value for node in model.graph.all_nodes() for value in node.outputs)
    return all(value.dtype is not None and value.shape is not None and value.shape.is_static() for value in made)


def _renewed(model: "ir.Model") -> "ir.Model":
    """A copy whose operator set knows scales for each channel: an older one is converted by onnx.

    Raises:
        PortproofError: ``E-MODEL-UNSUPPORTED``: onnx cannot.
    """
    opset = model.opset_imports.get("", 1)
    if opset >= _OLDEST_OPSET:
        return model.clone()
    import onnx_ir as ir
    from onnx import version_converter

    try:
        converted = version_converter.convert_version(ir.serde.serialize_model(model), _OLDEST_OPSET)
    except Exception as error:  # a bare RuntimeError, or protobuf's beyond 2 GiB
        what = f"the model's operator set is {opset}, and onnx cannot convert it to {_OLDEST_OPSET}"
        hint = "export it again at opset 18 or newer"
        raise PortproofError("E-MODEL-UNSUPPORTED", what, why=str(error), hint=hint) from error
    return ir.serde.deserialize_model(converted)


def tidied(model: "ir.Model") -> "ir.Model":
    """The model itself, every node of its main graph with a name of its own; names that are unique stay."""
    taken: set[str] = set()
    for index, node in enumerate(model.graph):
        name = node.name or f"{node.op_type}_{index}"
        unique, k = name, 0
        while unique in taken:
            k += 1
            unique = f"{name}_{k}"
        node.name = unique
        taken.add(unique)
    return model


def _refuse(model: "ir.Model") -> None:
    found = next(nodes(model, *_QUANTIZED), None)
    if found is not None:
        what = f"the model is quantized already: it holds {found.op_type}"
        raise PortproofError("E-CALIB-QUANTIZED", what, where=found.name or "", hint="give the float model")
