"""The pass that puts packed weights into a MIL program, after all of coremltools' own have settled what they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.exporter.coreml.values import Array
from portproof.exporter.coreml.weights.encode import Encoded, NotWorthItError, encode
from portproof.exporter.coreml.weights.formats import SMALLEST, WeightFormat
from portproof.exporter.coreml.weights.roles import role_of

_NAMESPACE, _NAME = "portproof", "pack_weights"
PASS = f"{_NAMESPACE}::{_NAME}"


@dataclass(frozen=True, kw_only=True)
class PackedWeight:
    """One tensor of weights.

    Attributes:
        name: of the constant in the package.
        shape: of it.
        before: bytes as floats.
        after: bytes as stored; `before` where it stays as it is.
        sqnr_db: signal to quantisation noise, in decibels; infinite where nothing is lost.
        why: why it stays as it is; empty where it does not.
    """

    name: str
    shape: tuple[int, ...]
    before: int
    after: int
    sqnr_db: float = float("inf")
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PackedWeights:
    """What became of the weights of a package; tensors below `formats.SMALLEST` elements are not looked at."""

    form: WeightFormat
    tensors: tuple[PackedWeight, ...]

    @property
    def before(self) -> int:
        """Bytes of all of them as floats."""
        return sum(tensor.before for tensor in self.tensors)

    @property
    def after(self) -> int:
        """Bytes of all of them as stored."""
        return sum(tensor.after for tensor in self.tensors)


class Packing:
    """Packs the weights of one program, and remembers what became of them."""

    def __init__(self, form: WeightFormat, target: str) -> None:
        self.form = form
        self.target = target
        self.tensors: list[PackedWeight] = []

    def pipeline(self, pipeline: Any) -> Any:
        """coremltools' `PassPipeline` with the packing at its end."""
        from coremltools.converters.mil.mil.passes.graph_pass import AbstractGraphPass
        from coremltools.converters.mil.mil.passes.pass_registry import register_pass

        class PackWeights(AbstractGraphPass):  # type: ignore[misc]
            """Calls what it is given as an option: the registry makes passes without arguments."""

            packing: Any = None

            def apply(self, prog: Any) -> None:
                self.packing.apply(prog)

        register_pass(namespace=_NAMESPACE, override=True, name=_NAME)(PackWeights)
        pipeline.append_pass(PASS)
        pipeline.set_options(PASS, {"packing": self})
        return pipeline

    def apply(self, program: Any) -> None:
        """Replaces constants of a `Program` in place."""
        for function in program.functions.values():
            for block in _blocks(function):
                for op in [op for op in block.operations if op.op_type == "const"]:
                    self._constant(block, op)

    def made(self) -> PackedWeights:
        """What became of the weights."""
        return PackedWeights(form=self.form, tensors=tuple(self.tensors))

    def _constant(self, block: Any, op: Any) -> None:
        value = op.outputs[0]
        weights = value.val
        if not _is_large_float(weights):
            return
        role = role_of(value)
        if role is None:
            return
        try:
            encoded = encode(weights, role, self.form, self.target)
        except NotWorthItError as reason:
            self._note(op, weights, weights.nbytes, why=str(reason))
            return
        self._note(op, weights, encoded.stored, sqnr_db=_sqnr(weights, encoded.dense))
        _replace(block, op, encoded)

    def _note(self, op: Any, weights: Array, after: int, **more: Any) -> None:
        self.tensors.append(PackedWeight(name=op.name, shape=weights.shape, before=weights.nbytes, after=after, **more))


def _blocks(block: Any) -> Iterator[Any]:
    yield block
    for op in block.operations:
        for inner in op.blocks:
            yield from _blocks(inner)


def _is_large_float(weights: Any) -> bool:
    return isinstance(weights, np.ndarray) and weights.dtype.kind == "f" and weights.size >= SMALLEST


def _replace(block: Any, op: Any, encoded: Encoded) -> None:
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil import types

    arguments = dict(encoded.arguments)
    for name, kind in encoded.narrow.items():
        arguments[name] = arguments[name].astype(types.nptype_from_builtin(types.string_to_builtin(kind)))
    with block:
        made = getattr(Builder, encoded.op)(**arguments, before_op=op, name=f"{op.name}_packed")
    block.replace_uses_of_var_after_op(anchor_op=op, old_var=op.outputs[0], new_var=made, no_check_var_types=True)
    block.remove_ops([op])


def _sqnr(weights: Array, dense: Array) -> float:
    signal = float((weights.astype(np.float64) ** 2).sum())
    noise = float(((weights.astype(np.float64) - dense) ** 2).sum())
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal else float("-inf")
