"""The samples that parity is measured on: the user's, or, loudly, seeded random ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from portproof.device_profiles.errors import Message
from portproof.exporter.random_inputs import Arrays, like
from portproof.exporter.sizes import Sizes
from portproof.runtimes import data, sources
from portproof.runtimes.checks import inspect
from portproof.runtimes.data import Dataset
from portproof.runtimes.dims import text_of
from portproof.runtimes.images import Preprocessing
from portproof.runtimes.spec import TensorSpec


def open_data(
    spec: str | None,
    inputs: Sequence[TensorSpec],
    *,
    example: Arrays | None,
    count: int,
    seed: int,
    sizes: Sequence[Sizes] = (),
    declared: Sequence[Preprocessing] = (),
) -> tuple[Dataset, tuple[Message, ...]]:
    """The samples, and ``W-RANDOM-DATA`` when they are random.

    Args:
        spec: the DATA grammar, or None.
        inputs: the model's.
        example: inputs that random ones are made like: an index stays one that the model knows.
        count: of random samples; one for each of `sizes` at least.
        seed: of random samples.
        sizes: of the dynamic dimensions, that random samples take in turn.
        declared: how pictures become inputs, for an image folder that does not say so itself.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-DATA-*``.
    """
    if spec is not None:
        return data.load(spec, inputs, declared=declared), ()
    count = max(count, len(sizes))
    if not sizes and example is None:
        return data.random_samples(inputs, count, seed), (_warning(count, seed),)
    return _random(tuple(inputs), example, count, seed, sizes), (_warning(count, seed),)


def sample(inputs: Sequence[TensorSpec], example: Arrays | None, sizes: Sizes, seed: int) -> Arrays:
    """One random sample with the dynamic dimensions at `sizes`, like `example` where there is one."""
    specs = tuple(_at(spec, sizes) for spec in inputs)
    if example is None:
        return next(iter(sources.random_reader(specs, 1, seed)()))[1]
    shaped = {spec.name: np.resize(example[spec.name], [int(size or 1) for size in spec.shape]) for spec in specs}
    return like(shaped if sizes else example, seed)


def _random(
    inputs: tuple[TensorSpec, ...], example: Arrays | None, count: int, seed: int, sizes: Sequence[Sizes]
) -> Dataset:
    def read() -> Iterator[tuple[str, Arrays]]:
        for number in range(count):
            at = sizes[number % len(sizes)] if sizes else {}
            name = f"random sample {number}" + (f" ({text_of(at)})" if at else "")
            yield name, sample(inputs, example, at, seed + number)

    name = f"random (seed {seed})"
    stats, found = inspect(read(), inputs, name, allow_constant=True)
    return Dataset(source=name, kind="random", inputs=inputs, stats=stats, count=found, read=read)


def _at(spec: TensorSpec, sizes: Sizes) -> TensorSpec:
    """With numbers for its dynamic dimensions."""
    if not spec.dims:
        return spec
    return replace(
        spec, shape=tuple(sizes[dim.name] if dim else size for dim, size in zip(spec.dims, spec.shape, strict=True))
    )


def _warning(count: int, seed: int) -> Message:
    return Message(
        code="W-RANDOM-DATA",
        what=f"no data was given: parity is measured on {count} random inputs (seed {seed})",
        why="random inputs rarely reach the values that real ones reach: agreement on them proves less",
        hint="give real inputs: --data folder_of_npz, --data 'photos/?size=224' or --data file.py:function",
    )
