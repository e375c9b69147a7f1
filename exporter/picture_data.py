"""Samples of inputs that are pictures, brought to what pixels make: a format that is fed pixels has no others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from portproof.device_profiles.errors import Message
from portproof.exporter.coreml.images import not_made_of_pixels
from portproof.runtimes.data import Dataset
from portproof.runtimes.images import Preprocessing
from portproof.runtimes.pixels import PixelScale, from_pixels, to_pixels
from portproof.runtimes.spec import Array


def of_pixels(dataset: Dataset, pictures: Sequence[Preprocessing]) -> tuple[Dataset, list[Message]]:
    """The samples with the pixels nearest to them in place of the pictures.

    Args:
        dataset: in the source's layout.
        pictures: how pixels become the inputs that are pictures.

    Returns:
        The same data set when it has no pictures, or all are made of pixels; and ``W-IMAGE-PIXELS`` where not.
    """
    scales = {picture.input: PixelScale.of(picture) for picture in pictures}
    off = dict.fromkeys(scales, 0.0)
    for sample in dataset if scales else ():
        for name, scale in scales.items():
            pixels = to_pixels(sample[name], scale)
            off[name] = off[name] if pixels.whole else max(off[name], pixels.off)
    if not any(off.values()):
        return dataset, []

    def read() -> Iterator[tuple[str, dict[str, Array]]]:
        for name, sample in dataset.read():
            yield name, {key: _nearest(array, scales.get(key)) for key, array in sample.items()}

    return replace(dataset, read=read), [not_made_of_pixels(name, each) for name, each in off.items() if each]


def _nearest(array: Array, scale: PixelScale | None) -> Array:
    return array if scale is None else from_pixels(to_pixels(array, scale).values, scale, array.dtype)
