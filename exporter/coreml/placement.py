"""One operator held against the rules of a Neural Engine."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portproof.exporter.coreml.macs import Shapes
from portproof.runtimes.coreml.program import Operation, StateType, TensorType, Type

if TYPE_CHECKING:
    from portproof.device_profiles.neural_engine import Limit, OperatorRule, Rules

_CASTS = frozenset({"cast", "quantize", "dequantize"})
_INDEXED = frozenset({"gather", "gather_along_axis", "reduce_argmax", "reduce_argmin", "topk", "argsort"})
"""Operators that take or give whole numbers as indices."""
_SPATIAL = 3
"""Tensors of as many axes have channels, height and width; of fewer, their last axis is taken for channels."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why, how sure that is (``"documented"``, ``"reported"``, ``"inferred"``), and who said so."""

    text: str
    confidence: str
    source: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an operator is judged by.

    Attributes:
        rules: all of them.
        generation: the one asked for.
        shapes: of the values that operators read.
        ranged: whether an input takes sizes in a range.
        enumerated: whether an input takes one of several shapes.
    """

    rules: "Rules"
    generation: str
    shapes: Shapes
    ranged: bool = False
    enumerated: bool = False


def place(operation: Operation, inside: str, around: Surroundings) -> tuple[str, tuple[Reason, ...]]:
    """The verdict on one operator, and the reasons where it is not ``"likely"``.

    Args:
        operation: no constant.
        inside: the operator whose block it stands in; empty at the top.
        around: what it is judged by.
    """
    if inside:
        outer = around.rules.of_operator(inside)
        return "unlikely", () if outer is None else (_reason(around, outer, f"it stands in a {inside}"),)
    rule = around.rules.of_operator(operation.type)
    if rule is None:
        return "unsure", (Reason(text="nothing is known of it", confidence="inferred", source=""),)
    verdict: str = rule.verdict
    reasons = [] if verdict == "likely" else [_reason(around, rule, rule.reason)]
    if rule.since and around.rules.age(around.generation) < around.rules.age(rule.since):
        verdict = "unlikely" if rule.reason else "unsure"
        text = rule.reason or f"nothing older than {rule.since} has been measured"
        reasons = [_reason(around, rule, text)]
    broken = list(_broken(operation, around))
    return ("unlikely", tuple(reasons + broken)) if broken else (verdict, tuple(reasons))


def _reason(around: Surroundings, rule: "OperatorRule | Limit", text: str) -> Reason:
    return Reason(text=text, confidence=rule.confidence, source=around.rules.sources[rule.source])


def _broken(operation: Operation, around: Surroundings) -> Iterator[Reason]:
    """The limits that an operator breaks."""
    for limit in around.rules.limits:
        if limit.operators and operation.type not in limit.operators:
            continue
        if not around.rules.holds(limit, around.generation):
            continue
        found = _FINDERS[limit.kind](operation, around, limit.most)
        if found is not None:
            yield _reason(around, limit, limit.reason.format(found=found, most=limit.most))


def _tensors(operation: Operation, around: Surroundings, *, constants: bool = False) -> Iterator[TensorType]:
    """The types of what an operator reads, constants aside unless asked for, and of what it gives."""
    bindings = [binding for several in operation.inputs.values() for binding in several]
    kinds: list[Type | None] = [value.type for value in operation.outputs]
    kinds += [
        around.shapes.type_of(binding) for binding in bindings if constants or not around.shapes.is_constant(binding)
    ]
    for kind in kinds:
        tensor = kind.wrapped if isinstance(kind, StateType) else kind
        if isinstance(tensor, TensorType):
            yield tensor


def _float32(operation: Operation, around: Surroundings, _most: int) -> str | None:
    if operation.type in _CASTS:
        return None
    return "float32" if any(tensor.dtype == "float32" for tensor in _tensors(operation, around)) else None


def _integer(operation: Operation, around: Surroundings, _most: int) -> str | None:
    if operation.type in _CASTS or operation.type in _INDEXED:
        return None
    kinds = sorted({tensor.dtype for tensor in _tensors(operation, around) if tensor.dtype in ("int32", "uint32")})
    return kinds[0] if kinds else None


def _has_unknown(operation: Operation, around: Surroundings) -> bool:
    return any(tensor.shape is None or None in tensor.shape for tensor in _tensors(operation, around))


def _ranged(operation: Operation, around: Surroundings, _most: int) -> str | None:
    return "a range" if around.ranged and _has_unknown(operation, around) else None


def _unknown_size(operation: Operation, around: Surroundings, _most: int) -> str | None:
    flexible = around.ranged or around.enumerated
    return "unknown" if not flexible and _has_unknown(operation, around) else None


def _sizes(operation: Operation, around: Surroundings) -> Iterator[tuple[int, ...]]:
    """Shapes, with 1 for sizes that are not known."""
    for tensor in _tensors(operation, around):
        yield tuple(size or 1 for size in tensor.shape or ())


def _beyond(found: int, most: int) -> int | None:
    return found if found > most else None


def _rank(operation: Operation, around: Surroundings, most: int) -> int | None:
    return _beyond(max((len(shape) for shape in _sizes(operation, around)), default=0), most)


def _extent(operation: Operation, around: Surroundings, most: int) -> int | None:
    sizes = [size for shape in _sizes(operation, around) if len(shape) >= _SPATIAL for size in shape[-2:]]
    return _beyond(max(sizes, default=0), most)


def _channels(operation: Operation, around: Surroundings, most: int) -> int | None:
    sizes = [shape[-_SPATIAL] if len(shape) >= _SPATIAL else shape[-1] for shape in _sizes(operation, around) if shape]
    return _beyond(max(sizes, default=0), most)


def _kernel_width(operation: Operation, around: Surroundings, most: int) -> int | None:
    weights = operation.inputs.get("weight", ())
    kind = around.shapes.type_of(weights[0]) if weights else None
    if not isinstance(kind, TensorType) or not kind.shape:
        return None
    return _beyond(max(size or 1 for size in kind.shape[2:] or (1,)), most)


def _numbers(operation: Operation, around: Surroundings, parameter: str) -> list[int]:
    literal = around.shapes.value(operation, parameter)
    if literal is None or not isinstance(literal.value, np.ndarray):
        return []
    return [int(number) for number in literal.value.reshape(-1)]


def _window(operation: Operation, around: Surroundings, most: int) -> int | None:
    return _beyond(max(_numbers(operation, around, "kernel_sizes"), default=0), most)


def _dilation(operation: Operation, around: Surroundings, most: int) -> int | None:
    return _beyond(max(_numbers(operation, around, "dilations"), default=1), most)


def _state_width(operation: Operation, around: Surroundings, multiple: int) -> int | None:
    widths = [shape[-1] for shape in _sizes(operation, around) if shape]
    return next((width for width in widths if width % multiple), None)


_FINDERS: dict[str, Callable[[Operation, Surroundings, int], "int | str | None"]] = {
    "float32": _float32,
    "integer": _integer,
    "ranged": _ranged,
    "unknown_size": _unknown_size,
    "rank": _rank,
    "extent": _extent,
    "channels": _channels,
    "kernel_width": _kernel_width,
    "window": _window,
    "dilation": _dilation,
    "state_width": _state_width,
}
"""What of an operator breaks a limit; None where it keeps it."""
