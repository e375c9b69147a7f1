"""What a runtime promises: the specification of its tensors and the Runner protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.dims import Axes

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """One input or output of a model file.

    Attributes:
        name: the source's (ONNX's) name.
        shape: the shape in the file's own layout; None for a dimension that is only known when running.
        dtype: the numpy name of the element type, such as ``"float32"``, ``"int64"``, ``"bool"``.
        perm: the axes of the source's tensor in the file's order, None when the layouts are the same:
            ``file_array = source_array.transpose(perm)``.
        dims: of a source, for each axis the dynamic dimension that it is, None where the size is fixed; empty when
            nothing is known of them.
        own_name: what the file itself calls it, where that is not the source's name; else empty.
        source_dtype: the source's type where the file has another (int32 for int64, say); else empty.
        scalar: whether the source's tensor has no axis, where the file's has one of size 1.
        quantization: scale and zero point of a tensor of integers that stands for the source's real numbers,
            real = (integer - zero point) * scale; None of any other.
        picture: how the source's input is made of the pixels that the file takes: a `pixels.PixelScale` as a dict;
            None where the file takes no picture.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    perm: tuple[int, ...] | None = None
    dims: Axes = ()
    own_name: str = ""
    source_dtype: str = ""
    scalar: bool = False
    quantization: tuple[float, int] | None = None
    picture: Mapping[str, Any] | None = None

    @property
    def source_shape(self) -> tuple[int | None, ...]:
        """The shape in the source's layout."""
        if self.scalar:
            return ()
        if self.perm is None:
            return self.shape
        inverse = sorted(range(len(self.perm)), key=self.perm.__getitem__)
        return tuple(self.shape[axis] for axis in inverse)

    def __str__(self) -> str:
        """Name, type and shape as a message shows them: ``x: float32[1, ?, 4]``."""
        return f"{self.name}: {self.dtype}{shape_text(self.shape)}"


class Runner(Protocol):
    """A loaded model: arrays in, arrays out, both in the layout of the model's own file.

    `run` takes every input by name and returns every output by name, in the order of `outputs`; the
    arrays returned belong to the caller. It raises PortproofError: ``E-DATA-*`` for inputs that do not fit,
    ``E-RUN`` when the runtime refuses or aborts, ``E-RUN-TIMEOUT``.
    """

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, in the file's order."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs, in the file's order."""

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the model once."""

    def close(self) -> None:
        """Free the model; safe to call twice."""

    def __enter__(self) -> Self:
        """The runner itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""


def to_file_layout(spec: TensorSpec, array: Array) -> Array:
    """A source tensor in the file's layout and type (a view when nothing changes, else contiguous).

    Raises:
        PortproofError: ``E-DATA-DTYPE`` for a whole number that the file's type does not hold.
    """
    if spec.picture is not None and array.dtype != spec.dtype:
        return _pixels(spec.picture, array)
    if spec.source_dtype and array.dtype == spec.source_dtype:
        array = _narrowed(spec, array)
    if spec.quantization is not None and array.dtype.kind == "f":
        array = _quantized(spec, array)
    if spec.scalar and array.ndim == 0:
        array = array.reshape(1)
    if spec.perm is None:
        return array
    return np.asarray(array.transpose(spec.perm), order="C")


def to_source_layout(spec: TensorSpec, array: Array) -> Array:
    """A file's tensor in the source's layout and type; the inverse of `to_file_layout`."""
    if spec.source_dtype and array.dtype == spec.dtype:
        array = array.astype(spec.source_dtype)
    if spec.quantization is not None and array.dtype == spec.dtype:
        array = _real(array, *spec.quantization)
    if spec.scalar and array.shape == (1,):
        array = array.reshape(())
    if spec.perm is None:
        return array
    return np.asarray(array.transpose(np.argsort(spec.perm)), order="C")


def _pixels(picture: Mapping[str, Any], array: Array) -> Array:
    from portproof.runtimes.pixels import PixelScale, to_pixels

    return to_pixels(array, PixelScale.read(picture)).values


def _quantized(spec: TensorSpec, array: Array) -> Array:
    """As ONNX's QuantizeLinear: divided in float32, rounded half to even, clipped."""
    scale, zero_point = spec.quantization or (1.0, 0)
    limits = np.iinfo(spec.dtype)
    steps = np.rint(array.astype(np.float32) / np.float32(scale)).astype(np.float64) + zero_point
    return np.asarray(np.clip(steps, limits.min, limits.max), dtype=spec.dtype)


def _real(array: Array, scale: float, zero_point: int) -> Array:
    return np.asarray((array.astype(np.float32) - np.float32(zero_point)) * np.float32(scale))


def _narrowed(spec: TensorSpec, array: Array) -> Array:
    narrow = array.astype(spec.dtype)
    if array.dtype.kind in "iu" and not np.array_equal(narrow, array):
        raise PortproofError(
            "E-DATA-DTYPE",
            f"{spec.name!r} holds whole numbers that {spec.dtype}, the type of the file's input, does not",
            why=f"they go from {array.min()} to {array.max()}",
        )
    return narrow


def shape_text(shape: tuple[int | None, ...]) -> str:
    """A shape as a message shows it: ``[1, ?, 4]``."""
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
