"""Checks that a model's description is one of its program: the same names, of types that go together."""

from collections.abc import Sequence

from portproof.runtimes.coreml.faults import damaged, shown, within
from portproof.runtimes.coreml.program import (
    DictionaryType,
    Feature,
    Function,
    Interface,
    Operation,
    StateType,
    TensorType,
    Type,
)

_TYPES: dict[str, type] = {
    "multiarray": TensorType,
    "image": TensorType,
    "string": TensorType,
    "int64": TensorType,
    "double": TensorType,
    "dictionary": DictionaryType,
    "state": StateType,
}


def check_interface(interface: Interface, function: Function) -> None:
    """Checks the description of a function.

    Raises:
        FaultError: ``E-MODEL-FORMAT`` where a name is missing, or stands for something else.
    """
    taken = {value.name: value.type for value in function.inputs}
    features = (*interface.inputs, *interface.states)
    _check_names(features, sorted(taken), "inputs")
    _check_names(interface.outputs, sorted(set(function.block.outputs)), "outputs")
    for feature in features:
        with within("input", feature.name):
            _check_feature(feature, taken[feature.name])
    given = _given(function)
    for feature in interface.outputs:
        with within("output", feature.name):
            _check_kind(feature, given[feature.name])


def _check_names(features: Sequence[Feature], names: Sequence[str], side: str) -> None:
    described = sorted(feature.name for feature in features)
    if described != list(names):
        odd = sorted(set(described) ^ set(names)) or [name for name in names if described.count(name) > 1]
        raise damaged(f"its {side} are not those that are described: {', '.join(map(shown, odd[:5]))}")


def _given(function: Function) -> dict[str, Type]:
    """The types of everything that the function's own block defines."""
    given = {value.name: value.type for value in function.inputs}
    operations: Sequence[Operation] = function.block.operations
    given.update((value.name, value.type) for operation in operations for value in operation.outputs)
    return given


def _check_feature(feature: Feature, kind: Type) -> None:
    _check_kind(feature, kind)
    tensor = kind.wrapped if isinstance(kind, StateType) else kind
    if isinstance(tensor, TensorType) and tensor.shape is not None and feature.kind in {"multiarray", "state"}:
        _check_shape(feature, tensor.shape)


def _check_image(feature: Feature, tensor: TensorType) -> None:
    """An image is a tensor of batch one, channels, height and width (MIL.proto, on the inputs of a function)."""
    image, shape = feature.image, tensor.shape
    if image is None or shape is None:
        return
    channels = 1 if image.colorspace.startswith("GRAYSCALE") else 3
    wanted = (1, channels, image.height, image.width)
    flexible = bool(feature.enumerated or feature.ranges)
    compared = zip(shape, wanted if not flexible else (1, channels, None, None), strict=False)
    if len(shape) != 4 or any(None not in {one, other} and one != other for one, other in compared):
        has = ["?" if size is None else size for size in shape]
        raise damaged(
            f"it is described as an image of {image.height} by {image.width}, {image.colorspace}, and is {has}"
        )


def _check_kind(feature: Feature, kind: Type) -> None:
    if not isinstance(kind, _TYPES[feature.kind]):
        raise damaged(f"it is described as a {feature.kind}, and is a {type(kind).__name__}")
    if isinstance(kind, TensorType) and (kind.dtype == "string") != (feature.kind == "string"):
        raise damaged(f"it is described as a {feature.kind}, and is a tensor of type {kind.dtype}")
    if isinstance(kind, TensorType) and feature.kind == "image":
        _check_image(feature, kind)


def _check_shape(feature: Feature, shape: tuple[int | None, ...]) -> None:
    """Each shape that the input may have is one that the program takes; a scalar is described as one element."""
    for described in (feature.shape, *feature.enumerated):
        taken = shape or (1,) * len(described)
        if len(described) != len(taken) or any(
            size not in {None, other} for size, other in zip(taken, described, strict=True)
        ):
            wanted = ["?" if size is None else size for size in shape]
            raise damaged(f"it is described as of shape {list(described)}, and is of shape {wanted}")
