"""Builds a Core AI graph, one ONNX node after the other, with the public authoring functions of coreai-core."""

import re
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.coreai.tensors import Array, Tensor, constant
from portproof.exporter.lowering.refusal import Refusal

_OPERATOR = re.compile(r"'coreai\.\w+' op (.+?)(?:, but got|\n|$)")


class Builder:
    """Emits operators into the graph that is open.

    Attributes:
        opset: the version of the ONNX operator set the model was written for.
        source: the ONNX node being lowered.
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.source: ir.Node | None = None
        self._constants: dict[int, tuple[Array, Any]] = {}

    def emit(self, op: str, *arguments: Any, **keywords: Any) -> Tensor:
        """Emits an operator of one result.

        Args:
            op: a function of `coreai.authoring`.
            arguments: by position: tensors, arrays (which become constants), lists of them, texts, types.
            keywords: by name.

        Raises:
            Refusal: Core AI does not take the arguments.
        """
        return self.emit_all(op, *arguments, **keywords)[0]

    def emit_all(self, op: str, *arguments: Any, **keywords: Any) -> list[Tensor]:
        """Emits an operator; see `emit`."""
        from coreai import authoring

        given = [self._raw(argument) for argument in arguments]
        named = {name: self._raw(argument) for name, argument in keywords.items()}
        try:
            made = getattr(authoring, op)(*given, **named)
            results = made if isinstance(made, list) else [made]
            results[0].defining_op._to_mlir().verify()
        except Exception as error:
            raise Refusal(f"Core AI's {op.rstrip('_')} does not take it: {_reason(error)}") from error
        return [computed(result) for result in results]

    def value(self, x: Tensor) -> Any:
        """The `coreai.authoring.Value` of a tensor."""
        return x.value if x.array is None else self._constant(x.array)

    def cast(self, x: Tensor, dtype: Any) -> Tensor:
        """`x` as another type, as Core AI casts: towards zero, saturating."""
        wanted = np.dtype(dtype)
        if x.dtype == wanted:
            return x
        return self.emit("cast", x, wanted.type)

    def like(self, number: float, x: Tensor) -> Array:
        """A number as a constant of the type of `x`, to be computed with it."""
        return np.array(number, x.dtype)

    def reshape(self, x: Tensor, shape: Any) -> Tensor:
        """`x` in another shape of as many elements."""
        wanted = tuple(int(size) for size in shape)
        if x.shape == wanted:
            return x
        if x.array is not None:
            return constant(x.array.reshape(wanted))
        return self.emit("reshape", x, np.array(wanted, np.int32))

    def transpose(self, x: Tensor, perm: Any) -> Tensor:
        """`x` with its axes in another order."""
        order = [int(axis) for axis in perm]
        if order == list(range(x.rank)):
            return x
        if x.array is not None:
            return constant(x.array.transpose(order))
        return self.emit("transpose", x, np.array(order, np.uint32))

    def _raw(self, argument: Any) -> Any:
        if isinstance(argument, Tensor):
            return self.value(argument)
        if isinstance(argument, list):
            return [self._raw(item) for item in argument]
        if isinstance(argument, np.ndarray | np.generic):
            return self._constant(np.asarray(argument))
        return argument

    def _constant(self, array: Array) -> Any:
        """The value of a constant, made once; the array is held so that its identity stays its own."""
        from coreai.authoring.constant import constant as make

        if id(array) not in self._constants:
            self._constants[id(array)] = (array, make(np.ascontiguousarray(array).reshape(array.shape)))
        return self._constants[id(array)][1]


def computed(value: Any) -> Tensor:
    """The tensor of a `coreai.authoring.Value`."""
    kind = value.type
    return Tensor(shape=tuple(int(size) for size in kind.shape), dtype=np.dtype(kind.dtype.numpy), value=value)


def _reason(error: Exception) -> str:
    found = _OPERATOR.search(str(error))
    return found.group(1) if found else (str(error).strip().splitlines() or [type(error).__name__])[-1]
