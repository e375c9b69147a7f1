"""Fewer nodes, the same numbers: onnxsim, then our passes, then the proof."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import provenance
from portproof.exporter.numeric import Difference, difference
from portproof.exporter.onnx_run import OnnxFunction
from portproof.exporter.random_inputs import Arrays, for_model, like
from portproof.exporter.simplify.onnxsim_run import TIMEOUT_S, run_onnxsim
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.simplify.report import SimplifyReport, count_ops

if TYPE_CHECKING:
    import onnx_ir as ir

_SAMPLES = 3


def simplify(
    model: "ir.Model",
    *,
    example: Arrays | None = None,
    samples: int = _SAMPLES,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
) -> "tuple[ir.Model, SimplifyReport]":
    """Simplify a model whose input shapes are static; the model given is left as it is.

    Names and order of inputs and outputs stay, as do the provenance of every node, whole normalisation and
    attention nodes, and quantisation pairs.

    Args:
        model: ONNX, checked.
        example: inputs by name that the random ones are made like; without it floats are standard normal,
            integers 0 or 1.
        samples: random inputs that the result is compared on.
        seed: of the random inputs.
        timeout_s: wall time for onnxsim, in seconds.

    Raises:
        PortproofError: E-SIMPLIFY-DIFFERS, a defect, when the result computes something else; E-RUN.
    """
    simplified, messages = run_onnxsim(model, timeout_s)
    if simplified is model:
        simplified = model.clone()
    run_passes(simplified)
    provenance.fill(simplified)
    inputs = [like(example, seed + k) if example else for_model(model, seed + k) for k in range(samples)]
    errors = _prove(model, simplified, inputs)
    report = SimplifyReport(
        before=count_ops(model),
        after=count_ops(simplified),
        max_abs_error=errors,
        samples=len(inputs),
        messages=messages,
    )
    return simplified, report


def _prove(before: "ir.Model", after: "ir.Model", inputs: Sequence[Arrays]) -> dict[str, float]:
    """The largest error by output, over all inputs."""
    errors: dict[str, float] = {}
    faults: dict[str, Difference] = {}
    with OnnxFunction(before) as old, OnnxFunction(after) as new:
        for sample in inputs:
            expected, got = old.run(sample), new.run(sample)
            for name, array in expected.items():
                found = difference(array, got[name])
                errors[name] = max(errors.get(name, 0.0), found.max_abs)
                if not found.ok:
                    faults[name] = found
    if faults:
        raise PortproofError.of([_message(name, found) for name, found in faults.items()])
    return errors


def _message(name: str, found: Difference) -> Message:
    return Message(
        code="E-SIMPLIFY-DIFFERS",
        what=f"output '{name}' of the simplified model differs from the model it came from",
        why=found.why or f"the largest difference is {found.max_abs:.3g}, rounding explains {found.limit:.3g}",
        hint="This is a defect of Portproof; please report it with the model.",
        details={"output": name, "limit": found.limit},
    )
