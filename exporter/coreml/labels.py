"""What Core ML can say of an output's labels: a classifier, a segmenter's names and colours, or a record of ours.

A classifier gives the likeliest class as `classLabel` and a dictionary of all classes as `classLabel_probs`, for
Xcode and Vision to find; the scores stay an output under their own name. There is one classifier at most in a package,
of an output that is one row of scores. A map of classes gets the metadata of Xcode's preview, `imageSegmenter`
(apple.github.io/coremltools: "Classifiers", "Xcode Model Preview Types"). Everything is recorded under
`portproof.labels`, for apps that read it themselves.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.coreml.interface import Port
from portproof.exporter.labels import OutputLabels

RECORD = "portproof.labels"
"""Where a package says what its outputs' numbers stand for: {output: {"axis": ..., "labels": [...]}}."""
LABEL = "classLabel"
"""Core ML's usual name of a classifier's label; the probabilities are its name with `_probs`."""
_PREVIEW = "com.apple.coreml.model.preview"
_PROBABLE = frozenset({"Softmax", "Sigmoid", "HardSigmoid"})
_MOVING = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Transpose", "Cast"})
_ARRAYS = {"float16": 65552, "float32": 65568, "int32": 131104}
_MAP_AXES = {True: (4,), False: (2, 3)}
"""Axes of a map: of scores, of class numbers."""


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """The output that makes a package a classifier.

    Attributes:
        port: the output.
        shape: of it.
        names: a name for each class, no two alike.
        label: what the package's label output is called.
    """

    port: Port
    shape: tuple[int, ...]
    names: tuple[str, ...]
    label: str = LABEL

    @property
    def config(self) -> Any:
        """For `coremltools.convert`."""
        import coremltools as ct

        return ct.ClassifierConfig(list(self.names), self.label, self.port.name)


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """What a package will say.

    Attributes:
        classifier: None where no output can be one.
        metadata: user-defined metadata.
        messages: ``W-METADATA`` for what Core ML or its readers will not see.
    """

    classifier: Classifier | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Output:
    """An output with labels: its port, its sizes where all are known, its value in the source."""

    port: Port
    shape: tuple[int, ...] | None
    value: ir.Value
    given: OutputLabels


def label(labels: Sequence[OutputLabels], model: ir.Model, ports: Sequence[Port], taken: set[str]) -> Labelled:
    """What to say of each output that has labels.

    Args:
        labels: of outputs of this function.
        model: the source.
        ports: its outputs in the package, in order.
        taken: names that values of the package have.

    Raises:
        PortproofError: ``E-LABELS``: there is no such output.
    """
    outputs = [_output(given, model, ports) for given in labels]
    rows = [output for output in outputs if _is_row(output)]
    classifier, messages = _classifier(rows[0], taken) if rows else (None, [])
    metadata = {RECORD: _record(outputs)} if outputs else {}
    for output in outputs:
        if _is_map(output) and f"{_PREVIEW}.type" not in metadata:
            metadata |= _segmenter(output.given.labels.names)
        elif output is not (rows[0] if rows else None):
            messages.append(_unseen(output, rows))
    return Labelled(classifier=classifier, metadata=metadata, messages=tuple(messages))


def _output(given: OutputLabels, model: ir.Model, ports: Sequence[Port]) -> _Output:
    for port, value in zip(ports, model.graph.outputs, strict=True):
        if port.source == given.output:
            known = value.shape is not None and value.shape.is_static()
            shape = tuple(value.shape.numpy()) if known and value.shape is not None else None
            return _Output(port=port, shape=shape, value=value, given=given)
    raise PortproofError("E-LABELS", f"no output of the model is named {given.output!r}", hint="see --labels")


def _is_row(output: _Output) -> bool:
    """Whether there is one score for each class, and nothing else."""
    if output.given.axis is None or output.shape is None or not output.port.dtype.startswith("float"):
        return False
    return math.prod(output.shape) == len(output.given.labels.names)


def _is_map(output: _Output) -> bool:
    scores = output.given.axis is not None
    shape = output.value.shape
    return shape is not None and len(shape) in _MAP_AXES[scores] and not _is_row(output)


