"""What goes in and out of a package, and how it differs from the source: names, types, scalars.

Core ML's features are arrays of float16, float32 or int32 of at least one axis, under names that are identifiers. A
source's int64, bool or narrow integers go as int32, float64 as float32, a scalar as an array of one element.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder, narrowed_type
from portproof.exporter.coreml.images import enter_picture
from portproof.exporter.coreml.names import Names
from portproof.exporter.coreml.values import Var, dtype_of, rank_of
from portproof.exporter.lowering.refusal import Refusal
from portproof.runtimes.pixels import PixelScale

_DIRECT = frozenset({"float16", "float32", "int32"})


@dataclass(frozen=True, kw_only=True)
class Port:
    """One input or output.

    Attributes:
        name: in the package.
        source: the name in the ONNX model.
        dtype: the numpy type of the feature.
        source_dtype: the numpy type in the ONNX model.
        scalar: whether the source has no axis.
        image: how the pixels that the package is fed become the source's input; None where it is fed an array.
    """

    name: str
    source: str
    dtype: str
    source_dtype: str
    scalar: bool
    image: PixelScale | None = None

    def as_dict(self) -> dict[str, Any]:
        """What the package records of it."""
        record = {"name": self.name, "source": self.source, "dtype": self.source_dtype, "scalar": self.scalar}
        return record if self.image is None else {**record, "image": self.image.as_dict()}


def feature_type(dtype: np.dtype[Any], target: str) -> str:
    """The type of the feature that carries `dtype`.

    Raises:
        Refusal: nothing carries it.
    """
    if dtype.kind not in "fiub":
        raise Refusal(f"its type {dtype.name} is none that Core ML takes", "give its parts as float32")
    if dtype == np.float16 and target == "iOS15":
        return "float32"
    if dtype.kind in "iub":
        return "int32"
    return narrowed_type(dtype).name


def ports(
    values: Sequence[ir.Value], names: Names, target: str, images: Mapping[str, PixelScale] | None = None
) -> list[Port]:
    """The features for the inputs or outputs of a graph, in its order; `images` are those that are pictures.

    Raises:
        Refusal: for a type that no feature carries.
    """
    return [_port(value, names, target, (images or {}).get(value.name or "")) for value in values]


def _port(value: ir.Value, names: Names, target: str, image: PixelScale | None) -> Port:
    if value.dtype is None:
        raise Refusal(f"{value.name} has no type")
    dtype = np.dtype(value.dtype.numpy())
    name = names.take(value.name or "value")
    names.features.add(name)
    return Port(
        name=name,
        source=value.name or "",
        dtype=feature_type(dtype, target) if image is None else "float32",
        source_dtype=dtype.name,
        scalar=value.shape is not None and len(value.shape) == 0,
        image=image,
    )


def enter(b: Builder, port: Port, given: Var) -> Var:
    """The value that the ONNX model computes with, from what the package is fed."""
    if port.image is not None:
        given = enter_picture(b, port.name, port.image, port.source_dtype, given)
    x = b.emit("squeeze", x=given, axes=[0]) if port.scalar else given
    if port.source_dtype == "bool":
        return b.emit("not_equal", x=x, y=np.int32(0))
    return b.cast(x, "float16") if port.source_dtype == "float16" else x


def leave(b: Builder, port: Port, x: Var) -> Var:
    """The feature that a value of the model goes out as, under its own name."""
    y = b.cast(x, port.dtype) if dtype_of(x) != port.dtype else x
    if port.scalar and rank_of(y) == 0:
        y = b.emit("expand_dims", x=y, axes=[0])
    if not _is_own(b, y):
        return b.emit("identity", name=port.name, x=y)
    if y.op.name in b.origins:
        b.origins[port.name] = b.origins[y.op.name]
    y.op.name = y.name = port.name
    return y


def _is_own(b: Builder, y: Var) -> bool:
    """Whether `y` can be given an output's name: one operator made it alone, and no other output has it."""
    return y.op is not None and y.val is None and len(y.op.outputs) == 1 and y.name not in b.names.features
