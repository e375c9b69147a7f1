"""What was declared of inputs and outputs, as TFLite Metadata says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portproof.device_profiles.errors import Message
from portproof.exporter.images import ImageInput
from portproof.exporter.labels import OutputLabels, Threshold
from portproof.exporter.tflite.metadata.schema import (
    GRAYSCALE,
    PARSER_VERSION,
    RGB,
    TENSOR_AXIS_LABELS,
    TENSOR_VALUE_LABELS,
    UNKNOWN,
)
from portproof.runtimes.images import Preprocessing
from portproof.runtimes.spec import TensorSpec

_COLOURS = {"rgb": RGB, "gray": GRAYSCALE, "bgr": UNKNOWN}
_NAMES = {"nchw": ("batch", "channels", "height", "width"), "nhwc": ("batch", "height", "width", "channels")}
_WHITEST = 255.0


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What the user said about the inputs and outputs of all functions of a file."""

    name: str
    images: Sequence[ImageInput] = ()
    labels: Sequence[OutputLabels] = ()
    thresholds: Sequence[Threshold] = ()

    def __bool__(self) -> bool:
        return bool(self.images or self.labels or self.thresholds)


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Inputs and outputs of one signature as the file has them, in its order."""

    inputs: Sequence[TensorSpec]
    outputs: Sequence[TensorSpec]


@dataclass(frozen=True, kw_only=True)
class Description:
    """Metadata and what travels with it.

    Attributes:
        metadata: in the form that `pack.pack` takes.
        files: label files by name.
        messages: ``W-METADATA`` for what the format cannot say, or its readers cannot use.
    """

    metadata: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()


def describe(declared: Declared, signatures: Mapping[str, Ends]) -> Description:
    """The metadata of a file whose graphs 0 and up are those of the signatures."""
    graphs = [_graph(key, ends, declared) for key, ends in signatures.items()]
    metadata = {"name": declared.name, "subgraph_metadata": graphs, "min_parser_version": PARSER_VERSION}
    files = {each.labels.file: each.labels.data for each in declared.labels}
    return Description(metadata=metadata, files=files, messages=tuple(_limits(declared, signatures)))


def _graph(key: str, ends: Ends, declared: Declared) -> dict[str, Any]:
    images = {each.preprocessing.input: each.preprocessing for each in declared.images if each.signature == key}
    labels = {each.output: each for each in declared.labels if each.signature == key}
    thresholds = {each.output: each.value for each in declared.thresholds if each.signature == key}
    return {
        "name": key,
        "input_tensor_metadata": [_input(spec, images.get(spec.name)) for spec in ends.inputs],
        "output_tensor_metadata": [
            _output(spec, labels.get(spec.name), thresholds.get(spec.name)) for spec in ends.outputs
        ],
    }


def _feature(spec: TensorSpec) -> dict[str, Any]:
    """All there is to say of a tensor of which nothing was declared."""
    return {"name": spec.name, "content": {"content_properties": ("FeatureProperties", {})}}


def _input(spec: TensorSpec, image: Preprocessing | None) -> dict[str, Any]:
    if image is None:
        return _feature(spec)
    mean, std = list(image.pixel_mean), list(image.pixel_std)
    height, width = image.size
    properties = {"color_space": _COLOURS[image.channels], "default_size": {"width": width, "height": height}}
    order = " in the order blue, green, red" if image.channels == "bgr" else ""
    return {
        "name": spec.name,
        "description": f"a picture{order}: each value is (pixel - mean) / std of pixels 0..255",
        "dimension_names": _axes(spec, image),
        "content": {"content_properties": ("ImageProperties", properties)},
        "process_units": [{"options": ("NormalizationOptions", {"mean": mean, "std": std})}],
        "stats": {"max": _normalised(_WHITEST, mean, std), "min": _normalised(0.0, mean, std)},
    }


def _axes(spec: TensorSpec, image: Preprocessing) -> list[str]:
    names = _NAMES[image.layout]
    return [names[axis] for axis in spec.perm or range(4)]


def _normalised(pixel: float, mean: list[float], std: list[float]) -> list[float]:
    """The value of a pixel in each channel; a lone mean or deviation counts for all of them."""
    count = max(len(mean), len(std))
    means, deviations = (values * (count if len(values) == 1 else 1) for values in (mean, std))
    return [(pixel - m) / s for m, s in zip(means, deviations, strict=True)]


def _output(spec: TensorSpec, labels: OutputLabels | None, threshold: float | None) -> dict[str, Any]:
    made = _feature(spec)
    if labels is not None:
        kind = TENSOR_VALUE_LABELS if labels.axis is None else TENSOR_AXIS_LABELS
        what = "what each value stands for" if labels.axis is None else "a name for each class"
        made["associated_files"] = [{"name": labels.labels.file, "description": what, "type": kind}]
    if threshold is not None:
        made["process_units"] = [{"options": ("ScoreThresholdingOptions", {"global_score_threshold": threshold})}]
    return made


def _limits(declared: Declared, signatures: Mapping[str, Ends]) -> list[Message]:
    found = []
    for image in declared.images:
        spec = next(s for s in signatures[image.signature].inputs if s.name == image.preprocessing.input)
        if image.preprocessing.channels == "bgr":
            why = "its colour spaces are RGB and gray; the manifest and the input's description say BGR"
            found.append(_limit(f"TFLite Metadata has no word for the channel order of input {spec.name!r}", why, ""))
        if _axes(spec, image.preprocessing) != list(_NAMES["nhwc"]):
            why = "the Task Library and Android's code generation read pictures as batch, height, width, channels"
            hint = "leave --io-layout at auto, or feed it without them"
            found.append(_limit(f"input {spec.name!r} is a picture with its channels first in the file", why, hint))
    return found


def _limit(what: str, why: str, hint: str) -> Message:
    return Message(code="W-METADATA", what=what, why=why, hint=hint)
