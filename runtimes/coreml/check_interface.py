"""Checks that a model's description is one of its program: the same names, of the same types.

Core ML's own compiler refuses a package whose description and program differ ("has a different type than its
corresponding return value to main").
"""

from collections import Counter
from collections.abc import Sequence

from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.faults import damaged, shown, within
from portproof.runtimes.coreml.program import (
    DictionaryType,
    Feature,
    Function,
    Interface,
    StateType,
    TensorType,
    Type,
)

_SCALARS = {"string": ("string",), "int64": ("int64",), "double": ("float32", "float64")}
_IMAGES = ("float16", "float32", "uint8")  # the last for gray ones, which a program may take as they are


def check_interface(interface: Interface, function: Function) -> None:
    """Checks the description of a function.

    Raises:
        FaultError: ``E-MODEL-FORMAT`` where a name is missing, or stands for something else.
    """
    taken = {value.name: value.type for value in function.inputs}
    given = taken | {value.name: value.type for step in function.block.operations for value in step.outputs}
    features = (*interface.inputs, *interface.states)
    _check_names(features, list(taken), "inputs")
    _check_names(interface.outputs, function.block.outputs, "outputs")
    for feature in features:
        with within("input", feature.name):
            _check_type(feature, taken[feature.name])
            _check_shapes(feature, taken[feature.name])
    for feature in interface.outputs:
        with within("output", feature.name):
            _check_type(feature, given[feature.name])
    _check_predictions(interface)


def _check_names(features: Sequence[Feature], names: Sequence[str], side: str) -> None:
    """An output may be given twice where it is described twice, in the same words: coremltools writes and runs such."""
    described, real = Counter(feature.name for feature in features), Counter(names)
    different = Counter(feature.name for feature in set(features))
    odd = sorted(name for name in described | real if described[name] != real[name] or different[name] > 1)
    if odd:
        raise damaged(f"its {side} are not those that are described: {', '.join(map(shown, odd[:5]))}")


def _check_predictions(interface: Interface) -> None:
    names = {feature.name for feature in interface.outputs}
    for name in (interface.predicted_feature, interface.predicted_probabilities):
        if name and name not in names:
            raise damaged(f"what it predicts is described as {shown(name)}, which is no output")


def _check_type(feature: Feature, kind: Type) -> None:
    if not _goes_with(feature, kind):
        detail = feature.dtype or feature.keys
        raise damaged(f"it is described as {' '.join(filter(None, (feature.kind, detail)))}, and is {_title(kind)}")
    if feature.image is not None and isinstance(kind, TensorType):
        _check_image(feature, kind)


def _goes_with(feature: Feature, kind: Type) -> bool:
    if isinstance(kind, StateType):
        return feature.kind == "state" and feature.dtype == kind.wrapped.dtype
    if isinstance(kind, DictionaryType):
        return feature.kind == "dictionary" and _is_scores(feature, kind)
    if not isinstance(kind, TensorType):
        return False
    if feature.kind == "image":
        return kind.dtype in _IMAGES
    if feature.kind == "multiarray":
        return kind.dtype == feature.dtype
    return kind.dtype in _SCALARS.get(feature.kind, ()) and kind.shape == ()


def _is_scores(feature: Feature, kind: DictionaryType) -> bool:
    """Keys to numbers."""
    keys, value = kind.key, kind.value
    scalar = isinstance(value, TensorType) and value.shape == () and DTYPES[value.dtype].kind == "float"
    return scalar and keys == TensorType(dtype=feature.keys, shape=())


def _title(kind: Type) -> str:
    if isinstance(kind, TensorType):
        return f"a tensor of type {kind.dtype}"
    return f"a state of type {kind.wrapped.dtype}" if isinstance(kind, StateType) else f"a {type(kind).__name__}"


def _check_image(feature: Feature, tensor: TensorType) -> None:
    """An image is a tensor of batch one, channels, height and width (MIL.proto, on the inputs of a function)."""
    image, shape = feature.image, tensor.shape
    if image is None or shape is None:
        return
    channels = 1 if image.colorspace.startswith("GRAYSCALE") else 3
    sizes = feature.enumerated or ((image.height, image.width),)
    wanted = [(1, channels, height, width) for height, width in sizes] if not feature.ranges else [(1, channels)]
    if len(shape) != 4 or not all(_fits(shape, each) for each in wanted):
        described = f"an image of {image.height} by {image.width}, {image.colorspace}"
        raise damaged(f"it is described as {described}, and is of shape {_sizes(shape)}")


def _check_shapes(feature: Feature, kind: Type) -> None:
    """Each shape that the input may have is one that the program takes; a scalar is described as one element."""
    tensor = kind.wrapped if isinstance(kind, StateType) else kind
    if not isinstance(tensor, TensorType) or tensor.shape is None or feature.kind not in {"multiarray", "state"}:
        return
    for described in (feature.shape, *feature.enumerated):
        taken = tensor.shape or (1,) * len(described)
        if len(described) != len(taken) or not _fits(taken, described):
            raise damaged(f"it is described as of shape {list(described)}, and is of shape {_sizes(tensor.shape)}")


def _fits(taken: Sequence[int | None], described: Sequence[int]) -> bool:
    """Compares as many axes as both have."""
    return all(size in {None, other} for size, other in zip(taken, described, strict=False))


def _sizes(shape: Sequence[int | None]) -> list[int | str]:
    return ["?" if size is None else size for size in shape]
