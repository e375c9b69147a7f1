"""What was declared of inputs and outputs, by options and with the data, held against the functions of a program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import images, labels
from portproof.exporter.images import ImageInput
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.program import Program
from portproof.exporter.request import Request
from portproof.exporter.tflite.metadata.describe import Declared
from portproof.runtimes.data import Dataset
from portproof.runtimes.images import Preprocessing

Item = TypeVar("Item")


def resolve(asked: Request, program: Program) -> Declared:
    """``--image``, ``--labels`` and ``--score-threshold``.

    Raises:
        PortproofError: ``E-USAGE``, ``E-LABELS``: all that is wrong with any of them, together.
    """
    inputs = {key: inputs_of(source.model) for key, source in program.functions.items()}
    outputs = {key: outputs_of(source.model) for key, source in program.functions.items()}
    wrong: list[Message] = []
    found = Declared(
        name=program.name,
        images=_tried(wrong, lambda: images.resolve(asked.images, inputs)),
        labels=_tried(wrong, lambda: labels.resolve(asked.labels, outputs)),
        thresholds=_tried(wrong, lambda: labels.resolve_thresholds(asked.thresholds, outputs)),
    )
    if wrong:
        raise PortproofError.of(wrong)
    return found


def _tried(wrong: list[Message], attempt: Callable[[], tuple[Item, ...]]) -> tuple[Item, ...]:
    """What it gives; what it refuses joins the rest."""
    try:
        return attempt()
    except PortproofError as error:
        wrong += error.messages
        return ()


def of_function(declared: Declared, key: str) -> tuple[Preprocessing, ...]:
    """How pictures become the inputs of one function."""
    return tuple(image.preprocessing for image in declared.images if image.signature == key)


def with_data(declared: Declared, datasets: Mapping[str, Dataset]) -> Declared:
    """With the pictures that the data declare, too.

    Raises:
        PortproofError: ``E-USAGE``: an option and the data say different things of one input.
    """
    found = {(image.signature, image.preprocessing.input): image for image in declared.images}
    for key, dataset in datasets.items():
        made = dataset.preprocessing
        if made is None:
            continue
        name = made.input or dataset.inputs[0].name
        image = ImageInput(signature=key, preprocessing=replace(made, input=name))
        other = found.setdefault((key, name), image)
        if _values(other.preprocessing) != _values(made):
            raise _differ(name, dataset.source)
    return replace(declared, images=tuple(found.values()))


def _values(declared: Preprocessing) -> Sequence[object]:
    """What decides a pixel's value; how it came to its size does not."""
    return declared.scale, declared.mean, declared.std, declared.channels, declared.layout, declared.size


def _differ(name: str, source: str) -> PortproofError:
    what = f"--image and --data {source} declare input {name!r} differently"
    hint = "declare it once: an image folder without keys takes those of --image"
    return PortproofError("E-USAGE", what, hint=hint)
