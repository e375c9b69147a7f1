"""``--image``: which input is a picture, and how its pixels become the input's values.

``--image 'photo?mean=0.485,0.456,0.406&std=0.229,0.224,0.225'``: an input's name, then the keys of image data
(`portproof.runtimes.images`), or ``--image photo.toml`` with the same keys; the name may be left out where there is
one input. `size` is the input's own when left out. An input is (pixel * scale - mean) / std of pixels 0..255.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.naming import Place, find
from portproof.runtimes.images import Preprocessing, parse_preprocessing
from portproof.runtimes.spec import TensorSpec, shape_text


@dataclass(frozen=True, kw_only=True)
class DeclaredImage:
    """One ``--image``, read but not yet held against the model.

    Attributes:
        text: as the user gave it.
        name: the input's; empty for the only one.
        options: the keys of the preprocessing with their values.
    """

    text: str
    name: str
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """An input that is a picture; `preprocessing.input` is its name."""

    signature: str
    preprocessing: Preprocessing


def parse(text: str) -> DeclaredImage:
    """Read one declaration.

    Raises:
        PortproofError: ``E-USAGE``: unknown keys, values that make no sense; ``E-FILE-MISSING``; ``E-CONFIG``.
    """
    name, options = _options(text)
    named = str(options.pop("input", "")) or name
    # The size may come from the model: any will do to check the other keys.
    _preprocessing(text, {"size": "1", **options})
    return DeclaredImage(text=text, name=named, options=options)


def resolve(declared: Sequence[DeclaredImage], inputs: Mapping[str, Sequence[TensorSpec]]) -> tuple[ImageInput, ...]:
    """Hold the declarations against the inputs of each function.

    Args:
        declared: from `parse`.
        inputs: of each function, in the source's layout.

    Raises:
        PortproofError: ``E-USAGE``, all at once: no such input, one that is no picture, or two declarations of one.
    """
    wrong: list[Message] = []
    found: dict[Place, ImageInput] = {}
    for each in declared:
        try:
            place, image = _resolved(each, inputs)
            if place in found:
                raise _unusable(each.text, f"input {place.name!r} is declared twice", "")
            found[place] = image
        except PortproofError as error:
            wrong += error.messages
    if wrong:
        raise PortproofError.of(wrong)
    return tuple(found.values())


def _resolved(declared: DeclaredImage, inputs: Mapping[str, Sequence[TensorSpec]]) -> tuple[Place, ImageInput]:
    names = {key: [spec.name for spec in specs] for key, specs in inputs.items()}
    place = find(declared.name, names, option=f"--image {declared.text}", kind="input")
    spec = next(spec for spec in inputs[place.signature] if spec.name == place.name)
    layout = str(declared.options.get("layout", "nchw"))
    height, width, channels = _picture(declared.text, spec, layout)
    size = {} if "size" in declared.options or height is None or width is None else {"size": f"{height}x{width}"}
    made = _preprocessing(declared.text, {**declared.options, **size})
    count = 1 if made.channels == "gray" else 3
    if channels != count:
        why = f"{spec} has {channels} channels in {layout}, {made.channels} has {count}"
        raise _unusable(declared.text, why, "set layout=nhwc or channels=gray, or name another input")
    if (height or made.size[0], width or made.size[1]) != made.size:
        raise _unusable(declared.text, f"{spec} is {height}x{width}, not {made.size[0]}x{made.size[1]}", "")
    return place, ImageInput(signature=place.signature, preprocessing=replace(made, input=place.name))


def _picture(text: str, spec: TensorSpec, layout: str) -> tuple[int | None, int | None, int | None]:
    """Height, width and channels of an input."""
    if len(spec.shape) != 4:
        why = f"{spec} is no batch of pictures: it has {len(spec.shape)} axes, {shape_text(spec.shape)}"
        raise _unusable(text, why, "name an input of four axes")
    return (*spec.shape[2:], spec.shape[1]) if layout == "nchw" else spec.shape[1:]


def _options(text: str) -> tuple[str, dict[str, Any]]:
    """The input's name and the keys."""
    if text.endswith(".toml"):
        return "", _toml(Path(text))
    name, mark, query = text.rpartition("?")
    if not mark and "=" not in text:
        return text, {}
    try:
        return name, dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True)) if query else {}
    except ValueError as error:
        raise _unusable(text, f"it is not NAME?key=value&key=value ({error})", "") from error


def _toml(path: Path) -> dict[str, Any]:
    from portproof.runtimes.sources import require

    try:
        return tomllib.loads(require(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PortproofError("E-CONFIG", f"not a TOML file: {error}", where=str(path)) from error


def _preprocessing(text: str, options: Mapping[str, Any]) -> Preprocessing:
    try:
        return parse_preprocessing(options, text)
    except PortproofError as error:
        found = error.messages[0]
        hint = found.hint if "size" in options else "the input's own is not known: give size=224"
        raise _unusable(text, found.why, hint) from None


def _unusable(text: str, why: str, hint: str) -> PortproofError:
    return PortproofError("E-USAGE", f"--image {text} cannot be used", why=why, hint=hint)
