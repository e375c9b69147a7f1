"""Proves a fresh ONNX model against torch on inputs that differ from those of the trace."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.numeric import Difference, difference
from portproof.exporter.onnx_run import OnnxFunction
from portproof.exporter.random_inputs import like
from portproof.exporter.torch_onnx.reference import Arrays, Reference

if TYPE_CHECKING:
    import onnx_ir as ir

_RANDOM_SAMPLES = 2


def prove(model: "ir.Model", reference: Reference, example: Arrays, samples: Sequence[Arrays], seed: int) -> None:
    """Compare ONNX and torch on `samples` and on seeded random inputs like `example`.

    Raises:
        PortproofError: E-TRACE-DIFFERS with every output that differs and by how much; E-RUN.
    """
    worst: dict[str, Difference] = {}
    with OnnxFunction(model) as function:
        pairs = [*((sample, reference(sample)) for sample in samples), *_random(reference, example, seed)]
        for sample, expected in pairs:
            got = function.run(sample)
            for name, array in expected.items():
                found = difference(array, got[name])
                if not found.ok and (name not in worst or found.max_abs > worst[name].max_abs):
                    worst[name] = found
    if worst:
        raise PortproofError.of([_message(name, found) for name, found in worst.items()])


def _random(reference: Reference, example: Arrays, seed: int) -> list[tuple[Arrays, Arrays]]:
    """Random samples that torch accepts, with its outputs; the example itself when it accepts none."""
    samples = accepted(reference, [like(example, seed + k) for k in range(_RANDOM_SAMPLES)])
    return [(sample, reference(sample)) for sample in samples or [example]]


def accepted(reference: Reference, samples: Sequence[Arrays]) -> list[Arrays]:
    """The samples that the module itself runs on: it may be made for fewer values, or sizes, than there are."""
    kept = []
    for sample in samples:
        with contextlib.suppress(Exception):  # whatever a user's module raises
            reference(sample)
            kept.append(sample)
    return kept


def _message(name: str, found: Difference) -> Message:
    return Message(
        code="E-TRACE-DIFFERS",
        what=f"output '{name}' of the ONNX model differs from torch's",
        why=found.why or f"the largest difference is {found.max_abs:.3g}, rounding explains {found.limit:.3g}",
        hint="The model does something that tracing freezes: randomness, a Python branch, state kept between calls.",
        details={"output": name, "max_abs": found.max_abs, "limit": found.limit},
    )
