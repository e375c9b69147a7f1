"""The reference: the torch module where there is one, else ONNX Runtime's plain kernels on the source ONNX."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from portproof import runtimes
from portproof.device_profiles.errors import Message
from portproof.exporter import onnx_io
from portproof.exporter.progress import Progress
from portproof.exporter.recorded import Recorded
from portproof.exporter.scratch import Scratch
from portproof.exporter.source import Function, Source
from portproof.runtimes.health import Vitals, of_reference
from portproof.runtimes.parity import run_in_source_layout

_NUMBERS = "biufc"


@contextmanager
def reference(source: Source) -> Iterator[Function]:
    """The source as a function of named arrays; an ONNX source runs in a child process.

    Raises:
        PortproofError: ``E-RUN``, ``E-RUN-TIMEOUT`` when ONNX Runtime cannot run the source.
    """
    if source.reference is not None:
        yield source.reference
        return
    with Scratch() as scratch:
        path = onnx_io.save(source.model, scratch.path / f"{source.name}.onnx")[0]
        with runtimes.open(path, kernels="reference") as runner:

            def run(inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]:
                return run_in_source_layout(runner, inputs)

            yield run


def record(
    source: Source,
    samples: Iterable[Mapping[str, NDArray[Any]]],
    count: int,
    recorded: Recorded,
    progress: Progress,
) -> list[Message]:
    """Run the reference on every sample and keep inputs and outputs in `recorded`.

    Returns:
        Warnings of outputs that say little: constant, zero, not numbers.
    """
    vitals: defaultdict[str, Vitals] = defaultdict(Vitals)
    with reference(source) as function, progress.step("run the reference", count) as advance:
        for sample in samples:
            outputs = function(sample)
            for name, array in outputs.items():
                if array.dtype.kind in _NUMBERS:
                    vitals[name].add(array)
            recorded.add(sample, outputs)
            advance()
    return [message for name, found in vitals.items() for message in of_reference(name, found)]
