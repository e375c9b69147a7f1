"""Builds a MIL program, one ONNX node after the other, with coremltools' public builder."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from portproof.exporter.coreml.names import Names
from portproof.exporter.coreml.targets import at_least
from portproof.exporter.coreml.values import NARROW, Array, Var, array_of, dtype_of
from portproof.exporter.lowering.refusal import Refusal

if TYPE_CHECKING:
    from portproof.exporter.coreml.lower import Lowering

_NARROWED = {
    "int64": "int32",
    "uint32": "int32",
    "uint64": "int32",
    "float64": "float32",
    "bfloat16": "float32",
    "int4": "int8",
    "uint4": "uint8",
    "int2": "int8",
    "uint2": "uint8",
}
_CAST_NAMES = {"float16": "fp16", "float32": "fp32"}


_EXACT = "exact"


def is_exact(op: Any) -> bool:
    """Whether an operator of MIL was emitted inside `Builder.exactly`, or stands for one that was."""
    from coremltools.converters.mil.mil.scope import ScopeSource

    return _EXACT in op.scopes.get(ScopeSource.TORCHSCRIPT_MODULE_NAME, ())


@contextmanager
def _marked(exactly: bool) -> Iterator[None]:
    """A scope: coremltools' passes hand it on to the operators that they put in the place of others, unlike names."""
    if not exactly:
        yield
        return
    from coremltools.converters.mil import Builder as MilBuilder
    from coremltools.converters.mil.mil.scope import ScopeInfo, ScopeSource

    with MilBuilder.scope(ScopeInfo(source=ScopeSource.TORCHSCRIPT_MODULE_NAME, data=[_EXACT])):
        yield


class Builder:
    """Emits MIL operators into the function or block that is open, named after the ONNX node being lowered.

    Attributes:
        opset: the version of the ONNX operator set the model was written for.
        target: the deployment target, one of `targets.TARGETS`.
        source: the ONNX node being lowered.
        names: gives every operator a name of its own.
        origins: the ONNX node that made an operator, by the operator's name.
        lowering: what the values around the node being lowered have become; lowers nested graphs.
        limits: the largest size that a symbol of MIL stands for.
    """

    lowering: "Lowering"

    def __init__(self, opset: int, target: str, names: Names | None = None) -> None:
        self.opset = opset
        self.target = target
        self.source: ir.Node | None = None
        self.names = names or Names()
        self.origins: dict[str, ir.Node] = {}
        self.limits: dict[Any, int] = {}
        self._exactly = False

    @contextmanager
    def exactly(self) -> Iterator[None]:
        """What is emitted inside computes whole numbers or places in float32, which float16 does not hold.

        It stays in float32 in any program: see `is_exact`.
        """
        before, self._exactly = self._exactly, True
        try:
            yield
        finally:
            self._exactly = before

    def has(self, needed: str) -> bool:
        """Whether the target is `needed` (``"iOS17"``) or later."""
        return at_least(self.target, needed)

    def emit(self, op: str, name: str = "", **inputs: Any) -> Any:
        """Emits one operator.

        Args:
            op: its name in MIL.
            name: of the operator and its output, taken from `names` before; made from the ONNX node's when left out.
            inputs: by MIL's parameter names: values, arrays, numbers, texts, lists of values; None is left out.

        Returns:
            Its output, or a tuple of them.

        Raises:
            Refusal: the target does not have the operator, or MIL does not take the arguments.
        """
        from coremltools.converters.mil import Builder as MilBuilder

        given = {key: item for key, item in inputs.items() if item is not None}
        own = name or self.names.take(self._wanted_name())
        if self.source is not None:
            self.origins[own] = self.source
        try:
            with _marked(self._exactly):
                return getattr(MilBuilder, op)(**given, name=own)
        except (ValueError, TypeError, AssertionError, NotImplementedError, KeyError, IndexError) as error:
            why = (str(error).splitlines() or [type(error).__name__])[0]
            raise Refusal(f"MIL's {op} for {self.target} does not take it: {why}") from error

    def const(self, value: Array | float | bool | str | list[Any], dtype: npt.DTypeLike | None = None) -> Var:
        """A constant; int64 becomes int32, float64 float32, as MIL has neither.

        Raises:
            Refusal: a whole number that int32 does not hold.
        """
        array = np.asarray(value) if dtype is None else np.asarray(value, dtype)
        return self.emit("const", val=narrowed(array))

    def cast(self, x: Var, dtype: npt.DTypeLike) -> Var:
        """`x` as another type, as MIL casts: floats are truncated, whole numbers wrap nowhere."""
        wanted = narrowed_type(np.dtype(dtype)).name
        if dtype_of(x) == wanted:
            return x
        array = array_of(x)
        if array is not None and dtype_of(x) in NARROW:  # before iOS17 there is no such cast
            return self.const(array.astype(wanted))
        return self.emit("cast", x=x, dtype=_CAST_NAMES.get(wanted, wanted))

    def like(self, number: float | Array | np.generic, x: Var) -> Array | np.generic:
        """A number or array as a constant of the type of `x`, to be computed with it."""
        return np.asarray(number).astype(dtype_of(x))[()]

    def known(self, x: Var | None) -> Array | None:
        """See `values.array_of`."""
        return array_of(x)

    def _wanted_name(self) -> str:
        if self.source is None:
            return "value"
        outputs = [value.name for value in self.source.outputs if value.name]
        return self.source.name or (outputs[0] if outputs else self.source.op_type)


def narrowed_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that MIL has in place of `dtype`."""
    return np.dtype(_NARROWED.get(dtype.name, "float32" if dtype.name.startswith("float8") else dtype))


def narrowed(array: Array) -> Array:
    """`array` in a type that MIL has.

    Raises:
        Refusal: a whole number that int32 does not hold.
    """
    wanted = narrowed_type(array.dtype)
    if array.dtype.kind in "iu" and not np.can_cast(array.dtype, wanted):
        limits = np.iinfo(wanted)
        if array.size and (int(array.max()) > limits.max or int(array.min()) < limits.min):
            raise Refusal(
                f"a constant goes up to {int(array.max())}, beyond int32, the widest whole number that MIL has",
                "keep indices and counts below 2**31",
            )
    return array.astype(wanted, copy=False)


def saturated(array: Array) -> Array:
    """Whole numbers beyond int32 as its limits."""
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 4:
        return array
    limits = np.iinfo(np.int32)
    return np.clip(array, limits.min, limits.max).astype(np.int32)
