"""What a function gives, as its features declare it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from portproof.runtimes.coreml.pixels import planes, to_image
from portproof.runtimes.coreml.program import Feature, Interface
from portproof.runtimes.spec import Array


def as_features(interface: Interface, results: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs as callers of Core ML get them, in the file's order.

    A multi-array is an array of its declared type, [1] for a scalar; an image is uint8 [height, width, 3], red first,
    or [height, width]; a classifier's label is a str or an int, its probabilities a dict by label.
    """
    return {feature.name: _value(feature, results[feature.name]) for feature in interface.outputs}


def _value(feature: Feature, value: Any) -> Any:
    if feature.kind == "multiarray":
        return _array(feature, value)
    if feature.kind == "image":
        return to_image(value.numpy(), feature)
    if feature.kind == "int64":
        return int(value)
    if feature.kind == "double":
        return float(value)
    return value  # a string, a dictionary: as the program makes them


def _array(feature: Feature, value: Any) -> Array:
    array = np.array(value.numpy(), dtype=feature.dtype)  # a copy: a result may be an input, or a weight
    return array.reshape(array.shape or (1,))


def as_arrays(interface: Interface, results: Mapping[str, Any]) -> dict[str, Array]:
    """The same outputs as arrays only, for what compares and transports them.

    An image keeps the program's layout, [1, channels, height, width]; a dictionary is its values, float64 in the order
    of the classes; a label its place among the classes, int64 [1].
    """
    return {feature.name: _as_array(feature, interface, results) for feature in interface.outputs}


def _as_array(feature: Feature, interface: Interface, results: Mapping[str, Any]) -> Array:
    value = results[feature.name]
    if feature.kind == "image":
        return planes(value.numpy(), feature)
    if feature.kind == "dictionary":
        return np.array(list(value.values()), dtype=np.float64)
    if feature.name == interface.predicted_feature and interface.predicted_probabilities in results:
        label = value if isinstance(value, str) else int(value)
        return np.array([list(results[interface.predicted_probabilities]).index(label)], dtype=np.int64)
    return np.atleast_1d(np.asarray(_value(feature, value)))
