"""What is fed, checked against a function's features and brought to the types of its program."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.pixels import MisfitError, to_program
from portproof.runtimes.coreml.program import Feature, Function, Interface, TensorType
from portproof.runtimes.feed import near_matches
from portproof.runtimes.spec import Array, shape_text


def tensors(
    interface: Interface, function: Function, inputs: Mapping[str, Any], *, where: str
) -> dict[str, torch.Tensor]:
    """A tensor for every input that is no state, held as `dtypes` says.

    Numbers are taken to the declared type where that changes none of them; into float16 they are rounded, as Core ML
    does, but not to infinity. An optional input that is left out gets its default.

    Raises:
        PortproofError: ``E-DATA-NAME``, ``E-DATA-SHAPE``, ``E-DATA-DTYPE``; one message for each finding.
    """
    found = _name_findings(interface, inputs, where)
    types = {value.name: value.type for value in function.inputs}
    fed: dict[str, torch.Tensor] = {}
    for feature in interface.inputs:
        kind = types[feature.name]
        if not isinstance(kind, TensorType) or feature.kind not in ("multiarray", "image"):
            raise PortproofError("E-MODEL-UNSUPPORTED", f"input {feature.name!r} is a {feature.kind}", where=where)
        value = inputs.get(feature.name, _default(feature))
        if value is None:
            continue
        try:
            array = to_program(value, feature) if feature.kind == "image" else _array(value, feature)
            fed[feature.name] = _held(array, kind)
        except MisfitError as error:
            found.append(_finding(error.code, feature, value, where, str(error)))
    if found:
        raise PortproofError.of(found)
    return fed


def _name_findings(interface: Interface, inputs: Mapping[str, Any], where: str) -> list[Message]:
    names = [feature.name for feature in interface.inputs]
    why = f"the model's inputs are {', '.join(names)}; given: {', '.join(inputs) or 'nothing'}"
    unknown = [name for name in inputs if name not in names]
    missing = [feature.name for feature in interface.inputs if feature.name not in inputs and _default(feature) is None]
    near = {name: near_matches(name, missing) for name in unknown}
    suggested = {match for matches in near.values() for match in matches}
    return [
        Message(
            code="E-DATA-NAME",
            what=f"{name!r} is not an input of the model",
            where=where,
            why=why,
            hint=f"did you mean {' or '.join(map(repr, near[name]))}?" if near[name] else "",
        )
        for name in unknown
    ] + [
        Message(code="E-DATA-NAME", what=f"input {name!r} is missing", where=where, why=why)
        for name in missing
        if name not in suggested
    ]


def _default(feature: Feature) -> Array | None:
    if not feature.optional or feature.default is None or feature.kind != "multiarray":
        return None
    return np.full(feature.shape, feature.default, dtype=feature.dtype)


def _finding(code: str, feature: Feature, value: Any, where: str, why: str) -> Message:
    given = f"{value.dtype}{shape_text(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
    return Message(code=code, what=f"{feature.name!r} does not take {given}", where=where, why=why)


def _array(value: Any, feature: Feature) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "buif":
        raise MisfitError("E-DATA-DTYPE", f"numbers are needed: {feature.dtype}")
    _check_shape(array, feature)
    if array.dtype == feature.dtype:
        return array
    with np.errstate(invalid="ignore", over="ignore"):
        converted = array.astype(feature.dtype)
        if feature.dtype == "float16":
            kept = np.isfinite(converted) | ~np.isfinite(array)
        else:
            kept = (converted.astype(array.dtype) == array) | (np.isnan(array) & np.isnan(converted))
    if not kept.all():
        raise MisfitError(
            "E-DATA-DTYPE",
            f"{array[~kept][0]} is no number of type {feature.dtype}; convert on purpose: astype({feature.dtype!r})",
        )
    return converted


def _check_shape(array: Array, feature: Feature) -> None:
    if feature.enumerated:
        fits = array.shape in {feature.shape, *feature.enumerated}
    elif feature.ranges:
        fits = len(feature.ranges) == array.ndim and all(
            limit.lower <= size and (limit.upper is None or size <= limit.upper)
            for limit, size in zip(feature.ranges, array.shape, strict=True)
        )
    else:
        fits = array.shape == feature.shape
    if not fits:
        raise MisfitError("E-DATA-SHAPE", f"it takes {_shapes(feature)}")


def _shapes(feature: Feature) -> str:
    if feature.enumerated:
        return " or ".join(shape_text(shape) for shape in dict.fromkeys((feature.shape, *feature.enumerated)))
    if not feature.ranges:
        return shape_text(feature.shape)
    sizes = [
        str(limit.lower) if limit.lower == limit.upper else f"{limit.lower}..{limit.upper or ''}"
        for limit in feature.ranges
    ]
    return f"[{', '.join(sizes)}]"


def _held(array: Array, kind: TensorType) -> torch.Tensor:
    """An array as the engine holds values of the program's type; one element where the program has a scalar."""
    held = DTYPES[kind.dtype]
    if kind.shape == ():
        array = array.reshape(())
    own = array.astype(held.numpy)  # rounds to float16 where the program is narrower than its feature
    return torch.from_numpy(np.array(own.astype(held.torch), order="C"))
