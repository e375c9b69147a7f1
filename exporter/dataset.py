"""The samples that parity is measured on: the user's, or, loudly, seeded random ones."""

from collections.abc import Iterator, Sequence

from portproof.device_profiles.errors import Message
from portproof.exporter.random_inputs import Arrays, like
from portproof.runtimes import data
from portproof.runtimes.checks import inspect
from portproof.runtimes.data import Dataset
from portproof.runtimes.spec import TensorSpec


def open_data(
    spec: str | None, inputs: Sequence[TensorSpec], *, example: Arrays | None, count: int, seed: int
) -> tuple[Dataset, tuple[Message, ...]]:
    """The samples, and ``W-RANDOM-DATA`` when they are random.

    Args:
        spec: the DATA grammar, or None.
        inputs: the model's.
        example: inputs that random ones are made like: an index stays one that the model knows.
        count: of random samples.
        seed: of random samples.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-DATA-*``.
    """
    if spec is not None:
        return data.load(spec, inputs), ()
    samples = data.random_samples(inputs, count, seed) if example is None else _like(example, inputs, count, seed)
    return samples, (_warning(count, seed),)


def _like(example: Arrays, inputs: Sequence[TensorSpec], count: int, seed: int) -> Dataset:
    name = f"random (seed {seed})"

    def read() -> Iterator[tuple[str, Arrays]]:
        return ((f"random sample {number}", like(example, seed + number)) for number in range(count))

    stats, found = inspect(read(), tuple(inputs), name, allow_constant=True)
    return Dataset(source=name, kind="random", inputs=tuple(inputs), stats=stats, count=found, read=read)


def _warning(count: int, seed: int) -> Message:
    return Message(
        code="W-RANDOM-DATA",
        what=f"no data was given: parity is measured on {count} random inputs (seed {seed})",
        why="random inputs rarely reach the values that real ones reach: agreement on them proves less",
        hint="give real inputs: --data folder_of_npz, --data 'photos/?size=224' or --data file.py:function",
    )