def _classifier(output: _Output, taken: set[str]) -> tuple[Classifier, list[Message]]:
    names, messages = _distinct(output.given.labels.names, output.given.labels.file)
    if not _probable(output.value):
        messages.append(
            _cannot(
                f"{output.given.output!r} is no result of Softmax or Sigmoid: its scores are shown as probabilities",
                why="readers of a classifier take its numbers for probabilities",
                hint="let the model end in a softmax",
            )
        )
    feature = next(name for name in _candidates() if not {name, f"{name}_probs"} & taken)
    made = Classifier(port=output.port, shape=output.shape or (), names=names, label=feature)
    return made, messages


def _candidates() -> Any:
    yield LABEL
    number = 1
    while True:
        yield f"{LABEL}_{number}"
        number += 1


def _distinct(names: Sequence[str], file: str) -> tuple[tuple[str, ...], list[Message]]:
    """The names, those that came before with the number of their class: a dictionary has each key once."""
    counts = Counter(names)
    repeated = [name for name, count in counts.items() if count > 1]
    if not repeated:
        return tuple(names), []
    seen: set[str] = set()
    made = []
    for number, name in enumerate(names):
        own = name
        while own in seen or (own != name and own in counts):
            own = f"{own} ({number})"
        seen.add(own)
        made.append(own)
    what = f"{file} has {', '.join(map(repr, repeated[:5]))} more than once: the later ones carry their class's number"
    return tuple(made), [_cannot(what, why="a classifier's probabilities are a dictionary by label", hint="")]


def _probable(value: ir.Value) -> bool:
    """Whether a value comes out of what makes probabilities, moved at most."""
    node = value.producer()
    while node is not None and node.op_type in _MOVING and node.inputs[0] is not None:
        node = node.inputs[0].producer()
    return node is not None and node.op_type in _PROBABLE


def _record(outputs: Sequence[_Output]) -> str:
    record = {
        output.port.name: {"axis": output.given.axis, "labels": list(output.given.labels.names)} for output in outputs
    }
    return json.dumps(record, sort_keys=True, ensure_ascii=False)


def _segmenter(names: Sequence[str]) -> dict[str, str]:
    params = {"labels": list(names), "colors": [_colour(number) for number in range(len(names))]}
    return {f"{_PREVIEW}.type": "imageSegmenter", f"{_PREVIEW}.params": json.dumps(params, ensure_ascii=False)}


def _colour(number: int) -> str:
    """Colours far apart, black first: the bits of the number dealt out to red, green and blue, the highest first."""
    channels = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            channels[channel] |= (number >> (3 * place + channel) & 1) << (7 - place)
    return "#" + "".join(f"{channel:02X}" for channel in channels)


def _unseen(output: _Output, rows: Sequence[_Output]) -> Message:
    if _is_row(output):
        why = f"a package is a classifier of one output, which is {rows[0].given.output!r}"
    elif _is_map(output):
        why = "Xcode previews one map"
    else:
        why = "a classifier needs one score for each class, in floats, and of known sizes"
    what = f"Core ML's own description cannot name the classes of {output.given.output!r}"
    return _cannot(what, why=why, hint=f"the labels are in the package's metadata, {RECORD}")


def _cannot(what: str, *, why: str, hint: str) -> Message:
    return Message(code="W-METADATA", what=what, why=why, hint=hint)


def describe(spec: Any, labelled: Labelled, ports: Sequence[Port]) -> None:
    """Puts into a model's message what was to be said, and the scores back among the outputs.

    Args:
        spec: `Model_pb2.Model`, made with `Classifier.config`, which takes the scores away.
        labelled: what to say.
        ports: the outputs, in the source's order.
    """
    spec.description.metadata.userDefined.update(labelled.metadata)
    made = labelled.classifier
    if made is None:
        return
    feature = spec.description.output.add(name=made.port.name)
    feature.type.multiArrayType.shape.extend(made.shape)
    feature.type.multiArrayType.dataType = _ARRAYS[made.port.dtype]
    order = [*(port.name for port in ports), made.label, f"{made.label}_probs"]
    features = {output.name: output for output in spec.description.output}
    described = [type(feature).FromString(features[name].SerializeToString()) for name in order]
    del spec.description.output[:]
    spec.description.output.extend(described)
    for block in spec.mlProgram.functions["main"].block_specializations.values():
        block.outputs[:] = order
